"""A search URL as it was understood. https://hl7.org/fhir/R4/search.html"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from careplan_service.access.filters import (
    EVERYTHING,
    NOTHING,
    All,
    Any,
    Filter,
    Is,
    Linked,
    Not,
    all_of,
    any_of,
)
from careplan_service.access.view import known_to
from careplan_service.errors import Malformed
from careplan_service.interactions import controls
from careplan_service.interactions.as_seen import Eyes, require_sortable
from careplan_service.interactions.conditions import Asker, Unknown, condition
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.filter_text import filter_of
from careplan_service.interactions.includes import Include, include_of, is_include
from careplan_service.interactions.records import Cursor, Page
from careplan_service.resources.audit_event import AUDIT_EVENT
from careplan_service.resources.registry import SERVED
from careplan_service.resources.spec import ResourceSpec

_MOST_INCLUDES = 20
_ONCE = controls.CONTROLS | controls.PRESENTATION

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Query:
    """A search as it was understood.

    `type` is empty for a search of several types, which then stand in `about`; `used` are the parameters
    to repeat in links, `ignored` what a lenient caller asked and nobody looked at.
    """

    type: str
    about: Filter
    page: Page
    used: tuple[tuple[str, str], ...]
    total: str = ""
    only_count: bool = False
    includes: tuple[Include, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass
class _Read:
    """What has been read of a query so far."""

    page: Page
    conditions: list[tuple[str, str]] = field(default_factory=list)
    total: str = ""
    only_count: bool = False
    includes: list[Include] = field(default_factory=list)


def asker_of(desk: Desk) -> Asker:
    """Who asks at a desk."""
    return Asker(desk.policy.base_url, partial(desk.sees, "s"), desk.policy, eyes_of(desk))


def eyes_of(desk: Desk) -> Eyes:
    """What the caller at a desk sees of references."""
    caller = desk.caller
    own = NOTHING if caller.is_agency else Is("contributor", caller.contributor)
    return Eyes(lambda type_: known_to(caller, type_, desk.now), own, not caller.is_agency)


def query_of(
    types: Sequence[str], pairs: Pairs, asker: Asker, after: Cursor | None = None, *, lenient: bool = False
) -> Query:
    """The search of one type, or of several with parameters that all of them have.

    Raises Malformed (400) for what is not understood, Forbidden for types that the token does not open.
    """
    specs = [AUDIT_EVENT if type_ == AUDIT_EVENT.name else SERVED[type_] for type_ in types]
    policy = asker.policy
    if len(pairs) > policy.most_parameters:
        raise Malformed(f"a search takes at most {policy.most_parameters} parameters, not {len(pairs)}")
    controls.require_once(name for name, _ in pairs if name in _ONCE)
    read = _Read(Page(controls.DEFAULT_COUNT, after=after))
    for name, text in pairs:
        _read_one(read, specs, name, text)
    for key in read.page.sort:
        require_sortable(asker.eyes, specs[0].by_name.get(key.name.partition(".")[2]))
    about, ignored = _about(specs, read.conditions, asker, lenient)
    if (values := values_in(about)) > policy.most_values:
        text = f"a search compares at most {policy.most_values} values, not {values}; ask in several searches"
        raise Malformed(text)
    used = tuple(pair for pair in pairs if pair[0] not in ignored)
    return Query(
        type=specs[0].name if len(specs) == 1 else "",
        about=about,
        page=read.page,
        used=used,
        total=read.total,
        only_count=read.only_count or read.page.limit == 0,
        includes=tuple(read.includes),
        ignored=tuple(ignored),
    )


def _read_one(read: _Read, specs: list[ResourceSpec], name: str, text: str) -> None:
    if is_include(name):
        read.includes.append(include_of(name, text))
        if len(read.includes) > _MOST_INCLUDES:
            raise Malformed(f"a search takes at most {_MOST_INCLUDES} includes")
    elif name == "_count":
        read.page = replace(read.page, limit=controls.count_of(text))
    elif name == "_sort":
        read.page = replace(read.page, sort=controls.sort_of(specs, text))
    elif name == "_total":
        read.total = controls.total_of(text)
    elif name in ("_contained", "_containedType"):
        controls.require_uncontained(name, text)
    elif name in controls.PRESENTATION:
        read.only_count = read.only_count or (name, text) == ("_summary", "count")
    elif name != "_type":
        read.conditions.append((name, text))


def _about(
    specs: list[ResourceSpec], conditions: Pairs, asker: Asker, lenient: bool
) -> tuple[Filter, list[str]]:
    """What is asked of each type, and the names that were left out."""
    ignored: list[str] = []
    by_type: list[Filter] = []
    for spec in specs:
        asked: list[Filter] = []
        for name, text in conditions:
            try:
                asked.append(_asked(asker, spec, name, text))
            except Unknown:
                if not lenient:
                    raise
                ignored.append(name)
        by_type.append(all_of(*asked) if asked else EVERYTHING)
    if len(specs) == 1:
        return by_type[0], ignored
    if all(about == by_type[0] for about in by_type):
        return by_type[0], ignored
    return any_of(
        *(all_of(Is("type", s.name), about) for s, about in zip(specs, by_type, strict=True))
    ), ignored


def _asked(asker: Asker, spec: ResourceSpec, name: str, text: str) -> Filter:
    if name == "_filter":
        return filter_of(text, lambda param, value: condition(asker, spec, param, value))
    return condition(asker, spec, name, text)


def values_in(about: Filter) -> int:
    """How many comparisons a Filter is: databases limit how deep a condition may be."""
    if isinstance(about, All | Any):
        return sum(map(values_in, about.parts))
    if isinstance(about, Linked):
        return 5 * len(about.links) + values_in(about.part)
    return values_in(about.part) if isinstance(about, Not) else 1
