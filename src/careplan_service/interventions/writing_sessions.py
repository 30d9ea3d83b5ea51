"""A session becomes Encounter (when, with whom), Procedure (what was done), DocumentReference (the note).

https://hl7.org/fhir/R4/encounter.html https://hl7.org/fhir/R4/procedure.html
https://hl7.org/fhir/R4/documentreference.html

The note is attached as it was written. A session has the labels of the goals and strategies it names, or of
all goals where it names none, besides those of its kind and its own words. LOINC codes: see https://loinc.org/license
"""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime

from careplan_service.interventions import canonical
from careplan_service.interventions.canonical import Document, concept, element, extension, reference, sw
from careplan_service.interventions.catalogue import kinds
from careplan_service.interventions.draft import Draft
from careplan_service.interventions.people import marks
from careplan_service.interventions.record import Addendum, Session
from careplan_service.interventions.sensitivity import NONE, Labels, found_in, marked
from careplan_service.interventions.terms import MODES

CLASSES = {
    "AMB": "ambulatory",
    "HH": "home health",
    "FLD": "field",
    "VR": "virtual",
    "EMER": "emergency",
}
NOTES = {
    "phone": ("34844-1", "Social worker Telephone encounter Note"),
    "individual-counselling": ("34872-2", "Social worker Counseling note"),
    "group-therapy": ("34843-3", "Social worker Group counseling note"),
}
PROGRESS = ("28656-7", "Social worker Progress note")


def write_session(draft: Draft, session: Session) -> str:
    """Writes a session and its note with all addenda; gives the Procedure."""
    labels = draft_labels(draft, [*session.goals, *session.strategies]) | marked(session.sensitivity)
    labels |= found_in([session.narrative, session.response, session.next_step, session.late_reason])
    labels |= _billing_labels(session)
    labels |= found_in(_codes(session)) | found_in([[one.text, one.reason] for one in session.addenda])
    encounter = _write_encounter(draft, session, labels)
    note = _write_note(draft, session, encounter, labels)
    for i, addendum in enumerate(session.addenda, 1):
        _write_addendum(draft, session, i, addendum, note, labels)
    return _write_procedure(draft, session, encounter, note, labels)


def draft_labels(draft: Draft, numbers: list[str]) -> Labels:
    """The labels of goals, objectives and strategies by number, or of all of them."""
    wanted = numbers or list(draft.goal_labels)
    return NONE.union(*(draft.goal_labels[number] for number in wanted))


def took_place(session: Session) -> bool:
    """Whether anybody came, as far as it is known."""
    return not session.attendance or any(one.state == "attended" for one in session.attendance)


def _period(session: Session) -> Document:
    return {"start": session.start.isoformat(), "end": session.end.isoformat()}


def _who(draft: Draft, session: Session) -> str:
    return draft.who.get(session.by or "worker", draft.agency)


def _write_encounter(draft: Draft, session: Session, labels: Labels) -> str:
    code = MODES.fhir(session.mode)
    attendance = [
        part
        for one in session.attendance
        for part in extension(
            sw("attendance"),
            extension=[
                *extension("who", valueReference=reference(draft.who[one.who])),
                *extension("state", valueCode=one.state),
            ],
        )
    ]
    who = _who(draft, session)
    staff = not who.startswith(("Organization/", "Patient/", "Group/"))
    content = element(
        extension=[*extension(sw("mode"), valueCode=session.mode), *attendance],
        status="finished" if took_place(session) else "cancelled",
        **{"class": {"system": canonical.ACT_CODE, "code": code, "display": CLASSES[code]}},
        # US Core has no Encounter without a type
        type=[{"coding": _codes(session)}],
        subject=reference(draft.subject),
        participant=[{"individual": reference(who)}] if staff else [],
        period=_period(session),
        serviceProvider=reference(draft.agency),
    )
    return draft.write(draft.reserve("Encounter", session.number), labels, **content)


