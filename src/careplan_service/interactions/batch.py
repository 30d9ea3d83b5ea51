"""FHIR batch: every entry for itself. https://hl7.org/fhir/R4/http.html#transaction"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from careplan_service.access.consent.rules import Door
from careplan_service.errors import Problem
from careplan_service.interactions.create import create
from careplan_service.interactions.delete import delete, delete_where
from careplan_service.interactions.desk import LONGEST_ASKED, Desk
from careplan_service.interactions.entries import (
    READING,
    Entry,
    Frame,
    Reader,
    Shown,
    entry_of,
    require_conditions,
)
from careplan_service.interactions.once import Written, require_unused
from careplan_service.interactions.patch import patch, patch_where
from careplan_service.interactions.records import AuditEntry, Once
from careplan_service.interactions.update import update, update_where


class Refused(NamedTuple):
    """An entry that was not carried out, and why."""

    problem: Problem


Answered = Written | Shown | Refused
_INTERACTIONS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


def batch(desk: Desk, frames: Sequence[Frame], door: Door, read: Reader) -> list[Answered]:
    """Carry out each entry as if it had come alone; what is refused leaves the others as they are.

    Every write has its audit row in its own transaction; what was read and what was refused is noted
    with the batch. Under an `Idempotency-Key` each entry is carried out once.
    """
    require_unused(desk)
    answers: list[Answered] = []
    refusals: list[AuditEntry] = []
    for frame in frames:
        own = _desk_of(desk, frame)
        try:
            answers.append(_carried_out(own, frame, door, read))
        except Problem as problem:
            answers.append(Refused(problem))
            refusals.append(own.entry(problem.status, problem.text))
        desk.under_part2 = desk.under_part2 or own.under_part2
        if not own.noted:
            desk.take_in(own)
    if refusals:
        with desk.records.changes() as changes:
            for refusal in refusals:
                changes.note(refusal)
            desk.note_in(changes, 200)
    return answers


def _desk_of(desk: Desk, frame: Frame) -> Desk:
    """The desk of one entry: the same caller and moment, a request of its own."""
    method, url = (str(frame.request.get(name, "")) for name in ("method", "url"))
    once = desk.once and Once(f"{desk.once.key}\n{frame.number}", desk.once.fingerprint)
    return replace(
        desk,
        asked=f"{method} {url}".replace("\x00", "")[:LONGEST_ASKED],
        interaction=_INTERACTIONS.get(method, desk.interaction),
        shown=[],
        because=set(),
        patients={},
        several=[],
        noted=False,
        once=once,
    )


def _carried_out(desk: Desk, frame: Frame, door: Door, read: Reader) -> Answered:
    if frame.request.get("method") in READING:
        require_conditions(frame)
        return read(desk, frame)
    entry = entry_of(frame)
    return _CARRY_OUT[entry.method](desk, entry, door)


def _put(desk: Desk, entry: Entry, door: Door) -> Written:
    if entry.query is None:
        return update(desk, entry.spec, entry.id, entry.data, door, entry.guard)
    return update_where(desk, entry.spec, entry.query, entry.data, door, entry.guard)


def _patch(desk: Desk, entry: Entry, door: Door) -> Written:
    assert entry.patch is not None
    if entry.query is None:
        return patch(desk, entry.spec, entry.id, entry.patch, door, entry.guard)
    return patch_where(desk, entry.spec, entry.query, entry.patch, door, entry.guard)


def _delete(desk: Desk, entry: Entry, door: Door) -> Written:
    if entry.query is None:
        return delete(desk, entry.spec, entry.id, door, entry.guard)
    return delete_where(desk, entry.spec, entry.query, door, entry.guard)


_CARRY_OUT: Mapping[str, Callable[[Desk, Entry, Door], Written]] = {
    "POST": lambda desk, entry, door: create(desk, entry.spec, entry.data, door, entry.query),
    "PUT": _put,
    "PATCH": _patch,
    "DELETE": _delete,
}
