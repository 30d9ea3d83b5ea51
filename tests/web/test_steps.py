"""Who may do which step of the work with a plan: the table, and everybody else's 403."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builders import PARTNER, STRANGER, Answer, Api, a_consent, a_provision, an_example, concept
from careplan_service.app import Service
from careplan_service.interventions.operations import FURTHER, OPERATIONS
from careplan_service.interventions.steps import ROLES, steps
from web.persons import Persons

PLANS = Path(__file__).parents[2] / "fixtures" / "plans"
BODIES: dict[str, Any] = {"agreement": {"status": "agreed"}}
SCOPES = ("patient/CarePlan.crus", "user/CarePlan.crus", "patient/Patient.rs", "patient/RelatedPerson.rs")


def sent(who: Any, method: str, path: str, body: Any, tag: str = 'W/"1"') -> Answer:
    answer: Answer = who(method, path, body, Content_Type="application/json", If_Match=tag)
    return answer


def a_plan(api: Api, name: str = "individual-cbt", **changed: Any) -> dict[str, Any]:
    told = {**json.loads((PLANS / f"{name}.json").read_text()), **changed}
    made = api.agency("POST", "/plans", told, Content_Type="application/json")
    assert made.status == 201, made.body
    return made.json


def subject(api: Api, plan: dict[str, Any]) -> str:
    return str(api.agency.get(f"/fhir/CarePlan/{plan['id']}").json["subject"]["reference"])


def test_every_step_is_in_the_table_with_roles_and_a_source() -> None:
    done = {*OPERATIONS, *(what for _, what in FURTHER), "submit", "replacement", "reopening", "receipt"}
    assert done == set(steps())
    for step in steps().values():
        assert step.who
        assert step.who <= ROLES
        assert step.sentence[0].islower()


def test_whose_step_it_is_not_is_told_whose_it_is(api: Api, service: Service) -> None:
    plan = a_plan(api)
    ann = subject(api, plan)
    persons = Persons(service)
    patient = persons.signed_in(ann, *SCOPES, patient=ann)
    asked = {"submit": ("POST", "/plans"), "replacement": ("PUT", f"/plans/{plan['id']}"),
             "reopening": ("POST", f"/plans/{plan['id']}/reopen")}  # fmt: skip
    asked |= {name: ("POST", f"/plans/{plan['id']}/{name}") for name in OPERATIONS}
    asked |= {what: ("POST", f"/plans/{plan['id']}/{part}/S1/{what}") for part, what in FURTHER}
    for step, (method, path) in asked.items():
        for who, role in ((api.partner, "partner"), (patient, "client")):
            if role in steps()[step].who:
                continue
            body = json.loads((PLANS / "individual-cbt.json").read_text()) if step == "submit" else {}
            answer = sent(who, method, path, body)
            assert (answer.status, steps()[step].sentence in answer.body.decode()) == (403, True), (
                step,
                role,
            )


def test_what_a_client_sends_again_under_its_key_is_told_again(api: Api, service: Service) -> None:
    plan = a_plan(api, status="draft", agreement=None)
    ann = subject(api, plan)
    patient = Persons(service).signed_in(ann, *SCOPES, patient=ann)
    once = {"Content_Type": "application/json", "If_Match": 'W/"1"', "Idempotency_Key": "k1"}
    first, again = (
        patient("POST", f"/plans/{plan['id']}/agreement", {"status": "agreed"}, **once) for _ in range(2)
    )
    assert (first.status, again.status, again.json) == (200, 200, first.json), again.body
    kept = [one["change"] for one in api.agency.get(f"/plans/{plan['id']}/history").json["history"]]
    assert kept == ["agreement", "made"]


def test_a_client_agrees_refuses_and_withdraws_for_herself(api: Api, service: Service) -> None:
    plan = a_plan(api, status="draft", agreement=None)
    path, ann = f"/plans/{plan['id']}/agreement", subject(api, plan)
    persons = Persons(service)
    patient = persons.signed_in(ann, *SCOPES, patient=ann)
    agreed = sent(patient, "POST", path, {"status": "agreed"})
    assert agreed.status == 200, agreed.body
    assert agreed.json == {
        "id": plan["id"],
        "agreement": {"status": "agreed", "date": "2026-06-01", "how": "electronic",
                      "reason": "said by the client herself"},
    }  # fmt: skip
    assert sent(patient, "POST", path, {"status": "refused"}, 'W/"1"').status == 412
    refused = sent(
        patient, "POST", path, {"status": "refused", "comment": "too much"}, agreed.headers["ETag"]
    )
    assert (refused.status, refused.json["agreement"]["status"]) == (200, "refused")
    told = api.agency.get(f"/plans/{plan['id']}").json
    assert told["agreement"]["comment"] == "too much"
    assert {name: told[name] for name in ("goals", "title")} == {
        name: plan[name] for name in ("goals", "title")
    }
    assert [one["change"] for one in api.agency.get(f"/plans/{plan['id']}/history").json["history"]] == [
        "agreement", "agreement", "made",
    ]  # fmt: skip
    why = [one["resource"] for one in api.agency.get("/fhir/Provenance").json["entry"]]
    assert all(one["agent"][0]["who"]["reference"] == ann for one in why)
    id_ = plan["id"]
    row = api.service.database.rows(
        f"SELECT contributor FROM resource WHERE id = '{id_}' AND current = 1", {}
    )
    assert row[0][0] == "Organization/agency"
    noted = api.service.database.rows(
        "SELECT client, status FROM audit WHERE interaction = 'change-plan'", {}
    )
    assert [status for client, status in noted if ann in client] == [200, 412, 200]

    other = a_plan(api, "family-conflict")
    for hidden in (other["id"], "none"):
        assert sent(patient, "POST", f"/plans/{hidden}/agreement", {"status": "refused"}).status == 404
    reader = persons.signed_in(ann, "patient/CarePlan.rs", patient=ann)
    assert sent(reader, "POST", path, {"status": "agreed"}, refused.headers["ETag"]).status == 403


def test_only_who_represents_her_agrees_for_her(api: Api, service: Service) -> None:
    plan = a_plan(api)
    path, ann = f"/plans/{plan['id']}/agreement", subject(api, plan)
    guardian = concept("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "GUARD")
    mum = api.agency.make({**an_example("RelatedPerson", ann), "relationship": [guardian]})
    aunt = api.agency.make(an_example("RelatedPerson", ann))
    every = ["N", "R", "MH", "SDV", "LIVARG"]
    for one in (mum, aunt):
        api.agency.make(a_consent(ann, a_provision(to=one, labels=every)))
    persons = Persons(service)
    seen = {one: persons.signed_in(one, *SCOPES, patient=ann) for one in (mum, aunt)}
    assert {one.get(f"/fhir/CarePlan/{plan['id']}").status for one in seen.values()} == {200}
    assert sent(seen[aunt], "POST", path, {"status": "agreed"}).status == 404
    answer = sent(seen[mum], "POST", path, {"status": "agreed"})
    assert answer.status == 200, answer.body


def test_a_note_is_co_signed_once_by_the_supervisor_that_the_plan_names(api: Api, service: Service) -> None:
    lead = {"system": "https://agency.example.org/staff", "value": "lead"}
    api.agency.put(
        "Practitioner/lead",
        {"resourceType": "Practitioner", "identifier": [lead], "name": [{"text": "Ines Lead"}]},
    )
    told = json.loads((PLANS / "individual-cbt.json").read_text())
    team = [
        {"role": "clinical supervisor", "name": "Ines Lead", "identifier": lead},
        {"role": "adviser", "name": "Bo"},
    ]
    plan = a_plan(api, participants=[*told.get("participants", []), *team])
    late = {"kind": "cbt", "start": "2026-05-01T10:00Z", "end": "2026-05-01T11:00Z",
            "narrative": "said and done",
            "late_reason": "the worker was ill"}  # fmt: skip
    noted = sent(api.agency, "POST", f"/plans/{plan['id']}/sessions", late)
    assert noted.status == 200, noted.body
    number, tag = noted.json["sessions"][-1]["number"], noted.headers["ETag"]
    path = f"/plans/{plan['id']}/sessions/{number}/cosignature"
    for name, status in (("Bo", 422), ("Nobody", 422), ("worker", 422)):
        answer = sent(api.agency, "POST", path, {"by": name}, tag)
        assert (answer.status, answer.faults[0][0]) == (status, "by"), answer.body
    people = Persons(service)
    scopes = ("user/*.cruds",)
    other = people.signed_in("Practitioner/other", *scopes)
    refused = sent(other, "POST", path, {"by": "Ines Lead"}, tag)
    assert (refused.status, steps()["cosignature"].sentence in refused.body.decode()) == (403, True)
    forged = api.agency.get(f"/plans/{plan['id']}").json
    forged["sessions"][-1] |= {"cosigned_by": "Ines Lead", "cosigned_at": "2026-06-01T10:00Z"}
    forged = {name: value for name, value in forged.items() if name not in ("id", "care_plan")}
    assert sent(other, "PUT", f"/plans/{plan['id']}", forged, tag).status == 403
    done = sent(people.signed_in("Practitioner/lead", *scopes), "POST", path, {"by": "Ines Lead"}, tag)
    assert done.status == 200, done.body
    session = done.json["sessions"][-1]
    assert (session["cosigned_by"], session["cosigned_at"]) == ("Ines Lead", "2026-06-01T12:00:00+00:00")
    assert session["narrative"] == late["narrative"]
    again = sent(api.agency, "POST", path, {"by": "Ines Lead"}, done.headers["ETag"])
    assert again.status == 409, again.body
    note = next(
        one["resource"] for one in api.agency.get("/fhir/DocumentReference").json["entry"]
        if "authenticator" in one["resource"]
    )  # fmt: skip
    assert note["authenticator"] == {"reference": "Practitioner/lead"}
    taken = {**done.json, "sessions": [{k: v for k, v in session.items() if not k.startswith("cosigned")}]}
    taken = {name: value for name, value in taken.items() if name not in ("id", "care_plan")}
    assert sent(api.agency, "PUT", f"/plans/{plan['id']}", taken, done.headers["ETag"]).status == 409


@pytest.fixture
def referred(api: Api) -> tuple[dict[str, Any], dict[str, Any]]:
    """A plan with a referral to the partner, which may see its client, and the Task."""
    plan = a_plan(api, "family-eviction")
    bank = {"system": "https://agency.example.org/agency", "value": "partner"}
    api.agency.put(PARTNER, {"resourceType": "Organization", "name": "Partner", "identifier": [bank]})
    named = {"reason": "joins in", "agreement": {"status": "agreed"},
             "plan": {"participants": [{"role": "adviser", "agency": "Partner",
                                        "agency_identifier": bank}]}}  # fmt: skip
    changed = sent(api.agency, "POST", f"/plans/{plan['id']}/adjustments", named)
    if changed.status != 200:
        named["plan"]["participants"] += plan["participants"]
        changed = sent(api.agency, "POST", f"/plans/{plan['id']}/adjustments", named)
    assert changed.status == 200, changed.body
    index = subject(api, plan)
    every = ["N", "R", "MH", "SDV", "LIVARG"]
    api.agency.make(a_consent(index, a_provision(to=PARTNER, labels=every)))
    referral = {
        "text": "debts",
        "to": "Partner",
        "domain": "housing",
        "status": "sent",
        "legal_ground": "court",
    }
    made = sent(api.agency, "POST", f"/plans/{plan['id']}/referrals", referral, changed.headers["ETag"])
    assert made.status == 200, made.body
    task = next(
        one["resource"] for one in api.agency.get("/fhir/Task").json["entry"]
        if one["resource"]["owner"]["reference"] == PARTNER
    )  # fmt: skip
    return plan, task


def test_a_receiver_sets_the_state_of_its_own_task_and_nothing_else(
    api: Api, referred: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    plan, task = referred
    where = f"Task/{task['id']}"
    seen = api.partner.get(f"/fhir/{where}").json
    accepted = {**seen, "status": "accepted", "businessStatus": {"text": "case opened"}}
    answer = api.partner.put(where, accepted)
    assert answer.status == 200, answer.body
    assert api.agency.get(f"/plans/{plan['id']}").json["referrals"][0]["status"] == "accepted"
    id_ = task["id"]
    row = api.service.database.rows(
        f"SELECT contributor FROM resource WHERE id = '{id_}' AND current = 1", {}
    )
    assert row[0][0] == "Organization/agency"
    for change in (
        {"for": {"reference": "Patient/other"}}, {"owner": {"reference": STRANGER}}, {"status": "cancelled"},
        {"description": "other words"}, {"status": "entered-in-error"}, {"status": "draft"},
    ):  # fmt: skip
        refused = api.partner.put(where, {**answer.json, **change})
        assert (refused.status, steps()["receipt"].sentence in refused.faults[0][1]) == (403, True), change
    patch = [{"op": "replace", "path": "/status", "value": "in-progress"}]
    patched = api.partner("PATCH", f"/fhir/{where}", patch, Content_Type="application/json-patch+json")
    assert patched.status == 200, patched.body
    patch = [{"op": "replace", "path": "/owner/reference", "value": STRANGER}]
    patched = api.partner("PATCH", f"/fhir/{where}", patch, Content_Type="application/json-patch+json")
    assert patched.status == 403
    assert api.partner("DELETE", f"/fhir/{where}").status == 403
    hidden = api.stranger.put(where, accepted)
    absent = api.stranger.put("Task/none", {**accepted})
    assert (hidden.status, hidden.body) == (absent.status, absent.body)
    done = api.partner.put(where, {**api.partner.get(f"/fhir/{where}").json, "status": "completed"})
    assert done.status == 200, done.body
    back = api.partner.put(where, {**done.json, "status": "accepted"})
    assert back.status == 409, back.body
    assert "FE-2025" not in back.body.decode()
    other = next(
        one["resource"] for one in api.agency.get("/fhir/ServiceRequest").json["entry"]
        if one["resource"]["performer"][0]["reference"] == PARTNER
    )  # fmt: skip
    assert api.partner.put(f"ServiceRequest/{other['id']}", {**other, "status": "completed"}).status == 403


def test_a_task_is_nobody_elses_to_answer(api: Api, referred: tuple[dict[str, Any], dict[str, Any]]) -> None:
    plan, task = referred
    every = ["N", "R", "MH", "SDV", "LIVARG"]
    api.agency.make(a_consent(subject(api, plan), a_provision(to=STRANGER, labels=every)))
    seen = api.stranger.get(f"/fhir/Task/{task['id']}")
    assert seen.status == 200
    assert api.stranger.put(f"Task/{task['id']}", {**seen.json, "status": "accepted"}).status == 403
