"""The case of a plan: one EpisodeOfCare for each client. https://hl7.org/fhir/R4/episodeofcare.html"""

import json
from datetime import date

import pytest

from careplan_service.errors import Conflict, Invalid
from careplan_service.interventions.foreign.told import told_by
from careplan_service.interventions.intake import plan_from_json, plan_to_json
from careplan_service.interventions.plan import Case
from careplan_service.interventions.terms import CASE_STATES
from interventions.regenerate_expected import FIXTURES, documents_of, labels_of
from interventions.test_practice import NOW, Moment

STATUSES = {"planned", "waitlist", "active", "onhold", "finished", "cancelled", "entered-in-error"}
CASE = {"number": "CASE-7", "programme": "Coming home", "opened": "2025-01-02"}


def a_plan(name="family-conflict", **case):
    told = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return {**told, "case": {**CASE, **case}}


def by_reference(documents):
    return {f"{one['resourceType']}/{one['id']}": one for one in json.loads(json.dumps(documents))}


def episodes_of(documents):
    return [one for one in documents if one["resourceType"] == "EpisodeOfCare"]


def test_every_client_has_an_episode_of_the_case_and_nobody_else_has():
    plan = plan_from_json(a_plan())
    clients = [member for member in plan.client_system.members if member.client]
    documents = documents_of(plan)
    made = episodes_of(documents)
    assert len(made) == len(clients) == 4 < len(plan.client_system.members)
    assert len({one["patient"]["reference"] for one in made}) == 4
    assert {one["identifier"][0]["value"] for one in made} == {"CASE-7"}
    leads_to = [one["reference"] for one in documents[0]["supportingInfo"]]
    assert [one for one in leads_to if one.startswith("Epi")] == [
        f"EpisodeOfCare/{one['id']}" for one in made
    ]


@pytest.mark.parametrize("state", CASE_STATES.by_code)
def test_a_case_has_the_status_of_its_state_and_keeps_the_state(state):
    plan = plan_from_json(a_plan("re-entry", status=state))
    documents = by_reference(documents_of(plan))
    [episode] = episodes_of(documents.values())
    assert episode["status"] == CASE_STATES.fhir(state)
    assert CASE_STATES.fhir(state) in STATUSES
    assert told_by(next(iter(documents.values())), documents).plan.case.status == state


def test_an_episode_has_the_labels_of_what_it_tells_and_so_has_the_plan():
    documents = documents_of(plan_from_json(a_plan("elder-isolation", programme="Methadone clinic")))
    [episode] = episodes_of(documents)
    assert "SUD" in labels_of(episode)
    assert "SUD" in labels_of(documents[0])


@pytest.mark.parametrize(
    ("case", "where"),
    [
        ({"closed": "2025-01-01", "status": "closed"}, "case.closed"),
        ({"closed": "2025-02-01"}, "case.status"),
        ({"programme": None}, "case.programme"),
        ({"opened": None}, "case.opened"),
        ({"program": "x"}, "case.program"),
    ],
)
def test_a_case_that_cannot_be_is_refused_by_its_field(case, where):
    with pytest.raises(Invalid) as refused:
        plan_from_json(a_plan(**case))
    assert [fault.expression for fault in refused.value.faults] == [where]


def test_a_case_of_nobody_is_refused():
    with pytest.raises(Invalid) as refused:
        plan_from_json(a_plan("community-organising"))
    assert [fault.expression for fault in refused.value.faults] == ["case"]


def test_a_case_on_record_stays_in_the_plan():
    before = plan_from_json(a_plan("re-entry"))
    told = plan_to_json(before)
    del told["case"]
    with pytest.raises(Conflict) as refused:
        plan_from_json(told, Moment(NOW, before))
    assert [fault.expression for fault in refused.value.faults] == ["case"]


def test_an_episode_that_others_closed_reads_as_closed():
    documents = by_reference(documents_of(plan_from_json(a_plan("re-entry"))))
    [episode] = episodes_of(documents.values())
    episode["status"], episode["period"]["end"] = "finished", "2025-03-01"
    told = told_by(next(iter(documents.values())), documents)
    assert (told.plan.case.status, told.plan.case.closed) == ("closed", date(2025, 3, 1))
    assert told.beyond == ()


def test_what_an_episode_of_one_client_says_otherwise_is_told_beside_the_plan():
    documents = by_reference(documents_of(plan_from_json(a_plan())))
    second = episodes_of(documents.values())[1]
    second["status"] = "onhold"
    told = told_by(next(iter(documents.values())), documents)
    assert told.plan.case == Case("CASE-7", "Coming home", date(2025, 1, 2))
    [other] = told.beyond
    assert "supportingInfo" in other.path


def test_an_episode_that_others_added_is_told_beside_the_plan_and_is_not_its_case():
    documents = by_reference(documents_of(plan_from_json(a_plan("re-entry"))))
    care_plan = next(iter(documents.values()))
    [ours] = episodes_of(documents.values())
    documents["EpisodeOfCare/theirs"] = {
        "resourceType": "EpisodeOfCare", "id": "theirs", "status": "active", "patient": ours["patient"]
    }  # fmt: skip
    care_plan["supportingInfo"].insert(0, {"reference": "EpisodeOfCare/theirs"})
    told = told_by(care_plan, documents)
    assert told.plan.case.number == "CASE-7"
    assert [one.path for one in told.beyond] == ["CarePlan.supportingInfo[0]"]
