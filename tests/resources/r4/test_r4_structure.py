"""What R4 says about the form of a resource: what breaks it, and what looks odd but is allowed."""

from __future__ import annotations

import copy

import pytest

from careplan_service.resources.r4 import check
from resources.r4.samples import EXTENSION, PRIMITIVES, extended, found, goal, patient

STRUCTURE = {
    "no resourceType": ({}, "Goal", "required", "Goal", "`resourceType` is missing: it must be `Goal`"),
    "another type": (
        goal(),
        "CarePlan",
        "structure",
        "CarePlan",
        "`resourceType` must be `CarePlan`, not `Goal`",
    ),
    "no type at all": (
        {"resourceType": [1]},
        "Goal",
        "structure",
        "Goal",
        "`resourceType` must be `Goal`, not a list",
    ),
    "a choice twice": (
        goal(startDate="2024", startCodeableConcept={"text": "x"}),
        "Goal",
        "structure",
        "Goal.start",
        "`start[x]` is given as startCodeableConcept and startDate: keep one",
    ),
    "a list where one is wanted": (
        goal(description=[{"text": "x"}]),
        "Goal",
        "structure",
        "Goal.description",
        "`description` must be an object, not a list",
    ),
    "one where a list is wanted": (
        goal(note={"text": "x"}),
        "Goal",
        "structure",
        "Goal.note",
        "`note` may repeat: send a list, not an object",
    ),
    "an empty list": (
        goal(note=[]),
        "Goal",
        "invariant",
        "Goal.note",
        "`note` is an empty list: leave it out (ele-1)",
    ),
    "an empty object": (
        goal(note=[{}]),
        "Goal",
        "invariant",
        "Goal.note[0]",
        "`note[0]` has no content: give a value or leave it out (ele-1)",
    ),
    "an object with an id only": (
        goal(statusReason="x", startCodeableConcept={"id": "a"}),
        "Goal",
        "invariant",
        "Goal.start",
        "`start` has no content: give a value or leave it out (ele-1)",
    ),
    "null": (
        goal(statusDate=None),
        "Goal",
        "value",
        "Goal.statusDate",
        "`statusDate` must be text in quotes, not `null`",
    ),
    "null in a list of objects": (
        goal(note=[None]),
        "Goal",
        "structure",
        "Goal.note[0]",
        "`note[0]` must be an object, not `null`",
    ),
    "null beside nothing": (
        patient(name=[{"given": ["a", None]}]),
        "Patient",
        "structure",
        "Patient.name[0].given[1]",
        "`given[1]` is null with nothing beside it: leave it out",
    ),
    "null beside null": (
        patient(name=[{"given": [None], "_given": [None]}]),
        "Patient",
        "structure",
        "Patient.name[0].given[0]",
        "`given[0]` is null with nothing beside it: leave it out",
    ),
    "an unknown element with a long name": (
        goal(**{"x" * 65: 1}),
        "Goal",
        "structure",
        "Goal",
        f"`{'x' * 60}...` is not an element of Goal in FHIR R4: remove it",
    ),
    "an unknown element": (
        goal(foo=1),
        "Goal",
        "structure",
        "Goal.foo",
        "`foo` is not an element of Goal in FHIR R4: remove it",
    ),
    "an unknown element that is no name": (
        goal(**{"a b\n`": 1}),
        "Goal",
        "structure",
        "Goal",
        "`a b??` is not an element of Goal in FHIR R4: remove it",
    ),
    "comments of an old version": (
        goal(fhir_comments=["x"]),
        "Goal",
        "structure",
        "Goal.fhir_comments",
        "`fhir_comments` is not an element of Goal in FHIR R4: remove it",
    ),
    "an extension of an id": (
        goal(_id={"id": "x"}),
        "Goal",
        "structure",
        "Goal._id",
        "`_id` is not an element of Goal in FHIR R4: remove it",
    ),
    "an extension of a narrative's text": (
        patient(text={"status": "generated", "div": PRIMITIVES["xhtml"], "_div": {"id": "x"}}),
        "Patient",
        "structure",
        "Patient.text._div",
        "`_div` is not an element of Narrative in FHIR R4: remove it",
    ),
    "an extension of an extension's url": (
        extended(valueCode="a", _url={"id": "x"}),
        "Patient",
        "structure",
        "Patient.extension[0]._url",
        "`_url` is not an element of Extension in FHIR R4: remove it",
    ),
    "an element of R4B only": (
        extended(valueRatioRange={"denominator": {"value": 1}}),
        "Patient",
        "structure",
        "Patient.extension[0].valueRatioRange",
        "`valueRatioRange` is not an element of Extension in FHIR R4: remove it",
    ),
    "an extension of a value that is only an id": (
        goal(_statusReason={"id": "x"}),
        "Goal",
        "invariant",
        "Goal.statusReason",
        "`statusReason` has no content: give a value or leave it out (ele-1)",
    ),
    "a required value only with an id": (
        goal(lifecycleStatus=..., _lifecycleStatus={"extension": []}),
        "Goal",
        "required",
        "Goal.lifecycleStatus",
        "`lifecycleStatus` is missing: it must be given",
    ),
}


