"""Desk: one request's caller, moment and the only handle on the records.

An interaction asks the desk; the desk adds what the caller may see to every question.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from careplan_service.access.caller import Caller
from careplan_service.access.consent.directory import Edge
from careplan_service.access.consent.rules import Rule
from careplan_service.access.consent.terminology import NORMAL
from careplan_service.access.facts import Facts
from careplan_service.access.filters import Filter, all_of
from careplan_service.access.glass import Claim, Glasses
from careplan_service.access.holds import Version, World, holds
from careplan_service.access.receiver import receiver_of
from careplan_service.access.view import of_types, view_for, writable
from careplan_service.errors import Forbidden, OutOfScope
from careplan_service.interactions import addressed
from careplan_service.interactions.barring import require_kept
from careplan_service.interactions.granular import opened
from careplan_service.interactions.leaving import leaving
from careplan_service.interactions.policy import Policy

if TYPE_CHECKING:
    from careplan_service.interactions.audit_log import AuditLog
    from careplan_service.interactions.feed import Receipts
    from careplan_service.interactions.my_access import Opening

LONGEST_ASKED, _LONGEST_REFUSAL = 2000, 2000
"""Characters of an audit row."""


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
    under_part2: bool = False
    policy: Policy = Policy()  # noqa: RUF009 (frozen)
    once: Once | None = None
    address: str = ""
    request_id: str = ""
    patients: dict[str, None] = field(default_factory=dict)
    several: list[int] = field(default_factory=list)
    broken: tuple[Claim, ...] = ()
    recheck: Callable[[Desk, Sequence[Stored]], None] | None = None

    def also_asked(self, text: str) -> None:
        """What was asked outside the address: the form of a search."""
        self.asked = f"{self.asked} {text}"[:LONGEST_ASKED]

    def sees(self, letter: str, type_: str) -> Filter:
        """What the caller may see of a type by an interaction letter of `cruds`; 403 when nothing at all."""
        view = view_for(self.caller, letter, type_, self.now)
        return all_of(view, opened(self.caller, letter, type_, self.policy.base_url))

    def require_opened(self, letter: str, write: Write) -> None:
        """Raise Forbidden (403) when scopes do not open what is to be stored, or it is not the caller's."""
        caller = self.caller
        version = Version(write.facts, write.id, self.now, caller.contributor)
        if not holds(writable(caller), version, World({})):
            raise Forbidden("patients write about themselves only, relatives about the patient in context")
        wanted = opened(caller, letter, write.type, self.policy.base_url)
        if not holds(wanted, version, World({})):
            why = f"only what is about `{caller.patient}`" if caller.patient else "its scope is granular"
            raise OutOfScope(f"this token does not allow to write such a {write.type}; {why}")

    def find(self, letter: str, type_: str, about: Filter, page: Page) -> list[Stored]:
        """The current versions the question is about and the caller may see."""
        return self.records.find(type_, all_of(about, self.sees(letter, type_)), page)

    def sees_any(self, letter: str, types: Iterable[str]) -> Filter:
        """What the caller may see of several types; those out of the token's scope hold nothing."""
        return of_types((t, self.sees(letter, t)) for t in types if self.caller.allows(letter, t))

    def put(self, changes: Changes, write: Write, before: Stored | None, whose: str = "") -> Stored:
        """Store a version; only the custodian's own records say who belongs to whom.

        It is the caller's contribution unless it says `whose`.
        """
        if write.type == "RelatedPerson":
            old = before.body if before and not before.deleted else b""
            require_kept(self.caller, write.stamp(0, ""), write.facts, old, self.policy.base_url)
        if not self.caller.is_agency:
            write = write._replace(edges=())
        return changes.put(write, before, self.now, whose or self.caller.contributor)

    def show(self, stored: Stored) -> Stored:
        """`show_all` of one."""
        return self.show_all([stored])[0]

    def show_all(self, page: Sequence[Stored]) -> list[Stored]:
        """The versions as the caller may have them, without what is hidden from it (`leaving.py`).

        Remembers for the audit that they leave the service, and which consents opened them. Raises Drift
        (500) where they are judged twice and the judges disagree.
        """
        if self.recheck is not None:
            self.recheck(self, page)
        for stored in page:
            self.shown.append(f"{stored.type}/{stored.id}/_history/{stored.version}")
            if stored.because:
                self.because.add(stored.because)
            if stored.patient:
                self.patients[stored.patient] = None
            if stored.others:
                self.several.append(stored.vid)
            self.under_part2 = self.under_part2 or (stored.part2 and not stored.deleted)
        return leaving(self, page)

    def broke(self, claim: Claim) -> None:
        """Remember for the audit that the glass was broken here, and whose record it opens."""
        self.broken = (*self.broken, claim)
        if claim.patient:
            self.patients[claim.patient] = None

    def take_in(self, other: Desk) -> None:
        """Remember as shown here what was shown at the desk of a part of this request."""
        self.shown += other.shown
        self.because |= other.because
        self.patients |= other.patients
        self.several += other.several

    def entry(self, status: int, refusal: str = "") -> AuditEntry:
        """The audit row of this request as it stands: a viewer's, where one asks as somebody else would."""
        caller, asks = self.caller, self.caller.viewer or self.caller
        as_whom = f"as {caller.client_id} for {' '.join(caller.purposes)}: " if caller.viewer else ""
        patients = (() if refusal else tuple(self.patients)) or addressed.patients_in(self.asked)
        through = [one for one in caller.glasses if one.patient in patients]
        glass = [f"{one.id} {one.patient}" for one in through] + [one.line for one in self.broken]
        urgent = [one.purpose for one in through] + [one.purpose for one in self.broken]
        return AuditEntry(
            at=self.now,
            client=asks.name,
            organization=asks.organization,
            purpose=" ".join(dict.fromkeys((*asks.purposes, *urgent))),
            interaction=self.interaction,
            asked=f"{as_whom}{self.asked}"[:LONGEST_ASKED],
            status=status,
            shown=() if refusal else tuple(self.shown),
            because=() if refusal else tuple(sorted(self.because)),
            refusal=refusal.replace("\x00", "")[:_LONGEST_REFUSAL],
            patients=patients,
            several=() if refusal else tuple(self.several),
            target=addressed.target_in(self.asked) if refusal else "",
            address=self.address,
            request_id=self.request_id,
            receiver="" if refusal else receiver_of(caller),
            glass=tuple(glass),
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
