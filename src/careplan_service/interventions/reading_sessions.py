"""Reads a session back, from its Procedure, Encounter and notes.

https://hl7.org/fhir/R4/procedure.html https://hl7.org/fhir/R4/documentreference.html
"""

from __future__ import annotations

from base64 import b64decode
from datetime import datetime

from careplan_service.interventions import canonical
from careplan_service.interventions.canonical import extension_value, extension_values, sw
from careplan_service.interventions.reading import Readings, Resource, marks, number, references
from careplan_service.interventions.record import Addendum, Attendance, BillingCode, Session


def read_session(procedure: Resource, readings: Readings) -> Session:
    """The session of a Procedure."""
    encounter = readings.get(procedure["encounter"]["reference"])
    note, *addenda = [readings.get(ref) for ref in references(procedure["report"])]
    own = [one for one in procedure["code"]["coding"] if one.get("userSelected")]
    goals = references(extension_values(procedure, canonical.PERTAINS_TO_GOAL))
    billed = extension_value(procedure, sw("billing-code"))
    signed = extension_value(note, sw("signed-by")) is True
    return Session(
        number=str(extension_value(procedure, sw("session"))),
        kind=own[0]["code"],
        start=datetime.fromisoformat(procedure["performedPeriod"]["start"]),
        end=datetime.fromisoformat(procedure["performedPeriod"]["end"]),
        narrative=_text(note),
        mode=str(extension_value(encounter, sw("mode"))),
        attendance=tuple(_attendance(one, readings) for one in extension_values(encounter, sw("attendance"))),
        goals=tuple(number(readings.get(ref)) for ref in goals),
        strategies=tuple(extension_values(procedure, sw("strategy"))),
        response=extension_value(procedure, sw("response")),
        next_step=extension_value(procedure, sw("next-step")),
        units=extension_value(procedure, sw("units")),
        billing_code=BillingCode(billed["code"], billed.get("system")) if billed else None,
        by=readings.who(procedure["performer"][0]["actor"]["reference"]) if signed else None,
        signed_at=_moment(note.get("date")),
        late_reason=extension_value(procedure, sw("late-reason")),
        addenda=tuple(_addendum(one) for one in addenda),
        cosigned_by=readings.who(note["authenticator"]["reference"]) if "authenticator" in note else None,
        cosigned_at=_moment(extension_value(note, sw("cosigned-at"))),
        sensitivity=marks(procedure),
    )


def _attendance(parts: list[Resource], readings: Readings) -> Attendance:
    told = {"extension": parts}
    who = extension_value(told, "who")
    return Attendance(who=readings.who(who["reference"]), state=extension_value(told, "state"))


def _addendum(note: Resource) -> Addendum:
    at = datetime.fromisoformat(note["date"])
    return Addendum(text=_text(note), reason=extension_value(note, sw("late-reason")), at=at)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(note: Resource) -> str:
    return b64decode(note["content"][0]["attachment"]["data"]).decode()
