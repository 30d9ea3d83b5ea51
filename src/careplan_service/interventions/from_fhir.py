"""The documents of a plan become the plan again, as far as `to_fhir` wrote them.

https://hl7.org/fhir/R4/careplan.html

Only the project's own codes and extensions are read back; standard codings are for others. A local state counts as
long as it still agrees with the FHIR code beside it, so that a status changed by others is not lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from careplan_service.errors import Invalid
from careplan_service.interventions import canonical
from careplan_service.interventions.canonical import Document, extension_value, extension_values, sw
from careplan_service.interventions.plan import (
    Agreement,
    Goal,
    Need,
    Objective,
    Plan,
    Strategy,
    Strength,
    Value,
)
from careplan_service.interventions.reading import Readings, codes_picked, read_client_system, read_team
from careplan_service.interventions.strategies import REQUEST_STATUS
from careplan_service.interventions.terms import (
    ACTIVITY_STATES,
    GOAL_STATES,
    PLAN_STATES,
    PRIORITIES,
    SEVERITIES,
    Terms,
)
from careplan_service.interventions.timing import words


def from_fhir(careplan: Mapping[str, Any], resources: Mapping[str, Mapping[str, Any]]) -> Plan:
    """The plan that a CarePlan and the `resources` it refers to (by `Type/id`) tell.

    Raises Invalid, with one fault, for documents that are missing or tell no plan.
    """
    try:
        return _plan(careplan, Readings(resources))
    except (LookupError, TypeError, ValueError, AttributeError) as odd:
        text = f"the CarePlan was not made from an intervention plan ({type(odd).__name__}: {odd})"
        raise Invalid(text, expression="CarePlan") from odd


def _plan(careplan: Mapping[str, Any], readings: Readings) -> Plan:
    system = read_client_system(careplan, readings)
    worker, participants = read_team(careplan, readings)
    period = careplan.get("period", {})
    goals = [(ref, readings.get(ref)) for ref in references(careplan.get("goal", ()))]
    return Plan(
        number=careplan["identifier"][0]["value"],
        title=careplan["title"],
        client_system=system,
        status=state(PLAN_STATES, careplan, careplan["status"]),
        status_reason=extension_value(careplan, sw("status-reason")),
        start=day(period.get("start")),
        end=day(period.get("end")),
        review_date=day(extension_value(careplan, sw("review-date"))),
        needs=tuple(_need(readings.get(ref)) for ref in references(careplan.get("addresses", ()))),
        strengths=tuple(
            _strength(readings.get(ref)) for ref in references(careplan.get("supportingInfo", ()))
        ),
        goals=tuple(
            _goal(ref, document, goals, careplan, readings)
            for ref, document in goals
            if milestone_of(document) is None
        ),
        worker=worker,
        participants=participants,
        agreement=_agreement(careplan),
        sharing_notes=note(careplan, "sharing"),
        sensitivity=marks(careplan),
    )


def number(document: Mapping[str, Any]) -> str:
    """The plan's number of a goal, an objective or a strategy. Raises LookupError where there is none."""
    return str(extension_values(document, sw("number"))[0])


def references(of: Iterable[Mapping[str, Any]]) -> list[str]:
    """The `Type/id` of a list of References."""
    return [one["reference"] for one in of]


def day(text: str | None) -> date | None:
    """A FHIR date as a date."""
    return date.fromisoformat(text) if text else None


