"""The log as it is read: one event per row and patient concerned, each with its own part of what was shown.

https://profiles.ihe.net/ITI/BALP/volume-1.html#152416-patient-identity-in-audit-log
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from careplan_service.access.filters import Filter
from careplan_service.interactions.records import Page


@dataclass(frozen=True)
class Event:
    """One row of the log as far as it concerns one patient (`Patient/x`, or empty for nobody's record).

    `entry` is the number of the row and `n` that of the patient in it, from 1; `glass` is the id of the
    broken glass through which her record was asked for, or empty; the rest is as in `desk.AuditEntry`.
    """

    entry: int
    n: int
    at: int
    client: str
    organization: str
    purpose: str
    interaction: str
    asked: str
    status: int
    shown: tuple[str, ...]
    because: tuple[str, ...]
    refusal: str
    patient: str
    address: str
    request_id: str
    glass: str

    @property
    def id(self) -> str:
        """The id of the AuditEvent, the same whenever it is asked for."""
        return f"{self.entry}-{self.n}"

    @property
    def person(self) -> str:
        """Who had signed in (`Practitioner/dana`), or empty."""
        return self.client.partition(" ")[2]

    @property
    def is_refused(self) -> bool:
        """Whether nothing was done."""
        return self.status >= 400


class AuditLog(Protocol):
    """The log, for those who may read it: no consent decides here, the caller has been judged before."""

    def find(self, wanted: Filter, page: Page) -> list[Event]:
        """The events whose columns the Filter holds for, newest first unless the page says otherwise."""

    def count(self, wanted: Filter, most: int | None = None) -> int:
        """How many there are; counting ends above `most`."""

    def whose(self, references: Collection[str]) -> Mapping[str, frozenset[str]]:
        """The patients that versions concern; for a reference without version those of all its versions."""


def own_parts(log: AuditLog, events: Sequence[Event]) -> list[Event]:
    """The events with what concerns their patients, and what is nobody's record."""
    named = {_version(line) for event in events for line in (*event.shown, *event.because)}
    whose = log.whose(named)
    return [
        replace(
            event,
            shown=tuple(line for line in event.shown if _concerns(whose, line, event)),
            because=tuple(line for line in event.because if _concerns(whose, line, event)),
        )
        for event in events
    ]


def _concerns(whose: Mapping[str, frozenset[str]], line: str, event: Event) -> bool:
    patients = whose.get(_version(line))
    return not patients or not event.patient or event.patient in patients


def _version(line: str) -> str:
    return line.partition("#")[0]
