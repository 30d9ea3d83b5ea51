"""Reads back what became of a plan: assessments, sessions, reviews, referrals, the closing.

https://hl7.org/fhir/R4/careplan.html
"""

from __future__ import annotations

from typing import Any

from careplan_service.interventions.canonical import REFERRAL_STATE, extension_value, sw
from careplan_service.interventions.reading import (
    Readings,
    Resource,
    day,
    marks,
    note,
    number,
    references,
    state,
)
from careplan_service.interventions.reading_notes import read_assessment, read_closing
from careplan_service.interventions.reading_sessions import read_session
from careplan_service.interventions.record import Finding, Referral, Review
from careplan_service.interventions.terms import REFERRAL_STATES
from careplan_service.interventions.writing_screening import read_screenings


def read_record(careplan: Resource, readings: Readings) -> dict[str, Any]:
    """The fields of a plan that hold what became of it."""
    told = _by_extension(careplan, readings)
    screenings = read_screenings(told["screening"])
    procedures = _procedures(careplan)
    sessions = [(ref, readings.get(ref)) for ref in procedures]
    numbers = {ref: str(extension_value(one, sw("session"))) for ref, one in sessions}
    closing = next(iter(told["closing"]), None)
    replaced = references(careplan.get("replaces", ()))
    return {
        "assessments": tuple(read_assessment(one, screenings, readings) for one in told["assessment"]),
        "sessions": tuple(sorted((read_session(one, readings) for _, one in sessions), key=_order)),
        "reviews": tuple(_review(one, readings, numbers) for one in told["review"]),
        "referrals": tuple(
            _referral(activity, readings)
            for activity in careplan.get("activity", ())
            if extension_value(activity, sw("referral")) is not None
        ),
        "closing": read_closing(closing) if closing else None,
        "episode": extension_value(careplan, sw("episode")),
        "reopens": replaced[0].partition("/")[2] if replaced else None,
    }


def _order(session: Any) -> int:
    return int(session.number[1:])


def _by_extension(careplan: Resource, readings: Readings) -> dict[str, list[Resource]]:
    """What the CarePlan rests on, by the extension that says what it is; what others added is left out."""
    found: dict[str, list[Resource]] = {"assessment": [], "screening": [], "review": [], "closing": []}
    for ref in references(careplan.get("supportingInfo", ())):
        if ref.startswith(("QuestionnaireResponse/", "Observation/", "DocumentReference/")):
            document = readings.get(ref)
            for name, listed in found.items():
                if extension_value(document, sw(name)) is not None:
                    listed.append(document)
    return found


def _procedures(careplan: Resource) -> list[str]:
    outcomes = [
        ref
        for activity in careplan.get("activity", ())
        for ref in references(activity.get("outcomeReference", ()))
    ]
    return [ref for ref in dict.fromkeys(outcomes) if ref.startswith("Procedure/")]


def _review(review: Resource, readings: Readings, sessions: dict[str, str]) -> Review:
    members = [readings.get(ref) for ref in references(review.get("hasMember", ()))]
    return Review(
        number=extension_value(review, sw("review")),
        date=day(review["effectiveDateTime"]),  # type: ignore[arg-type]
        findings=tuple(_finding(one, readings, sessions) for one in members),
        effective=extension_value(review, sw("effect")),
        barriers=note(review, "barriers"),
        next_review=day(extension_value(review, sw("review-date"))),
        sensitivity=marks(review),
    )


def _finding(one: Resource, readings: Readings, sessions: dict[str, str]) -> Finding:
    levels = [part["valueInteger"] for part in one.get("component", ())]
    return Finding(
        goal=number(readings.get(references(one["focus"])[0])),
        status=str(extension_value(one, sw("state"))),
        level=levels[0] if levels else None,
        evidence=next((part["text"] for part in one.get("note", ())), None),
        sessions=tuple(sessions[ref] for ref in references(one.get("partOf", ()))),
    )


def _referral(activity: Resource, readings: Readings) -> Referral:
    request = readings.get(activity["reference"]["reference"])
    task = readings.get(references(activity["outcomeReference"])[0])
    status = _referral_state(request, task)
    period = task.get("executionPeriod", {})
    words = task.get("businessStatus", {}).get("text")
    consent = extension_value(request, sw("consent"))
    again = references(request.get("replaces", ()))
    own = [one for one in request["code"]["coding"] if one.get("userSelected")]
    outcomes = [one["valueString"] for one in task.get("output", ()) if "valueString" in one]
    return Referral(
        number=extension_value(request, sw("referral")),
        text=request["orderDetail"][0]["text"],
        to=readings.who(references(request["performer"])[0]),
        domain=request["category"][0]["coding"][0]["code"],
        kind=own[0]["code"],
        urgency=request.get("priority"),
        status=status,
        vendor_status=words if words not in (status, extension_value(request, sw("state"))) else None,
        sent=day(extension_value(request, sw("sent"))),
        consent=consent["reference"].partition("/")[2] if consent else None,
        legal_ground=extension_value(request, sw("legal-ground")),
        outcome=outcomes[0] if outcomes else None,
        closed=day(period.get("end")),
        warm_handoff=extension_value(request, sw("warm-handoff")) is True,
        again=extension_value(readings.get(again[0]), sw("referral")) if again else None,
        sensitivity=marks(request),
    )


def _referral_state(request: Resource, task: Resource) -> str:
    """The state that a receiver set in our code, or else ours; what is older has no code in the Task."""
    codings = task.get("businessStatus", {}).get("coding", ())
    said = [str(one.get("code")) for one in codings if one.get("system") == REFERRAL_STATE]
    agreeing = [one for one in said if REFERRAL_STATES.local(one, task["status"]) == one]
    if agreeing:
        return agreeing[0]
    return state(REFERRAL_STATES, request, task["status"], (f"Task/{task.get('id')}", "Task.status"))
