"""The structure of a resource: every fault at once, each at its place."""

from __future__ import annotations

import copy
import subprocess
import sys
from types import MappingProxyType

import pytest
from r4_samples import EXTENSION, careplan, extended, goal, patient

from careplan_service.errors import Fault
from careplan_service.resources.r4 import SUPPORTED, check


def found(document, resource_type=None):
    return [
        (fault.code, fault.expression, fault.text)
        for fault in check(document, resource_type or document.get("resourceType"))
    ]


def test_twenty_two_types_are_in_the_tables():
    assert len(SUPPORTED) == 22
    assert {"CarePlan", "Goal", "Consent", "Questionnaire", "Provenance"} <= SUPPORTED


def test_a_valid_resource_has_no_fault():
    assert check(careplan(), "CarePlan") == ()


def test_a_goal_without_subject_is_refused_with_its_expression():
    assert check(goal(subject=...), "Goal") == (
        Fault("required", "`subject` is missing: it must be given", "Goal.subject"),
    )


def test_all_faults_are_told_at_once():
    document = careplan(
        status="open",
        subject={"reference": "Organization/o"},
        title="",
        colour="red",
        activity=[{"detail": {"status": "done", "code": []}, "reference": {"reference": "Patient/x"}}],
        period={"start": "2024-02-30", "end": "2023"},
    )
    del document["intent"]
    assert found(document) == [
        (
            "code-invalid",
            "CarePlan.status",
            "`open` is not allowed: use active, completed, draft,"
            " entered-in-error, on-hold, revoked, unknown",
        ),
        (
            "value",
            "CarePlan.subject.reference",
            "`Organization/o` points at Organization: only Group, Patient may stand here",
        ),
        ("value", "CarePlan.title", "`title` is empty: leave the element out"),
        ("structure", "CarePlan.colour", "`colour` is not an element of CarePlan in FHIR R4: remove it"),
        (
            "code-invalid",
            "CarePlan.activity[0].detail.status",
            "`done` is not allowed: use cancelled, completed,"
            " entered-in-error, in-progress, not-started, on-hold, scheduled, stopped, unknown",
        ),
        ("structure", "CarePlan.activity[0].detail.code", "`code` must be an object, not a list"),
        (
            "value",
            "CarePlan.activity[0].reference.reference",
            "`Patient/x` points at Patient: only"
            " Appointment, CommunicationRequest, DeviceRequest, MedicationRequest, NutritionOrder, RequestGroup,"
            " ServiceRequest, Task, VisionPrescription may stand here",
        ),
        (
            "invariant",
            "CarePlan.activity[0]",
            "`activity[0]` has both `detail` and `reference`: keep one (cpl-3)",
        ),
        ("value", "CarePlan.period.start", "`2024-02-30` names a day that month does not have"),
        (
            "invariant",
            "CarePlan.period",
            "`period` ends before it starts: `end` must not be before `start` (per-1)",
        ),
        ("required", "CarePlan.intent", "`intent` is missing: it must be given"),
    ]


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


def test_a_read_only_document_is_read_and_left_untouched():
    document = careplan(activity=[{"detail": {"status": "scheduled"}}])
    before = copy.deepcopy(document)
    assert check(MappingProxyType(document), "CarePlan") == ()
    assert document == before


def test_types_without_tables_are_checked_for_structure():
    assert check({"resourceType": "Device", "status": "active"}, "Device") == ()
    assert found(
        {"resourceType": "Device", "colour": "red", "note": [], "lotNumber": "a\u0000", "owner": None}
    ) == [
        ("invariant", "Device.note", "`note` is an empty list: leave it out (ele-1)"),
        (
            "value",
            "Device.lotNumber",
            "`lotNumber` holds a control character: only tab, line feed and carriage return are allowed",
        ),
        ("structure", "Device.owner", "`owner` is null: leave it out"),
    ]
    assert found(
        {"resourceType": "Device", "colour": "red", "patient": [], "type": {"coding": [{"code": 3}]}}
    )
    assert found({"resourceType": "Device", "colour": "red"}) == [
        ("structure", "Device.colour", "`colour` is not an element of FHIR R4 here: remove it")
    ]
    assert found({"resourceType": "Basic"}) == [
        ("required", "Basic.code", "`code` is missing: it must be given")
    ]


@pytest.mark.parametrize("resource_type", ["Evidence", "SubstanceSpecification", "Nonsense", "os", "../x"])
def test_types_that_fhir_resources_does_not_know_are_checked_without_it(resource_type):
    assert (
        check({"resourceType": resource_type, "exposureBackground": {"reference": "x"}}, resource_type) == ()
    )


def test_what_fhir_resources_stumbles_over_is_a_fault_and_no_traceback():
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": {"resourceType": "Nonsense"}}],
    }
    assert found(bundle) == [("structure", "Bundle", "`Bundle` cannot be read as a Bundle of FHIR R4")]


def test_no_sentence_names_a_python_class_or_an_address_of_pydantic():
    document = {
        "resourceType": "Device",
        "udiCarrier": 3,
        "deviceName": [{"name": 4}],
        "safety": "x",
        "property": [{}],
    }
    text = " ".join(fault.text for fault in check(document, "Device"))
    assert not any(word in text.lower() for word in ("pydantic", "input", "fhirtypes", "http", "model"))


def test_more_than_a_hundred_faults_are_counted_but_not_listed():
    faults = check(goal(**{f"x{number}": number for number in range(150)}), "Goal")
    assert len(faults) == 101
    assert faults[-1] == Fault("incomplete", "50 more faults are not listed", "Goal")


def test_nesting_beyond_the_stack_is_a_fault():
    deep: object = "x"
    for _ in range(5000):
        deep = {"extension": [deep]}
    assert found(goal(extension=[deep])) == [
        ("structure", "Goal", "`Goal` is nested too deeply to be a resource")
    ]


def test_the_classes_of_fhir_resources_are_not_imported_before_they_are_needed():
    script = "import sys, careplan_service.resources.r4; sys.exit('fhir.resources.R4B.goal' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
