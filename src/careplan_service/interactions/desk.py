"""Desk: one request's caller, moment and the only handle on the records.

An interaction asks the desk; the desk adds what the caller may see to every question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from careplan_service.access.caller import Caller
from careplan_service.access.filters import Filter, all_of
from careplan_service.access.glass import Claim
from careplan_service.access.holds import Version, World, holds
from careplan_service.access.moments import timeless
from careplan_service.access.receiver import receiver_of
from careplan_service.access.view import of_types, view_for, writable
from careplan_service.errors import Forbidden, OutOfScope
from careplan_service.interactions import addressed
from careplan_service.interactions.barring import require_kept
from careplan_service.interactions.granular import opened
from careplan_service.interactions.leaving import leaving
from careplan_service.interactions.policy import Policy
from careplan_service.interactions.records import AuditEntry, Changes, Once, Page, Records, Stored, Write

LONGEST_ASKED, _LONGEST_REFUSAL = 2000, 2000
"""Characters of an audit row."""


@timeless
def _seen(caller: Caller, now: int, letter: str, type_: str, base_url: str) -> Filter:
    return all_of(view_for(caller, letter, type_, now), opened(caller, letter, type_, base_url))


@timeless
def _seen_of_any(caller: Caller, now: int, letter: str, types: tuple[str, ...], base_url: str) -> Filter:
    allowed = (type_ for type_ in types if caller.allows(letter, type_))
    return of_types((type_, _seen(caller, now, letter, type_, base_url)) for type_ in allowed)


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
    # Which names are hidden, asked before an update began; a copy of the desk for another caller has none.
    foreseen: dict[str, bool] = field(init=False, default_factory=dict)
    recheck: Callable[[Desk, Sequence[Stored]], None] | None = None

    def also_asked(self, text: str) -> None:
        """What was asked outside the address: the form of a search."""
        self.asked = f"{self.asked} {text}"[:LONGEST_ASKED]

    def sees(self, letter: str, type_: str) -> Filter:
        """What the caller may see of a type by an interaction letter of `cruds`; 403 when nothing at all."""
        return _seen(self.caller, self.now, letter, type_, self.policy.base_url)

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
        return _seen_of_any(self.caller, self.now, letter, tuple(types), self.policy.base_url)

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
        left = leaving(self, page)
        self.under_part2 = self.under_part2 or any(one.part2 and not one.deleted for one in left)
        return left

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
