"""Needs and strengths as Conditions, goals and objectives as Goals.

https://hl7.org/fhir/R4/condition.html https://hl7.org/fhir/R4/goal.html

An objective is a Goal of its own, tied to its goal as a milestone, and mirrored in the goal's `target` for
readers that know no extension. Labels run down (what a goal reveals, its objectives and strategies reveal)
and, because of the mirror, from objective to goal; never sideways. Condition and goal codes are SNOMED CT and
ICD-10-CM: see `catalogue` for the licences.
"""

from __future__ import annotations

from careplan_service.interventions import canonical
from careplan_service.interventions.canonical import (
    SDOH_CATEGORY,
    Document,
    concept,
    element,
    extension,
    note,
    reference,
    sw,
)
from careplan_service.interventions.catalogue import chosen, domains
from careplan_service.interventions.draft import Draft
from careplan_service.interventions.people import marks
from careplan_service.interventions.plan import Goal, Need, Objective, Strength, Value
from careplan_service.interventions.practice import is_closed
from careplan_service.interventions.sensitivity import Labels, found_in, marked
from careplan_service.interventions.strategies import write_strategy
from careplan_service.interventions.terms import ACCEPTANCES, AGREEMENTS, GOAL_STATES, PRIORITIES, SEVERITIES

ACHIEVEMENT = "http://terminology.hl7.org/CodeSystem/goal-achievement"
PRIORITY = "http://terminology.hl7.org/CodeSystem/goal-priority"
RELATIONSHIP = "http://terminology.hl7.org/CodeSystem/goal-relationship-type"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"

ACTIVE = concept(CLINICAL, "active", "Active")
INACTIVE = concept(CLINICAL, "inactive", "Inactive")
PROBLEM = concept(canonical.CONDITION_CATEGORY, "problem-list-item", "Problem List Item")
CONCERN = concept(canonical.US_CORE_CONDITION_CATEGORY, "health-concern", "Health Concern")


def write_need(draft: Draft, need: Need, key: str) -> str:
    """Writes a need as a Condition: a health concern until the client agrees to the plan, then a problem.

    With a closed plan it is inactive: nobody works on it any more, whether or not it is resolved.
    """
    agreed = draft.plan.agreement is not None and draft.plan.agreement.status == "agreed"
    domain = domains()[need.domain]
    severity = need.severity and concept(
        canonical.SNOMED, SEVERITIES.fhir(need.severity), need.severity.capitalize()
    )
    content = element(
        extension=marks(need.sensitivity),
        clinicalStatus=INACTIVE if is_closed(draft.plan.status) else ACTIVE,
        category=[PROBLEM if agreed else CONCERN, SDOH_CATEGORY, domain.category],
        severity=severity,
        code=element(coding=chosen(domain.conditions, need.codes), text=need.text),
        subject=reference(draft.subject),
        recordedDate=draft.now.isoformat(),
    )
    labels = found_in(content) | marked(need.sensitivity)
    return draft.write(draft.reserve("Condition", key), labels, **content)


def write_strength(draft: Draft, strength: Strength, key: str) -> str:
    """Writes a strength as a Condition of category protective-factor."""
    factor = domains()["protective-factor"]
    content = element(
        extension=marks(strength.sensitivity),
        clinicalStatus=ACTIVE,
        category=[PROBLEM, SDOH_CATEGORY, factor.category],
        code=element(coding=chosen(factor.conditions, strength.codes), text=strength.text),
        subject=reference(draft.subject),
        recordedDate=draft.now.isoformat(),
    )
    labels = found_in(content) | marked(strength.sensitivity)
    return draft.write(draft.reserve("Condition", key), labels, **content)


def write_goal(draft: Draft, goal: Goal, addresses: list[str]) -> tuple[list[str], list[Document]]:
    """Writes a goal, its objectives and their requests; gives the Goal references and CarePlan activities."""
    target = draft.reserve("Goal", goal.number)
    content = _goal(draft, goal, addresses)
    own = found_in(content) | marked(goal.sensitivity)
    goals, activities, labels = [target], [], own
    for objective in goal.objectives:
        reference_, found, parts = _write_objective(draft, goal, objective, target, own)
        goals.append(reference_)
        activities += parts
        labels |= found
    content = element(
        **{**content, "target": [*content.get("target", []), *(_mirrored(one) for one in goal.objectives)]}
    )
    draft.goal_labels[goal.number] = labels
    draft.write(target, labels, **content)
    return goals, activities


def _goal(draft: Draft, goal: Goal, addresses: list[str]) -> Document:
    domain = domains()[goal.domain]
    client = draft.subject if draft.subject.startswith("Patient/") else None
    return element(
        extension=[
            *extension(sw("number"), valueString=goal.number),
            *_state(goal.status),
            *marks(goal.sensitivity),
            *_scaling(goal),
            *_acceptance(draft, goal, client),
        ],
        identifier=draft.number_identifier("goal", f"{draft.plan.number}/{goal.number}"),
        **_status(goal.status),
        category=[domain.category, SDOH_CATEGORY],
        priority=concept(PRIORITY, PRIORITIES.fhir(goal.priority), f"{goal.priority.capitalize()} Priority")
        if goal.priority
        else None,
        description=element(coding=chosen(domain.goals, goal.codes), text=goal.words),
        subject=reference(draft.subject),
        startDate=goal.start.isoformat() if goal.start else None,
        target=[{"dueDate": goal.target_date.isoformat()}] if goal.target_date else [],
        expressedBy=reference(client),
        addresses=[reference(condition) for condition in addresses],
        note=[
            *note("professional-wording", goal.wording),
            *note("evidence-of-success", goal.evidence_of_success),
            *note("evidence", goal.evidence),
        ],
        outcomeReference=_outcomes(draft, goal.number),
    )


