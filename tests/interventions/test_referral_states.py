"""The state of a referral in its Task, and the words for it. https://hl7.org/fhir/R4/task.html"""

import csv
import json
import os
from pathlib import Path

import pytest

from careplan_service.interventions import terms
from careplan_service.interventions.canonical import REFERRAL_STATE
from careplan_service.interventions.from_fhir import from_fhir
from careplan_service.interventions.merging import merged
from careplan_service.interventions.vocabulary import vocabulary
from careplan_service.interventions.vocabulary.maps import map_url
from careplan_service.interventions.vocabulary.systems import system_url
from interventions.regenerate_expected import FIXTURES, documents_of, plan_of

ROOT = Path(__file__).parents[2]
CROSSWALK = (
    Path(os.environ.get("CAREPLAN_SHARED", ROOT.parent / "shared")) / "domain" / "status_crosswalk.csv"
)
OTHERWISE = {"Pending", "Outcome Assigned"}
"""Words of networks that mean different things in different ones."""


def documents_at_hand():
    return json.loads(json.dumps(documents_of(plan_of(FIXTURES / "re-entry.json"))))


def first_task(documents):
    return next(one for one in documents if one["resourceType"] == "Task")


def first_referral(documents):
    by_reference = {f"{one['resourceType']}/{one['id']}": one for one in documents}
    return from_fhir(documents[0], by_reference).referrals[0]


def test_a_task_has_our_code_of_the_state_and_the_words_of_the_network():
    for name in ("re-entry", "elder-isolation", "hospital-discharge"):
        plan = plan_of(FIXTURES / f"{name}.json")
        tasks = [one for one in documents_of(plan) if one["resourceType"] == "Task"]
        assert tasks
        for referral, task in zip(plan.referrals, tasks, strict=True):
            [coding] = task["businessStatus"]["coding"]
            assert (coding["system"], coding["code"]) == (REFERRAL_STATE, referral.status)
            listed = vocabulary().systems[REFERRAL_STATE].by_code
            assert coding["display"] == listed[referral.status].display
            assert task["businessStatus"]["text"] == (referral.vendor_status or referral.status)


def test_a_task_without_our_code_is_still_read():
    documents = documents_at_hand()
    before = first_referral(documents)
    del first_task(documents)["businessStatus"]["coding"]
    assert first_referral(documents) == before


def test_a_state_that_a_receiver_says_in_our_code_is_read():
    documents = documents_at_hand()
    task = first_task(documents)
    said = {"system": REFERRAL_STATE, "code": "closed"}
    task |= {"status": "completed", "businessStatus": {"coding": [said], "text": "closed"}}
    assert (first_referral(documents).status, first_referral(documents).vendor_status) == ("closed", None)
    said["system"] = "https://vendor.example.org"
    assert first_referral(documents).status == "outcome-known"


def test_a_code_of_ours_that_contradicts_the_status_of_the_task_does_not_count():
    documents = documents_at_hand()
    first_task(documents).update(
        status="on-hold", businessStatus={"coding": [{"system": REFERRAL_STATE, "code": "closed"}]}
    )
    assert first_referral(documents).status == "waitlisted"


def test_a_new_state_takes_the_place_of_an_old_code_of_ours_and_leaves_that_of_others():
    theirs = {"system": "https://vendor.example.org", "code": "9"}
    sent, known, closed = (
        {"system": REFERRAL_STATE, "code": code} for code in ("sent", "outcome-known", "closed")
    )
    made = merged({"coding": [sent, theirs]}, {"coding": [known]}, {"coding": [closed]})
    assert made == {"coding": [closed, theirs]}


@pytest.mark.parametrize(
    ("id_", "listed", "system"),
    [
        ("referral-state", terms.REFERRAL_STATES, "http://hl7.org/fhir/task-status"),
        ("consent-state", terms.CONSENT_STATES, "http://hl7.org/fhir/consent-state-codes"),
    ],
)
def test_every_state_is_in_a_code_system_a_value_set_and_a_map(id_, listed, system):
    words = vocabulary()
    assert list(words.systems[system_url(id_)].by_code) == list(listed.by_code)
    assert id_ in words.resources["ValueSet"]
    assert id_ in words.resources["ConceptMap"]
    links = words.maps[map_url(id_)].links
    assert {link.source.code: (link.target.system, link.target.code) for link in links} == {
        code: (system, term.fhir) for code, term in listed.by_code.items()
    }


@pytest.mark.parametrize("id_", ["referral-state", "consent-state"])
def test_a_state_is_equivalent_only_to_a_code_that_comes_back_as_the_state(id_):
    links = vocabulary().maps[map_url(id_)].links
    exact = [link.target.code for link in links if link.equivalence == "equivalent"]
    assert len(exact) == len(set(exact))
    listed = {"referral-state": terms.REFERRAL_STATES, "consent-state": terms.CONSENT_STATES}[id_]
    for link in links:
        if link.equivalence == "equivalent":
            assert listed.local(None, link.target.code) == link.source.code


@pytest.mark.skipif(not CROSSWALK.exists(), reason="the shared folder is not there")
def test_the_states_are_those_of_the_crosswalk():
    with CROSSWALK.open(encoding="utf-8") as table:
        rows = [
            row for row in csv.DictReader(table) if row["entity"].partition(" ")[0] in ("referral", "consent")
        ]
    assert len(rows) > 25
    for row in rows:
        listed = terms.CONSENT_STATES if row["entity"] == "consent" else terms.REFERRAL_STATES
        code = listed.code(row["local_state"])
        assert code, row["local_state"]
        if row["local_state"] not in OTHERWISE:
            assert listed.fhir(code) == row["fhir_code"], row["local_state"]
        if row["entity"] == "consent" and row["reversible_alone"] == "N":
            links = vocabulary().maps[map_url("consent-state")].links
            [link] = [one for one in links if one.source.code == code]
            assert link.equivalence == "wider" or row["local_state"] == "verbal consent"
