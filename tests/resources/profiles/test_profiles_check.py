"""Each kind of rule that a profile may set, by the profiles that set it. https://hl7.org/fhir/R4/profiling.html"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careplan_service.errors import Fault
from careplan_service.resources.patching import kinds
from careplan_service.resources.profiles import KNOWN, check_profile, known, supported_profiles
from careplan_service.resources.profiles.fit import codings, has_pattern, is_fixed, target_type
from careplan_service.resources.profiles.profile import Rule
from careplan_service.resources.r4.facts import RESOURCE_TYPES
from careplan_service.resources.r4.resource import MOST_FAULTS
from careplan_service.resources.r4.tables import SHAPES, Shape
from careplan_service.resources.registry import SERVED

_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_SDOHCC = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-"
_LOCAL = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category"


def concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def to(reference: str) -> dict[str, str]:
    return {"reference": reference}


PLAN: dict[str, Any] = {
    "resourceType": "CarePlan",
    "text": {"status": "generated"},
    "subject": to("Patient/ann"),
    "category": [concept("http://hl7.org/fhir/us/core/CodeSystem/careplan-category", "assess-plan")],
}
CONDITION: dict[str, Any] = {
    "resourceType": "Condition",
    "category": [
        concept("http://terminology.hl7.org/CodeSystem/condition-category", "problem-list-item"),
        concept(_CATEGORY, "sdoh"),
    ],
    "code": {"text": "hunger"},
    "subject": to("Patient/ann"),
}
CONSENT: dict[str, Any] = {
    "resourceType": "Consent",
    "category": [concept("http://terminology.hl7.org/CodeSystem/v3-ActCode", "IDSCL")],
    "patient": to("Patient/ann"),
    "dateTime": "2026-01-01",
    "organization": [to("Organization/o")],
    "sourceAttachment": {"title": "signed"},
}
TASK: dict[str, Any] = {
    "resourceType": "Task",
    "status": "ready",
    "intent": "order",
    "priority": "routine",
    "code": {"text": "x"},
    "for": to("Patient/ann"),
    "authoredOn": "2026-01-01",
    "requester": to("Organization/o"),
    "owner": to("Patient/ann"),
}
REFERRAL: dict[str, Any] = {
    "resourceType": "Task",
    "status": "requested",
    "intent": "order",
    "code": concept("http://hl7.org/fhir/CodeSystem/task-code", "fulfill"),
    "focus": to("ServiceRequest/s"),
    "for": to("Patient/ann"),
    "authoredOn": "2026-01-01",
    "requester": to("PractitionerRole/r"),
}
GROUP: dict[str, Any] = {
    "resourceType": "Group",
    "active": True,
    "type": "person",
    "actual": True,
    "characteristic": [
        {
            "code": concept(_LOCAL, "sdoh-condition-category"),
            "valueCodeableConcept": {"text": "x"},
            "exclude": False,
        },
        {"code": concept(_LOCAL, "payer-coverage"), "valueReference": to("Organization/o"), "exclude": False},
    ],
}
PROCEDURE: dict[str, Any] = {
    "resourceType": "Procedure",
    "code": {"text": "meal"},
    "subject": to("Patient/ann"),
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal",
            "valueReference": to("Goal/g"),
        },
        {"url": "http://example.org/other", "valueString": "x"},
    ],
}
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "identifier": [{"system": "http://x.org", "value": "1"}],
    "name": [{"family": "Lee"}],
    "gender": "female",
}
VALID = {
    _US_CORE + "careplan": PLAN,
    _US_CORE + "condition-problems-health-concerns": CONDITION,
    _US_CORE + "patient": PATIENT,
    _SDOHCC + "Condition": CONDITION,
    _SDOHCC + "Consent": CONSENT,
    _SDOHCC + "TaskForPatient": TASK,
    _SDOHCC + "TaskForReferralManagement": REFERRAL,
    _SDOHCC + "Group": GROUP,
    _SDOHCC + "Procedure": PROCEDURE,
}


def an_input(code: str, **value: Any) -> dict[str, Any]:
    return {"type": concept(_LOCAL, code), **value}


def an_answer(code: str, **value: Any) -> dict[str, Any]:
    return {"type": concept("http://hl7.org/fhir/uv/sdc/CodeSystem/temp", code), **value}


def goal_extension(**members: Any) -> list[dict[str, Any]]:
    return [{"url": "http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal", **members}]


@pytest.mark.parametrize(("url", "document"), VALID.items(), ids=VALID)
def test_a_document_that_keeps_to_its_profile_has_no_fault(url: str, document: dict[str, Any]) -> None:
    assert check_profile(document, url) == ()
    assert check_profile(document, f"{url}|{KNOWN[url].version}") == ()


ACT = CONSENT["category"][0]
CASES: list[tuple[str, dict[str, Any], str, str]] = [
    # cardinality
    ("patient", {"name": None}, "required", "Patient.name"),
    ("patient", {"identifier": [{"value": "1"}]}, "required", "Patient.identifier[0].system"),
    (
        "patient",
        {"telecom": [{"system": "phone", "value": "1"}, {"value": "2"}]},
        "required",
        "Patient.telecom[1].system",
    ),
    ("Condition", {"category": CONDITION["category"][1:]}, "required", "Condition.category"),
    ("Condition", {"bodySite": [{"text": "x"}]}, "structure", "Condition.bodySite"),
    ("Condition", {"stage": [{"summary": {"text": "x"}}]}, "structure", "Condition.stage"),
    ("Consent", {"sourceAttachment": None}, "required", "Consent.source"),
    ("Consent", {"organization": [to("Organization/o")] * 2}, "structure", "Consent.organization"),
    ("TaskForPatient", {"statusReason": {"coding": [{"code": "x"}]}}, "required", "Task.statusReason.text"),
    # slices
    ("careplan", {"category": [{"text": "other"}]}, "required", "CarePlan.category"),
    ("careplan", {"category": PLAN["category"] * 2}, "structure", "CarePlan.category"),
    ("careplan", {"category": [concept("http://other.org", "assess-plan")]}, "required", "CarePlan.category"),
    (
        "condition-problems-health-concerns",
        {"category": CONDITION["category"][1:]},
        "required",
        "Condition.category",
    ),
    ("Condition", {"category": CONDITION["category"][:1] * 2}, "required", "Condition.category"),
    (
        "Consent",
        {"category": [{"coding": [{**ACT["coding"][0], "code": "RESEARCH"}]}]},
        "required",
        "Consent.category",
    ),
    ("Consent", {"category": [None]}, "required", "Consent.category"),
    ("Consent", {"category": [ACT, ACT]}, "structure", "Consent.category"),
    (
        "Group",
        {"characteristic": [GROUP["characteristic"][0], {"exclude": False}]},
        "required",
        "Group.characteristic",
    ),
    ("Group", {"characteristic": [GROUP["characteristic"][0], {}]}, "required", "Group.characteristic"),
    ("patient", {"extension": [{"url": _US_CORE + "race"}] * 2}, "structure", "Patient.extension"),
    ("Procedure", {"extension": goal_extension()}, "required", "Procedure.extension[0].value"),
    (
        "TaskForPatient",
        {"input": [an_answer("questionnaire", valueCanonical="http://x.org/q")] * 2},
        "structure",
        "Task.input",
    ),
    # types of a choice
    (
        "Procedure",
        {"extension": goal_extension(valueString="g")},
        "structure",
        "Procedure.extension[0].value",
    ),
    ("Condition", {"onsetAge": {"value": 3}}, "structure", "Condition.onset"),
    (
        "TaskForPatient",
        {"input": [{"type": {"text": "x"}}, an_input("contact-entity", valueString="x")]},
        "structure",
        "Task.input[1].value",
    ),
    # targets of references
    ("careplan", {"subject": to("Group/g")}, "value", "CarePlan.subject"),
    ("careplan", {"subject": to("http://x.org/fhir/Group/g/_history/2")}, "value", "CarePlan.subject"),
    ("careplan", {"subject": {"type": "Group", "display": "all"}}, "value", "CarePlan.subject"),
    ("TaskForReferralManagement", {"focus": to("Goal/g")}, "value", "Task.focus"),
    ("TaskForPatient", {"owner": to("#")}, "value", "Task.owner"),
    (
        "TaskForPatient",
        {"owner": to("#g"), "contained": [{"resourceType": "Group", "id": "g"}]},
        "value",
        "Task.owner",
    ),
    (
        "Procedure",
        {"extension": goal_extension(valueReference=to("Task/t"))},
        "value",
        "Procedure.extension[0].value",
    ),
    (
        "Group",
        {
            "characteristic": [
                GROUP["characteristic"][0],
                {**GROUP["characteristic"][1], "valueReference": to("Patient/p")},
            ]
        },
        "value",
        "Group.characteristic[1].value",
    ),
    # codes
    ("careplan", {"text": {"status": "empty"}}, "code-invalid", "CarePlan.text.status"),
    ("TaskForPatient", {"priority": "stat"}, "code-invalid", "Task.priority"),
    ("TaskForReferralManagement", {"status": "ready"}, "code-invalid", "Task.status"),
    (
        "TaskForPatient",
        {"input": [an_input("questionnaire-category", valueCodeableConcept=concept(_LOCAL, "capacity"))]},
        "code-invalid",
        "Task.input[0].value",
    ),
    # fixed values and patterns
    ("TaskForPatient", {"intent": "plan"}, "value", "Task.intent"),
    ("Group", {"actual": False}, "value", "Group.actual"),
    ("Group", {"actual": 1}, "value", "Group.actual"),
    ("TaskForReferralManagement", {"code": {"text": "fulfill"}}, "value", "Task.code"),
]


@pytest.mark.parametrize(("name", "change", "code", "expression"), CASES, ids=lambda value: str(value)[:70])
def test_a_document_that_breaks_one_rule_has_that_fault(
    name: str, change: dict[str, Any], code: str, expression: str
) -> None:
    url = next(url for url in VALID if url in (_US_CORE + name, _SDOHCC + name))
    document = {key: value for key, value in {**VALID[url], **change}.items() if value is not None}
    faults = check_profile(document, url)
    assert [(fault.code, fault.expression) for fault in faults] == [(code, expression)]
    assert KNOWN[url].title in faults[0].text
    assert "\n" not in faults[0].text


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("careplan", {"category": [{"text": "mine"}, *PLAN["category"]]}),
        (
            "careplan",
            {"category": [{"coding": [{"code": "x"}, *PLAN["category"][0]["coding"]], "text": "both"}]},
        ),
        ("careplan", {"subject": {"identifier": {"value": "1"}}}),
        ("careplan", {"subject": to("urn:uuid:6fa459ea-ee8a-3ca4-894e-db77e160355e")}),
        ("careplan", {"subject": to("#missing")}),
        ("careplan", {"text": {"_status": {"extension": [{"url": "http://x.org"}]}}}),
        (
            "patient",
            {"gender": None, "_gender": {"extension": [{"url": "http://x.org", "valueCode": "unknown"}]}},
        ),
        ("TaskForPatient", {"owner": to("#p"), "contained": [{"resourceType": "Patient", "id": "p"}]}),
        ("TaskForPatient", {"input": [{"type": {"text": "our own"}, "valueString": "x"}]}),
        ("TaskForPatient", {"input": [an_input("contact-entity", valueReference=to("Organization/o"))] * 2}),
        (
            "TaskForReferralManagement",
            {"output": [an_input("resulting-activity", valueString="not by this type")]},
        ),
        ("Condition", {"onsetDateTime": "2020"}),
    ],
    ids=lambda value: str(value)[:70],
)
def test_what_a_profile_leaves_open_is_no_fault(name: str, change: dict[str, Any]) -> None:
    url = next(url for url in VALID if url in (_US_CORE + name, _SDOHCC + name))
    document = {key: value for key, value in {**VALID[url], **change}.items() if value is not None}
    assert check_profile(document, url) == ()


def test_the_sentence_says_which_code_is_missing() -> None:
    faults = check_profile({**PLAN, "category": [{"text": "other"}]}, _US_CORE + "careplan")
    system = "http://hl7.org/fhir/us/core/CodeSystem/careplan-category"
    text = f"`category` with `{system}|assess-plan` is missing: at least 1 must be given"
    assert faults == (Fault("required", f"{text} (US Core CarePlan Profile)", "CarePlan.category"),)


def test_the_sentence_names_the_element_and_what_it_must_be() -> None:
    (fault,) = check_profile({**TASK, "intent": "plan"}, _SDOHCC + "TaskForPatient")
    assert fault.text.startswith("`intent` must be `order`, not `plan` (SDOHCC Task")


def test_an_absent_list_and_each_of_its_absent_slices_are_told() -> None:
    without = {key: value for key, value in CONDITION.items() if key != "category"}
    texts = [fault.text.split(":")[0] for fault in check_profile(without, _SDOHCC + "Condition")]
    assert len(texts) == 2
    assert texts[0] == "`category` is missing"
    assert texts[1].startswith("`category` with ")


def test_a_resource_of_another_type_has_one_fault() -> None:
    faults = check_profile({"resourceType": "Goal"}, _US_CORE + "careplan")
    assert [(fault.code, fault.expression) for fault in faults] == [("structure", "CarePlan")]


def test_very_many_faults_are_not_all_told() -> None:
    faults = check_profile({**PATIENT, "telecom": [{"use": "home"}] * 1000}, _US_CORE + "patient")
    assert len(faults) == MOST_FAULTS


def test_a_profile_is_known_by_its_address_with_or_without_the_version() -> None:
    url = _US_CORE + "goal"
    profile = known(url)
    assert profile is not None
    assert (profile.url, profile.version, profile.type) == (url, "6.1.0", "Goal")
    assert known(url + "|6.1.0") is profile
    assert [known(url + "|7.0.0"), known(url + "|6.1"), known(url + "x"), known(""), known("|")] == [None] * 5


def test_the_profiles_of_a_type_are_listed_for_the_capability_statement() -> None:
    assert supported_profiles("Goal") == (_US_CORE + "goal", _SDOHCC + "Goal")
    assert supported_profiles("Location") == ()
    assert sorted(url for kind in SERVED for url in supported_profiles(kind)) == sorted(KNOWN)


def test_the_tables_name_only_elements_types_and_targets_of_r4() -> None:
    for profile in KNOWN.values():
        _refuse_unknown(SHAPES[profile.type], profile.rule, profile.url)


def _refuse_unknown(shape: Shape, rule: Rule, at: str) -> None:
    for name, inner in rule.elements.items():
        names = kinds.named(shape.name, name)
        assert names, f"{at} {name}"
        assert inner.types <= set(names.values()), f"{at} {name}"
        for part in (inner, *(part.rule for part in inner.slices.values())):
            assert part.targets <= RESOURCE_TYPES, f"{at} {name}"
            if part.elements:
                (key,) = names
                inside = shape.elements[key].shape
                assert inside is not None
                _refuse_unknown(inside, part, f"{at} {name}")


@pytest.mark.parametrize(
    ("value", "pattern", "fits"),
    [
        ({"a": 1, "b": [1, 2]}, {"b": [2]}, True),
        ({"b": [{"c": 1, "d": 2}]}, {"b": [{"d": 2}]}, True),
        ({"b": [{"c": 1}, {"d": 2}]}, {"b": [{"c": 1, "d": 2}]}, False),
        ({"b": {"d": 2}}, {"b": [{"d": 2}]}, False),
        ([{"d": 2}], {"d": 2}, False),
        ("x", "x", True),
        (True, 1, False),
    ],
)
def test_a_pattern_asks_for_what_it_names(value: Any, pattern: Any, fits: bool) -> None:
    assert has_pattern(value, pattern) is fits


def test_a_fixed_value_is_exact() -> None:
    assert is_fixed(True, True)
    assert not is_fixed(1, True)
    assert not is_fixed({"a": 1, "b": 2}, {"a": 1})


def test_codes_are_read_from_every_type_that_carries_them() -> None:
    assert codings("x") == {("", "x")}
    assert codings({"system": "s", "code": "x"}) == {("s", "x")}
    assert codings({"coding": [{"system": "s", "code": "x"}, {"code": "y"}]}) == {("s", "x"), ("", "y")}
    assert codings(["x"]) == frozenset()


def test_the_type_of_a_target_is_told_by_literal_contained_resource_or_type() -> None:
    resource = {"resourceType": "Goal", "contained": [{"resourceType": "Group", "id": "g"}, 1]}
    references = [
        to("Patient/a"),
        to("#"),
        to("#g"),
        to("#x"),
        to("urn:x"),
        {"type": "Task"},
        {"reference": 1},
        {},
    ]
    expected = ["Patient", "Goal", "Group", None, None, "Task", None, None]
    assert [target_type(reference, resource) for reference in references] == expected


scalars = (
    st.none() | st.booleans() | st.integers(-1, 2) | st.sampled_from(["", "x", "#", "order", "Patient/a"])
)
KEYS = "category coding code system subject reference contained id input type value extension url".split()
KEYS += "text status valueReference valueCodeableConcept owner resourceType _status".split()
KEYS += "statusReason characteristic exclude".split()
keys = st.sampled_from(KEYS)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(keys, anything, max_size=6), st.sampled_from(sorted(KNOWN)))
def test_no_document_breaks_the_check(document: dict[str, Any], url: str) -> None:
    full = {**document, "resourceType": KNOWN[url].type}
    for fault in check_profile(full, url):
        assert fault.expression is not None
        assert fault.expression.startswith(KNOWN[url].type)
