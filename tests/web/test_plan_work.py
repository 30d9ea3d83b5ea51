"""`/plans` and below: the work with a plan, from assessment to closing and a new episode."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from builders import AGENCY, HOUSING, PARTNER, Answer, Api, a_consent, a_provision

PLANS = Path(__file__).parents[2] / "fixtures" / "plans"
LEVELS = ["evicted", "notice stands", "notice withdrawn", "plan for arrears kept", "no arrears"]
OWN = "https://careplan-service.org/fhir/StructureDefinition"
SESSION = {
    "kind": "case management",
    "start": "2026-05-29T10:00+02:00",
    "end": "2026-05-29T10:50+02:00",
    "narrative": "Rosa showed the letter of the court.\nWe wrote the answer together.",
    "attendance": [{"who": "client", "state": "attended"}],
    "goals": ["1"],
    "strategies": ["1.1.b"],
}


class Plan:
    """A plan at the API, and the ETag it has now."""

    def __init__(self, api: Api, answer: Answer) -> None:
        self.who, self.id = api.agency, answer.json["id"]
        self.took(answer)

    def took(self, answer: Answer) -> Answer:
        if answer.status < 300:
            self.tag = answer.headers["ETag"]
        return answer

    def __call__(self, what: str, body: Any, method: str = "POST", **headers: str) -> Answer:
        sent = {"Content_Type": "application/json", "If_Match": self.tag, **headers}
        return self.took(self.who(method, f"/plans/{self.id}{what}", body, **sent))

    def get(self, what: str = "") -> dict[str, Any]:
        answer = self.who.get(f"/plans/{self.id}{what}")
        assert answer.status == 200, answer.body
        return answer.json


def a_plan(**changed: Any) -> dict[str, Any]:
    plan = {**json.loads((PLANS / "family-eviction.json").read_text()), **changed}
    plan["goals"][0]["scaling"] = {"levels": LEVELS, "weight": 2, "baseline": -1}
    plan["goals"][1]["scaling"] = {"levels": LEVELS, "baseline": -2}
    return plan


@pytest.fixture
def plan(api: Api) -> Plan:
    made = api.agency("POST", "/plans", a_plan(), Content_Type="application/json")
    assert made.status == 201, made.body
    return Plan(api, made)


def ok(answer: Answer) -> dict[str, Any]:
    assert answer.status in (200, 201), answer.body
    return answer.json


def test_the_work_with_a_plan_is_kept_and_told_in_its_own_words(api: Api, plan: Plan) -> None:
    assessed = {
        "date": "2026-05-20",
        "presenting": "Eviction in six weeks",
        "words": "I cannot sleep.",
        "risks": [{"kind": "homelessness", "level": "high", "safety_plan": "shelter place is promised"}],
        "answers": [
            {"question": "What is your living situation?", "code": "71802-3", "answer": "I have housing"},
            {"question": "Do you feel safe?", "unanswered": "client prefers not to answer"},
        ],
    }
    told = ok(plan("/assessments", assessed))
    assert told["assessments"][0]["answers"][1]["unanswered"] == "asked-declined"

    told = ok(plan("/sessions", SESSION))
    session = told["sessions"][0]
    assert (session["number"], session["by"], session["signed_at"]) == (
        "S1",
        "worker",
        "2026-06-01T12:00:00+00:00",
    )
    assert session["narrative"] == SESSION["narrative"]
    added = ok(plan("/sessions/S1/addenda", {"text": "The letter is of 12 May.", "reason": "left out"}))
    assert added["sessions"][0]["addenda"][0]["reason"] == "left out"

    findings = [
        {"goal": "1", "status": "improving", "level": 0, "sessions": ["S1"]},
        {"goal": "1.1", "status": "achieved", "evidence": "repayment plan is signed"},
        {"goal": "2", "status": "no change", "level": -2, "evidence": "vouchers used twice"},
    ]
    review = {"date": "2026-06-01", "findings": findings, "next_review": "2026-09-01"}
    told = ok(plan("/reviews", review))
    assert [goal["status"] for goal in told["goals"][:2]] == ["improving", "no-change"]
    assert told["goals"][0]["objectives"][0]["status"] == "achieved"
    assert told["review_date"] == "2026-09-01"

    referral = {"text": "Advice on debts", "to": "Tenants Union", "domain": "housing", "status": "sent",
                "sent": "2026-06-01", "legal_ground": "client is present"}  # fmt: skip
    to = next(one for one in told["participants"] if one.get("agency"))
    ok(plan("/referrals", {**referral, "to": to.get("name") or to["agency"]}))
    told = ok(plan("/referrals/F1/states", {"status": "waitlisted", "vendor_status": "Needs client action"}))
    assert told["referrals"][0]["status"] == "waitlisted"

    changed = {
        "reason": "Rosa found work in the mornings",
        "agreement": {"status": "agreed", "how": "verbal"},
        "plan": {"goals": [{"number": "1", "target_date": "2026-10-31"}], "period": {"end": "2026-12-31"}},
    }
    told = ok(plan("/adjustments", changed))
    assert told["goals"][0]["target_date"] == "2026-10-31"
    assert told["goals"][0]["words"] == "We want to stay in our flat."
    assert told["agreement"] == {"status": "agreed", "how": "verbal", "date": "2026-06-01"}

    assert told == ok(api.agency.get(f"/plans/{plan.id}"))
    again = {name: value for name, value in told.items() if name not in ("id", "care_plan")}
    assert ok(plan("", again, "PUT")) == told
    history = plan.get("/history")["history"]
    assert [one["change"] for one in history] == [
        "adjustments", "states", "referrals", "reviews", "addenda", "sessions",
        "assessments", "made",
    ]  # fmt: skip
    adjusted = history[0]
    assert (adjusted["reason"], adjusted["agreement"]["status"]) == (changed["reason"], "agreed")
    moved = {"what": "goal 1: target_date", "before": "2025-04-30", "after": "2026-10-31"}
    assert moved in adjusted["differences"]
    both = plan.get("/history?from=4&to=8")["differences"]
    assert moved in both
    assert {"what": "goal 1: status", "before": "in-progress", "after": "improving"} in both

    evaluated = plan.get("/evaluation")
    assert [one["t_score"] for one in evaluated["t_scores"]] == [33.9, 42.0]
    first = evaluated["goals"][0]
    assert (first["baseline"], first["level"], first["trend"]) == (-1, 0, "improving")
    assert evaluated["sessions"] == {"held": 1, "missed": 0, "minutes": 50, "last": "2026-05-29"}


def test_the_work_is_fhir_that_the_care_plan_leads_to(api: Api, plan: Plan) -> None:
    ok(plan("/sessions", SESSION))
    care_plan = api.agency.get(f"/fhir/CarePlan/{plan.id}").json
    assert care_plan["meta"]["versionId"] == "2"
    outcomes = [one["reference"] for act in care_plan["activity"] for one in act.get("outcomeReference", ())]
    procedure = api.agency.get(f"/fhir/{outcomes[0]}").json
    assert procedure["basedOn"] == [{"reference": f"CarePlan/{plan.id}"}]
    assert api.agency.get(f"/fhir/{procedure['encounter']['reference']}").json["status"] == "finished"
    found = api.agency.get(f"/fhir/Provenance?target=CarePlan/{plan.id}").json
    assert found["entry"][0]["resource"]["target"][0]["reference"] == f"CarePlan/{plan.id}/_history/2"


def test_what_others_put_into_the_documents_stays(api: Api, plan: Plan) -> None:
    goal = api.agency.get("/fhir/Goal?identifier=FE-2025-014/1").json["entry"][0]["resource"]
    note = {"text": "seen by the hospital"}
    patched = api.agency(
        "PATCH",
        f"/fhir/Goal/{goal['id']}",
        [
            {"op": "add", "path": "/note/-", "value": note},
            {"op": "add", "path": "/statusDate", "value": "2026-05-01"},
        ],
        Content_Type="application/json-patch+json",
    )
    assert patched.status == 200, patched.body
    finding = {"goal": "1", "status": "improving", "evidence": "notice withdrawn"}
    ok(plan("/reviews", {"date": "2026-06-01", "findings": [finding]}))
    now = api.agency.get(f"/fhir/Goal/{goal['id']}").json
    assert note in now["note"]
    assert now["statusDate"] == "2026-05-01"
    assert now["achievementStatus"]["coding"][0]["code"] == "improving"
    other = api.agency.get("/fhir/Goal?identifier=FE-2025-014/2").json["entry"][0]["resource"]
    assert other["meta"]["versionId"] == "1"


def labels_of(document: dict[str, Any]) -> set[str]:
    return {one["code"] for one in document["meta"]["security"]}


def test_what_a_session_says_labels_all_of_it_and_why_the_plan_changed(api: Api) -> None:
    told = json.loads((PLANS / "individual-cbt.json").read_text())
    plan = Plan(api, api.agency("POST", "/plans", told, Content_Type="application/json"))
    before = labels_of(api.agency.get(f"/fhir/CarePlan/{plan.id}").json)
    assert "SDV" not in before
    patient = api.agency.get(f"/fhir/CarePlan/{plan.id}").json["subject"]["reference"]
    api.agency.make(
        a_consent(
            patient, a_provision(to=PARTNER, labels=["R"], provision=[a_provision("deny", labels=["SDV"])])
        )
    )
    assert api.partner.get(f"/fhir/CarePlan/{plan.id}").status == 200
    forged = {
        "resourceType": "Provenance",
        "extension": [{"url": f"{OWN}/sw-change", "valueCode": "adjustments"}],
        "target": [{"reference": f"CarePlan/{plan.id}/_history/1"}, {"reference": patient}],
        "recorded": "2026-06-01T10:00:00Z",
        "reason": [{"text": "as we please"}],
        "agent": [{"who": {"reference": PARTNER}}],
    }
    api.partner.make(forged)
    assert plan.get("/history")["history"][0]["change"] == "made"
    quiet = {**SESSION, "goals": [], "strategies": [], "narrative": "She came early."}
    ok(plan("/sessions", quiet))
    ok(plan("/sessions", {**quiet, "narrative": "She fled to a refuge after the beating."}))
    for type_ in ("Procedure", "Encounter", "DocumentReference"):
        found = [one["resource"] for one in api.agency.get(f"/fhir/{type_}").json["entry"]]
        assert sorted("SDV" in labels_of(one) for one in found) == [False, True], type_
    assert "SDV" in labels_of(api.agency.get(f"/fhir/CarePlan/{plan.id}").json)
    why = api.agency.get(f"/fhir/Provenance?target=CarePlan/{plan.id}&agent={AGENCY}").json["entry"]
    assert sorted("SDV" in labels_of(one["resource"]) for one in why) == [False, True]
    assert api.partner.get(f"/fhir/CarePlan/{plan.id}").status == 404
    assert len(api.partner.get("/fhir/Procedure").json["entry"]) == 1
    assert len(api.partner.get(f"/fhir/Provenance?agent={AGENCY}").json["entry"]) == 1


def test_a_plan_sent_anew_is_written_into_the_documents_it_has(api: Api, plan: Plan) -> None:
    def of(type_: str) -> dict[str, str]:
        found = [one["resource"] for one in api.agency.get(f"/fhir/{type_}").json["entry"]]
        return {one["id"]: one["meta"]["versionId"] for one in found}

    def needs() -> dict[str, str]:
        refs = [one["reference"] for one in api.agency.get(f"/fhir/CarePlan/{plan.id}").json["addresses"]]
        return {api.agency.get(f"/fhir/{ref}").json["code"]["text"]: ref for ref in refs}

    before, conditions, patients = needs(), of("Condition"), of("Patient")
    told = plan.get()
    told["needs"] = told["needs"][:0:-1]
    told["needs"][0]["severity"] = "mild"
    told["client_system"]["members"][1:3] = told["client_system"]["members"][2:0:-1]
    told["client_system"]["members"][1]["language"] = "pt"
    told["participants"] = told["participants"][::-1]
    sent = {name: value for name, value in told.items() if name not in ("id", "care_plan")}
    assert ok(plan("", sent, "PUT")) == told
    after = needs()
    assert list(after) == list(before)[:0:-1]
    assert all(before[text] == ref for text, ref in after.items())
    assert sorted(of("Condition").values()) == ["1"] * (len(conditions) - 1) + ["2"]
    assert of("Patient").keys() == patients.keys()
    assert sorted(of("Patient").values()) == ["1", "1", "2"]


def test_a_change_names_the_version_it_is_of(api: Api, plan: Plan) -> None:
    without = api.agency("POST", f"/plans/{plan.id}/sessions", SESSION, Content_Type="application/json")
    assert without.status == 412
    first = plan.tag
    ok(plan("/sessions", SESSION))
    late = plan("/sessions", SESSION, If_Match=first)
    assert late.status == 412
    assert len(plan.get()["sessions"]) == 1


def test_a_plan_that_is_hidden_and_one_that_is_not_there_are_not_found_alike(api: Api, plan: Plan) -> None:
    patient = api.agency.get(f"/fhir/CarePlan/{plan.id}").json["subject"]["reference"]
    api.agency.make(a_consent(patient, a_provision("deny", to=AGENCY)))
    assert api.agency.get(f"/plans/{plan.id}").status == 404
    for method, what in (("PUT", ""), ("POST", "/sessions"), ("POST", "/reopen")):
        for more in ({}, {"If_Match": plan.tag}):
            sent = {"Content_Type": "application/json", **more}
            hidden, absent = (
                api.agency(method, f"/plans/{id_}{what}", SESSION, **sent) for id_ in (plan.id, "nope")
            )
            assert (hidden.status, hidden.body) == (absent.status, absent.body)
            assert (method, what, more, absent.status) == (method, what, more, 404)


@pytest.mark.parametrize("name", sorted(path.stem for path in PLANS.glob("*.json")))
def test_a_plan_sent_as_it_stands_makes_no_version_and_no_provenance(api: Api, name: str) -> None:
    sent = json.loads((PLANS / f"{name}.json").read_text())
    plan = Plan(api, api.agency("POST", "/plans", sent, Content_Type="application/json"))
    tag, told = plan.tag, plan.get()
    for body in (told, sent):
        answer = plan("", body, "PUT", Idempotency_Key=f"{len(body)}")
        assert answer.status == 200, (body is sent, answer.body)
        assert (answer.status, answer.headers["ETag"], answer.json) == (200, tag, told)
        again = plan("", body, "PUT", Idempotency_Key=f"{len(body)}")
        assert (again.status, again.headers["ETag"], again.json) == (200, tag, told)
    assert [one["version"] for one in plan.get("/history")["history"]] == [1]
    assert "entry" not in api.agency.get("/fhir/Provenance").json


def test_a_plan_sent_as_it_stood_before_is_late(api: Api, plan: Plan) -> None:
    tag, told = plan.tag, plan.get()
    ok(plan("", {**told, "title": "Another title"}, "PUT"))
    assert plan.tag != tag
    assert plan("", {**told, "title": "Another title"}, "PUT", If_Match=tag).status == 412


def test_faults_are_told_by_the_senders_own_fields_and_nothing_is_kept(api: Api, plan: Plan) -> None:
    wrong = {**SESSION, "goals": ["9"], "end": "2026-05-29T09:00+02:00", "mood": "x"}
    answer = plan("/sessions", wrong)
    assert answer.status == 422
    assert {path for path, _ in answer.faults} == {"goals", "end", "mood"}
    answer = plan("/reviews", {"date": "2026-06-01", "findings": [{"goal": "1", "status": "improving"}]})
    assert [path for path, _ in answer.faults] == ["findings[0].evidence"]
    assert "attainment is set only with evidence" in answer.faults[0][1]
    adjustment = {
        "reason": "x",
        "agreement": {"status": "agreed"},
        "plan": {"goals": [{"number": "1", "domain": "y"}]},
    }
    assert plan("/adjustments", adjustment).faults[0][0] == "plan.goals[0].domain"
    assert plan("/sessions/S9/addenda", {"text": "a", "reason": "b"}).status == 404
    assert plan("/dreams", {}).status == 404
    assert "sessions" not in plan.get()
    assert api.agency.get(f"/fhir/CarePlan/{plan.id}").json["meta"]["versionId"] == "1"


def test_a_plan_is_closed_with_its_outcomes_and_taken_up_again_as_a_new_episode(api: Api, plan: Plan) -> None:
    closing = {"date": "2026-06-01", "reason": "goals met", "notice": "told in person", "planned": True}
    open_still = plan("/close", closing)
    assert open_still.status == 422
    assert all("closing needs an outcome" in text or "stays" in text for _, text in open_still.faults)
    outcomes = [
        {"goal": "1", "status": "achieved", "level": 1, "evidence": "lease signed"},
        {"goal": "2", "status": "partly achieved", "evidence": "vouchers end in July"},
        {"goal": "3", "status": "abandoned"},
        {"goal": "4", "status": "rejected"},
    ]
    told = ok(plan("/close", {**closing, "reason": "partly met", "outcomes": outcomes}))
    assert (told["status"], told["closing"]["notice"]) == ("closed-partly-met", "told in person")
    assert told["reviews"][0]["findings"][0]["evidence"] == "lease signed"
    assert api.agency.get(f"/fhir/CarePlan/{plan.id}").json["status"] == "completed"
    late = plan("/sessions", SESSION)
    assert (late.status, "reopening makes a new episode" in late.faults[0][1]) == (409, True)

    again = plan("/reopen", {"number": "FE-2026-001", "reason": "new arrears", "goals": ["1", "2"]})
    new = ok(again)
    assert again.status == 201
    assert (new["episode"], new["reopens"], new["status"]) == (2, plan_id(told), "draft")
    assert [goal["status"] for goal in new["goals"]] == ["proposed", "proposed"]
    assert api.agency.get(f"/plans/{plan_id(told)}").json == told


def test_a_plan_is_reopened_once_and_with_goals_that_it_has(api: Api, plan: Plan) -> None:
    outcomes = [{"goal": str(n), "status": "abandoned"} for n in range(1, 5)]
    closing = {"date": "2026-06-01", "reason": "no contact", "outcomes": outcomes}
    ok(plan("/close", closing))
    tag, again = plan.tag, {"number": "FE-2026-001", "reason": "new arrears"}
    unknown = plan("/reopen", {**again, "goals": ["1", "9"]})
    assert (unknown.status, unknown.faults) == (422, [("goals[1]", unknown.faults[0][1])])
    assert "`9`" in unknown.faults[0][1]
    assert plan("/reopen", {**again, "goals": "1; 8"}).status == 422
    new = ok(plan("/reopen", {**again, "goals": " 1 ; 2"}))
    assert [goal["number"] for goal in new["goals"]] == ["1", "2"]
    twice = plan("/reopen", {**again, "number": "FE-2026-002"}, If_Match=tag)
    assert (twice.status, f"CarePlan/{new['id']}" in twice.faults[0][1]) == (409, True)
    care_plan = api.agency.get(f"/fhir/CarePlan/{new['id']}").json
    undone = {**care_plan, "status": "entered-in-error"}
    assert api.agency.put(f"CarePlan/{new['id']}", undone).status == 200
    assert plan("/reopen", {**again, "number": "FE-2026-003"}, If_Match=tag).status == 201


def plan_id(told: dict[str, Any]) -> str:
    return str(told["id"])


def test_a_plan_is_changed_by_the_custodians_staff_only(api: Api, plan: Plan) -> None:
    sent = {"Content_Type": "application/json", "If_Match": plan.tag}
    unguarded = api.partner("POST", f"/plans/{plan.id}/sessions", SESSION, Content_Type="application/json")
    assert unguarded.status == 403
    for what in ("/sessions", "/reopen"):
        assert api.partner("POST", f"/plans/{plan.id}{what}", SESSION, **sent).status == 403
    assert api.partner.get(f"/plans/{plan.id}/history").status == 403
    reader = api.asking("agency", scope="system/*.rs")
    assert reader("POST", f"/plans/{plan.id}/sessions", SESSION, **sent).status == 403
    rows = [row for row in api.audit() if row["interaction"] == "change-plan"]
    assert [row["status"] for row in rows] == [403, 403, 403]


def test_a_plan_of_which_the_staff_may_see_a_part_only_is_not_changed(api: Api, plan: Plan) -> None:
    patient = api.agency.get(f"/fhir/CarePlan/{plan.id}").json["subject"]["reference"]
    api.agency.make(a_consent(patient, a_provision("deny", to=AGENCY, codes=[HOUSING])))
    cut = api.agency.get(f"/fhir/CarePlan/{plan.id}")
    assert cut.status == 200
    assert cut.headers["ETag"] != plan.tag
    answer = plan("/sessions", {**SESSION, "goals": [], "strategies": []}, If_Match=cut.headers["ETag"])
    assert answer.status == 409
    assert "redacted" in answer.faults[0][1]


def test_two_changes_at_one_moment_are_never_mixed(api: Api, plan: Plan) -> None:
    statuses: list[int] = []
    tag = plan.tag
    threads = [
        threading.Thread(target=lambda: statuses.append(plan("/sessions", SESSION, If_Match=tag).status))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == [200, 412, 412]
    assert [one["number"] for one in plan.get()["sessions"]] == ["S1"]


def test_a_change_sent_again_under_its_key_is_carried_out_once(api: Api, plan: Plan) -> None:
    tag = plan.tag
    first = ok(plan("/sessions", SESSION, Idempotency_Key="k1"))
    assert ok(plan("/sessions", SESSION, Idempotency_Key="k1", If_Match=tag)) == first
    assert len(plan.get()["sessions"]) == 1


def test_the_schema_of_plans_is_published(api: Api) -> None:
    schema = api.agency.get("/plans/schema").json
    assert schema["$defs"]["NewSession"]["properties"]["mode"]["enum"][0] == "office"
    assert "number" not in schema["$defs"]["NewSession"]["required"]
    assert "start" in schema["$defs"]["NewSession"]["required"]


def test_what_is_due_is_listed_page_by_page_and_only_to_staff(api: Api) -> None:
    """Reviews and open objectives of the fixture are of 2025, the clock says June 2026."""
    ids = []
    for n in range(3):
        told = a_plan(number=f"D-{n}", review_date="2026-06-10" if n == 2 else "2026-05-01")
        if n == 2:  # nothing but the review is open any more
            for goal in told["goals"]:
                goal["status"] = "abandoned"
                for step in goal.get("objectives", ()):
                    step["status"] = "abandoned"
        made = api.agency("POST", "/plans", told, Content_Type="application/json")
        ids.append(ok(made)["id"])
    first = ok(api.agency.get("/plans?due=overdue&_count=1"))
    second = ok(api.agency.get(first["next"]))
    pages = [*first["plans"], *second["plans"]]
    assert sorted(one["id"] for one in pages) == sorted(ids[:2])
    assert "next" not in second
    assert {"what": "review", "due": "2026-05-01"} in pages[0]["due"]
    assert any(one["what"].startswith("objective") for one in pages[0]["due"])
    assert all(one["due"] < "2026-06-01" for one in pages[0]["due"])
    soon = ok(api.agency.get("/plans?due=soon"))["plans"]
    assert [(one["id"], one["due"]) for one in soon] == [(ids[2], [{"what": "review", "due": "2026-06-10"}])]
    assert api.partner.get("/plans?due=soon").status == 403
    assert api.agency.get("/plans").status == 400
    assert api.agency.get("/plans?due=soon&_cursor=AAAA").status == 400


def test_a_plan_ends_with_a_closed_state_only(api: Api, plan: Plan) -> None:
    for reason in ("active", "superseded", "entered-in-error"):
        refused = plan("/close", {"reason": reason, "date": "2026-06-01", "notice": "x"})
        assert refused.status == 422, reason
        assert refused.json["issue"][0]["expression"] == ["reason"]


def test_a_person_is_told_more_of_and_what_others_said_of_them_stays(api: Api) -> None:
    first, more = "https://agency.example.org/client-number|X-1", "https://school.example.org/number|7"
    contact = {"name": "Delphine Roux", "phone": "0166", "relationship": "neighbour"}
    member = {"given": "Ann", "identifier": first, "identifiers": more, "emergency_contact": contact}
    whole = {
        "number": "P-X",
        "title": "Plan",
        "client_system": {"kind": "individual", "members": [{**member, "pronouns": "she/her"}]},
    }
    made = api.agency("POST", "/plans", whole, Content_Type="application/json")
    plan = Plan(api, made)
    assert plan.get()["client_system"]["members"][0]["emergency_contact"] == contact

    subject = api.agency.get(f"/fhir/CarePlan/{plan.id}").json["subject"]["reference"]
    stored = api.agency.get(f"/fhir/{subject}")
    patient = stored.json
    patient["identifier"].append({"system": "urn:oid:1.2.3", "value": "theirs"})
    patient["contact"].append({"name": {"text": "Next of kin"}})
    ok(api.agency("PUT", f"/fhir/{subject}", patient, If_Match=stored.headers["ETag"]))
    assert plan.get()["client_system"]["members"][0]["identifiers"] == [
        {"system": "https://school.example.org/number", "value": "7"}
    ]

    whole["alerts"] = [{"kind": "no-contact-order", "text": "until May"}]
    told = ok(plan("", whole, "PUT"))
    assert told["client_system"]["members"][0]["emergency_contact"] == contact
    patient = api.agency.get(f"/fhir/{subject}").json
    assert patient["contact"] == [{"name": {"text": "Next of kin"}}]
    assert [one["value"] for one in patient["identifier"]] == ["X-1", "7", "theirs"]
    assert "SDV" in labels_of(api.agency.get(f"/fhir/CarePlan/{plan.id}").json)
