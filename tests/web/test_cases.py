"""The case of a plan at the API: it is kept with the plan, shared by plans, and ended with one."""

from __future__ import annotations

from typing import Any

import pytest

from builders import Api
from web.test_plan_work import Plan, a_plan, ok

CASE = {"number": "CASE-7", "programme": "Coming home", "opened": "2026-05-04"}
WITH_STATE = {**CASE, "status": "open"}


def submitted(api: Api, **changed: Any) -> Any:
    return api.agency("POST", "/plans", a_plan(case=CASE, **changed), Content_Type="application/json")


@pytest.fixture
def plan(api: Api) -> Plan:
    return Plan(api, submitted(api))


def cases(api: Api) -> list[dict[str, Any]]:
    found = api.agency.get("/fhir/EpisodeOfCare?identifier=CASE-7").json
    return [one["resource"] for one in found.get("entry", ())]


def test_a_case_is_kept_with_the_plan_and_told_with_it(api: Api, plan: Plan) -> None:
    assert plan.get()["case"] == WITH_STATE
    made = cases(api)
    assert {one["status"] for one in made} == {"active"}
    clients = [one for one in plan.get()["client_system"]["members"] if one.get("client", True)]
    assert len({one["patient"]["reference"] for one in made}) == len(clients)
    assert "Coming home" in api.agency.get(f"/plans/{plan.id}.csv").body.decode()


def test_a_case_is_changed_by_an_adjustment_and_stays_where_the_plan_is_sent_anew(
    api: Api, plan: Plan
) -> None:
    why = {"reason": "waits for a place", "agreement": {"status": "agreed"}}
    told = ok(plan("/adjustments", {**why, "plan": {"case": {"status": "on hold"}}}))
    assert told["case"]["status"] == "on-hold"
    assert {one["status"] for one in cases(api)} == {"onhold"}
    anew = {name: value for name, value in plan.get().items() if name != "case"}
    assert ok(plan("", anew, "PUT"))["case"]["status"] == "on-hold"


def test_a_case_is_not_taken_off_a_plan(plan: Plan) -> None:
    why = {"reason": "mistake", "agreement": {"status": "agreed"}}
    refused = plan("/adjustments", {**why, "plan": {"case": None}})
    assert (refused.status, [where for where, _ in refused.faults]) == (409, ["plan.case"])


def test_a_plan_gets_a_case_later(api: Api) -> None:
    made = api.agency("POST", "/plans", a_plan(), Content_Type="application/json")
    plan = Plan(api, made)
    assert cases(api) == []
    why = {"reason": "enrolled", "agreement": {"status": "agreed"}}
    assert ok(plan("/adjustments", {**why, "plan": {"case": CASE}}))["case"] == WITH_STATE
    assert cases(api)


def test_closing_a_plan_closes_its_case_if_it_says_so(api: Api, plan: Plan) -> None:
    outcomes = [
        {"goal": goal["number"], "status": "abandoned", "evidence": "seen"} for goal in plan.get()["goals"]
    ]
    closing = {"reason": "goals met", "date": "2026-06-01", "notice": "told in person", "outcomes": outcomes}
    refused = plan("/close", {**closing, "case": {"exit_reasn": "x"}})
    assert (refused.status, [where for where, _ in refused.faults]) == (422, ["case.exit_reasn"])
    told = ok(plan("/close", {**closing, "case": {"exit_reason": "moved", "destination": "her sister's"}}))
    ended = {
        "status": "closed",
        "closed": "2026-06-01",
        "exit_reason": "moved",
        "destination": "her sister's",
    }
    assert told["case"] == {**CASE, **ended}
    assert {one["period"]["end"] for one in cases(api)} == {"2026-06-01"}
    assert "case" not in ok(plan("/reopen", {"number": "P-2", "reason": "again"}))


def test_closing_a_plan_leaves_its_case_open_where_nothing_is_said(plan: Plan) -> None:
    outcomes = [
        {"goal": goal["number"], "status": "abandoned", "evidence": "seen"} for goal in plan.get()["goals"]
    ]
    told = ok(
        plan("/close", {"reason": "goals met", "date": "2026-06-01", "notice": "told", "outcomes": outcomes})
    )
    assert told["case"] == WITH_STATE


def test_closing_names_no_case_that_is_not_there(api: Api) -> None:
    plan = Plan(api, api.agency("POST", "/plans", a_plan(), Content_Type="application/json"))
    closing = {"reason": "goals met", "date": "2026-06-01", "notice": "told", "case": {"exit_reason": "x"}}
    refused = plan("/close", closing)
    assert (refused.status, [where for where, _ in refused.faults]) == (422, ["case"])


def test_two_plans_share_a_case_and_both_tell_what_becomes_of_it(api: Api, plan: Plan) -> None:
    before = {one["id"] for one in cases(api)}
    known = {one["patient"]["reference"] for one in cases(api)}
    assert before
    second = Plan(api, submitted(api, number="P-SECOND"))
    of_known = [one for one in cases(api) if one["patient"]["reference"] in known]
    assert {one["id"] for one in of_known} == before
    why = {"reason": "waits", "agreement": {"status": "agreed"}}
    ok(second("/adjustments", {**why, "plan": {"case": {"status": "on hold"}}}))
    assert plan.get()["case"]["status"] == "on-hold"


def test_another_case_of_the_same_number_is_refused(api: Api, plan: Plan) -> None:
    other = {**a_plan(number="P-SECOND"), "case": {**CASE, "programme": "Something else"}}
    refused = api.agency("POST", "/plans", other, Content_Type="application/json")
    assert (refused.status, [where for where, _ in refused.faults]) == (409, ["case"])
    assert api.agency.get("/plans/schema").json["$defs"]["Case"]["required"] == [
        "number",
        "programme",
        "opened",
    ]


def test_a_partner_without_a_consent_finds_no_case(api: Api, plan: Plan) -> None:
    assert cases(api)
    assert api.partner.get("/fhir/EpisodeOfCare").ids == []
