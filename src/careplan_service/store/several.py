"""A search of several types: the page of each, in its own order by its own index, merged into one.

Walked together they would all be gathered, judged and sorted for the first page.
https://hl7.org/fhir/R4/http.html#vsearch
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from careplan_service.access import filters as f
from careplan_service.interactions.records import Page, Stored
from careplan_service.store.paging import ways


def types_of(wanted: f.Filter) -> frozenset[str]:
    """The types of which one must be for the Filter to hold; empty where it does not say so."""
    if isinstance(wanted, f.Is) and wanted.column == "type":
        return frozenset({wanted.value})
    if isinstance(wanted, f.All):
        return next(filter(None, map(types_of, wanted.parts)), frozenset())
    if isinstance(wanted, f.Any):
        each = [types_of(part) for part in wanted.parts]
        return frozenset().union(*each) if all(each) else frozenset()
    return frozenset()


def merged(pages: Iterable[list[Stored]], page: Page) -> list[Stored]:
    """The first of all of them, in the order of the page."""
    found = list(chain.from_iterable(pages))
    *by_keys, by_origin = ways(page)
    found.sort(key=lambda one: one.origin, reverse=by_origin)
    for number, descending in reversed(list(enumerate(by_keys))):
        found.sort(key=lambda one: one.keys[number], reverse=descending)
    return found[: page.limit]