def _status(state: str) -> Document:
    lifecycle, _, achievement = GOAL_STATES.fhir(state).partition(" ")
    display = achievement.replace("-", " ").title()
    return element(
        lifecycleStatus=lifecycle,
        achievementStatus=concept(ACHIEVEMENT, achievement, display) if achievement else None,
    )


def _state(state: str) -> list[Document]:
    return extension(sw("state"), valueCode=state)


def _scaling(goal: Goal) -> list[Document]:
    scale = goal.scaling
    if scale is None:
        return []
    parts = [
        *extension("weight", valueInteger=scale.weight),
        *extension("baseline", valueInteger=scale.baseline),
        *(part for text in scale.levels for part in extension("level", valueString=text)),
    ]
    return extension(sw("scaling"), extension=parts)


def _outcomes(draft: Draft, number: str) -> list[Document | None]:
    """What was found for a goal in reviews, the first first."""
    found = [
        draft.reserve("Observation", f"{review.number}/{finding.goal}")
        for review in draft.plan.reviews
        for finding in review.findings
        if finding.goal == number
    ]
    return [reference(one) for one in found]


def _acceptance(draft: Draft, goal: Goal, client: str | None) -> list[Document]:
    """Who accepts the goal: the client as the agreement to the plan says, unless it is said for this goal."""
    said = [(draft.who[one.who], one.status) for one in goal.acceptance]
    derived = [] if client in dict(said) else _agreed_with_the_plan(draft, goal, client)
    return [
        *derived,
        *(
            part
            for who, status in said
            for part in _accepted(who, ACCEPTANCES.fhir(status), extension(sw("stated"), valueBoolean=True))
        ),
    ]


def _agreed_with_the_plan(draft: Draft, goal: Goal, client: str | None) -> list[Document]:
    agreement = draft.plan.agreement
    if client is None or agreement is None:
        return []
    status = {"rejected": "disagree", "proposed": "pending"}.get(
        goal.status, AGREEMENTS.fhir(agreement.status)
    )
    return _accepted(client, status, [])


def _accepted(who: str, status: str, more: list[Document]) -> list[Document]:
    return extension(
        canonical.GOAL_ACCEPTANCE,
        extension=[
            *extension("individual", valueReference=reference(who)),
            *extension("status", valueCode=status),
            *more,
        ],
    )


def _write_objective(
    draft: Draft, goal: Goal, objective: Objective, parent: str, inherited: Labels
) -> tuple[str, Labels, list[Document]]:
    target = draft.reserve("Goal", objective.number)
    milestone = [
        *extension("type", valueCodeableConcept=concept(RELATIONSHIP, "milestone", "Milestone")),
        *extension("target", valueReference=reference(parent)),
    ]
    content = element(
        extension=[
            *extension(sw("number"), valueString=objective.number),
            *_state(objective.status),
            *marks(objective.sensitivity),
            *extension(
                sw("responsible"), valueReference=reference(draft.who.get(objective.responsible or ""))
            ),
            *extension(canonical.GOAL_RELATIONSHIP, extension=milestone),
        ],
        identifier=draft.number_identifier("goal", f"{draft.plan.number}/{objective.number}"),
        **_status(objective.status),
        category=[domains()[goal.domain].category, SDOH_CATEGORY],
        description=element(text=objective.statement),
        subject=reference(draft.subject),
        target=[part] if (part := _measured(objective)) else [],
        note=note("evidence", objective.evidence),
        outcomeReference=_outcomes(draft, objective.number),
    )
    own = found_in(content) | marked(objective.sensitivity)
    draft.goal_labels[objective.number] = inherited | own
    draft.write(target, inherited | own, **content)
    activities = [
        write_strategy(draft, goal, strategy, target, inherited | own) for strategy in objective.strategies
    ]
    return target, own, activities


def _measured(objective: Objective) -> Document:
    return element(
        extension=[
            *extension(sw("baseline"), **_valued("value", objective.baseline)),
            *extension(sw("result"), **_valued("value", objective.result)),
            *extension(
                sw("result-date"),
                valueDate=objective.result_date.isoformat() if objective.result_date else None,
            ),
        ],
        measure=element(text=objective.measure),
        **_valued("detail", objective.target),
        dueDate=objective.due.isoformat() if objective.due else None,
    )


def _mirrored(objective: Objective) -> Document:
    part = _measured(objective)
    number = extension(sw("number"), valueString=objective.number)
    return {**part, "extension": [*number, *part.get("extension", [])]}


def _valued(name: str, value: Value | None) -> Document:
    if value is None:
        return {}
    types = {bool: "Boolean", int: "Integer", str: "String"}
    return {f"{name}{types[type(value)]}": value}
