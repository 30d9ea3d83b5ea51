"""What each type's facts are, of small documents; and that every type served knows R4's parameters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builders import (
    CONFIDENTIALITY,
    DOMAIN,
    FOOD,
    HOUSING,
    a_care_plan,
    a_consent,
    a_goal,
    a_provision,
    coding,
    concept,
)
from careplan_service.access.facts import Fact, Facts
from careplan_service.access.instants import END, span
from careplan_service.resources.r4.tables import SHAPES, Shape
from careplan_service.resources.registry import SERVED

BASE = "http://127.0.0.1:8000"
ANN, BEN = {"reference": "Patient/ann"}, {"reference": "Patient/ben"}


def facts(document: dict[str, Any]) -> Facts:
    return SERVED[document["resourceType"]].facts({"id": "x", **document}, BASE)


def a(type_: str, **elements: Any) -> dict[str, Any]:
    return {"resourceType": type_, **elements}


PATIENTS: list[tuple[dict[str, Any], str, set[str]]] = [
    (a_goal(of="Patient/ann"), "Patient/ann", set()),
    (a_goal(of=f"{BASE}/fhir/Patient/ann"), "Patient/ann", set()),
    (a_goal(of="Patient/ann/_history/2"), "Patient/ann", set()),
    (a_goal(of="https://elsewhere.example/fhir/Patient/ann"), "", set()),
    (a_goal(of="Group/g"), "", set()),
    (a("Goal"), "", set()),
    (a("Goal", subject={"identifier": {"value": "1"}}), "", set()),
    (
        a_care_plan("Patient/ann", activity=[{"detail": {"performer": [BEN, ANN]}}]),
        "Patient/ann",
        {"Patient/ben"},
    ),
    (a_care_plan("Group/g", activity=[{"detail": {"performer": [BEN]}}]), "", {"Patient/ben"}),
    (a("Patient"), "Patient/x", set()),
    (a("Patient", link=[{"other": BEN}]), "Patient/x", {"Patient/ben"}),
    (a("CareTeam", subject=ANN, participant=[{"member": BEN}]), "Patient/ann", {"Patient/ben"}),
    (a("Condition", subject=ANN, asserter=BEN), "Patient/ann", {"Patient/ben"}),
    (a("Observation", subject=ANN, performer=[BEN]), "Patient/ann", {"Patient/ben"}),
    (a("ServiceRequest", subject=ANN, performer=[BEN]), "Patient/ann", {"Patient/ben"}),
    (a("Procedure", subject=ANN, performer=[{"actor": BEN}]), "Patient/ann", {"Patient/ben"}),
    (a("Encounter", subject=ANN), "Patient/ann", set()),
    (a("EpisodeOfCare", patient=ANN), "Patient/ann", set()),
    (a("Task", **{"for": ANN}), "Patient/ann", set()),
    (a("RelatedPerson", patient=ANN), "Patient/ann", set()),
    (a("Consent", patient=ANN), "Patient/ann", set()),
    (a("QuestionnaireResponse", subject=ANN, author=BEN), "Patient/ann", {"Patient/ben"}),
    (a("DocumentReference", subject=ANN, author=[BEN]), "Patient/ann", {"Patient/ben"}),
    (a("Provenance", target=[ANN, BEN, {"reference": "Goal/1"}]), "Patient/ann", {"Patient/ben"}),
    (a("Group", member=[{"entity": ANN}, {"entity": BEN}]), "", {"Patient/ann", "Patient/ben"}),
    (a("Organization"), "", set()),
    (a("Practitioner"), "", set()),
    (a("PractitionerRole"), "", set()),
    (a("Questionnaire"), "", set()),
    (a("HealthcareService"), "", set()),
    (a("Location"), "", set()),
]


@pytest.mark.parametrize("row", range(len(PATIENTS)))
def test_whose_record_it_is_and_who_else_is_named(row: int) -> None:
    document, patient, others = PATIENTS[row]
    found = facts(document)
    assert (found.patient, found.other_patients) == (patient, others)
    assert found.type == document["resourceType"]


def test_every_served_type_is_in_the_table_of_patients() -> None:
    assert {document["resourceType"] for document, _, _ in PATIENTS} == set(SERVED)


def test_what_a_goal_is_about_and_every_code_in_it() -> None:
    goal = a_goal(
        "Patient/ann",
        FOOD,
        target=[{"measure": concept(DOMAIN, HOUSING)}],
        extension=[{"url": "http://x", "valueCoding": coding("urn:x", "deep")}],
    )
    goal["category"].append({"coding": [{"code": "no-system"}, {"system": "no-code"}], "text": "x"})
    goal["meta"] = {"tag": [coding("urn:x", "tag")], "security": [coding(CONFIDENTIALITY, "R")]}
    goal["contained"] = [{"resourceType": "Condition", "id": "c", "code": concept("urn:x", "contained")}]
    found = facts(goal)
    assert found.primary == {f"{DOMAIN}|{FOOD}"}
    assert found.codes == {f"{DOMAIN}|{FOOD}", f"{DOMAIN}|{HOUSING}", "urn:x|deep", "urn:x|contained"}
    assert found.labels.rank == 4


SW_NUMBER = "https://careplan-service.org/fhir/StructureDefinition/sw-number"


def test_a_profile_counts_with_and_without_its_version() -> None:
    assert facts(a_goal("Patient/ann", meta={"profile": ["http://p|1.0", "http://q"]})).profiles == {
        "http://p|1.0",
        "http://p",
        "http://q",
    }


def test_the_rows_of_a_goal() -> None:
    goal = a_goal(
        "Patient/ann",
        startDate="2026-01-02",
        target=[{"dueDate": "2026-06"}, {"dueDate": "2026-06"}],
        achievementStatus=concept("urn:a", "improving"),
    )
    assert set(facts(goal).rows) == {
        Fact("Goal.achievement-status", "improving", "urn:a"),
        Fact("Goal.category", HOUSING, DOMAIN),
        Fact("Goal.description:text", f"a goal about {HOUSING}"),
        Fact("Goal.due-date", "", "", *span("2026-06")),
        Fact("Goal.lifecycle-status", "active", "http://hl7.org/fhir/goal-status"),
        Fact("Goal.start-date", "", "", *span("2026-01-02")),
        Fact("Goal.subject", "Patient/ann"),
        Fact("Goal.target-date", "", "", *span("2026-06")),
    }
    assert len(facts(goal).rows) == len(set(facts(goal).rows))


@pytest.mark.parametrize(
    "goal",
    [
        {"lifecycleStatus": "completed"},
        {"lifecycleStatus": "active", "achievementStatus": concept("urn:a", "sustaining")},
        {"target": [{"dueDate": "2026-06", "extension": [{"url": SW_NUMBER, "valueString": "1.1"}]}]},
    ],
)
def test_a_goal_is_due_until_it_is_reached_and_not_by_what_it_mirrors(goal: dict[str, Any]) -> None:
    told = a_goal("Patient/ann", **{"target": [{"dueDate": "2026-06"}], **goal})
    assert not [row for row in facts(told).rows if row.param == "Goal.due-date"]


def test_the_rows_of_a_care_plan() -> None:
    plan = a_care_plan(
        "Patient/ann",
        ("Goal/1", "Goal/2"),
        period={"start": "2026"},
        activity=[
            {
                "detail": {
                    "status": "scheduled",
                    "code": concept("urn:a", "visit"),
                    "scheduledString": "often",
                }
            },
            {"reference": {"reference": "Task/1"}},
        ],
    )
    assert {row for row in facts(plan).rows if not row.param.startswith("~")} == {
        Fact("CarePlan.activity-code", "visit", "urn:a"),
        Fact("CarePlan.activity-reference", "Task/1"),
        Fact("CarePlan.date", "", "", span("2026")[0], END),
        Fact("CarePlan.goal", "Goal/1"),
        Fact("CarePlan.goal", "Goal/2"),
        Fact("CarePlan.intent", "plan", "http://hl7.org/fhir/request-intent"),
        Fact("CarePlan.status", "active", "http://hl7.org/fhir/request-status"),
        Fact("CarePlan.subject", "Patient/ann"),
    }


def test_the_rows_of_a_consent() -> None:
    provision = a_provision(
        "permit", "Organization/p", purpose=["TREAT"], labels=["R"], period={"end": "2026"}
    )
    consent = a_consent("Patient/ann", provision, dateTime="2026-01-01", performer=[ANN])
    rows = facts(consent).rows
    assert {row.param.split(".")[1] for row in rows if "." in row.param} == {
        "actor",
        "category",
        "consentor",
        "date",
        "period",
        "purpose",
        "scope",
        "security-label",
        "status",
    }
    assert Fact("Consent.actor", "Organization/p") in rows


TAKEN: list[tuple[dict[str, Any], str, set[tuple[str, str]]]] = [
    (a("Patient"), "deceased", {("false", "")}),
    (a("Patient", deceasedBoolean=True), "deceased", {("true", "")}),
    (a("Patient", deceasedBoolean=False), "deceased", {("false", "")}),
    (a("Patient", deceasedDateTime="2026"), "deceased", {("true", "")}),
    (a("Goal", meta={"profile": ["http://p|1"]}), "_profile", {("http://p|1", ""), ("http://p", "")}),
    (a("Goal", meta={"source": "http://s|1"}), "_source", {("http://s|1", "")}),
    (a("Goal", meta={"tag": [coding("urn:t", "x")]}), "_tag", {("x", "urn:t")}),
    (a("Patient", name=[{"family": "Smyth", "given": ["Ann"]}]), "phonetic", {("SM0", ""), ("AN", "")}),
    (a("Observation", valueCodeableConcept={"text": "Yes"}), "value-string", {("yes", "Yes")}),
    (a("Task", output=[{"valueReference": {"reference": "Goal/1"}}]), "output", {("Goal/1", "")}),
    (a("Encounter", participant=[{"individual": {"reference": "RelatedPerson/1"}}]), "practitioner", set()),
]


@pytest.mark.parametrize("row", range(len(TAKEN)))
def test_the_rows_of_what_a_path_alone_does_not_say(row: int) -> None:
    document, name, expected = TAKEN[row]
    param = f"{document['resourceType']}.{name}"
    assert {(row.value, row.system) for row in facts(document).rows if row.param == param} == expected


def test_an_element_of_several_types_is_read_whichever_it_has() -> None:
    for occurrence in (
        {"occurrenceDateTime": "2026"},
        {"occurrencePeriod": {"start": "2026", "end": "2026"}},
    ):
        rows = facts(a("ServiceRequest", **occurrence)).rows
        assert Fact("ServiceRequest.occurrence", "", "", *span("2026")) in rows


# R4's own parameters


@pytest.fixture(scope="session")
def r4_parameters(shared: Path) -> dict[str, Any]:
    found = json.loads((shared / "specs" / "r4-requirements.json").read_text())
    listed = [{"name": name, "type": type_, "target": target} for name, type_, *target in EPISODES]
    return {**found, "EpisodeOfCare": {"searchParams": listed}}


# https://hl7.org/fhir/R4/episodeofcare.html#search
EPISODES = (
    ("care-manager", "reference", "Practitioner"),
    ("condition", "reference", "Condition"),
    ("date", "date"),
    ("identifier", "token"),
    ("incoming-referral", "reference", "ServiceRequest"),
    ("organization", "reference", "Organization"),
    ("patient", "reference", "Patient"),
    ("status", "token"),
    ("type", "token"),
)
# What implementation guides add to R4's parameters.
US_CORE = {
    "CareTeam": {"role": "token"},
    "Condition": {"asserted-date": "date"},
    "Encounter": {"discharge-disposition": "token"},
    "Goal": {"description": "token"},
    "Patient": {"ethnicity": "token", "gender-identity": "token", "race": "token"},
}
SDOH_CLINICAL_CARE = {"ServiceRequest": {"supporting-info": "reference"}, "Task": {"output": "reference"}}
OWN = {"CarePlan": {"review-date": "date"}, "Goal": {"due-date": "date"}}
# Common ones that are columns or the words of the document, and so no facts.
NOT_FACTS = {"_content", "_id", "_lastUpdated", "_query", "_text"}


@pytest.mark.parametrize("type_", SERVED)
def test_the_parameters_served_are_those_of_r4_and_the_guides(
    type_: str, r4_parameters: dict[str, Any]
) -> None:
    common = [p for found in r4_parameters["_global"].values() for p in found if p["name"] not in NOT_FACTS]
    published = {p["name"]: p["type"] for p in (*r4_parameters[type_]["searchParams"], *common)}
    guides = {**US_CORE.get(type_, {}), **SDOH_CLINICAL_CARE.get(type_, {}), **OWN.get(type_, {})}
    served = {name: param.kind for name, param in SERVED[type_].by_name.items()}
    assert served == {**{n: kind for n, kind in published.items() if n not in NOT_FACTS}, **guides}


@pytest.mark.parametrize("type_", SERVED)
def test_a_reference_points_to_the_types_of_r4(type_: str, r4_parameters: dict[str, Any]) -> None:
    published = {p["name"]: set(p["target"] or ()) for p in r4_parameters[type_]["searchParams"]}
    for param in SERVED[type_].params:
        wanted = published.get(param.name, set())
        if param.kind == "reference" and len(wanted) < 100 and param.name != "patient":
            assert set(param.targets) == wanted, param.name


@pytest.mark.parametrize("type_", SERVED)
def test_every_path_of_a_spec_is_an_element_of_r4(type_: str) -> None:
    spec = SERVED[type_]
    paths = [path for param in spec.params for path in param.paths]
    paths += [path for path in (spec.patient, *spec.other_patients, *spec.primary) if path not in ("", "id")]
    assert [path for path in paths if not _is_element(SHAPES[type_], path.split("."))] == []


def _is_element(shape: Shape, path: list[str]) -> bool:
    name, *rest = path
    found = [
        element
        for key, element in shape.elements.items()
        if key == name or (name.endswith("[x]") and element.path == name.removesuffix("[x]"))
    ]
    inside = (element.shape for element in found if element.shape is not None)
    return bool(found) and (not rest or any(_is_element(one, rest) for one in inside))
