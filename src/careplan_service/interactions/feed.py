"""The feed of a partner: `_since` also tells what it received and may use no longer, and what came back.

Deletions are such entries, https://hl7.org/fhir/R4/http.html#history; why others look alike: docs/adr/0019
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from careplan_service.access.filters import Filter
from careplan_service.access.receiver import receiver_of
from careplan_service.access.view import of_types, shared_with
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.records import Cursor, Span, Stored
from careplan_service.resources.registry import SERVED

if TYPE_CHECKING:
    from careplan_service.interactions.history import Asked

_MILLISECOND = 1000
_AFTER_ALL = 2**62
"""A number that no version has."""


class Receiver(NamedTuple):
    """Whose receipts: `Caller.owner`, and the purposes of its token with blanks between."""

    name: str
    purpose: str


class Ended(NamedTuple):
    """A tombstone: what is shared no longer, found so at the `moment` (microseconds UTC)."""

    moment: int
    number: int
    type: str
    id: str


@dataclass(frozen=True)
class Pulled:
    """Which receipts are asked for: of these types or of one id, changed since, before a place."""

    receiver: Receiver
    types: tuple[str, ...]
    id: str
    since: int
    before: tuple[int, int] | None = None


class Place(NamedTuple):
    """Where an entry stands: by moment; receipts before versions of the same moment; by number."""

    moment: int
    is_receipt: int
    number: int


class Receipts(Protocol):
    """What left for whom."""

    def settle(self, receiver: Receiver, seen: Filter, at: int) -> None:
        """Find what of the receipts `seen` holds for no longer, or again, and keep the moment."""

    def ended(self, pulled: Pulled, limit: int) -> list[Ended]:
        """What was found to be shared no longer, latest first."""

    def again(self, pulled: Pulled, seen: Filter, limit: int) -> list[Stored]:
        """What was found to be shared again and was not changed since, latest first, `keys` its place."""


@dataclass(frozen=True)
class Feed:
    """What stands beside the versions of one history: of one type or of all, or of one id."""

    receipts: Receipts
    pulled: Pulled

    def page(self, seen: Filter, limit: int) -> list[tuple[Place, Stored | Ended]]:
        """The first entries after the place, in their order."""
        ended = [(Place(one.moment, 1, one.number), one) for one in self.receipts.ended(self.pulled, limit)]
        again = self.receipts.again(self.pulled, seen, limit)
        return _latest_first([*ended, *((_place_again(one), one) for one in again)])[:limit]

    def count(self, seen: Filter) -> int:
        """How many there are of one id: one at most."""
        return len(replace(self, pulled=replace(self.pulled, before=None)).page(seen, 1))


def feed_of(desk: Desk, type_: str, id_: str, asked: Asked, after: Cursor | None) -> Feed | None:
    """The feed of a history that asks `_since` alone; None for those who are not told.

    Before the first page it is settled what changed; the moment that is told is the one at which that was
    found, for when something hidden happened is hidden as well.
    """
    name, since = receiver_of(desk.caller), asked.span.since
    if not name or since is None or asked.span != Span(since=since):
        return None
    receiver = Receiver(name, " ".join(desk.caller.purposes))
    types = (type_,) if type_ else tuple(one for one in SERVED if desk.caller.allows("r", one))
    if after is None:
        shared = of_types((one, shared_with(desk.caller, one, desk.now)) for one in SERVED)
        desk.records.receipts.settle(receiver, shared, desk.now // _MILLISECOND * _MILLISECOND)
    before = _before(place_of(after)) if after else None
    return Feed(desk.records.receipts, Pulled(receiver, types, id_, since, before))


def merged(
    versions: Sequence[Stored], others: Sequence[tuple[Place, Stored | Ended]]
) -> list[tuple[Place, Stored | Ended]]:
    """Versions and entries of the feed by their places, latest first."""
    return _latest_first([*((Place(one.updated, 0, one.vid), one) for one in versions), *others])


def cursor_at(place: Place) -> Cursor:
    """Where the next page begins."""
    return Cursor((place.moment, place.is_receipt), place.number)


def place_of(cursor: Cursor) -> Place:
    """The place of `cursor_at`, or of the cursor of a history without a feed."""
    moment, *rest = (int(key) for key in cursor.keys)
    return Place(moment, rest[0] if rest else 0, cursor.origin)


def versions_after(cursor: Cursor) -> Cursor:
    """The same place among the versions alone: after a receipt come all versions of its moment."""
    place = place_of(cursor)
    return Cursor((place.moment,), _AFTER_ALL if place.is_receipt else place.number)


def _before(place: Place) -> tuple[int, int]:
    """The same place among the receipts alone: after a version comes none of its moment."""
    return place.moment, place.number if place.is_receipt else 0


def _place_again(stored: Stored) -> Place:
    moment, number = (int(key) for key in stored.keys)
    return Place(moment, 1, number)


def _latest_first(
    entries: Iterable[tuple[Place, Stored | Ended]],
) -> list[tuple[Place, Stored | Ended]]:
    return sorted(entries, key=lambda entry: entry[0], reverse=True)
