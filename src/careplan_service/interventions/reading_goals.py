"""Reads needs, strengths, goals, objectives and strategies back.

https://hl7.org/fhir/R4/goal.html https://hl7.org/fhir/R4/condition.html
"""

from __future__ import annotations

from dataclasses import dataclass

from careplan_service.errors import Invalid
from careplan_service.interventions import canonical
from careplan_service.interventions.canonical import Document, extension_value, extension_values, sw
from careplan_service.interventions.catalogue import domain_in, kind_in
from careplan_service.interventions.foreign.codes import Meaning, domain_meant, kind_meant
from careplan_service.interventions.foreign.marks import NOT_MAPPED, Mark
from careplan_service.interventions.foreign.readable import readable
from careplan_service.interventions.foreign.reading import concept_text
from careplan_service.interventions.foreign.states import goal_local
from careplan_service.interventions.plan import Acceptance, Goal, Need, Objective, Strategy, Strength, Value
from careplan_service.interventions.reading import (
    Readings,
    Resource,
    Unreadable,
    codes_picked,
    day,
    is_numbered,
    marks,
    note,
    number,
    references,
    state,
)
from careplan_service.interventions.record import Scaling
from careplan_service.interventions.strategies import REQUEST_STATUS
from careplan_service.interventions.terms import (
    ACCEPTANCES,
    ACTIVITY_STATES,
    GOAL_STATES,
    PRIORITIES,
    SEVERITIES,
)
from careplan_service.interventions.timing import words


@dataclass(frozen=True)
class Act:
    """A strategy as it is written: in the CarePlan or in a ServiceRequest; `place` says where, as (`Type/id`,
    path)."""

    place: tuple[str, str]

    number: str
    goals: list[str]
    document: Resource
    timing: Document
    text: str
    where: str | None
    status: str


Acts = dict[str, list[Act]]
Steps = dict[str, list[tuple[str, Resource]]]


def acts_by_goal(careplan: Resource, readings: Readings) -> Acts:
    """The strategies of a CarePlan by the Goal that they are for."""
    found: Acts = {}
    for i, activity in enumerate(careplan.get("activity", ())):
        if not is_numbered(activity):
            continue  # a referral, the contacts that carried out no strategy, or what others added
        act = _act((f"CarePlan/{careplan.get('id')}", f"CarePlan.activity[{i}].detail"), activity, readings)
        for goal in act.goals:
            found.setdefault(goal, []).append(act)
    return found


def steps_by_goal(goals: list[tuple[str, Resource]]) -> Steps:
    """The objectives of each goal, as (reference, Goal)."""
    found: Steps = {}
    for ref, goal in goals:
        if parent := milestone_of(goal):
            found.setdefault(parent, []).append((ref, goal))
    return found


def read_need(field: str, condition: Resource, readings: Readings) -> Need:
    """A need, from its Condition."""
    severity = condition.get("severity", {}).get("coding", [{}])[0].get("code")
    return Need(
        text=condition["code"]["text"],
        domain=_domain(field, condition, readings),
        severity=SEVERITIES.local(None, severity) if severity else None,
        codes=codes_picked(condition["code"]),
        sensitivity=marks(condition),
    )


def read_strength(condition: Resource) -> Strength:
    """A strength, from its Condition."""
    return Strength(condition["code"]["text"], codes_picked(condition["code"]), marks(condition))


def _domain(field: str, document: Resource, readings: Readings) -> str:
    categories = document.get("category", ())
    codings = [coding for category in categories for coding in category.get("coding", ())]
    if found := domain_in(codings):
        return found
    ref = f"{document['resourceType']}/{document['id']}"
    if not codings:
        raise Invalid(f"`{ref}` has no category of the Gravity domains")
    place = (ref, f"{document['resourceType']}.category")
    return _meant(f"{field}.domain", domain_meant(codings), place, {"coding": codings}, readings)


def _meant(
    field: str, meaning: Meaning | None, place: tuple[str, str], concept: Resource, readings: Readings
) -> str:
    """What a code of others means, or its text; with a mark that says so."""
    how = (meaning.how, meaning.by, meaning.relation) if meaning else (NOT_MAPPED, "its text", None)
    readings.marks.append(Mark(field, how[0], how[1], *place, readable(concept), how[2]))
    return meaning.word if meaning else concept_text(concept)


def milestone_of(goal: Resource) -> str | None:
    """The reference of the goal that this one is an objective of."""
    parts = extension_value(goal, canonical.GOAL_RELATIONSHIP) or ()
    targets = [part["valueReference"]["reference"] for part in parts if part["url"] == "target"]
    return targets[0] if targets else None


