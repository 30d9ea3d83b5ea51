"""What an interaction asks of the store, and what it gets: versions, pages, transactions, audit rows.

https://hl7.org/fhir/R4/http.html; the questions are in `access/filters.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from careplan_service.access.consent.directory import Edge
from careplan_service.access.consent.rules import Rule
from careplan_service.access.consent.terminology import NORMAL
from careplan_service.access.facts import Facts
from careplan_service.access.filters import Filter
from careplan_service.access.glass import Glasses

if TYPE_CHECKING:
    from careplan_service.interactions.audit_log import AuditLog
    from careplan_service.interactions.feed import Receipts
    from careplan_service.interactions.my_access import Opening


class Stored(NamedTuple):
    """One version as it was found; `updated` is microseconds UTC, `origin` its place in the store.

    `because` names the consent rule that opened it (`Consent/x/_history/1#provision`), or is empty;
    `vid` is the number of the version, `keys` what it was sorted by. `contributor`, `patient` (`Patient/x`
    or empty), `rank` and `part2` are its facts, `others` how many further patients it names;
    `projection` tells a redacted copy from the whole and from other copies.
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
    vid: int = 0
    keys: tuple[int | str, ...] = ()
    contributor: str = ""
    patient: str = ""
    others: int = 0
    rank: int = NORMAL
    part2: bool = False
    projection: str = ""

    @property
    def tag(self) -> str:
        """What an ETag holds: the version, and of a redacted copy which copy it is."""
        return f"{self.version}-{self.projection}" if self.projection else str(self.version)


class Write(NamedTuple):
    """One version to be written: its facts, of a Consent its rules, and the edges it states.

    `stamp(version, instant)` gives the bytes as sent with the server's stamp in them.
    """

    type: str
    id: str
    method: str
    stamp: Callable[[int, str], bytes]
    facts: Facts
    rules: Sequence[Rule] = ()
    edges: Sequence[Edge] = ()


class Key(NamedTuple):
    """One key to sort by: a `column` of the version, or the `value`s or `span`s of a search parameter."""

    name: str
    kind: str = "column"
    descending: bool = False


class Cursor(NamedTuple):
    """Where a page ended: the sort keys of its last row, and its place."""

    keys: tuple[int | str, ...]
    origin: int


@dataclass(frozen=True)
class Page:
    """Which rows of an answer: at most `limit` after `after`, by the keys of `sort`, then by place."""

    limit: int
    sort: tuple[Key, ...] = ()
    after: Cursor | None = None


@dataclass(frozen=True)
class Span:
    """Which versions of a history: stored at or after `since`, current at some moment of lo..hi.

    Microseconds UTC; None sets no bound. With `patient` (`Patient/x`) those that are of this record, by
    themselves and whatever became of them.
    """

    since: int | None = None
    lo: int | None = None
    hi: int | None = None
    patient: str = ""


ALWAYS = Span()


@dataclass(frozen=True)
class AuditEntry:
    """Who asked what and why, what was shown and which consents decided, or why it was refused.

    `at` is microseconds UTC, `shown` references of versions (`Goal/1/_history/2`), `patients` whose data
    it is (`Patient/x`), `several` the numbers of versions that name further ones. Of a refusal `target` is
    the resource of the address (`Goal/1`), whose patient is looked up. `address` is the IP address of the
    client, `request_id` its `X-Request-Id`. `receiver` is who keeps what was shown and wants to hear when it
    is shared no longer (`Caller.owner`); empty for those who are not told. `glass` are the broken glasses
    it was asked through, each with its patient (`9f1c Patient/x`).
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
    patients: tuple[str, ...] = ()
    several: tuple[int, ...] = ()
    target: str = ""
    address: str = ""
    request_id: str = ""
    receiver: str = ""
    glass: tuple[str, ...] = ()


class Once(NamedTuple):
    """A write to be carried out once: its `Idempotency-Key` and the fingerprint of the request."""

    key: str
    fingerprint: str


class Changes(Protocol):
    """An open transaction on the records."""

    def current(self, type_: str, id_: str, seen: Filter) -> Stored | None:
        """The current version if `seen` holds for it, locked against other writers."""

    def exists(self, type_: str, id_: str) -> bool:
        """Whether any version was ever stored under the id, visible or not."""

    def put(self, write: Write, before: Stored | None, at: int, contributor: str) -> Stored:
        """Append a version after `before` (None: the first) and make it the current one."""

    def judge_anew(self, consent: Stored, rules: Sequence[Rule]) -> None:
        """Replace the rules of a Consent that is stored, as after a change of how consents are read."""

    def alone(self, name: str) -> None:
        """Wait until no other transaction is alone under the name."""

    def found(self, references: Collection[str], seen: Filter) -> Mapping[str, int]:
        """The current versions of those references (`Goal/1`) that are here and for which `seen` holds.

        None of the references is deleted by others until this transaction ends.
        """

    def before_deleting(self, references: Collection[str]) -> None:
        """Wait until no other transaction is about to refer to them."""

    def answered(self, client: str, key: str, since: int) -> tuple[str, str] | None:
        """The fingerprint and the answer remembered under a client's key since a moment."""

    def remember(self, client: str, once: Once, answer: str, at: int) -> None:
        """Keep the answer under the key; `at` is microseconds UTC."""

    def note(self, entry: AuditEntry) -> None:
        """Leave the audit row in the same transaction."""


