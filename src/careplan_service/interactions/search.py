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
    found, counted = desk.records.find_and_count(query.type, wanted, replace(query.page, limit=count + 1))
    more = len(found) > count
    matches = found[:count]
    included = beside(desk, matches, query.includes) if query.includes else []
    shown = desk.show_all([*matches, *included])
    return Found(
        tuple(shown[: len(matches)]),
        tuple(shown[len(matches) :]),
        _total(desk, query, wanted, counted if more else len(found)),
        _cursor(matches, query.page) if more and matches else None,
    )


def _total(desk: Desk, query: Query, wanted: Filter, here: int | None) -> int | None:
    """The exact number of matches, or None; `here` is what the first page told of it."""
    if query.total == "none":
        return None
    counted = here if query.page.after is None else None
    if counted is None:
        counted = desk.records.count(query.type, wanted, None if query.total else COUNTED)
    return counted if query.total or counted <= COUNTED else None


def _cursor(shown: Sequence[Stored], page: Page) -> Cursor:
    last = shown[-1]
    return Cursor(last.keys, last.origin)