def read_goal(ref: str, goal: Resource, steps: Steps, acts: Acts, readings: Readings) -> Goal:
    """A goal with its objectives, from the Goals and activities of the CarePlan."""
    own = [part for part in goal.get("target", ()) if extension_value(part, sw("number")) is None]
    priority = goal.get("priority", {}).get("coding", [{}])[0].get("code")
    return Goal(
        number=number(goal),
        words=goal["description"]["text"],
        domain=_domain(number(goal), goal, readings),
        wording=note(goal, "professional-wording"),
        priority=PRIORITIES.local(None, priority) if priority else None,
        start=day(goal.get("startDate")),
        target_date=day(own[0].get("dueDate")) if own else None,
        status=_goal_state(ref, goal),
        codes=codes_picked(goal["description"]),
        evidence_of_success=note(goal, "evidence-of-success"),
        evidence=note(goal, "evidence"),
        acceptance=_acceptance(goal, readings),
        scaling=_scaling(goal),
        objectives=tuple(_objective(child, one, acts, readings) for child, one in steps.get(ref, ())),
        sensitivity=marks(goal),
    )


def _acceptance(goal: Resource, readings: Readings) -> tuple[Acceptance, ...]:
    """What people said of this goal itself; what follows from the agreement to the plan is left out."""
    said = [{"extension": parts} for parts in extension_values(goal, canonical.GOAL_ACCEPTANCE)]
    return tuple(
        Acceptance(
            who=readings.who(extension_value(one, "individual")["reference"]),
            status=ACCEPTANCES.local(None, extension_value(one, "status")) or "pending",
        )
        for one in said
        if extension_value(one, sw("stated")) is True
    )


def _scaling(goal: Resource) -> Scaling | None:
    parts = extension_value(goal, sw("scaling"))
    if parts is None:
        return None
    told = {"extension": parts}
    return Scaling(
        levels=tuple(extension_values(told, "level")),
        weight=extension_value(told, "weight"),
        baseline=extension_value(told, "baseline"),
    )


def _goal_state(ref: str, goal: Resource) -> str:
    status = goal["lifecycleStatus"]
    achievement = goal.get("achievementStatus", {}).get("coding", [{}])[0].get("code", "")
    found = goal_local(status, [achievement], extension_value(goal, sw("state")))
    if found is None:
        both = (term.fhir.partition(" ") for term in GOAL_STATES.by_code.values())
        alike = [f"it with the achievement `{code}`" for life, _, code in both if life == status]
        raise Unreadable(f"{status} {achievement}".strip(), (ref, "Goal.lifecycleStatus"), alike)
    return found


def _objective(ref: str, objective: Resource, acts: Acts, readings: Readings) -> Objective:
    target: Resource = next(iter(objective.get("target", ())), {})
    responsible = extension_value(objective, sw("responsible"))
    return Objective(
        number=number(objective),
        statement=objective["description"]["text"],
        measure=target.get("measure", {}).get("text"),
        target=_value(target),
        baseline=extension_value(target, sw("baseline")),
        due=day(target.get("dueDate")),
        result=extension_value(target, sw("result")),
        result_date=day(extension_value(target, sw("result-date"))),
        evidence=note(objective, "evidence"),
        responsible=readings.who(responsible["reference"]) if responsible else None,
        status=_goal_state(ref, objective),
        strategies=tuple(_strategy(act, readings) for act in acts.get(ref, ())),
        sensitivity=marks(objective),
    )


def _value(target: Resource) -> Value | None:
    return next((value for name, value in target.items() if name.startswith("detail")), None)


def _act(place: tuple[str, str], activity: Resource, readings: Readings) -> Act:
    if "detail" in activity:
        detail = activity["detail"]
        where = detail.get("location", {}).get("display")
        status = state(ACTIVITY_STATES, detail, detail["status"], (place[0], f"{place[1]}.status"))
        goals = references(detail["goal"])
        return Act(
            place,
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
    return Act(
        (activity["reference"]["reference"], "ServiceRequest"),
        number(activity),
        goals,
        request,
        timing,
        request["orderDetail"][0]["text"],
        where,
        _request_state(activity["reference"]["reference"], request),
    )


def _request_state(ref: str, request: Resource) -> str:
    local = extension_value(request, sw("state"))
    status = {"draft": "active"}.get(request["status"], request["status"])
    fits = [code for code, term in ACTIVITY_STATES.by_code.items() if REQUEST_STATUS[term.fhir] == status]
    if not fits:
        known = ("draft", *REQUEST_STATUS.values())
        raise Unreadable(request["status"], (ref, "ServiceRequest.status"), known)
    return local if local in fits else fits[0]


def _strategy(act: Act, readings: Readings) -> Strategy:
    code = act.document["code"]
    kind = kind_in(code.get("coding", ()))
    if kind is None and not concept_text(code):
        raise Invalid(f"strategy `{act.number}` has no code of `{canonical.INTERVENTION}`")
    if kind is None:
        meaning = kind_meant(code.get("coding", ()), code.get("text", ""))
        place = (act.place[0], f"{act.place[1]}.code")
        kind = _meant(f"{act.number}.kind", meaning, place, code, readings)
    performers = [
        *references(extension_values(act.document, sw("performer"))),
        *references(act.document.get("performer", ())),
    ]
    return Strategy(
        number=act.number,
        text=act.text,
        kind=kind,
        method=extension_value(act.document, sw("method")),
        evidence_base=extension_value(act.document, sw("evidence-base")),
        **words(act.timing),
        who=tuple(readings.who(performer) for performer in performers),
        where=act.where,
        status=act.status,
        sensitivity=marks(act.document),
    )
