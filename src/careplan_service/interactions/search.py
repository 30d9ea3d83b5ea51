"""FHIR search of one type. https://hl7.org/fhir/R4/search.html"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from careplan_service.access.filters import EVERYTHING, All, Any, Filter, Is, Not, Updated, all_of, any_of
from careplan_service.errors import Malformed
from careplan_service.interactions.desk import Cursor, Desk, Page, Stored
from careplan_service.resources.params import span_asked, split_values
from careplan_service.resources.spec import ResourceSpec

DEFAULT_COUNT, MOST = 50, 1000
_COUNT = re.compile(r"[0-9]{1,6}")
_SORTS = {"_lastUpdated": False, "-_lastUpdated": True}
_TOTALS = frozenset({"accurate", "estimate", "none"})
_MOST_PARAMETERS, _MOST_VALUES = 100, 500


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
    require_once(name for name, _ in pairs if name in _PAGING or name in _IGNORED)
    for name, text in pairs:
        if name in _PAGING:
            page = _PAGING[name](page, text)
        elif name not in _IGNORED:
            asked.append(_asked(spec, name, text, base_url))
    about = all_of(*asked) if asked else EVERYTHING
    if (values := _values_in(about)) > _MOST_VALUES:
        raise Malformed(
            f"a search compares at most {_MOST_VALUES} values, not {values}; ask in several searches"
        )
    return Query(about, page, tuple(pairs))


def require_once(names: Iterable[str]) -> None:
    """Raise Malformed (400) when a parameter that can have one value only is there twice."""
    for name, times in Counter(names).items():
        if times > 1:
            raise Malformed(f"`{name}` stands here {times} times; give it once")


def _values_in(about: Filter) -> int:
    """How many comparisons a Filter is: databases limit how deep a condition may be."""
    if isinstance(about, All | Any):
        return sum(map(_values_in, about.parts))
    return _values_in(about.part) if isinstance(about, Not) else 1


def _asked(spec: ResourceSpec, name: str, text: str, base_url: str) -> Filter:
    plain, colon, modifier = name.partition(":")
    if plain in _COMMON and not colon:
        return _COMMON[plain](text)
    param = spec.by_name.get(plain)
    if param is None or (colon and not modifier):
        known = ", ".join(sorted([*spec.by_name, *_COMMON, *_PAGING]))
        raise Malformed(f"unknown search parameter `{name}`; {spec.name} has {known}")
    return param.asked(spec.name, modifier, text, base_url)


def _count(page: Page, text: str) -> Page:
    return replace(page, limit=count_of(text))


def count_of(text: str) -> int:
    """What `_count` asks for, at most MOST. Raises Malformed (400)."""
    if not _COUNT.fullmatch(text):
        raise Malformed(f"`_count` takes a whole number from 0 to {MOST}, not `{text}`")
    return min(int(text), MOST)


def _sort(page: Page, text: str) -> Page:
    if text not in _SORTS:
        raise Malformed(f"cannot sort by `{text}`; `_sort` takes `_lastUpdated` or `-_lastUpdated`")
    return replace(page, by_updated=True, descending=_SORTS[text])


def _total(page: Page, text: str) -> Page:
    """The total is exact whichever is asked for."""
    if text not in _TOTALS:
        raise Malformed(f"`_total` takes `accurate`, `estimate` or `none`, not `{text}`")
    return page


def _id(text: str) -> Filter:
    if not text:
        raise Malformed("search parameter `_id` has no value; leave it out or give one")
    return any_of(*(Is("id", one) for one in split_values(text)))


def _last_updated(text: str) -> Filter:
    return any_of(*(Updated(*span_asked("_lastUpdated", one)) for one in split_values(text)))


_COMMON: Mapping[str, Callable[[str], Filter]] = {"_id": _id, "_lastUpdated": _last_updated}
_PAGING: Mapping[str, Callable[[Page, str], Page]] = {"_count": _count, "_sort": _sort, "_total": _total}
_IGNORED = frozenset({"_format"})
