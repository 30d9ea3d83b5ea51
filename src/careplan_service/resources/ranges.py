"""Date, quantity and position parameters: ranges of integers. https://hl7.org/fhir/R4/search.html#prefix"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from careplan_service.access import instants
from careplan_service.access.facts import Fact
from careplan_service.access.filters import Filter, Within, all_of, any_of
from careplan_service.errors import Malformed
from careplan_service.resources import extract, places, quantities
from careplan_service.resources.escapes import unescaped, unescaped_parts
from careplan_service.resources.kept import kept

if TYPE_CHECKING:
    from careplan_service.resources.params import SearchParam

_PREFIXED = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(\d.*)", re.DOTALL)


def date_rows(param: SearchParam, name: str, value: Any, base_url: str) -> Iterator[Fact]:
    """From when to when."""
    for lo, hi in extract.spans(value):
        yield Fact(name, lo=lo, hi=hi)


def quantity_rows(param: SearchParam, name: str, value: Any, base_url: str) -> Iterator[Fact]:
    """The number in each unit it may be asked for."""
    for where, unit, lo, hi in quantities.spans(value):
        yield Fact(name + where, unit, "", lo, hi)


def position_rows(param: SearchParam, name: str, value: Any, base_url: str) -> Iterator[Fact]:
    """Latitude and longitude."""
    for axis in (places.LATITUDE, places.LONGITUDE):
        if (degrees := quantities.number_of(value.get(axis))) is not None:
            yield Fact(name, axis, "", quantities.image(degrees), quantities.image(degrees))


def span_asked(name: str, text: str) -> tuple[str, int, int]:
    """A prefixed date `ge2026-01` as (prefix, lo, hi) in microseconds UTC; raises Malformed."""
    found = _PREFIXED.fullmatch(text)
    try:
        if not found:
            written = "write 2026, 2026-01-31 or ge2026-01-31T08:00:00Z"
            raise ValueError(f"`{text[:200]}` is not a date; {written}")
        lo, hi = instants.span(found[2].replace(" ", "+"))
    except (ValueError, OverflowError) as error:
        raise Malformed(f"`{name}`: {error}") from None
    if found[1] != "ap":
        return found[1] or "eq", lo, hi
    return "ap", lo - (hi - lo + 1), hi + (hi - lo + 1)


def quantity_asked(name: str, text: str) -> quantities.Asked:
    """`number`, `number|system|code` or `number||unit`; raises Malformed."""
    number, *unit = unescaped_parts(text, "|", 3)
    try:
        if unit and not (len(unit) == 2 and unit[1]):
            raise ValueError(f"`{text[:200]}` is not a quantity; write 5.4, 5.4|system|code or 5.4||unit")
        return quantities.asked(number, (unit[0], unit[1]) if unit else None)
    except ValueError as error:
        raise Malformed(f"`{name}`: {error}") from None


def date(param: SearchParam, name: str, text: str, base_url: str) -> Filter:
    """A date with a prefix, as precise as it is written."""
    return Within(name, *span_asked(param.name, unescaped(text)))


def quantity(param: SearchParam, name: str, text: str, base_url: str) -> Filter:
    """A number with a prefix, and its unit."""
    where, unit, prefix, lo, hi = quantity_asked(param.name, text)
    return Within(name + where, prefix, lo, hi, None if unit is None else kept(unit))


def near(param: SearchParam, name: str, text: str, base_url: str) -> Filter:
    """`latitude|longitude|distance|unit`, as the box around it (`places.box`)."""
    try:
        box = places.box(unescaped_parts(text, "|", 5))
    except ValueError as error:
        raise Malformed(f"`{param.name}`: {error}") from None
    return all_of(
        Within(name, "eq", *box.latitudes, places.LATITUDE),
        any_of(*(Within(name, "eq", *ends, places.LONGITUDE) for ends in box.longitudes)),
    )
