"""How a plan goes: where each goal set out and stands, what was reached when, what is due.

https://hl7.org/fhir/R4/goal-definitions.html#Goal.achievementStatus
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from careplan_service.interventions.plan import Goal, Plan
from careplan_service.interventions.record import Finding, Review
from careplan_service.interventions.scaling import t_score
from careplan_service.interventions.screening.words import proposed
from careplan_service.interventions.terms import CLOSED_GOALS, OPEN_REFERRALS

SOON = timedelta(days=14)
"""How long before its day something is due soon."""

_REACHED = frozenset({"achieved", "maintaining"})


def evaluation(plan: Plan, today: date) -> dict[str, Any]:
    """The evaluation of a plan as JSON has it; docs/plans.md has the fields."""
    return {
        "goals": [_goal(plan, goal) for goal in plan.goals],
        "t_scores": list(_t_scores(plan)),
        "sessions": _sessions(plan),
        "referrals_open": sum(one.status in OPEN_REFERRALS for one in plan.referrals),
        **({"proposed_needs": needs} if (needs := proposed_needs(plan)) else {}),
        "overdue": [one for one in due(plan) if one["due"] < today.isoformat()],
        "due_soon": [
            one for one in due(plan) if today.isoformat() <= one["due"] <= (today + SOON).isoformat()
        ],
    }


def proposed_needs(plan: Plan) -> list[dict[str, Any]]:
    """The needs that screenings found and that the plan does not name, each with its assessment.

    They are proposals: who knows the client decides, and names them in `needs`.
    """
    told = [plan.needs, *(assessment.needs for assessment in plan.assessments)]
    named = {need.domain for needs in told for need in needs}
    return [
        {"assessment": assessment.number, **need}
        for assessment in plan.assessments
        if assessment.screening
        for need in proposed(assessment.screening)
        if need["domain"] not in named
    ]


def due(plan: Plan) -> list[dict[str, str]]:
    """What is still to be done by a day: the review, goals, objectives; the first first."""
    if plan.status.startswith("closed") or plan.status in ("superseded", "entered-in-error"):
        return []
    days = [("review", plan.review_date, False)]
    for goal in plan.goals:
        days.append((f"goal {goal.number}", goal.target_date, goal.status in CLOSED_GOALS | _REACHED))
        for step in goal.objectives:
            reached = step.status in CLOSED_GOALS | _REACHED
            days.append((f"objective {step.number}", step.due, reached))
    told = [{"what": what, "due": day.isoformat()} for what, day, done in days if day and not done]
    return sorted(told, key=lambda one: one["due"])


def _reviews(plan: Plan) -> list[Review]:
    return sorted(plan.reviews, key=lambda one: one.date)


def _findings(plan: Plan, number: str) -> Iterator[tuple[date, Finding]]:
    for review in _reviews(plan):
        yield from ((review.date, finding) for finding in review.findings if finding.goal == number)


def _goal(plan: Plan, goal: Goal) -> dict[str, Any]:
    found = list(_findings(plan, goal.number))
    levels = [finding.level for _, finding in found if finding.level is not None]
    told: dict[str, Any] = {
        "goal": goal.number,
        "status": goal.status,
        "objectives_reached": sum(step.status in _REACHED for step in goal.objectives),
        "objectives": len(goal.objectives),
        "timeline": [_finding(*one) for one in found],
    }
    if goal.scaling:
        latest = levels[-1] if levels else goal.scaling.baseline
        told |= {"baseline": goal.scaling.baseline, "level": latest, "weight": goal.scaling.weight}
        told["trend"] = _trend([goal.scaling.baseline, *levels])
    return told


def _finding(day: date, finding: Finding) -> dict[str, Any]:
    level = {} if finding.level is None else {"level": finding.level}
    evidence = {"evidence": finding.evidence} if finding.evidence else {}
    sessions = {"sessions": list(finding.sessions)} if finding.sessions else {}
    return {"date": day.isoformat(), "status": finding.status, **level, **evidence, **sessions}


def _trend(levels: list[int]) -> str:
    """Where it goes, by the last two levels."""
    step = levels[-1] - levels[-2] if len(levels) > 1 else 0
    return "improving" if step > 0 else "worsening" if step < 0 else "stable"


def _t_scores(plan: Plan) -> Iterator[dict[str, Any]]:
    """The T-score at the start, and after each review in which a level was read: all scaled goals count, each
    with its latest level. Goals that were rejected or entered in error do not count."""
    scales = {
        goal.number: goal.scaling
        for goal in plan.goals
        if goal.scaling and goal.status not in ("rejected", "entered-in-error")
    }
    levels = {number: scale.baseline for number, scale in scales.items()}
    if not scales:
        return

    def score() -> float | None:
        return t_score([(scale.weight, levels[number]) for number, scale in scales.items()])

    yield {"at": "baseline", "t_score": score()}
    for review in _reviews(plan):
        read = {
            one.goal: one.level for one in review.findings if one.level is not None and one.goal in scales
        }
        if read:
            levels |= read
            yield {"at": review.number, "date": review.date.isoformat(), "t_score": score()}


def _sessions(plan: Plan) -> dict[str, Any]:
    held = [
        one for one in plan.sessions
        if not one.attendance or any(part.state == "attended" for part in one.attendance)
    ]  # fmt: skip
    minutes = sum(int((one.end - one.start).total_seconds()) // 60 for one in held)
    last = max((one.start.date().isoformat() for one in held), default=None)
    return {
        "held": len(held),
        "missed": len(plan.sessions) - len(held),
        "minutes": minutes,
        **({"last": last} if last else {}),
    }
