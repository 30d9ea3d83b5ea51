"""The documents of a plan become the plan again, as far as `to_fhir` wrote them.

https://hl7.org/fhir/R4/careplan.html

Only the project's own codes and extensions are read back; standard codings are for others. A local state
counts as long as it still agrees with the FHIR code beside it, so that a status changed by others is not
lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from careplan_service.errors import Invalid
from careplan_service.interventions.canonical import extension_value, extension_values, sw
from careplan_service.interventions.episodes import case_of
from careplan_service.interventions.plan import Agreement, Alert, Plan
from careplan_service.interventions.reading import Readings, day, is_numbered, marks, note, references, state
from careplan_service.interventions.reading_goals import (
    acts_by_goal,
    milestone_of,
    read_goal,
    read_need,
    read_strength,
    steps_by_goal,
)
from careplan_service.interventions.reading_people import read_client_system, read_team
from careplan_service.interventions.reading_record import read_record
from careplan_service.interventions.terms import ALERT_KINDS, PLAN_STATES


def from_fhir(careplan: Mapping[str, Any], resources: Mapping[str, Mapping[str, Any]]) -> Plan:
    """The plan that a CarePlan and the `resources` it refers to (by `Type/id`) tell.

    Raises Invalid, with one fault, for documents that are missing or tell no plan.
    """
    return plan_in(careplan, Readings(resources))


def plan_in(careplan: Mapping[str, Any], readings: Readings) -> Plan:
    """As `from_fhir`; the `readings` get a mark for each value that others wrote in codes of their own."""
    try:
        return _plan(careplan, readings)
    except (LookupError, TypeError, ValueError, AttributeError) as odd:
        text = f"the CarePlan was not made from an intervention plan ({type(odd).__name__}: {odd})"
        raise Invalid(text, expression="CarePlan") from odd


def _plan(careplan: Mapping[str, Any], readings: Readings) -> Plan:
    system = read_client_system(careplan, readings)
    worker, participants = read_team(careplan, readings)
    period = careplan.get("period", {})
    goals = [(ref, readings.get(ref)) for ref in references(careplan.get("goal", ()))]
    goals = [(ref, goal) for ref, goal in goals if is_numbered(goal)]
    steps, acts = steps_by_goal(goals), acts_by_goal(careplan, readings)
    return Plan(
        number=careplan["identifier"][0]["value"],
        title=careplan["title"],
        client_system=system,
        status=state(
            PLAN_STATES, careplan, careplan["status"], (f"CarePlan/{careplan.get('id')}", "CarePlan.status")
        ),
        status_reason=extension_value(careplan, sw("status-reason")),
        start=day(period.get("start")),
        end=day(period.get("end")),
        review_date=day(extension_value(careplan, sw("review-date"))),
        case=case_of(careplan, readings),
        needs=tuple(
            read_need(f"needs[{i}]", readings.get(ref), readings)
            for i, ref in enumerate(references(careplan.get("addresses", ())))
        ),
        strengths=tuple(
            read_strength(readings.get(ref))
            for ref in references(careplan.get("supportingInfo", ()))
            if ref.startswith("Condition/")
        ),
        goals=tuple(
            read_goal(ref, goal, steps, acts, readings) for ref, goal in goals if milestone_of(goal) is None
        ),
        worker=worker,
        participants=participants,
        agreement=_agreement(careplan),
        sharing_notes=note(careplan, "sharing"),
        crisis_plan=note(careplan, "crisis-plan"),
        alerts=tuple(_alert({"extension": one}) for one in extension_values(careplan, sw("alert"))),
        **read_record(careplan, readings),
        sensitivity=marks(careplan),
    )


def _alert(told: Mapping[str, Any]) -> Alert:
    return Alert(
        kind=_kind_of_alert(extension_value(told, "kind")["code"]),
        text=extension_value(told, "text"),
        start=day(extension_value(told, "start")),
        end=day(extension_value(told, "end")),
        sensitivity=marks(told),
    )


def _kind_of_alert(code: str) -> str:
    if code not in ALERT_KINDS.by_code:
        raise Invalid(f"`{code}` is no kind of alert that a plan has")
    return code


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
