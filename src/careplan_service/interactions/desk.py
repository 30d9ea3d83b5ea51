"""Desk: one request's caller, moment and the only handle on the records.

An interaction asks the desk; the desk adds what the caller may see to every question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from careplan_service.access.caller import Caller
from careplan_service.access.consent.rules import Rule
from careplan_service.access.facts import Facts
from careplan_service.access.filters import Filter, all_of
from careplan_service.access.view import view_for

LONGEST_ASKED, _LONGEST_REFUSAL = 2000, 2000
"""Characters of an audit row."""


class Stored(NamedTuple):
    """One version as it was found; `updated` is microseconds UTC, `origin` its place in the store.

    `because` names the consent rule that opened it (`Consent/x/_history/1#provision`), or is empty.
    """

    type: str
    id: str
    version: int
    updated: int
    deleted: bool
    method: str
    body: bytes
    because: str
    origin: int


class Write(NamedTuple):
    """One version to be written: its facts and, of a Consent, its rules.

    `stamp(version, instant)` gives the bytes as sent with the server's stamp in them.
    """

    type: str
    id: str
    method: str
    stamp: Callable[[int, str], bytes]
    facts: Facts
    rules: Sequence[Rule] = ()


class Cursor(NamedTuple):
    """Where a page ended: the sort key and the place of its last row."""

    key: int
    origin: int


@dataclass(frozen=True)
class Page:
    """Which rows of an answer: at most `limit` after `after`, by `updated` or by place."""

    limit: int
    by_updated: bool = False
    descending: bool = False
    after: Cursor | None = None


@dataclass(frozen=True)
class AuditEntry:
    """Who asked what and why, what was shown and which consents decided, or why it was refused.

    `at` is microseconds UTC, `shown` references of versions (`Goal/1/_history/2`).
    """

    at: int
    client: str
    organization: str
    purpose: str
    interaction: str
    asked: str
    status: int
    shown: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    refusal: str = ""


class Changes(Protocol):
    """An open transaction on the records."""

    def current(self, type_: str, id_: str, seen: Filter) -> Stored | None:
        """The current version if `seen` holds for it, locked against other writers."""

    def exists(self, type_: str, id_: str) -> bool:
        """Whether any version was ever stored under the id, visible or not."""

    def put(self, write: Write, before: Stored | None, at: int, contributor: str) -> Stored:
        """Append a version after `before` (None: the first) and make it the current one."""

    def alone(self, name: str) -> None:
        """Wait until no other transaction is alone under the name."""

    def note(self, entry: AuditEntry) -> None:
        """Leave the audit row in the same transaction."""


class Records(Protocol):
    """What an interaction needs of the store; every question carries what the caller may see."""

    def find(self, type_: str, wanted: Filter, page: Page) -> list[Stored]:
        """The current versions the Filter holds for."""

    def current(self, type_: str, id_: str, seen: Filter) -> Stored | None:
        """The current version of an id, a deleted one too, if `seen` holds for it."""

    def count(self, type_: str, wanted: Filter) -> int:
        """How many current versions the Filter holds for."""

    def versions(self, type_: str, id_: str, seen: Filter, page: Page) -> list[Stored]:
        """The versions for which `seen` holds, if it holds for the current one too."""

    def count_versions(self, type_: str, id_: str, seen: Filter) -> int:
        """How many `versions` there are in all."""

    def version(self, type_: str, id_: str, version: int, seen: Filter) -> Stored | None:
        """One of `versions`."""

    def changes(self) -> AbstractContextManager[Changes]:
        """A transaction: all of it is kept, or nothing."""

    def note(self, entry: AuditEntry) -> None:
        """Leave an audit row; on return it is durable."""


@dataclass
class Desk:
    """One request: who asks, when, what was asked, and what has been shown so far."""

    caller: Caller
    records: Records
    now: int
    asked: str
    new_id: Callable[[], str]
    interaction: str = ""
    shown: list[str] = field(default_factory=list)
    because: set[str] = field(default_factory=set)
    noted: bool = False

    def also_asked(self, text: str) -> None:
        """What was asked outside the address: the form of a search."""
        self.asked = f"{self.asked} {text}"[:LONGEST_ASKED]

    def sees(self, letter: str, type_: str) -> Filter:
        """What the caller may see of a type by an interaction letter of `cruds`; 403 when nothing at all."""
        return view_for(self.caller, letter, type_, self.now)

    def find(self, letter: str, type_: str, about: Filter, page: Page) -> list[Stored]:
        """The current versions the question is about and the caller may see."""
        return self.records.find(type_, all_of(about, self.sees(letter, type_)), page)

    def show(self, stored: Stored) -> Stored:
        """Remember for the audit that this version leaves the service, and which consent opened it."""
        self.shown.append(f"{stored.type}/{stored.id}/_history/{stored.version}")
        if stored.because:
            self.because.add(stored.because)
        return stored

    def entry(self, status: int, refusal: str = "") -> AuditEntry:
        """The audit row of this request as it stands."""
        return AuditEntry(
            at=self.now,
            client=self.caller.client_id,
            organization=self.caller.organization,
            purpose=" ".join(self.caller.purposes),
            interaction=self.interaction,
            asked=self.asked,
            status=status,
            shown=() if refusal else tuple(self.shown),
            because=() if refusal else tuple(sorted(self.because)),
            refusal=refusal.replace("\x00", "")[:_LONGEST_REFUSAL],
        )

    def note(self, status: int, refusal: str = "") -> None:
        """Leave the audit row unless a write has left it in its own transaction already."""
        if not self.noted:
            self.noted = True
            self.records.note(self.entry(status, refusal))

    def note_in(self, changes: Changes, status: int) -> None:
        """Leave the audit row in the transaction of a write."""
        changes.note(self.entry(status))
        self.noted = True
