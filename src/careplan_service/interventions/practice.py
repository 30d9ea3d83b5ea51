"""The rules of practice, as one table: what a plan must keep to, and what may become of it.

NASW Standards for Social Work Case Management (2013), standards 5 to 10:
https://www.socialworkers.org/Practice/NASW-Practice-Standards-Guidelines

A rule looks at a change of loaded data, from nothing for a plan that is new, and yields faults as (path,
text). What contradicts the record is a conflict (409), what is missing or wrong a fault (422).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from careplan_service.interventions.intake_fields import PROCESS_NOTES, quoted
from careplan_service.interventions.intake_rules import (
    Data,
    Faulty,
    Path,
    active_objective,
    active_plan,
    closed_plan,
    each,
    objectives,
    strategies,
)
from careplan_service.interventions.lifecycles import may_follow
from careplan_service.interventions.screening.tools import IN_RANGE, LEAST, MOST
from careplan_service.interventions.terms import ACTIVE_PLANS, OPEN_REFERRALS, normal

LOCK = timedelta(days=7)
"""How long after a session its record needs no reason for being late."""

ATTAINED = frozenset(
    {"improving", "no-change", "getting-worse", "maintaining", "achieved", "partly-achieved", "not-achieved"}
)
WITHOUT_NOTICE = frozenset({"closed-died", "closed-no-contact"})
COSIGNED = ("cosigned_by", "cosigned_at")
SIGNED = ("assessments", "sessions", "reviews")


@dataclass(frozen=True)
class Change:
    """A plan before and after, as loaded data, and what was sent; `now` is an aware time."""

    before: Data | None
    after: Data
    sent: Any
    now: datetime


@dataclass(frozen=True)
class Rule:
    """One rule of practice: its name, its sentence, what finds where it is broken."""

    name: str
    sentence: str
    check: Callable[[Change], Iterator[Faulty]]
    conflict: bool = False


INSIDE = frozenset({"draft", "entered-in-error", "withdrawn"})
"""States of a referral of which nothing leaves the agency."""


def is_closed(status: str | None) -> bool:
    """Whether the work is over."""
    return str(status).startswith("closed") or status in ("superseded", "entered-in-error")


def _grounded(change: Change) -> Iterator[Faulty]:
    yield from active_plan(change.after)
    after = change.after
    if after.get("status") in ACTIVE_PLANS and not (after.get("assessments") or after.get("needs")):
        yield ("assessments",), "an active plan rests on an assessment, or says in `needs` what it found"


def _measurable(change: Change) -> Iterator[Faulty]:
    yield from active_objective(change.after)


def _evidenced(change: Change) -> Iterator[Faulty]:
    found: dict[str, str] = {}
    earlier = _numbers(change.before, "reviews")
    for path, review in each(change.after, "reviews"):
        for inner, finding in each(review, "findings", path):
            bare = not (finding.get("evidence") or finding.get("sessions"))
            if bare and finding.get("status") in ATTAINED:
                yield (*inner, "evidence"), "say what shows it, or name the sessions that do"
            if review.get("number") not in earlier:
                found[finding.get("goal", "")] = finding.get("status", "")
    states = {number: state for _, _, number, state in _states(change.before or {})}
    shown = {one.get("number") for _, one in _aims(change.after) if _is_shown(one)}
    for entity, path, number, state in _states(change.after):
        reached = entity in ("goal", "objective") and state in ATTAINED and state != states.get(number)
        if not reached or found.get(number) == state:
            continue
        if number in states:
            yield (
                (*path, "status"),
                f"goal {quoted(number)} becomes {quoted(state)} in a review, by its evidence",
            )
        elif number not in shown:
            yield (*path, "evidence"), f"say what shows that {quoted(number)} is {quoted(state)}"


def _aims(plan: Data) -> Iterator[tuple[Path, Data]]:
    """Goals and objectives."""
    yield from each(plan, "goals")
    for _, path, objective in objectives(plan):
        yield path, objective


def _is_shown(aim: Data) -> bool:
    """Whether it says itself what shows how far it is: in words, or as a measured result."""
    return bool(aim.get("evidence")) or aim.get("result") is not None


def _timely(change: Change) -> Iterator[Faulty]:
    earlier = _numbers(change.before, "sessions")
    for path, session in each(change.after, "sessions"):
        start, end = session.get("start"), session.get("end")
        if session.get("number") in earlier or start is None or end is None:
            continue
        recorded = session.get("signed_at") or change.now
        if end > change.now:
            yield (*path, "end"), "this session is not over yet: record it when it is"
        if recorded - start > LOCK and not session.get("late_reason"):
            yield (*path, "late_reason"), f"say why it is recorded more than {LOCK.days} days later"
    yield from _ahead(change)


def _ahead(change: Change) -> Iterator[Faulty]:
    """Reviews and the closing that are still to come, wherever on earth they are recorded."""
    earlier = _numbers(change.before, "reviews")
    dated = [(path, one) for path, one in each(change.after, "reviews") if one.get("number") not in earlier]
    if not (change.before or {}).get("closing") and (closing := change.after.get("closing")):
        dated.append((("closing",), closing))
    for path, one in dated:
        if one.get("date") and one["date"] - timedelta(days=1) > change.now.date():
            yield (*path, "date"), "this day is still to come: record it when it is over"


def _signed(change: Change) -> Iterator[Faulty]:
    for name in SIGNED if change.before else ():
        after = {one.get("number"): (path, one) for path, one in each(change.after, name)}
        for _, one in each(change.before or {}, name):
            path, now = after.get(one["number"], ((name,), {}))
            kept = now.get("addenda", [])[: len(one.get("addenda", []))]
            open_ = {name: None for name in COSIGNED if one.get(name) is None}
            if {**now, "addenda": kept, **open_} != {**one, "addenda": one.get("addenda", []), **open_}:
                yield path, f"{quoted(one['number'])} is signed and was sent otherwise: leave it as it is"


def _in_range(change: Change) -> Iterator[Faulty]:
    earlier = _numbers(change.before, "assessments")
    for path, assessment in each(change.after, "assessments"):
        if assessment.get("number") in earlier:
            continue
        # they are in the order of the tool by now, so they have no index of the sender's
        for one in (assessment.get("screening") or {}).get("answers", ()):
            given, place = one.get("answer"), (*path, "screening", "answers")
            if type(given) is int and not LEAST <= given <= MOST:
                yield place, f"{quoted(given)} is no amount for {quoted(one.get('question'))}: {IN_RANGE}"


def _cosigned(change: Change) -> Iterator[Faulty]:
    supervisors = {
        str(one.get("name")).casefold() for _, one in each(change.after, "participants") if is_supervisor(one)
    }
    earlier = {one.get("number"): one for _, one in each(change.before or {}, "sessions")}
    for path, session in each(change.after, "sessions"):
        by = session.get("cosigned_by")
        if by is None or earlier.get(session.get("number"), {}).get("cosigned_by") == by:
            continue
        if str(by).casefold() not in supervisors or session.get("by") == by:
            yield (*path, "cosigned_by"), f"{quoted(by)} is no supervisor of this plan who did not sign it"


def is_supervisor(participant: Data) -> bool:
    """Whether a participant takes part as a supervisor."""
    return "supervisor" in normal(str(participant.get("role"))).split()


def _kept(change: Change) -> Iterator[Faulty]:
    if change.before is None:
        return
    after = {number for _, _, number, _ in _states(change.after)}
    for _, path, number, _ in _states(change.before):
        if number not in after:
            place: Path = ("referrals",) if path[0] == "referrals" else ("goals",)
            yield place, f"{quoted(number)} is missing: send it, with a state such as `entered-in-error`"
    if (case := change.before.get("case")) and not change.after.get("case"):
        yield (
            ("case",),
            f"case {quoted(case['number'])} is missing: send it, with a state such as `closed`",
        )


def _ended(change: Change) -> Iterator[Faulty]:
    after = change.after
    yield from closed_plan(after)
    if not str(after.get("status")).startswith("closed"):
        return
    for path, referral in each(after, "referrals"):
        if referral.get("status", "draft") in OPEN_REFERRALS:
            named = f"referral {quoted(number)}" if (number := referral.get("number")) else "this referral"
            yield (*path, "status"), f"{named} is still open: say what became of it"
    if change.before is not None and not is_closed(change.before.get("status")) and not after.get("closing"):
        yield ("closing",), "say how the work ended"


def _noticed(change: Change) -> Iterator[Faulty]:
    closing = change.after.get("closing")
    bare = closing and not (closing.get("notice") or closing.get("follow_up"))
    if bare and change.after.get("status") not in WITHOUT_NOTICE:
        yield ("closing", "notice"), "say how the client was told, or what follows"


def _episodes(change: Change) -> Iterator[Faulty]:
    before = change.before
    if before is None or not is_closed(before.get("status")):
        return
    undone = change.after.get("status") == "entered-in-error"
    if _without_addenda(before, undone) != _without_addenda(change.after, undone):
        yield (), f"this plan is {quoted(before.get('status'))}"


def _without_addenda(plan: Data, undone: bool) -> dict[str, Any]:
    left = {
        name: value for name, value in plan.items() if not (undone and name in ("status", "status_reason"))
    }
    open_ = dict.fromkeys(("addenda", *COSIGNED))
    return {**left, "sessions": [{**one, **open_} for _, one in each(plan, "sessions")]}


def _in_order(change: Change) -> Iterator[Faulty]:
    if change.before is None:
        return
    before = {(entity, number): state for entity, _, number, state in _states(change.before)}
    before["plan", ""] = change.before.get("status") or "draft"
    now: list[tuple[str, Path, str, str]] = [("plan", (), "", change.after.get("status") or "draft")]
    for entity, path, number, state in [*now, *_states(change.after)]:
        state_before = before.get((entity, number))
        if state_before is not None and not may_follow(entity, state_before, state):
            named = f"{entity} {quoted(number)}" if number else "a plan"
            yield (*path, "status"), f"{named} that is {quoted(state_before)} does not become {quoted(state)}"


def private_in(sent: Any) -> Iterator[Faulty]:
    """The process notes in what was sent, which are no field of anything."""
    pending: list[tuple[Path, Any]] = [((), sent)]
    while pending:
        path, part = pending.pop()
        if isinstance(part, Mapping):
            for name, value in part.items():
                if normal(str(name)) in PROCESS_NOTES:
                    yield (*path, str(name)), "leave it out and keep it apart from the record"
                pending.append(((*path, str(name)), value))
        elif isinstance(part, list):
            pending += [((*path, i), one) for i, one in enumerate(part)]


def _released(change: Change) -> Iterator[Faulty]:
    for path, referral in each(change.after, "referrals"):
        inside = referral.get("status", "draft") in INSIDE
        if not inside and not (referral.get("consent") or referral.get("legal_ground")):
            yield (*path, "consent"), "name the Consent that covers it, or the `legal_ground`"


def _safe(change: Change) -> Iterator[Faulty]:
    alleged: set[str] = set()
    for path, member in each(change.after.get("client_system", {}), "members", ("client_system",)):
        if member.get("alleged_abuser"):
            named = [str(member[one]) for one in ("given", "family") if member.get(one)]
            alleged |= {normal(" ".join(named)), normal(named[0]) if named else ""}
            if member.get("client", True):
                yield (*path, "alleged_abuser"), "give this client a plan of their own"
    for path, name, acting in _acting(change.after):
        if found := [one for one in acting if one and normal(one) in alleged]:
            yield (*path, name), f"{quoted(min(found))} is an alleged abuser"


def _acting(plan: Data) -> Iterator[tuple[Path, str, list[Any]]]:
    """Who is to do, to decide or to be told something: where that stands, and the names."""
    for path, member in each(plan.get("client_system") or {}, "members", ("client_system",)):
        yield path, "guardian", [member.get("guardian")]
        yield (*path, "emergency_contact"), "name", [(member.get("emergency_contact") or {}).get("name")]
    for outer, goal in each(plan, "goals"):
        for path, one in each(goal, "acceptance", outer):
            yield path, "who", [one.get("who")]
    for _, path, objective in objectives(plan):
        yield path, "responsible", [objective.get("responsible")]
    for _, path, strategy in strategies(plan):
        yield path, "who", strategy.get("who") or []


def _numbers(plan: Data | None, name: str) -> set[Any]:
    return {one.get("number") for _, one in each(plan or {}, name)}


def _states(plan: Data) -> Iterator[tuple[str, Path, str, str]]:
    """Everything with a state of its own: what it is, where, its number, its state."""
    for path, goal in each(plan, "goals"):
        yield "goal", path, goal.get("number", ""), goal.get("status") or "proposed"
    for _, path, objective in objectives(plan):
        yield "objective", path, objective.get("number", ""), objective.get("status") or "planned"
    for _, path, strategy in strategies(plan):
        yield "activity", path, strategy.get("number", ""), strategy.get("status") or "planned"
    for path, referral in each(plan, "referrals"):
        yield "referral", path, referral.get("number", ""), referral.get("status") or "draft"


PRIVATE = Rule("private", "process notes are never in a plan", lambda change: private_in(change.sent))

RULES = (
    Rule("grounded", "no plan is active without an assessment, a goal, a review date and the client's "
         "agreement or the reason why there is none", _grounded),
    Rule("measurable", "an objective is active only with a measure, a target and a due date", _measurable),
    Rule("evidenced", "attainment is set only with evidence", _evidenced),
    Rule("timely", "what is recorded late says why", _timely),
    Rule("in-range", "an answer is one that can be", _in_range),
    Rule("signed", "a signed note is never changed: add an addendum with its reason", _signed, True),
    Rule("cosigned", "a note is co-signed by a supervisor that the plan names, who did not sign it",
         _cosigned),
    Rule("kept", "what was planned stays in the record", _kept, True),
    Rule("ended", "closing needs an outcome for every goal and a state for every referral", _ended),
    Rule("noticed", "an ending is told to the client, unless contact is lost or the client died", _noticed),
    Rule("episodes", "a closed plan is not changed: reopening makes a new episode", _episodes, True),
    Rule("in-order", "states follow one another as practice does", _in_order, True),
    PRIVATE,
    Rule("safe", "an alleged abuser has no part in the plan of whom they may have harmed", _safe),
    Rule("released", "nothing leaves the agency without a consent in force that covers it, or a legal ground",
         _released),
)  # fmt: skip
"""Every rule, in the order in which they are told."""


def sentence_of(name: str) -> str:
    """The sentence of a rule."""
    return next(rule.sentence for rule in RULES if rule.name == name)


def broken(change: Change, rules: Iterable[Rule] = RULES) -> Iterator[tuple[Rule, Path, str]]:
    """Where a change breaks which of the rules, as one sentence: what is wrong, and the rule."""
    for rule in rules:
        for path, text in rule.check(change):
            yield rule, path, f"{text}; {rule.sentence}"
