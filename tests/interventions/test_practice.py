"""The rules of practice, each broken once: what is refused, where, and with which sentence."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

import pytest

from careplan_service.errors import Conflict, Invalid, Problem
from careplan_service.interventions import terms
from careplan_service.interventions.intake import Moment, expression, plan_from, plan_from_json, plan_to_json
from careplan_service.interventions.lifecycles import lifecycles, may_follow
from careplan_service.interventions.practice import RULES

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FIXTURE = Path(__file__).parents[2] / "fixtures" / "plans" / "family-eviction.json"
SESSION = {
    "number": "S1", "kind": "advocacy", "start": "2026-05-29T10:00+02:00", "end": "2026-05-29T11:00+02:00",
    "narrative": "said and done", "signed_at": "2026-05-29T12:00+02:00",
}  # fmt: skip
REVIEW = {
    "number": "R1", "date": "2026-05-30",
    "findings": [{"goal": "1", "status": "improving", "evidence": "letter"}],
}  # fmt: skip
TO = "Eastgate Food Bank"
REFERRAL = {"number": "F1", "text": "parcel", "to": TO, "domain": "food", "status": "sent", "consent": "roi"}


def on_record(**more):
    told = {**json.loads(FIXTURE.read_text(encoding="utf-8")), **more}
    told["goals"][0]["status"] = "improving"
    return plan_to_json(
        plan_from_json({**told, "sessions": [SESSION], "reviews": [REVIEW], "referrals": [REFERRAL]})
    )


def screened(number, income):
    answers = [{"question": "63586-2", "answer": income}]
    screening = {"tool": "PRAPARE", "answers": answers}
    return {"number": number, "date": "2026-05-20", "presenting": "eviction", "screening": screening}


def put(*path_and_value):
    """A change that sets the value at a path."""
    *path, last, value = path_and_value

    def change(told):
        for step in path:
            told = told[step]
        if value is None and isinstance(told, list):
            del told[last]
        elif value is None:
            told.pop(last, None)
        else:
            told[last] = value

    return change


def both(*changes):
    def change(told):
        for one in changes:
            one(told)

    return change


CLOSED = {"status": "closed-partly-met", "closing": {"date": "2026-06-01", "notice": "by letter"}}
DONE = both(*(put("goals", n, "status", "rejected" if n == 3 else "abandoned") for n in range(4)))
ENDED = both(DONE, put("referrals", 0, "status", "closed"), lambda told: told.update(deepcopy(CLOSED)))
LATE = {
    **SESSION,
    "number": "S2",
    "start": "2026-05-01T10:00Z",
    "end": "2026-05-01T11:00Z",
    "signed_at": None,
}
REACHED = {
    "number": "5",
    "words": "A lease of our own",
    "domain": "housing-instability",
    "status": "achieved",
}
STEP = {"number": "5.1", "statement": "Sign it", "measure": "leases", "status": "not-achieved"}
AHEAD = {**LATE, "start": "2026-06-01T12:00Z", "end": "2026-06-01T12:30Z"}

BROKEN = [
    ("grounded", put("goals", []), "goals"),
    ("grounded", put("review_date", None), "review_date"),
    ("grounded", put("agreement", None), "agreement"),
    ("grounded", put("agreement", {"status": "refused"}), "agreement.reason"),
    ("grounded", put("needs", None), "assessments"),
    ("measurable", put("goals", 0, "objectives", 0, "measure", None), "goals[0].objectives[0].measure"),
    ("measurable", put("goals", 0, "objectives", 0, "due", None), "goals[0].objectives[0].due"),
    ("evidenced", put("goals", 1, "status", "no-change"), "goals[1].status"),
    ("evidenced", put("reviews", 0, "findings", 0, "evidence", None), "reviews[0].findings[0].evidence"),
    ("evidenced", lambda told: told["goals"].append(REACHED), "goals[4].evidence"),
    ("evidenced", both(lambda told: told["goals"].append({**REACHED, "evidence": "the lease"}),
                       put("goals", 4, "objectives", [STEP])), "goals[4].objectives[0].evidence"),
    ("timely", lambda told: told["sessions"].append(LATE), "sessions[1].late_reason"),
    ("timely", lambda told: told["sessions"].append(AHEAD), "sessions[1].end"),
    ("timely", lambda told: told["reviews"].append({**REVIEW, "number": "R2", "date": "2027-06-01"}),
     "reviews[1].date"),
    ("timely", both(ENDED, put("closing", {"date": "2027-06-01", "notice": "by letter"})), "closing.date"),
    ("in-range", lambda told: told.update(assessments=[screened("A1", -3)]),
     "assessments[0].screening.answers"),
    ("signed", put("sessions", 0, "narrative", "other words"), "sessions[0]"),
    ("signed", put("sessions", None), "sessions"),
    ("signed", put("reviews", 0, "barriers", "none"), "reviews[0]"),
    ("cosigned", put("sessions", 0, "cosigned_by", "Eastgate Food Bank"), "sessions[0].cosigned_by"),
    ("kept", put("goals", 3, None), "goals"),
    ("kept", put("goals", 0, "objectives", 0, "strategies", 0, None), "goals"),
    ("kept", put("referrals", None), "referrals"),
    ("ended", both(ENDED, put("goals", 1, "status", "in-progress")), "goals[1].status"),
    ("ended", both(ENDED, put("referrals", 0, "status", "accepted")), "referrals[0].status"),
    ("ended", both(ENDED, put("closing", None)), "closing"),
    ("noticed", both(ENDED, put("closing", {"date": "2026-06-01"})), "closing.notice"),
    ("in-order", put("status", "draft"), "status"),
    ("in-order", put("goals", 3, "status", "on-hold"), "goals[3].status"),
    ("in-order", put("referrals", 0, "status", "draft"), "referrals[0].status"),
    ("private", put("process_notes", "what I felt"), "process_notes"),
    ("private", put("sessions", 0, "Process note", "x"), "sessions[0].Process note"),
    ("released", put("referrals", 0, "consent", None), "referrals[0].consent"),
    ("safe", put("client_system", "members", 0, "alleged_abuser", True),
     "client_system.members[0].alleged_abuser"),
    ("safe", put("client_system", "members", 1, "alleged_abuser", True),
     "goals[2].objectives[1].strategies[0].who"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "change", "where"), BROKEN, ids=lambda one: one if isinstance(one, str) else ""
)
def test_what_breaks_a_rule_is_refused_with_its_sentence(name, change, where):
    rule = next(rule for rule in RULES if rule.name == name)
    before = on_record()
    told = deepcopy(before)
    change(told)
    with pytest.raises(Problem) as refused:
        plan_from_json(told, Moment(NOW, plan_from_json(before)))
    found = [fault for fault in refused.value.faults if fault.text.endswith(rule.sentence)]
    assert where in [fault.expression for fault in found]
    assert all(fault.code == ("conflict" if rule.conflict else "business-rule") for fault in found)
    only = all(fault.code == "conflict" for fault in refused.value.faults)
    assert isinstance(refused.value, Conflict if only else Invalid)
    assert all("\n" not in fault.text for fault in refused.value.faults)


def test_a_closed_plan_takes_nothing_but_addenda():
    before = on_record()
    ENDED(before)
    closed = plan_from_json(before)
    told = deepcopy(before)
    told["title"] = "Something else"
    with pytest.raises(Conflict, match="the plan has 1 fault"):
        plan_from_json(told, Moment(NOW, closed))
    told["title"] = before["title"]
    told["sessions"][0]["addenda"] = [{"text": "more", "reason": "forgotten", "at": "2026-06-01T10:00Z"}]
    assert plan_from_json(told, Moment(NOW, closed)).sessions[0].addenda[0].text == "more"


def test_an_amount_that_was_taken_once_does_not_keep_a_plan_from_going_on():
    before = {**on_record(), "assessments": [screened("A1", -3)]}
    stored = plan_from(before, expression, None)
    assert plan_from_json({**before, "title": "Other"}, Moment(NOW, stored)).title == "Other"


def test_every_rule_of_the_table_is_broken_by_some_case():
    tested = {name for name, _, _ in BROKEN} | {"episodes"}
    assert tested == {rule.name for rule in RULES}


ON_TIME = {**LATE, "start": "2026-05-30T10:00Z", "end": "2026-05-30T11:00Z"}
ADDENDUM = {"text": "more", "reason": "forgotten", "at": "2026-06-01T10:00Z"}
WITHOUT = {"status": "refused", "reason": "she does not want to sign"}
KEPT = [
    ("grounded", put("agreement", WITHOUT)),
    ("grounded", both(put("needs", None), put("assessments", [{"number": "A1", "date": "2026-05-01",
                                                               "presenting": "eviction"}]))),
    ("measurable", both(put("goals", 0, "objectives", 0, "status", "on-hold"),
                        put("goals", 0, "objectives", 0, "measure", None),
                        put("goals", 0, "objectives", 0, "target", None))),
    ("evidenced", both(put("goals", 1, "status", "no-change"), lambda told: told["reviews"].append(
        {"number": "R2", "date": "2026-06-01",
         "findings": [{"goal": "2", "status": "no-change", "evidence": "two letters"}]}))),
    ("evidenced", lambda told: told["reviews"].append(
        {"number": "R2", "date": "2026-06-01",
         "findings": [{"goal": "1", "status": "improving", "sessions": ["S1"]}]})),
    ("evidenced", both(lambda told: told["goals"].append({**REACHED, "evidence": "the lease"}),
                       put("goals", 4, "objectives", [{**STEP, "result": 0}]))),
    ("evidenced", both(lambda told: told["goals"].append(REACHED), lambda told: told["reviews"].append(
        {"number": "R2", "date": "2026-06-01",
         "findings": [{"goal": "5", "status": "achieved", "evidence": "the lease"}]}))),
    ("timely", lambda told: told["sessions"].append({**LATE, "late_reason": "the worker was ill"})),
    ("timely", lambda told: told["sessions"].append(ON_TIME)),
    ("in-range", lambda told: told.update(assessments=[screened("A1", 0), screened("A2", 999_999_999)])),
    ("signed", put("sessions", 0, "addenda", [ADDENDUM])),
    ("cosigned", both(lambda told: told["participants"].append({"role": "supervisor", "name": "Petra"}),
                      put("sessions", 0, "cosigned_by", "Petra"))),
    ("kept", put("goals", 3, "status", "entered-in-error")),
    ("ended", ENDED),
    ("noticed", both(ENDED, put("closing", {"date": "2026-06-01"}), put("status", "closed-died"))),
    ("noticed", both(ENDED, put("closing", {"date": "2026-06-01", "follow_up": "a call in May"}))),
    ("in-order", put("status", "on-hold")),
    ("in-order", put("referrals", 0, "status", "accepted")),
    ("private", put("sharing_notes", "her process notes are kept apart")),
    ("released", both(put("referrals", 0, "consent", None), put("referrals", 0, "legal_ground", "court"))),
    ("safe", lambda told: told["client_system"]["members"].append(
        {"role": "former partner", "client": False, "given": "Luis", "family": "Ortega",
         "alleged_abuser": True})),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change"), KEPT, ids=lambda one: one if isinstance(one, str) else "")
def test_what_keeps_to_a_rule_is_taken(name, change):
    before = on_record()
    told = deepcopy(before)
    change(told)
    assert plan_from_json(told, Moment(NOW, plan_from_json(before)))


def test_every_rule_of_the_table_is_kept_by_some_case():
    assert {name for name, _ in KEPT} | {"episodes"} == {rule.name for rule in RULES}


def test_what_keeps_to_the_rules_is_taken():
    before = on_record()
    told = deepcopy(before)
    ENDED(told)
    assert plan_from_json(told, Moment(NOW, plan_from_json(before))).status == "closed-partly-met"


@pytest.mark.parametrize(
    ("entity", "states"),
    [
        ("plan", terms.PLAN_STATES),
        ("goal", terms.GOAL_STATES),
        ("objective", terms.GOAL_STATES),
        ("activity", terms.ACTIVITY_STATES),
        ("referral", terms.REFERRAL_STATES),
        ("consent", terms.CONSENT_STATES),
    ],
)
def test_lifecycles_know_every_state_and_lead_only_to_states(entity, states):
    steps = lifecycles()[entity]
    assert set(steps) == set(states.by_code)
    for state, step in steps.items():
        assert set(step.next) <= set(states.by_code)
        assert bool(step.next) == bool(step.who)
        assert state == "entered-in-error" or may_follow(entity, state, "entered-in-error")


def test_the_lifecycle_of_a_consent_is_closed_in_itself():
    steps = lifecycles()["consent"]
    assert {state for step in steps.values() for state in step.next} <= set(steps)
    assert not may_follow("consent", "withdrawn", "signed")
