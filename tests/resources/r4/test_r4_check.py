"""The structure of a resource: every fault at once, each at its place."""

from __future__ import annotations

import copy
import subprocess
import sys
from types import MappingProxyType

import pytest

from careplan_service.errors import Fault
from careplan_service.resources.r4 import SUPPORTED, check
from resources.r4.samples import EXTENSION, careplan, found, goal


def test_twenty_three_types_are_in_the_tables():
    assert len(SUPPORTED) == 23
    assert {"CarePlan", "Goal", "Consent", "EpisodeOfCare", "Questionnaire", "Provenance"} <= SUPPORTED


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
            "`Patient/x` points at Patient: only Appointment, CommunicationRequest, DeviceRequest,"
            " MedicationRequest, NutritionOrder, RequestGroup, ServiceRequest, Task, VisionPrescription"
            " may stand here",
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


def test_names_that_could_not_stand_in_a_path_are_only_quoted():
    sentence = "`?x y` is not an element of FHIR R4 here: remove it"
    assert found({"resourceType": "Device", "\nx y": "z"}) == [("structure", "Device", sentence)]
    assert found({"resourceType": "Device", "x y": [{"z\n": ""}]}) == [
        ("value", "Device", "`Device` is empty: leave the element out")
    ]
    assert found({"resourceType": "Device", "ähnlich": "z"})[0][1] == "Device"


def test_a_resource_of_another_type_is_not_looked_at_further():
    assert [code for code, _, _ in found({**goal(), "colour": "red"}, "CarePlan")] == ["structure"]


def test_null_holds_places_in_lists_of_types_without_tables():
    endpoint = {
        "resourceType": "Endpoint",
        "status": "active",
        "connectionType": {"code": "hl7-fhir-rest"},
        "payloadType": [{"text": "any"}],
        "address": "https://example.org/fhir",
        "header": ["a", None],
        "_header": [None, {"extension": [EXTENSION]}],
    }
    assert found(endpoint) == []
    assert found({**endpoint, "name": None, "period": {}}) == [
        ("structure", "Endpoint.name", "`name` is null: leave it out"),
        ("invariant", "Endpoint.period", "`period` is an empty object: leave it out (ele-1)"),
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