def _write_procedure(draft: Draft, session: Session, encounter: str, note: str, labels: Labels) -> str:
    goals = [draft.reserve("Goal", number) for number in session.goals]
    category = kinds()[session.kind].sent(None, "category")
    content = element(
        extension=[
            *extension(sw("session"), valueString=session.number),
            *(
                p
                for goal in goals
                for p in extension(canonical.PERTAINS_TO_GOAL, valueReference=reference(goal))
            ),
            *(p for one in session.strategies for p in extension(sw("strategy"), valueString=one)),
            *extension(sw("response"), valueString=session.response),
            *extension(sw("next-step"), valueString=session.next_step),
            *extension(sw("units"), valueInteger=session.units),
            *extension(sw("billing-code"), valueCoding=_billed(session)),
            *extension(sw("late-reason"), valueString=session.late_reason),
            *marks(session.sensitivity),
        ],
        basedOn=[reference(draft.care_plan)],
        status="completed" if took_place(session) else "not-done",
        statusReason={"text": "nobody attended"} if not took_place(session) else None,
        category={"coding": category[:1]} if category else None,
        code={"coding": _codes(session)},
        subject=reference(draft.subject),
        encounter=reference(encounter),
        performedPeriod=_period(session),
        performer=_performer(draft, session),
        report=[
            reference(note),
            *(reference(_addendum(draft, session, i)) for i in range(1, len(session.addenda) + 1)),
        ],
    )
    return draft.write(draft.reserve("Procedure", session.number), labels, **content)


def _codes(session: Session) -> list[Document]:
    kind = kinds()[session.kind]
    return [kind.own_coding, *kind.sent(None, "intervention", "service-type")]


def _billed(session: Session) -> Document:
    billed = session.billing_code
    return element(system=billed.system, code=billed.code) if billed else {}


def _billing_labels(session: Session) -> Labels:
    """A code is judged as one of HCPCS whatever its system is called, and without its modifiers, lest a
    label be missed."""
    if session.billing_code is None:
        return NONE
    code = session.billing_code.code.split()[0].upper()
    return found_in([_billed(session), {"system": canonical.HCPCS, "code": code}])


def _performer(draft: Draft, session: Session) -> list[Document]:
    who = _who(draft, session)
    return [] if who.startswith("Group/") else [{"actor": reference(who)}]


def _write_note(draft: Draft, session: Session, encounter: str, labels: Labels) -> str:
    code, display = NOTES.get(session.mode) or NOTES.get(session.kind) or PROGRESS
    content = _note(draft, session, encounter, session.narrative, session.signed_at)
    at = session.cosigned_at
    content |= element(
        extension=[
            *extension(sw("signed-by"), valueBoolean=True if session.by else None),
            *extension(sw("cosigned-at"), valueDateTime=at.isoformat() if at else None),
        ],
        type=concept(canonical.LOINC, code, display),
        authenticator=reference(draft.who[session.cosigned_by]) if session.cosigned_by else None,
    )
    return draft.write(draft.reserve("DocumentReference", session.number), labels, **content)


def _addendum(draft: Draft, session: Session, i: int) -> str:
    return draft.reserve("DocumentReference", f"{session.number}+{i}")


def _write_addendum(
    draft: Draft, session: Session, i: int, addendum: Addendum, note: str, labels: Labels
) -> None:
    encounter = draft.reserve("Encounter", session.number)
    content = _note(draft, session, encounter, addendum.text, addendum.at)
    content |= element(
        extension=extension(sw("late-reason"), valueString=addendum.reason),
        type=concept(canonical.LOINC, *PROGRESS),
        relatesTo=[{"code": "appends", "target": reference(note)}],
    )
    draft.write(_addendum(draft, session, i), labels, **content)


def _note(draft: Draft, session: Session, encounter: str, text: str, at: datetime | None) -> Document:
    who = _who(draft, session)
    return element(
        status="current",
        docStatus="final",
        subject=reference(draft.subject),
        date=at.isoformat() if at else None,
        author=[] if who.startswith("Group/") else [reference(who)],
        content=[{"attachment": attached(text)}],
        context={"encounter": [reference(encounter)]},
    )


def attached(text: str) -> Document:
    """A text as an attachment, as it was written."""
    return {"contentType": "text/plain; charset=utf-8", "data": b64encode(text.encode()).decode()}
