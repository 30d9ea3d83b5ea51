"""Labels by trigger. https://hl7.org/fhir/R4/security-labels.html"""

import pytest

from careplan_service.interventions.sensitivity import found_in, marked, security

GRAVITY = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
OWN = "https://careplan-service.org/fhir/CodeSystem/intervention"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED = "http://snomed.info/sct"
SERVICE = "http://terminology.hl7.org/CodeSystem/service-type"


@pytest.mark.parametrize(
    ("system", "code", "labels"),
    [
        (GRAVITY, "intimate-partner-violence", {"SDV"}),
        (GRAVITY, "elder-abuse", {"SDV"}),
        (GRAVITY, "homelessness", {"LIVARG"}),
        (GRAVITY, "housing-instability", set()),
        (OWN, "cbt", {"MH"}),
        (OWN, "crisis-intervention", {"MH"}),
        (OWN, "case-management", set()),
        (ICD, "T74.11XA", {"SDV"}),
        (ICD, "Z91.414", {"SDV"}),
        (ICD, "F10.20", {"SUD"}),
        (ICD, "F32.9", {"MH"}),
        (ICD, "B20", {"HIV"}),
        (ICD, "Z59.41", set()),
        (SNOMED, "706893006", {"SDV"}),
        (SNOMED, "228557008", {"MH"}),
        (SNOMED, "73595000", set()),
        (SERVICE, "310", {"SDV", "LOCIS", "SSP"}),
        ("urn:elsewhere", "cbt", set()),
    ],
)
def test_a_code_calls_for_its_labels_wherever_it_stands(system, code, labels):
    assert found_in({"code": {"coding": [{"system": system, "code": code}]}}) == labels


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("She moves into a women\u2019s shelter", {"SDV", "LOCIS", "SSP"}),
        ("a refugee family", set()),
        ("two REFUGES", {"SDV", "LOCIS", "SSP"}),
        ("alcohol and domestic-violence", {"SUD", "SDV"}),
        ("hearing aids and new drapes", set()),
        ("keep the flat", set()),
    ],
)
def test_words_call_for_labels_whole_and_in_any_case(text, labels):
    assert found_in({"note": [{"text": text}]}) == labels


def test_words_in_addresses_and_ids_do_not_count():
    assert found_in({"id": "refuge", "url": "urn:refuge", "reference": "Organization/refuge"}) == set()


def test_marks_set_by_hand_become_their_labels():
    assert marked(["SDV", "42CFRPart2"]) == {"SDV", "SUD", "42CFRPart2", "NORDSCLCD"}


def test_confidentiality_is_restricted_as_soon_as_there_is_a_label():
    assert [coding["code"] for coding in security({"MH", "SDV"})] == ["R", "MH", "SDV"]
    assert [coding["code"] for coding in security(())] == ["N"]
