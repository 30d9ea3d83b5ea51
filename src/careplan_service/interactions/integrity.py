"""Nothing refers to what is not here, and what is referred to is not deleted. docs/adr/0010

https://hl7.org/fhir/R4/references.html#literal and https://hl7.org/fhir/R4/http.html#delete
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import EVERYTHING, Filter, Is, all_of
from careplan_service.access.view import known_to, known_to_any
from careplan_service.errors import Conflict, Fault, Invalid
from careplan_service.interactions.admission import Admitted
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.once import Made, Written, shown, written
from careplan_service.interactions.practised import Practised
from careplan_service.interactions.records import Changes, Page, Stored
from careplan_service.resources.literals import REFERS, Target, places, targets_in
from careplan_service.resources.registry import SERVED

MOST_NAMED = 20
_VERSION = re.compile(r"[1-9][0-9]{0,8}")


def write_one(desk: Desk, door: Door, carry_out: Callable[[Changes, Integrity], Made]) -> Written:
    """One write in a transaction of its own, kept only if what it refers to and deletes may be so."""

    def all_of_it(changes: Changes) -> list[Written]:
        integrity = Integrity(desk, door)
        made = carry_out(changes, integrity)
        integrity.require(changes)
        return shown(desk, [made])

    return written(desk, all_of_it)[0]


class _Expected(NamedTuple):
    """A resource that is written, the place it has in a Bundle, and what it newly refers to."""

    admitted: Admitted
    where: str
    targets: Mapping[str, Target]


class Integrity:
    """What one transaction refers to and deletes, judged together when all of it is written.

    To the caller a hidden target and an absent one are the same.
    """

    def __init__(self, desk: Desk, door: Door, *, in_words: bool = False) -> None:
        """`in_words`: what is written was judged as a plan already."""
        self._practised = None if in_words else Practised(desk, door)
        self._desk, self._custodians, self.base_url = desk, door.custodians, door.base_url
        self._here: dict[str, Stored] = {}
        self._expected: list[_Expected] = []
        self._deleted: dict[str, Stored] = {}

    def wrote(self, stored: Stored, admitted: Admitted, before: Stored | None, where: str = "") -> None:
        """A version was stored."""
        self._here[_key(stored)] = stored
        if self._practised:
            self._practised.wrote(stored, admitted, before, where)
        if self._desk.policy.references_enforced:
            targets = targets_in(admitted.data, self.base_url)
            if before is not None:
                # What stood there before and stays says nothing new, whether its target is hidden or gone.
                for literal in targets_in(before.body, self.base_url):
                    targets.pop(literal, None)
            self._expected.append(_Expected(admitted, where, targets))

    def deleted(self, stored: Stored) -> None:
        """A deletion was stored."""
        if self._desk.policy.references_enforced:
            self._deleted[_key(stored)] = stored

    def require(self, changes: Changes) -> None:
        """Raise Invalid (422) for references to what is not here, Conflict (409) for deletions refused."""
        if self._deleted:
            changes.before_deleting(self._deleted)
        self._require_targets(changes)
        if self._deleted:
            self._require_unreferred()
        if self._practised:
            self._practised.require()

    def _require_targets(self, changes: Changes) -> None:
        there = self._there(changes)
        faults: list[Fault] = []
        for expected in self._expected:
            missing = {literal for literal, t in expected.targets.items() if not self._is_here(t, there)}
            if missing:
                faults += _not_here(expected, missing)
        if faults:
            raise Invalid("this refers to what is not here", faults=faults)

    def _there(self, changes: Changes) -> dict[str, int]:
        """The current versions of the targets that this transaction does not write itself."""
        by_view: dict[Filter, set[str]] = {}
        for key in {target.key for expected in self._expected for target in expected.targets.values()}:
            type_ = key.partition("/")[0]
            if key not in self._here and type_ in SERVED:
                view = known_to(self._desk.caller, type_, self._desk.now)
                by_view.setdefault(view, set()).add(key)
        there: dict[str, int] = {}
        for view, keys in by_view.items():
            there |= changes.found(keys, view)
            if lacking := keys - there.keys():
                there |= {key: 1 for key in lacking if self._is_vouched_for(key)}
                there |= self._patients(changes, lacking)
        return there

    def _is_vouched_for(self, key: str) -> bool:
        """The caller's organisation and the custodians are known by their registration."""
        is_organization = key.startswith("Organization/")
        return is_organization and (key == self._desk.caller.organization or key in self._custodians)

    def _patients(self, changes: Changes, keys: Iterable[str]) -> Mapping[str, int]:
        """The patients who are hidden, but of whom the caller may know something that others wrote.

        What it wrote itself, perhaps a moment ago, proves nothing. Asked before whether they are there, so
        that it takes as long for those who are not.
        """
        by_others = all_of(~Is("contributor", self._desk.caller.contributor), _known(self._desk))
        of_record = [
            key
            for key in sorted(keys)
            if key.startswith("Patient/")
            and self._desk.records.find("", all_of(Is("patient", key), by_others), Page(1))
        ]
        return changes.found(of_record, EVERYTHING) if of_record else {}

    def _is_here(self, target: Target, there: Mapping[str, int]) -> bool:
        own = self._here.get(target.key)
        newest = own.version if own else there.get(target.key, 0)
        if not target.version:
            return newest > 0
        return bool(_VERSION.fullmatch(target.version)) and int(target.version) <= newest

    def _require_unreferred(self) -> None:
        """To a partner only what it may know of stands in the way; a custodian keeps its records whole."""
        desk = self._desk
        known = _known(desk)
        deleted = list(self._deleted.values())
        blocking = EVERYTHING if desk.caller.is_agency else known
        if not desk.records.referring(deleted, _parameters(), blocking, 1):
            return
        read = desk.sees_any("r", SERVED)
        faults: list[Fault] = []
        for stored in deleted:
            if desk.records.referring([stored], _parameters(), blocking, 1):
                found = desk.records.referring([stored], _parameters(), known, MOST_NAMED + 1)
                shown = desk.records.referring([stored], _parameters(), read, MOST_NAMED)
                faults.append(Fault("conflict", _refused(stored, shown, len(found))))
        raise Conflict("what is referred to is not deleted", faults=faults)


def _key(stored: Stored) -> str:
    return f"{stored.type}/{stored.id}"


def _not_here(expected: _Expected, missing: set[str]) -> Iterable[Fault]:
    for place, literal in places(expected.admitted.document, missing):
        where = f"{expected.where}.{place.partition('.')[2]}" if expected.where else place
        yield Fault("not-found", f"`{literal}` is not here; refer to what is, or create it first", where)


def _known(desk: Desk) -> Filter:
    """What the caller may know of, whatever its type."""
    return known_to_any(desk.caller, SERVED, desk.now)


def _refused(stored: Stored, shown: Sequence[Stored], known: int) -> str:
    named = [f"`{_key(one)}`" for one in shown]
    who = ", ".join(named) or "what you may not see"
    more = " and more" if named and known > len(named) else ""
    return f"`{_key(stored)}` is referred to by {who}{more}; change or delete that first"


@cache
def _parameters() -> tuple[str, ...]:
    """The names of all facts that hold references."""
    held = ((spec.name, param) for spec in SERVED.values() for param in spec.params)
    return (REFERS, *(f"{name}.{param.name}" for name, param in held if param.kind == "reference"))
