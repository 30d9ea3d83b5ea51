"""FHIR transaction: every entry or none. https://hl7.org/fhir/R4/http.html#transaction"""

from __future__ import annotations

from collections.abc import Sequence

from careplan_service.access.consent.rules import Door
from careplan_service.access.view import require_scope
from careplan_service.errors import Fault, Invalid, Problem
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.drafts import Draft, drafts_of
from careplan_service.interactions.entries import (
    METHODS,
    READING,
    Entry,
    Frame,
    Reader,
    Shown,
    entry_of,
    placed,
    placing,
    require_conditions,
)
from careplan_service.interactions.integrity import Integrity
from careplan_service.interactions.once import Made, Written, shown, written
from careplan_service.interactions.records import Changes
from careplan_service.interactions.resolving import resolve_conditions, resolve_references

_LETTER = {"DELETE": "d", "POST": "c", "PUT": "u", "PATCH": "u"}


def transaction(desk: Desk, frames: Sequence[Frame], door: Door, read: Reader) -> list[Written | Shown]:
    """Carry out every entry of a transaction, in the order R4 wants, answered in the order sent.

    Raises Malformed, Invalid (with the faults of all entries), Forbidden, NotFound, Conflict or
    PreconditionFailed; then nothing was written but the audit row.
    """
    entries = _entries(frames)
    for entry in entries:
        require_scope(desk.caller, _LETTER[entry.method], entry.spec.name)
    drafts = drafts_of(desk, entries, door)
    reading = [frame for frame in frames if frame.request["method"] in READING]
    told: dict[int, Written | Shown] = {}

    def look_up() -> None:
        for frame in reading:
            with placing(frame.where):
                told[frame.number] = read(desk, frame)

    def carry_out(changes: Changes) -> list[Written]:
        made = _carried_out(desk, changes, drafts, door)
        done = dict(zip(made, shown(desk, list(made.values())), strict=True))
        return [done[entry.frame.number] for entry in entries]

    answers = written(desk, carry_out, 200, look_up)
    numbers = (entry.frame.number for entry in entries)
    told |= dict(zip(numbers, answers, strict=True))
    return [told[frame.number] for frame in frames]


def _entries(frames: Sequence[Frame]) -> list[Entry]:
    """The writing entries as they were understood; the faults of all are told at once."""
    entries: list[Entry] = []
    faults: list[Fault] = []
    for frame in frames:
        try:
            require_conditions(frame)
            if frame.request["method"] not in READING:
                entries.append(entry_of(frame))
        except Problem as problem:
            faults += placed(problem, frame.where)
    faults += _twice(entries)
    if faults:
        raise Invalid("this transaction cannot be carried out", faults=faults)
    return entries


def _twice(entries: Sequence[Entry]) -> list[Fault]:
    """R4: no resource may be touched twice, and no two entries share a fullUrl."""
    seen: set[str] = set()
    faults = []
    for entry in entries:
        for key in (entry.key if entry.id else "", entry.full_url):
            if key and key in seen:
                text = f"`{key}` stands in this transaction twice"
                faults.append(Fault("invalid", text, entry.where))
            seen.add(key)
    return faults


def _carried_out(desk: Desk, changes: Changes, drafts: Sequence[Draft], door: Door) -> dict[int, Made]:
    """Everyone takes the locks in one order, so that two transactions never wait for each other."""
    for name in sorted({draft.condition.name for draft in drafts if draft.condition}):
        changes.alone(name)
    resolve_conditions(desk, drafts, door)
    for key in sorted(draft.key for draft in drafts if draft.entry.method != "POST"):
        changes.alone(key)
    integrity = Integrity(desk, door)
    done: dict[int, Made] = {}

    def write(some: Sequence[Draft]) -> None:
        for draft in sorted(some, key=lambda d: METHODS.index(d.entry.method)):
            with placing(draft.entry.where):
                done[draft.entry.frame.number] = draft.write(desk, changes, integrity, door)

    write([draft for draft in drafts if not draft.searches])
    # R4 resolves conditional references last: they may find what this transaction has just written.
    searching = [draft for draft in drafts if draft.searches]
    if searching:
        resolve_references(desk, searching, door)
        write(searching)
    integrity.require(changes)
    return done