def marks(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The labels that a person set by hand."""
    return tuple(extension_values(document, sw("sensitivity")))


def note(document: Mapping[str, Any], kind: str) -> str | None:
    """The text of the note of this kind."""
    texts = [one["text"] for one in document.get("note", ()) if extension_value(one, sw("note-kind")) == kind]
    return texts[0] if texts else None


def state(states: Terms, document: Mapping[str, Any], fhir: str) -> str:
    """The local state of a document with this FHIR status."""
    found = states.local(extension_value(document, sw("state")), fhir)
    if found is None:
        raise Invalid(f"status `{fhir}` is none that a plan has")
    return found


def milestone_of(goal: Mapping[str, Any]) -> str | None:
    """The reference of the goal that this one is an objective of."""
    parts = extension_value(goal, canonical.GOAL_RELATIONSHIP) or ()
    targets = [part["valueReference"]["reference"] for part in parts if part["url"] == "target"]
    return targets[0] if targets else None


def _agreement(careplan: Mapping[str, Any]) -> Agreement | None:
    parts = extension_value(careplan, sw("agreement"))
    if parts is None:
        return None
    told = {"extension": parts}
    return Agreement(
        status=extension_value(told, "status"),
        date=day(extension_value(told, "date")),
        how=extension_value(told, "how"),
        comment=extension_value(told, "comment"),
        reason=extension_value(told, "reason"),
    )


def _need(condition: Mapping[str, Any]) -> Need:
    severity = condition.get("severity", {}).get("coding", [{}])[0].get("code")
    return Need(
        text=condition["code"]["text"],
        domain=_domain(condition),
        severity=SEVERITIES.local(None, severity) if severity else None,
        codes=codes_picked(condition["code"]),
        sensitivity=marks(condition),
    )


def _strength(condition: Mapping[str, Any]) -> Strength:
    return Strength(condition["code"]["text"], codes_picked(condition["code"]), marks(condition))


def _domain(document: Mapping[str, Any]) -> str:
    for category in document.get("category", ()):
        for coding in category.get("coding", ()):
            if coding.get("system") == canonical.GRAVITY:
                return str(coding["code"])
    raise Invalid(f"`{document['resourceType']}/{document['id']}` has no category of the Gravity domains")


def _goal(
    ref: str,
    goal: Mapping[str, Any],
    goals: list[tuple[str, Mapping[str, Any]]],
    careplan: Mapping[str, Any],
    readings: Readings,
) -> Goal:
    own = [part for part in goal.get("target", ()) if extension_value(part, sw("number")) is None]
    priority = goal.get("priority", {}).get("coding", [{}])[0].get("code")
    return Goal(
        number=number(goal),
        words=goal["description"]["text"],
        domain=_domain(goal),
        wording=note(goal, "professional-wording"),
        priority=PRIORITIES.local(None, priority) if priority else None,
        start=day(goal.get("startDate")),
        target_date=day(own[0].get("dueDate")) if own else None,
        status=_goal_state(goal),
        codes=codes_picked(goal["description"]),
        objectives=tuple(
            _objective(child, document, careplan, readings)
            for child, document in goals
            if milestone_of(document) == ref
        ),
        sensitivity=marks(goal),
    )


def _goal_state(goal: Mapping[str, Any]) -> str:
    achievement = goal.get("achievementStatus", {}).get("coding", [{}])[0].get("code", "")
    return state(GOAL_STATES, goal, f"{goal['lifecycleStatus']} {achievement}".strip())


def _objective(
    ref: str, objective: Mapping[str, Any], careplan: Mapping[str, Any], readings: Readings
) -> Objective:
    target: Mapping[str, Any] = next(iter(objective.get("target", ())), {})
    responsible = extension_value(objective, sw("responsible"))
    return Objective(
        number=number(objective),
        statement=objective["description"]["text"],
        measure=target.get("measure", {}).get("text"),
        target=_value(target),
        baseline=extension_value(target, sw("baseline")),
        due=day(target.get("dueDate")),
        responsible=readings.who(responsible["reference"]) if responsible else None,
        status=_goal_state(objective),
        strategies=tuple(
            _strategy(found, readings)
            for found in (_found(activity, readings) for activity in careplan.get("activity", ()))
            if ref in found.goals
        ),
        sensitivity=marks(objective),
    )


def _value(target: Mapping[str, Any]) -> Value | None:
    return next((value for name, value in target.items() if name.startswith("detail")), None)


@dataclass(frozen=True)
class _Found:
    """An activity, wherever it is written."""

    number: str
    goals: list[str]
    document: Mapping[str, Any]
    timing: Document
    text: str
    where: str | None
    status: str


def _found(activity: Mapping[str, Any], readings: Readings) -> _Found:
    if "detail" in activity:
        detail = activity["detail"]
        where = detail.get("location", {}).get("display")
        status = state(ACTIVITY_STATES, detail, detail["status"])
        goals = references(detail["goal"])
        return _Found(
            number(activity),
            goals,
            detail,
            detail.get("scheduledTiming", {}),
            detail["description"],
            where,
            status,
        )
    request = readings.get(activity["reference"]["reference"])
    where = request.get("locationCode", [{}])[0].get("text")
    goals = references(extension_values(request, canonical.PERTAINS_TO_GOAL))
    timing = request.get("occurrenceTiming", {})
    return _Found(
        number(activity), goals, request, timing, request["orderDetail"][0]["text"], where, _request_state(request)
    )


def _request_state(request: Mapping[str, Any]) -> str:
    local = extension_value(request, sw("state"))
    status = {"draft": "active"}.get(request["status"], request["status"])
    fits = [code for code, term in ACTIVITY_STATES.by_code.items() if REQUEST_STATUS[term.fhir] == status]
    if not fits:
        raise Invalid(f"status `{request['status']}` is none that a strategy has")
    return local if local in fits else fits[0]


def _strategy(found: _Found, readings: Readings) -> Strategy:
    own = [
        coding
        for coding in found.document["code"]["coding"]
        if coding.get("system") == canonical.INTERVENTION
    ]
    if not own:
        raise Invalid(f"strategy `{found.number}` has no code of `{canonical.INTERVENTION}`")
    performers = [
        *references(extension_values(found.document, sw("performer"))),
        *references(found.document.get("performer", ())),
    ]
    return Strategy(
        number=found.number,
        text=found.text,
        kind=own[0]["code"],
        method=extension_value(found.document, sw("method")),
        **words(found.timing),
        who=tuple(readings.who(performer) for performer in performers),
        where=found.where,
        status=found.status,
        sensitivity=marks(found.document),
    )
