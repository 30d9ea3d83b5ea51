"""Chained search and `_has`: to any depth, and only through what the caller may see."""

from __future__ import annotations

import pytest

from builders import (
    FOOD,
    HOUSING,
    PARTNER,
    Api,
    As,
    a_care_plan,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
)


@pytest.fixture
def world(api: Api) -> dict[str, str]:
    """Two patients with a plan, a goal and an observation each; the goal refers to a condition."""
    made: dict[str, str] = {}
    for name, about in (("ann", HOUSING), ("ben", FOOD)):
        patient = api.agency.make(a_patient(name.title(), identifier=[{"system": "urn:x", "value": name}]))
        goal = api.agency.make(a_goal(of=patient, about=about))
        plan = api.agency.make(a_care_plan(of=patient, goals=(goal,)))
        seen = api.agency.make(
            {
                "resourceType": "Observation",
                "status": "final",
                "code": {"coding": [{"system": "http://loinc.org", "code": f"code-{name}"}]},
                "subject": {"reference": patient},
            }
        )
        made |= {name: patient, f"{name} goal": goal, f"{name} plan": plan, f"{name} observation": seen}
    return made


IDS = {"ann": "ann", "plan": "ann plan", "goal": "ann goal"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Goal?subject:Patient.family=ann", "ann goal"),
        ("Goal?patient.family=ann", "ann goal"),
        ("Goal?subject.identifier=urn:x|ben", "ben goal"),
        ("Goal?subject:Patient.family:exact=Ann", "ann goal"),
        ("Goal?subject:Patient._id={ann}", "ann goal"),
        ("Goal?_has:CarePlan:goal:_id={plan}", "ann goal"),
        ("Goal?_has:CarePlan:goal:_id={plan},none", "ann goal"),
        ("Goal?_has:CarePlan:goal:patient=Patient/{ann}", "ann goal"),
        ("CarePlan?goal._id={goal}", "ann plan"),
        ("CarePlan?goal:Goal.patient=Patient/{ann}", "ann plan"),
        ("CarePlan?goal.category=" + FOOD, "ben plan"),
        ("CarePlan?goal.subject:Patient.family=ben", "ben plan"),
        ("CarePlan?goal.patient.family=ben", "ben plan"),
        ("Patient?_has:Goal:subject:category=" + HOUSING, "ann"),
        ("Patient?_has:Goal:patient:category=" + HOUSING, "ann"),
        ("Goal?_has:CarePlan:goal:patient.family=ben", "ben goal"),
        ("Patient?_has:Goal:subject:_has:CarePlan:goal:status=active&family=ann", "ann"),
        ("Goal?patient._has:Observation:patient:code=code-ann", "ann goal"),
        ("CarePlan?goal.patient._has:Observation:subject:code=http://loinc.org|code-ben", "ben plan"),
        ("CarePlan?subject:Patient.family=ann,ben&goal.category=" + FOOD, "ben plan"),
        ("Goal?_filter=patient.family eq ann", "ann goal"),
        ("Patient?_filter=_has:Goal:patient:category eq " + FOOD, "ben"),
    ],
)
def test_a_chain_finds_what_it_leads_to(api: Api, world: dict[str, str], query: str, expected: str) -> None:
    named = {name: world[key].split("/")[1] for name, key in IDS.items()}
    path = "/fhir/" + query.format(**named)
    answer = api.agency.get(path)
    assert (answer.status, answer.ids) == (200, [world[expected].split("/")[1]]), answer.body
    assert answer.json["total"] == 1


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("Goal?category.code=x", "is no reference"),
        ("Goal?subject:Device.identifier=x", "does not point to `Device`"),
        ("Goal?subject:Patient.colour=red", "unknown search parameter"),
        ("Goal?subject.colour=red", "unknown search parameter"),
        ("Goal?subject:Patient.=x", "unknown search parameter"),
        ("Patient?_has:Goal:subject", "`_has:Type:reference:parameter`"),
        ("Patient?_has:Device:patient:code=x", "`_has:Type:reference:parameter`"),
        ("Practitioner?_has:Goal:subject:category=x", "does not point to Practitioner"),
        ("Patient?_has:Goal:category:category=x", "is no reference"),
        ("Goal?" + "subject." * 12 + "family=x", "at most 10 links"),
    ],
)
def test_a_chain_that_leads_nowhere_is_refused(api: Api, query: str, says: str) -> None:
    answer = api.agency.get(f"/fhir/{query}")
    assert answer.status == 400
    assert says in answer.faults[0][1]


def test_the_value_of_a_hidden_goal_is_found_by_no_chain(api: Api, world: dict[str, str]) -> None:
    """Attack 1: the partner sees the plan and not the goal, so nothing about the goal selects the plan."""
    ann = world["ann"]
    api.agency.make(a_consent(ann, a_provision(to=PARTNER, purpose=["COC"], classes=["CarePlan", "Patient"])))
    assert api.partner.get("/fhir/CarePlan").json["total"] == 1
    for query in (
        f"CarePlan?goal.category={HOUSING}",
        f"CarePlan?goal.category:not={FOOD}",
        f"CarePlan?goal._id={world['ann goal'][5:]}",
        f"Patient?_has:Goal:subject:category={HOUSING}",
        f"Patient?_has:Goal:patient:category={HOUSING}",
        "Patient?_has:Observation:patient:code=code-ann",
        f"CarePlan?subject:Patient._has:Goal:patient:category={HOUSING}",
        f"CarePlan?_filter=goal.category eq {HOUSING}",
    ):
        answer = api.partner.get(f"/fhir/{query}")
        assert (answer.status, answer.json["total"], answer.json.get("entry")) == (200, 0, None), query
    assert api.partner.get("/fhir/CarePlan?subject:Patient.family=ann").json["total"] == 1


def test_a_chain_passes_through_no_type_that_the_token_does_not_open(api: Api, world: dict[str, str]) -> None:
    narrow = As(api, "agency", scope="system/Goal.rs system/CarePlan.rs")
    refused = narrow.get("/fhir/Goal?subject:Patient.family=ann")
    assert (refused.status, "system/Patient.s" in refused.faults[0][1]) == (403, True)
    assert narrow.get("/fhir/Goal?_has:Observation:focus:code=x").status == 403
    assert narrow.get(f"/fhir/CarePlan?goal.category={FOOD}").ids == [world["ben plan"][9:]]
