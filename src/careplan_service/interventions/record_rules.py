"""What assessments, sessions, reviews and referrals must keep to: numbers, and what they name in the plan.

Every rule looks at loaded data, however incomplete, and yields faults as (path, text); it never raises.
https://hl7.org/fhir/R4/careplan.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from careplan_service.interventions.catalogue import domains
from careplan_service.interventions.intake_fields import quoted
from careplan_service.interventions.intake_rules import Data, Faulty, each, objectives, picked, strategies

NUMBERED = {"assessments": "A", "sessions": "S", "reviews": "R", "referrals": "F"}


def numbers(plan: Data) -> Iterator[Faulty]:
    """Assessments are `A1`, sessions `S1`, reviews `R1`, referrals `F1`, and none comes twice."""
    for name, letter in NUMBERED.items():
        seen: set[str] = set()
        for path, one in each(plan, name):
            number = one.get("number")
            if number is None:
                continue  # that it is missing is said already
            if not re.fullmatch(rf"{letter}[1-9]\d{{0,3}}", number):
                yield (*path, "number"), f"{quoted(number)} is out of step: number it like `{letter}1`"
            elif number in seen:
                yield (*path, "number"), f"number {quoted(number)} comes twice"
            seen.add(number)


def named(plan: Data) -> Iterator[Faulty]:
    """Goals, strategies, sessions and referrals that are named are in the plan."""
    goals = {goal.get("number") for _, goal in each(plan, "goals")}
    goals |= {objective.get("number") for _, _, objective in objectives(plan)}
    acts = {strategy.get("number") for _, _, strategy in strategies(plan)}
    sessions = {one.get("number") for _, one in each(plan, "sessions")}
    referrals = {one.get("number") for _, one in each(plan, "referrals")}
    for path, session in each(plan, "sessions"):
        for field, known, what in (("goals", goals, "goal"), ("strategies", acts, "strategy")):
            for number in session.get(field) or ():
                if number not in known:
                    yield (*path, field), f"the plan has no {what} {quoted(number)}"
    for path, review in each(plan, "reviews"):
        seen: set[str | None] = set()
        for inner, finding in each(review, "findings", path):
            goal = finding.get("goal")
            if goal is not None and goal not in goals:
                yield (*inner, "goal"), f"the plan has no goal {quoted(goal)}"
            elif goal is not None and goal in seen:
                yield (*inner, "goal"), f"goal {quoted(goal)} comes twice in this review"
            seen.add(goal)
            for number in finding.get("sessions") or ():
                if number not in sessions:
                    yield (*inner, "sessions"), f"the plan has no session {quoted(number)}"
    for path, referral in each(plan, "referrals"):
        again = referral.get("again")
        if again is not None and again not in referrals - {referral.get("number")}:
            yield (*path, "again"), f"the plan has no other referral {quoted(again)}"


def levels(plan: Data) -> Iterator[Faulty]:
    """A level belongs to a goal with a scale."""
    scaled = {goal.get("number") for _, goal in each(plan, "goals") if goal.get("scaling")}
    for path, review in each(plan, "reviews"):
        for inner, finding in each(review, "findings", path):
            goal = finding.get("goal")
            if finding.get("level") is not None and goal is not None and goal not in scaled:
                yield (*inner, "level"), f"goal {quoted(goal)} has no `scaling` to be read on"


def times(plan: Data) -> Iterator[Faulty]:
    """A session ends after it began; a referral is closed after it was sent."""
    for path, session in each(plan, "sessions"):
        start, end = session.get("start"), session.get("end")
        if start and end and end < start:
            yield (*path, "end"), "the session ends before it begins"
    for path, referral in each(plan, "referrals"):
        sent, closed = referral.get("sent"), referral.get("closed")
        if sent and closed and closed < sent:
            yield (*path, "closed"), f"{quoted(closed)} is before it was sent, {quoted(sent)}"


def receivers(plan: Data) -> Iterator[Faulty]:
    """A referral goes to an agency that takes part."""
    agencies = {one.get("agency") for _, one in each(plan, "participants")} - {None}
    people = {one.get("name") for _, one in each(plan, "participants") if one.get("agency")}
    named = {str(name).casefold() for name in agencies | people}
    for path, referral in each(plan, "referrals"):
        to = referral.get("to")
        if to is not None and to.casefold() not in named:
            yield (*path, "to"), f"{quoted(to)} is no participant with an `agency`: add one to `participants`"


def codes(plan: Data) -> Iterator[Faulty]:
    """Codes of an assessment come from the pick list of their domain."""
    for path, assessment in each(plan, "assessments"):
        for inner, need in each(assessment, "needs", path):
            if domain := domains().get(need.get("domain") or ""):
                yield from picked((*inner, "codes"), need, domain.conditions, f"needs of `{domain.code}`")
        for inner, strength in each(assessment, "strengths", path):
            listed = domains()["protective-factor"].conditions
            yield from picked((*inner, "codes"), strength, listed, "strengths")
        for inner, answer in each(assessment, "answers", path):
            if (answer.get("answer") is None) == (answer.get("unanswered") is None):
                yield (*inner, "answer"), "give the answer, or in `unanswered` why there is none"


RECORD_RULES = (numbers, named, levels, times, receivers, codes)
