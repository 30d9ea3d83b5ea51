"""FHIR search of one type. https://hl7.org/fhir/R4/search.html"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from careplan_service.access.filters import EVERYTHING, Filter, Is, Updated, all_of, any_of
from careplan_service.errors import Malformed
from careplan_service.interactions.desk import Cursor, Desk, Page, Stored
from careplan_service.resources.params import span_asked, split_values
from careplan_service.resources.spec import ResourceSpec

DEFAULT_COUNT, MOST = 50, 1000
_SORTS = {"_lastUpdated": False, "-_lastUpdated": True}
_MOST_PARAMETERS = 100


@dataclass(frozen=True)
class Query:
    """A search as it was understood: the question, the page, and the parameters to repeat in links."""

    about: Filter
    page: Page
    used: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Found:
    """One page of matches, the exact number of all matches, and where the next page begins."""

    matches: tuple[Stored, ...]
    total: int
    following: Cursor | None


def search(desk: Desk, type_: str, query: Query) -> Found:
    """The page of current versions that match and that the caller may see."""
    count = query.page.limit
    found = desk.find("s", type_, query.about, replace(query.page, limit=count + 1))
    more = len(found) > count
    shown = tuple(desk.show(match) for match in found[:count])
    total = len(found)
    if more or query.page.after is not None:
        total = desk.records.count(type_, all_of(query.about, desk.sees("s", type_)))
    return Found(shown, total, _cursor(shown, query.page) if more and shown else None)


def _cursor(shown: Sequence[Stored], page: Page) -> Cursor:
    last = shown[-1]
    return Cursor(last.updated if page.by_updated else 0, last.origin)


def query_of(
    spec: ResourceSpec, pairs: Sequence[tuple[str, str]], base_url: str, after: Cursor | None
) -> Query:
    """The parameters of a search URL as a Query. Raises Malformed (400) for what is not understood."""
    if len(pairs) > _MOST_PARAMETERS:
        raise Malformed(f"a search takes at most {_MOST_PARAMETERS} parameters, not {len(pairs)}")
    asked: list[Filter] = []
    page = Page(DEFAULT_COUNT, after=after)
    for name, text in pairs:
        if name in _PAGING:
            page = _PAGING[name](page, text)
        elif name not in _IGNORED:
            asked.append(_asked(spec, name, text, base_url))
    return Query(all_of(*asked) if asked else EVERYTHING, page, tuple(pairs))


def _asked(spec: ResourceSpec, name: str, text: str, base_url: str) -> Filter:
    plain, _, modifier = name.partition(":")
    if plain in _COMMON and not modifier:
        return _COMMON[plain](text)
    param = spec.by_name.get(plain)
    if param is None:
        known = ", ".join(sorted([*spec.by_name, *_COMMON, *_PAGING]))
        raise Malformed(f"unknown search parameter `{name}`; {spec.name} has {known}")
    return param.asked(spec.name, modifier, text, base_url)


def _count(page: Page, text: str) -> Page:
    if not text.isdecimal() or len(text) > 6:
        raise Malformed(f"`_count` takes a whole number from 0 to {MOST}, not `{text}`")
    return replace(page, limit=min(int(text), MOST))


def _sort(page: Page, text: str) -> Page:
    if text not in _SORTS:
        raise Malformed(f"cannot sort by `{text}`; `_sort` takes `_lastUpdated` or `-_lastUpdated`")
    return replace(page, by_updated=True, descending=_SORTS[text])


def _id(text: str) -> Filter:
    return any_of(*(Is("id", one) for one in split_values(text)))


def _last_updated(text: str) -> Filter:
    return any_of(*(Updated(*span_asked("_lastUpdated", one)) for one in split_values(text)))


_COMMON: Mapping[str, Callable[[str], Filter]] = {"_id": _id, "_lastUpdated": _last_updated}
_PAGING: Mapping[str, Callable[[Page, str], Page]] = {"_count": _count, "_sort": _sort}
_IGNORED = frozenset({"_format"})
