"""FHIR history of an instance, a type and the whole system. https://hl7.org/fhir/R4/http.html#history"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from careplan_service.errors import Malformed
from careplan_service.interactions.controls import (
    DEFAULT_COUNT,
    PRESENTATION,
    count_of,
    moment_of,
    require_once,
)
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.feed import Ended, cursor_at, feed_of, merged, versions_after
from careplan_service.interactions.read import absent
from careplan_service.interactions.records import ALWAYS, Cursor, Page, Span, Stored
from careplan_service.resources.registry import SERVED


@dataclass(frozen=True)
class Asked:
    """Which versions are asked for, and how many a page holds."""

    count: int = DEFAULT_COUNT
    span: Span = ALWAYS


@dataclass(frozen=True)
class History:
    """Entries newest first, how many there are (None: not counted), and where the next page begins.

    They are versions and, for a partner that asks `_since`, tombstones (`feed.py`).
    """

    entries: tuple[Stored | Ended, ...]
    total: int | None
    following: Cursor | None


def history(desk: Desk, type_: str, id_: str, asked: Asked, after: Cursor | None) -> History:
    """The versions the caller may see; without an id of a type, without a type of all types.

    Raises NotFound when there is none of an id.
    """
    seen = desk.sees("r", type_) if type_ else desk.sees_any("r", SERVED)
    feed = feed_of(desk, type_, id_, asked, after)
    limit = asked.count + 1
    page = Page(limit=limit, after=versions_after(after) if after else None)
    versions = desk.records.versions(type_, id_, seen, page, asked.span)
    found = merged(versions, feed.page(seen, limit) if feed else ())[:limit]
    if not found and id_ and after is None and not desk.records.glance(type_, id_, seen):
        raise absent()
    shown = _shown(desk, [entry for _, entry in found[: asked.count]])
    more = len(found) > asked.count
    total = len(found) if after is None and not more else None
    if total is None and id_:
        total = desk.records.count_versions(type_, id_, seen, asked.span) + (feed.count(seen) if feed else 0)
    following = cursor_at(found[asked.count - 1][0]) if more and shown else None
    return History(shown, total, following)


def _shown(desk: Desk, entries: Sequence[Stored | Ended]) -> tuple[Stored | Ended, ...]:
    """The entries as the caller may have them."""
    left = iter(desk.show_all([entry for entry in entries if isinstance(entry, Stored)]))
    return tuple(next(left) if isinstance(entry, Stored) else entry for entry in entries)


def asked_of(pairs: Iterable[tuple[str, str]]) -> Asked:
    """`_count`, `_since` and `_at` of a history. Raises Malformed (400) for anything else."""
    given = [(name, text) for name, text in pairs if name not in PRESENTATION]
    require_once(name for name, _ in given)
    asked = Asked()
    for name, text in given:
        if name not in _READ:
            raise Malformed(f"history does not take `{name}`; it has {', '.join(_READ)}")
        asked = _READ[name](asked, text)
    return asked


def _since(asked: Asked, text: str) -> Asked:
    return replace(asked, span=replace(asked.span, since=moment_of("_since", text)[0]))


def _at(asked: Asked, text: str) -> Asked:
    lo, hi = moment_of("_at", text)
    return replace(asked, span=replace(asked.span, lo=lo, hi=hi))


_READ: Mapping[str, Callable[[Asked, str], Asked]] = {
    "_count": lambda asked, text: replace(asked, count=count_of(text)),
    "_since": _since,
    "_at": _at,
}