@pytest.mark.parametrize("case", STRUCTURE)
def test_a_fault_of_structure_is_told_with_its_place(case):
    document, resource_type, *fault = STRUCTURE[case]
    assert tuple(fault) in found(document, resource_type)


ALLOWED = {
    "an explained absence": goal(lifecycleStatus=..., _lifecycleStatus={"extension": [EXTENSION]}),
    "an id beside a value": goal(statusReason="x", _statusReason={"id": "a"}),
    "aligned lists": patient(name=[{"given": ["a", None], "_given": [None, {"extension": [EXTENSION]}]}]),
    "ids beside a list": patient(name=[{"given": ["a", "b"], "_given": [{"id": "x"}, None]}]),
    "one choice with its extension": extended(valueString="x", _valueString={"extension": [EXTENSION]}),
    "a UUID of any version": extended(valueUuid="urn:uuid:c757873d-ec9a-1326-a141-556f43239520"),
    "Meta in an extension": extended(valueMeta={"profile": ["http://example.org/p"]}),
    "an explained extension": extended(_valueString={"extension": [EXTENSION]}),
    "a leap second": extended(valueInstant="2016-12-31T23:59:60.123456789012Z"),
    "a nested provision": {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"text": "privacy"},
        "category": [{"text": "sharing"}],
        "policyRule": {"text": "opt-in"},
        "provision": {"type": "permit", "provision": [{"type": "deny", "provision": [{"type": "permit"}]}]},
    },
}


@pytest.mark.parametrize("case", ALLOWED)
def test_what_r4_allows_is_not_refused(case):
    assert check(ALLOWED[case], ALLOWED[case]["resourceType"]) == ()


def test_recursive_elements_are_checked_at_every_level():
    document = copy.deepcopy(ALLOWED["a nested provision"])
    document["provision"]["provision"][0]["provision"][0]["type"] = "allow"
    assert found(document) == [
        (
            "code-invalid",
            "Consent.provision.provision[0].provision[0].type",
            "`allow` is not allowed: use deny, permit",
        )
    ]


def test_a_required_codeable_concept_must_have_a_code_of_its_value_set():
    condition = {"resourceType": "Condition", "subject": {"reference": "Patient/a"}}
    system = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    for concept, is_valid in [
        ({"coding": [{"system": system, "code": "active"}]}, True),
        ({"coding": [{"system": "urn:local", "code": "open"}, {"system": system, "code": "active"}]}, True),
        ({"coding": [{"system": "urn:local", "code": "active"}]}, False),
        ({"coding": [{"system": system, "code": "open"}]}, False),
        ({"text": "active"}, False),
        ({"text": "active", "extension": [EXTENSION]}, True),
    ]:
        faults = check({**condition, "clinicalStatus": concept}, "Condition")
        assert [fault.code for fault in faults] == ([] if is_valid else ["code-invalid"]), concept