class Records(Protocol):
    """What an interaction needs of the store; every question carries what the caller may see."""

    @property
    def log(self) -> AuditLog:
        """The log as it is read."""

    @property
    def receipts(self) -> Receipts:
        """What left for whom."""

    @property
    def glasses(self) -> Glasses:
        """Broken glasses."""

    def find(self, type_: str, wanted: Filter, page: Page) -> list[Stored]:
        """The current versions the Filter holds for; an empty type means any."""

    def find_and_count(
        self, type_: str, wanted: Filter, page: Page, most: int
    ) -> tuple[list[Stored], int | None]:
        """`find`, and how many there are in all, counted up to one more than `most`; None if that is much."""

    def heads(self, type_: str, wanted: Filter, page: Page) -> list[Stored]:
        """`find` without the bodies."""

    def current(self, type_: str, id_: str, seen: Filter) -> Stored | None:
        """The current version of an id, a deleted one too, if `seen` holds for it."""

    def glance(self, type_: str, id_: str, seen: Filter) -> Stored | None:
        """`current` without the body: answered from the index."""

    def count(self, type_: str, wanted: Filter, most: int | None = None) -> int:
        """How many current versions the Filter holds for; counting ends above `most`."""

    def labels(self, type_: str, params: Sequence[str], wanted: Filter) -> list[tuple[str, str, str]]:
        """The different (parameter, value, system) among the facts of the current versions."""

    def referenced(
        self, page: Sequence[Stored], params: Sequence[str], wanted: Filter, most: int
    ) -> list[Stored]:
        """The current versions that those of the page refer to by search parameters (`Goal.subject`)."""

    def referring(
        self, page: Sequence[Stored], params: Sequence[str], wanted: Filter, most: int
    ) -> list[Stored]:
        """The current versions that refer to those of the page."""

    def named(self, references: Collection[str], seen: Filter) -> list[Stored]:
        """The current versions of those of the references (`Goal/1`) that `among` would give."""

    def among(self, references: Collection[str], seen: Filter) -> frozenset[str]:
        """Those of the references (`Goal/1`) that are here, not deleted, and for which `seen` holds."""

    def openings(self, seen: Filter) -> list[Opening]:
        """The permits that open some current version for which `seen` holds, by type and client."""

    def versions(self, type_: str, id_: str, seen: Filter, page: Page, span: Span = ALWAYS) -> list[Stored]:
        """The versions, newest first, for which `seen` holds, if it holds for the current one too.

        Without an id those of a type, without a type those of all.
        """

    def count_versions(self, type_: str, id_: str, seen: Filter, span: Span = ALWAYS) -> int:
        """How many `versions` there are in all."""

    def version(self, type_: str, id_: str, version: int, seen: Filter) -> Stored | None:
        """One of `versions`."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Whatever is asked inside is answered as of one moment; nothing is written inside."""

    def edges(self, members: Collection[str]) -> list[Edge]:
        """The edges that lead from the members, as the custodian's own records state them now."""

    def majorities(self, patients: Collection[str]) -> Mapping[str, int]:
        """When patients come of age, in microseconds UTC; without those of whom it is not known."""

    def changes(self) -> AbstractContextManager[Changes]:
        """A transaction: all of it is kept, or nothing."""

    def note(self, entry: AuditEntry) -> None:
        """Leave an audit row; on return it is durable."""
