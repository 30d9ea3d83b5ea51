"""The rules of practice over FHIR: what breaks one is refused with its sentence, the rest is taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from builders import (
    PARTNER,
    Answer,
    Api,
    a_care_plan,
    a_consent,
    a_patient,
    a_provision,
    a_transaction,
    an_entry,
    an_example,
    label,
)
from careplan_service.interventions.practice import RULES

PLANS = Path(__file__).parents[2] / "fixtures" / "plans"
ACHIEVEMENT = "http://terminology.hl7.org/CodeSystem/goal-achievement"
SESSION = {
    "kind": "case management", "start": "2026-05-29T10:00+02:00", "end": "2026-05-29T10:50+02:00",
    "narrative": "We wrote the answer together.", "goals": ["1"],
}  # fmt: skip
REVIEW = {"date": "2026-06-01", "findings": [{"goal": "1", "status": "improving", "evidence": "letter"}]}
ASSESSED = {"date": "2026-05-20", "presenting": "Eviction in six weeks"}
Document = dict[str, Any]


def sentence(name: str) -> str:
    return next(rule.sentence for rule in RULES if rule.name == name)


class Plan:
    """A plan at the API with its ETag, and its documents as FHIR."""

    def __init__(self, api: Api, **changed: Any) -> None:
        told = {**json.loads((PLANS / "family-eviction.json").read_text()), **changed}
        self.who = api.agency
        made = self.who("POST", "/plans", told, Content_Type="application/json")
        assert made.status == 201, made.body
        self.id, self.told = made.json["id"], made.json

    def __call__(self, what: str, body: Any) -> Answer:
        tag = self.who.get(f"/plans/{self.id}").headers["ETag"]
        return self.who(
            "POST", f"/plans/{self.id}{what}", body, Content_Type="application/json", If_Match=tag
        )

    def ok(self, what: str, body: Any) -> dict[str, Any]:
        answer = self(what, body)
        assert answer.status == 200, answer.body
        return answer.json

    @property
    def care_plan(self) -> Document:
        return self.who.get(f"/fhir/CarePlan/{self.id}").json

    def goal(self, number: str) -> Document:
        found = self.who.get(f"/fhir/Goal?identifier=FE-2025-014/{number}").json["entry"]
        return found[0]["resource"]

    def one(self, type_: str, **having: Any) -> Document:
        found = [one["resource"] for one in self.who.get(f"/fhir/{type_}").json["entry"]]
        return next(one for one in found if all(one.get(name) == value for name, value in having.items()))


def put(api: Api, document: Document, **changed: Any) -> Answer:
    made = {name: value for name, value in {**document, **changed}.items() if value is not None}
    return api.agency.put(f"{document['resourceType']}/{document['id']}", made)


def attained(code: str) -> Document:
    return {"coding": [{"system": ACHIEVEMENT, "code": code}]}


def without_extension(document: Document, name: str) -> list[Document]:
    return [one for one in document["extension"] if not one["url"].endswith(f"/sw-{name}")]


@pytest.fixture
def plan(api: Api) -> Plan:
    return Plan(api)


def test_states_that_the_rules_forbid_are_refused_and_the_others_taken(api: Api, plan: Plan) -> None:
    draft = Plan(api, number="FE-DRAFT", status="draft", agreement=None)
    care_plan = plan.care_plan
    goal = plan.goal("1")
    referral = {"text": "parcel", "to": "Eastgate Food Bank", "domain": "food", "legal_ground": "court"}
    plan.ok("/referrals", {**referral, "status": "sent"})
    care_plan = plan.care_plan
    fewer = {"goal": care_plan["goal"][:-1]}
    broken: list[tuple[str, int, Document, Document]] = [
        ("grounded", 422, draft.care_plan, {"status": "active"}),
        ("ended", 422, care_plan, {"status": "completed"}),
        ("in-order", 409, care_plan, {"status": "draft", "extension": without_extension(care_plan, "state")}),
        ("kept", 409, care_plan, fewer),
        ("evidenced", 422, goal, {"achievementStatus": attained("no-change")}),
        ("evidenced", 422, plan.goal("1.1"),
         {"achievementStatus": attained("achieved"), "lifecycleStatus": "completed"}),
    ]  # fmt: skip
    for name, status, document, change in broken:
        answer = put(api, document, **change)
        assert answer.status == status, (name, answer.body)
        assert any(text.endswith(sentence(name)) for _, text in answer.faults), (name, answer.body)
        assert all("\n" not in text for _, text in answer.faults)
        assert api.agency.get(f"/fhir/{document['resourceType']}/{document['id']}").json == document
    patched = api.agency(
        "PATCH",
        f"/fhir/CarePlan/{plan.id}",
        [{"op": "replace", "path": "/status", "value": "completed"}],
        Content_Type="application/json-patch+json",
    )
    assert (patched.status, sentence("ended") in patched.faults[0][1]) == (422, True)
    bundle = a_transaction(an_entry("PUT", f"CarePlan/{plan.id}", {**care_plan, "status": "completed"}))
    refused = api.agency("POST", "/fhir", bundle)
    assert (refused.status, refused.faults[0][0]) == (422, "Bundle.entry[0].resource"), refused.body

    shown = put(
        api, goal, achievementStatus=attained("no-change"), note=[*goal["note"], {"text": "a letter"}]
    )
    assert shown.status == 200, shown.body
    assert put(api, care_plan, status="on-hold").status == 200
    assert plan.who.get(f"/plans/{plan.id}").json["status"] == "on-hold"
    assert put(api, plan.goal("2"), statusDate="2026-06-01").status == 200
    assert put(api, plan.care_plan, status="active").status == 200


def test_what_makes_a_plan_unreadable_is_refused(api: Api, plan: Plan) -> None:
    care_plan = plan.care_plan
    answer = put(api, care_plan, identifier=None)
    assert (answer.status, "could not be read in words" in answer.faults[0][1]) == (422, True), answer.body
    assert plan.care_plan == care_plan


def test_a_status_that_has_no_word_is_refused_by_its_element_and_cause(api: Api, plan: Plan) -> None:
    care_plan, goal = plan.care_plan, plan.goal("1")
    n = next(i for i, one in enumerate(care_plan["activity"]) if "detail" in one)
    acts = deepcopy(care_plan["activity"])
    acts[n]["detail"]["status"] = "unknown"
    for document, change, where, cause in (
        (care_plan, {"status": "unknown"}, "CarePlan.status", "`unknown` has no word in a plan: send draft,"),
        (care_plan, {"activity": acts}, f"CarePlan.activity[{n}].detail.status", "`unknown` has no word"),
        (goal, {"lifecycleStatus": "completed"}, "Goal.lifecycleStatus",
         "send it with the achievement `achieved`, it with the achievement `not-achieved`"),
    ):  # fmt: skip
        answer = put(api, document, **change)
        assert (answer.status, answer.faults[0][0]) == (422, where), answer.body
        assert cause in answer.faults[0][1]
        assert "could not be read in words" in answer.faults[0][1]
        bundle = a_transaction(
            an_entry("PUT", f"{document['resourceType']}/{document['id']}", {**document, **change})
        )
        inside = api.agency("POST", "/fhir", bundle)
        path = where.partition(".")[2]
        assert inside.faults[0][0] == f"Bundle.entry[0].resource.{path}", inside.body
    assert (plan.care_plan, plan.goal("1")) == (care_plan, goal)


def test_what_an_ehr_sets_reads_as_what_was_attained_and_never_says_who_cancelled(
    api: Api, plan: Plan
) -> None:
    note = [*plan.goal("1")["note"], {"text": "seen at the court"}]
    for code, state in (("not-achieved", "not-achieved"), ("achieved", "achieved")):
        goal = plan.goal("1" if code == "achieved" else "2")
        evidence = [*goal.get("note", []), note[-1]]
        active = put(api, goal, lifecycleStatus="active", achievementStatus=attained(code), note=evidence)
        assert active.status == 200, active.body
        told = plan.who.get(f"/plans/{plan.id}").json
        i = int(goal["identifier"][0]["value"][-1]) - 1
        assert told["goals"][i]["status"] == state
        [mark] = [one for one in told["marks"] if one["field"] == f"goals[{i}].status"]
        assert (mark["how"], mark["said"]) == ("inferred", f"active {code}")
    care_plan = plan.care_plan
    for activity in care_plan["activity"]:
        if "detail" in activity:
            activity["detail"]["status"] = "cancelled"
    assert put(api, care_plan).status == 200
    marks = [one for one in plan.who.get(f"/plans/{plan.id}").json["marks"] if one["said"] == "cancelled"]
    assert marks
    assert all(one["by"].endswith("who cancelled is not said") for one in marks)


def test_a_request_that_its_receiver_ended_is_marked(api: Api, plan: Plan) -> None:
    refs = [one["reference"]["reference"] for one in plan.care_plan["activity"] if "reference" in one]
    request = api.agency.get(f"/fhir/{refs[0]}").json
    assert put(api, request, status="completed").status == 200
    told = plan.who.get(f"/plans/{plan.id}").json
    [mark] = told["marks"]
    assert (mark["resource"], mark["path"], mark["said"]) == (refs[0], "ServiceRequest.status", "completed")
    assert mark["field"].endswith(".status")


def test_a_closed_plan_is_not_changed_over_fhir_either(api: Api, plan: Plan) -> None:
    outcomes = [{"goal": str(n), "status": "abandoned", "evidence": "moved away"} for n in range(1, 4)]
    outcomes = [one for one in outcomes if plan.told["goals"][int(one["goal"]) - 1]["status"] != "proposed"]
    rejected = [goal for goal in plan.told["goals"] if goal["status"] in ("proposed", "planned")]
    for goal in rejected:
        plan.ok("/adjustments", {"reason": "not wanted", "agreement": {"status": "agreed"},
                                 "plan": {"goals": [{"number": goal["number"],
                                                     "status": "abandoned"}]}})  # fmt: skip
    left = [one for one in outcomes if one["goal"] not in {goal["number"] for goal in rejected}]
    closed = {"reason": "closed-transferred", "date": "2026-06-01", "notice": "by letter", "outcomes": left}
    told = plan.ok("/close", closed)
    assert told["status"] == "closed-transferred"
    needs = [api.agency.get(f"/fhir/{one['reference']}").json for one in plan.care_plan["addresses"]]
    assert {one["clinicalStatus"]["coding"][0]["code"] for one in needs} == {"inactive"}
    answer = put(api, plan.care_plan, title="Another title")
    assert (answer.status, sentence("episodes") in answer.faults[0][1]) == (409, True), answer.body
    answer = put(api, plan.care_plan, status="active", extension=without_extension(plan.care_plan, "state"))
    assert answer.status == 409, answer.body
    states = {plan.goal(str(n))["lifecycleStatus"] for n in range(1, 5)}
    assert states <= {
        "cancelled",
        "completed",
    }


def test_the_needs_of_a_closed_plan_are_inactive(api: Api) -> None:
    plan = Plan(api, status="closed-transferred", closing={"date": "2026-05-01", "notice": "by letter"},
                goals=[{"number": "1", "words": "Stay", "domain": "housing", "status": "abandoned"}],
                referrals=[])  # fmt: skip
    needs = [api.agency.get(f"/fhir/{one['reference']}").json for one in plan.care_plan["addresses"]]
    assert needs
    assert {one["clinicalStatus"]["coding"][0]["code"] for one in needs} == {"inactive"}
    assert plan.who.get(f"/plans/{plan.id}").json["needs"] == plan.told["needs"]


CHANGES: dict[str, Callable[[Document], Document]] = {
    "DocumentReference": lambda one: {"description": "another"},
    "QuestionnaireResponse": lambda one: {"status": "amended"},
    "Procedure": lambda one: {"status": "stopped"},
    "Encounter": lambda one: {"period": {"start": "2026-05-29T08:00:00Z"}},
    "Observation": lambda one: {"effectiveDateTime": "2026-01-01"},
}


def test_what_is_signed_is_neither_changed_nor_deleted_over_fhir(api: Api, plan: Plan) -> None:
    plan.ok("/assessments", ASSESSED)
    plan.ok("/sessions", SESSION)
    plan.ok("/reviews", REVIEW)
    plan.ok("/sessions/S1/addenda", {"text": "More of it", "reason": "forgotten"})
    for type_, change in CHANGES.items():
        for signed in [one["resource"] for one in api.agency.get(f"/fhir/{type_}").json["entry"]]:
            answer = put(api, signed, **change(signed))
            assert answer.status == 409, (type_, answer.body)
            assert sentence("signed") in answer.faults[0][1]
            assert "addenda" in answer.faults[0][1]
            assert put(api, signed).status == 200, type_
            gone = api.agency("DELETE", f"/fhir/{type_}/{signed['id']}")
            assert (gone.status, sentence("signed") in gone.faults[0][1]) == (409, True), gone.body
    encounter = plan.one("Encounter")
    assert put(api, encounter, priority={"text": "seen at once"}).status == 200
    patched = api.agency(
        "PATCH",
        f"/fhir/DocumentReference/{plan.one('DocumentReference')['id']}",
        [{"op": "replace", "path": "/content/0/attachment/data", "value": "eA=="}],
        Content_Type="application/json-patch+json",
    )
    assert patched.status == 409, patched.body
    raised = {"resourceType": "Parameters",
              "parameter": [{"name": "meta", "valueMeta": {"security": [label("SEX")]}}]}  # fmt: skip
    note = plan.one("DocumentReference")
    assert api.agency("POST", f"/fhir/DocumentReference/{note['id']}/$meta-add", raised).status == 200
    for type_, id_ in (("Goal", plan.goal("1")["id"]), ("CarePlan", plan.id)):
        gone = api.agency("DELETE", f"/fhir/{type_}/{id_}")
        assert (gone.status, sentence("kept") in gone.faults[0][1]) == (409, True), gone.body
    told = plan.ok("/sessions/S1/addenda", {"text": "And more", "reason": "asked for"})
    assert len(told["sessions"][0]["addenda"]) == 2


def test_what_was_not_made_of_a_plan_is_changed_and_deleted_as_before(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    for type_ in ("DocumentReference", "Goal", "CarePlan", "Observation"):
        made = api.agency.make(an_example(type_, ann))
        document = api.agency.get(f"/fhir/{made}").json
        assert put(api, document, language="de").status == 200
        assert api.agency("DELETE", f"/fhir/{made}").status == 204
    completed = a_care_plan(ann, status="completed")
    assert api.agency("POST", "/fhir/CarePlan", completed).status == 201


def test_process_notes_never_come_into_a_plan_by_any_way(api: Api, plan: Plan) -> None:
    ann = plan.care_plan["subject"]["reference"]
    note = an_example("DocumentReference", ann)
    psychotherapy = api.agency.make({**note, "meta": {"security": [label("V"), label("PSYTHPN")]}})
    very = api.agency.make({**note, "meta": {"security": [label("V")]}})
    plain = api.agency.make(note)
    of_note = {**an_example("Procedure", ann), "report": [{"reference": psychotherapy}]}
    act = api.agency.make(of_note)
    foreign = api.agency.make(a_care_plan(ann))
    for reference in (psychotherapy, very, act):
        where = {"supportingInfo": [*plan.care_plan.get("supportingInfo", []), {"reference": reference}]}
        sent: list[Answer] = [put(api, plan.care_plan, **where) if reference != act else None]  # type: ignore[list-item]
        other = api.agency.get(f"/fhir/{foreign}").json
        done = {"activity": [{"outcomeReference": [{"reference": reference}]}]}
        sent = [*(one for one in sent if one), put(api, other, **done)]
        sent.append(api.agency("POST", "/fhir/CarePlan", {**a_care_plan(ann), **done}))
        sent.append(api.agency("POST", "/fhir", a_transaction(an_entry("PUT", foreign, {**other, **done}))))
        for answer in sent:
            assert answer.status == 422, (reference, answer.body)
            assert sentence("private") in answer.faults[0][1]
    inside = {**note, "id": "n", "meta": {"security": [label("PSYTHPN")]}}
    held = {**a_care_plan(ann), "contained": [inside], "supportingInfo": [{"reference": "#n"}]}
    assert api.agency("POST", "/fhir/CarePlan", held).status == 422

    done = {"activity": [{"outcomeReference": [{"reference": plain}]}]}
    assert put(api, api.agency.get(f"/fhir/{foreign}").json, **done).status == 200
    afterwards = {"resourceType": "Parameters",
                  "parameter": [{"name": "meta", "valueMeta": {"security": [label("PSYTHPN")]}}]}  # fmt: skip
    refused = api.agency("POST", f"/fhir/{plain}/$meta-add", afterwards)
    assert (refused.status, sentence("private") in refused.faults[0][1]) == (422, True), refused.body
    plan.ok("/sessions", SESSION)
    session = plan.one("DocumentReference", docStatus="final")
    refused = api.agency("POST", f"/fhir/DocumentReference/{session['id']}/$meta-add", afterwards)
    assert refused.status == 422, refused.body
    assert api.agency.put(psychotherapy, {**note, "description": "kept apart"}).status == 200


def test_a_partner_learns_nothing_of_process_notes_that_it_does_not_see(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    api.agency.make(a_consent(ann, a_provision(to=PARTNER)))
    hidden = api.agency.make({**an_example("DocumentReference", ann), "meta": {"security": [label("V")]}})
    answers = [
        api.partner("POST", "/fhir/CarePlan", {**a_care_plan(ann), "supportingInfo": [{"reference": one}]})
        for one in (hidden, "DocumentReference/absent")
    ]
    assert [one.status for one in answers] == [201, 201]


def sent_to(plan: Plan, consent: str, **more: Any) -> Document:
    return {"text": "parcel", "to": "Eastgate Food Bank", "domain": "food", "status": "sent",
            "consent": consent.removeprefix("Consent/"), **more}  # fmt: skip


def test_a_referral_goes_out_only_under_a_consent_that_covers_it_now(api: Api, plan: Plan) -> None:
    care_plan = plan.care_plan
    index = care_plan["subject"]["reference"]
    bank = next(
        one["resource"] for one in api.agency.get("/fhir/Organization").json["entry"]
        if one["resource"].get("name") == "Eastgate Food Bank"
    )  # fmt: skip
    to = f"Organization/{bank['id']}"
    somebody = api.agency.make(a_patient("Somebody"))
    wide = {"labels": ["N", "R", "SDV", "LIVARG", "MH"]}
    good = api.agency.make(a_consent(index, a_provision(to=to, **wide)))
    bad = {
        "draft": a_consent(index, a_provision(to=to, **wide), status="draft"),
        "over": a_consent(index, a_provision(to=to, **wide, period={"end": "2026-05-01"})),
        "another receiver": a_consent(index, a_provision(to=PARTNER, **wide)),
        "another person": a_consent(somebody, a_provision(to=to, **wide)),
        "other data": a_consent(index, a_provision(to=to, classes=["Goal"], **wide)),
        "another purpose": a_consent(index, a_provision(to=to, purpose=["HRESCH"], **wide)),
    }
    for name, consent in bad.items():
        made = api.agency.make(consent)
        answer = plan("/referrals", sent_to(plan, made))
        assert (answer.status, answer.faults[0][0]) == (422, "consent"), (name, answer.body)
        assert sentence("released") in answer.faults[0][1]
    assert plan("/referrals", sent_to(plan, "Consent/absent")).status == 422
    odd = plan("/referrals", {**sent_to(plan, ""), "consent": "Consent/none"})
    assert odd.status == 422
    assert odd.faults[0][0] == "consent"
    assert "the id of a Consent on record that covers" in odd.faults[0][1]
    assert "instead of `Consent/none`" in odd.faults[0][1]
    assert plan.who.get(f"/plans/{plan.id}").json.get("referrals") is None

    plan.ok("/referrals", sent_to(plan, "Consent/absent", status="draft"))
    assert plan("/referrals/F1/states", {"status": "sent"}).status == 422
    plan.ok("/referrals", sent_to(plan, "Consent/absent", legal_ground="mandated report"))
    told = plan.ok("/referrals", sent_to(plan, good))
    assert told["referrals"][-1]["status"] == "sent"
    deny = api.agency.make(a_consent(index, a_provision("deny", to=to)))
    answer = plan("/referrals", sent_to(plan, good))
    assert (answer.status, "another consent" in answer.faults[0][1]) == (422, True), answer.body
    plan.ok("/referrals/F3/states", {"status": "accepted"})
    assert api.agency("DELETE", f"/fhir/{deny}").status == 204

    number = {"valueString": "F1"}
    request = next(
        one["resource"] for one in api.agency.get("/fhir/ServiceRequest").json["entry"]
        if any(number.items() <= part.items() for part in one["resource"].get("extension", ()))
    )  # fmt: skip
    task = plan.one("Task", focus={"reference": f"ServiceRequest/{request['id']}"})
    answer = put(api, task, status="requested", businessStatus={"text": "sent"})
    assert (answer.status, sentence("released") in answer.faults[0][1]) == (422, True), answer.body
    named = deepcopy(request)
    for part in named["extension"]:
        if part["url"].endswith("/sw-consent"):
            part["valueReference"] = {"reference": good}
    assert put(api, named).status == 200
    assert put(api, task, status="requested", businessStatus={"text": "sent"}).status == 200
