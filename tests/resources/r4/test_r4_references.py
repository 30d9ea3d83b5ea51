"""Where references may point, and contained resources."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplan_service.resources.r4 import check
from careplan_service.resources.r4.facts import RESOURCE_TYPES
from careplan_service.resources.r4.references import literal_type
from resources.r4.samples import careplan, patient

MEDICATION = {"resourceType": "Medication", "id": "m"}
TEAM = {"resourceType": "CareTeam", "id": "t"}


def expressions(document):
    return [fault.expression for fault in check(document, document["resourceType"])]


POINTS_AT_THE_RIGHT_TYPE = [
    {"reference": "Patient/ann"},
    {"reference": "Patient/ann/_history/2"},
    {"reference": "https://example.org/fhir/Patient/ann"},
    {"reference": "http://localhost:8000/Patient/ann/_history/v.1"},
    {"reference": "urn:uuid:c757873d-ec9a-1326-a141-556f43239520"},
    {"reference": "urn:oid:1.2.3"},
    {"reference": "https://example.org/people?id=3"},
    {"reference": "https://example.org/Things/3"},
    {"reference": "Patient/ann", "type": "Patient"},
    {"reference": "urn:uuid:x", "type": "Group"},
    {"type": "Patient", "identifier": {"value": "1"}},
    {"type": "http://example.org/Person", "display": "Ann"},
    {"identifier": {"system": "urn:x", "value": "1"}},
    {"display": "Ann"},
]


@pytest.mark.parametrize("subject", POINTS_AT_THE_RIGHT_TYPE)
def test_a_reference_to_an_allowed_type_passes(subject):
    assert expressions(careplan(subject=subject)) == []


POINTS_ELSEWHERE = [
    ({"reference": "Organization/o"}, "reference"),
    ({"reference": "Organization/o/_history/1"}, "reference"),
    ({"reference": "https://example.org/fhir/Practitioner/p"}, "reference"),
    ({"reference": "https://example.org/fhir/Practitioner/p/_history/3"}, "reference"),
    ({"reference": "urn:uuid:x", "type": "Organization"}, "type"),
    ({"type": "Organization", "display": "x"}, "type"),
    ({"reference": "Patient/ann", "type": "Group"}, "type"),
    ({"reference": "#nobody"}, "reference"),
    ({"reference": "#"}, "reference"),
    ({"reference": "Patient"}, "reference"),
    ({"reference": "ann"}, "reference"),
    ({"reference": "Patient/a b"}, "reference"),
    ({"reference": "Patient/" + "x" * 65}, "reference"),
    ({"reference": "Patient/ann/_history/"}, "reference"),
    ({"reference": "Patient?identifier=1"}, "reference"),
    ({"reference": "Person2/ann"}, "reference"),
    ({"reference": "Persona/ann"}, "reference"),
    ({"reference": "JavaScript:alert(1)"}, "reference"),
    ({"reference": "data:text/html,x"}, "reference"),
    ({"reference": 3}, "reference"),
    ({"reference": "Patient/ann", "type": ["Patient"]}, "type"),
]


@pytest.mark.parametrize(("subject", "at"), POINTS_ELSEWHERE)
def test_a_reference_that_may_not_stand_here_is_told(subject, at):
    assert expressions(careplan(subject=subject)) == [f"CarePlan.subject.{at}"]


def test_a_reference_to_any_resource_may_point_at_any_type():
    assert expressions(careplan(supportingInfo=[{"reference": "Slot/1"}, {"reference": "Patient/1"}])) == []


def test_a_reference_to_no_type_of_r4_is_told_also_where_any_may_stand():
    assert expressions(careplan(supportingInfo=[{"reference": "Persona/1"}])) == [
        "CarePlan.supportingInfo[0].reference"
    ]


def test_a_choice_between_a_reference_and_others_keeps_its_targets():
    detail = {"status": "scheduled", "productReference": {"reference": "Patient/1"}}
    assert expressions(careplan(activity=[{"detail": detail}])) == [
        "CarePlan.activity[0].detail.product.reference"
    ]


def test_a_reference_of_a_data_type_keeps_its_targets():
    document = patient(identifier=[{"value": "1", "assigner": {"reference": "Patient/1"}}])
    assert expressions(document) == ["Patient.identifier[0].assigner.reference"]


def test_a_contained_resource_counts_with_its_own_type():
    assert expressions(careplan(contained=[TEAM], careTeam=[{"reference": "#t"}])) == []
    assert expressions(careplan(contained=[TEAM], goal=[{"reference": "#t"}])) == [
        "CarePlan.goal[0].reference"
    ]


def test_a_contained_resource_may_refer_to_its_container():
    back = {**TEAM, "subject": {"reference": "#"}}
    assert expressions(careplan(contained=[back])) == ["CarePlan.contained[0].subject.reference"]
    assert expressions(patient(contained=[back])) == []


CONTAINED = {
    "not an object": (["x"], [".contained[0]"]),
    "without a type": ([{"id": "t"}], [".contained[0]"]),
    "of an unknown type": ([{"resourceType": "Nonsense", "id": "t"}], [".contained[0]"]),
    "of an abstract type": ([{"resourceType": "DomainResource", "id": "t"}], [".contained[0]"]),
    "with a fault, dom-2 to dom-5": (
        [
            {
                **TEAM,
                "status": "open",
                "contained": [MEDICATION],
                "meta": {
                    "versionId": "1",
                    "lastUpdated": "2024-01-01T00:00:00Z",
                    "security": [{"code": "R"}],
                },
            }
        ],
        [
            ".contained[0].status",
            ".contained[0].contained",
            ".contained[0].meta.versionId",
            ".contained[0].meta.lastUpdated",
            ".contained[0].meta.security",
        ],
    ),
    "of a type without tables, with a fault": (
        [{**MEDICATION, "id": "t", "colour": "red"}],
        [".contained[0].colour"],
    ),
}


@pytest.mark.parametrize("case", CONTAINED)
def test_a_fault_inside_a_contained_resource_is_told_with_its_place(case):
    contained, places = CONTAINED[case]
    document = careplan(contained=contained, supportingInfo=[{"reference": "#t"}])
    found = [place for place in expressions(document) if "supportingInfo" not in place]
    assert found == ["CarePlan" + place for place in places]


def test_types_that_fhir_resources_does_not_know_may_be_contained_anywhere():
    substance = {"resourceType": "SubstanceSpecification", "id": "s"}
    link = {"url": "http://example.org/x", "valueReference": {"reference": "#s"}}
    assert expressions({"resourceType": "Device", "contained": [substance], "extension": [link]}) == []


def test_a_contained_resource_that_nobody_refers_to_is_told():
    assert expressions(careplan(contained=[TEAM])) == ["CarePlan.contained[0]"]
    assert expressions(careplan(contained=[TEAM, {**TEAM, "id": "u"}], careTeam=[{"reference": "#u"}])) == [
        "CarePlan.contained[0]"
    ]


def test_a_contained_resource_may_be_referred_to_by_uri_or_from_another_contained_one():
    questionnaire = {"resourceType": "Questionnaire", "id": "q", "status": "active"}
    response = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "questionnaire": "#q",
        "contained": [questionnaire],
    }
    assert expressions(response) == []
    first = {**TEAM, "managingOrganization": [{"reference": "#o"}]}
    organization = {"resourceType": "Organization", "id": "o", "name": "x"}
    assert expressions(careplan(contained=[first, organization], careTeam=[{"reference": "#t"}])) == []


def test_many_contained_resources_take_time_in_proportion():
    contained = [{**TEAM, "id": f"t{number}"} for number in range(2000)]
    document = careplan(
        contained=contained, careTeam=[{"reference": f"#t{number}"} for number in range(2000)]
    )
    assert expressions(document) == []


BASES = st.sampled_from(["", "http://localhost/", "https://example.org/fhir/r4/"])
IDS = st.from_regex(r"[A-Za-z0-9\-.]{1,64}", fullmatch=True)


@given(BASES, st.sampled_from(sorted(RESOURCE_TYPES)), IDS, st.none() | IDS)
def test_every_restful_literal_names_its_type(base, resource_type, resource_id, version):
    history = f"/_history/{version}" if version else ""
    assert literal_type(f"{base}{resource_type}/{resource_id}{history}") == resource_type
