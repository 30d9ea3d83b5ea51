"""FHIR search: one page of what matches and what comes with it. https://hl7.org/fhir/R4/search.html"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from careplan_service.access.filters import Filter, all_of
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.includes import beside
from careplan_service.interactions.query import Query
from careplan_service.interactions.records import Cursor, Page, Stored

COUNTED = 1000
"""So many matches are counted unasked; of more the total is told to whoever asks with `_total`."""


@dataclass(frozen=True)
class Found:
    """One page of matches with what they bring, the exact number of all matches, where the next page begins.

    `total` is None where it was not asked for and would cost much.
    """

    matches: tuple[Stored, ...]
    included: tuple[Stored, ...]
    total: int | None
    following: Cursor | None


def search(desk: Desk, query: Query, seen: Filter) -> Found:
    """The page of current versions that match and that the caller may see (`seen`)."""
    wanted = all_of(query.about, seen)
    if query.only_count:
        return Found((), (), desk.records.count(query.type, wanted), None)
    count = query.page.limit
    found, total = _found(desk, query, wanted, replace(query.page, limit=count + 1))
    more = len(found) > count
    matches = found[:count]
    included = beside(desk, matches, query.includes) if query.includes else []
    shown = desk.show_all([*matches, *included])
    return Found(
        tuple(shown[: len(matches)]),
        tuple(shown[len(matches) :]),
        total,
        _cursor(matches, query.page) if more and matches else None,
    )


def _found(desk: Desk, query: Query, wanted: Filter, page: Page) -> tuple[list[Stored], int | None]:
    """A page with one more, and the exact number of all matches, or None."""
    if not query.total:
        found, total = desk.records.find_and_count(query.type, wanted, page, COUNTED)
        return found, total if total is not None and total <= COUNTED else None
    found = desk.records.find(query.type, wanted, page)
    if query.total == "none":
        return found, None
    is_all = page.after is None and len(found) < page.limit
    return found, len(found) if is_all else desk.records.count(query.type, wanted)


def _cursor(shown: Sequence[Stored], page: Page) -> Cursor:
    last = shown[-1]
    return Cursor(last.keys, last.origin)
