"""Numbers and quantities as ranges of integers that databases compare, and the forms in which they are asked.

https://hl7.org/fhir/R4/search.html#quantity
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from careplan_service.resources.units import UCUM, canonical

_NUMBER = re.compile(
    r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?([+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,4})?)"
)
_POSITIVE = (1 << 63) - 1
CANONICAL = ":ucum"
"""What follows a parameter's name in the facts that hold a quantity in the base units of UCUM."""


class Span(NamedTuple):
    """The images of a range of numbers in one unit, both ends inclusive.

    `where` is CANONICAL or empty, `unit` a name of the unit: `system|code`, a code or a display.
    """

    where: str
    unit: str
    lo: int
    hi: int


class Asked(NamedTuple):
    """A quantity as a query states it; `unit` None means any."""

    where: str
    unit: str | None
    prefix: str
    lo: int
    hi: int


def image(number: float) -> int:
    """The signed 64-bit integer of an IEEE double: of two numbers the greater has the greater image.

    No number has the image 0, which says in the facts that there is no range.
    """
    bits: int = struct.unpack(">q", struct.pack(">d", number))[0]
    return bits + 1 if bits >= 0 else -(bits & _POSITIVE) or 1


def spans(value: Any) -> Iterator[Span]:
    """The facts of a Quantity (Age, Duration), Range or SampledData, one for each name of its unit."""
    if not isinstance(value, dict):
        return
    found = next((read(value) for mark, read in _SHAPES.items() if mark in value), None)
    if found is None:
        return
    (lo, hi), stated = found
    beyond, short_of = _OPEN.get(str(value.get("comparator")), (_itself, _itself))
    for where, unit, convert in _units(stated):
        yield Span(where, unit, image(beyond(convert(lo))), image(short_of(convert(hi))))


def _units(stated: Mapping[str, Any]) -> Iterator[tuple[str, str, Callable[[float], float]]]:
    """The names under which a unit may be asked for, each with what makes its numbers of the stated ones."""
    system, code, unit = (str(stated.get(name, "")) for name in ("system", "code", "unit"))
    base = canonical(code) if system == UCUM else None
    if base is not None:
        yield CANONICAL, base.unit, base.convert
    elif code:
        yield "", f"{system}|{code}", float
    for name in dict.fromkeys((code or unit, unit or code)):
        yield "", name, float


def _of_quantity(value: Mapping[str, Any]) -> tuple[tuple[float, float], Mapping[str, Any]] | None:
    number = number_of(value["value"])
    if number is None:
        return None
    below, above = (str(value.get("comparator")).startswith(sign) for sign in "<>")
    return (-math.inf if below else number, math.inf if above else number), value


def _of_range(value: Mapping[str, Any]) -> tuple[tuple[float, float], Mapping[str, Any]]:
    low, high = (value.get(name) or {} for name in ("low", "high"))
    lo, hi = number_of(low.get("value")), number_of(high.get("value"))
    return (-math.inf if lo is None else lo, math.inf if hi is None else hi), low if "value" in low else high


def _of_samples(value: Mapping[str, Any]) -> tuple[tuple[float, float], Mapping[str, Any]] | None:
    """From the least to the greatest sample; `L` and `U` lie beyond what the device could tell."""
    origin, factor = number_of(value["origin"].get("value")), number_of(value.get("factor", 1))
    words = str(value.get("data", "")).split()
    beyond = [mark for sign, mark in (("L", -math.inf), ("U", math.inf)) if sign in words]
    found = [number for word in words if (number := number_of(word)) is not None]
    if origin is None or factor is None or not (found or beyond):
        return None
    samples = [origin + factor * number for number in ((min(found), max(found)) if found else ())]
    return (min(samples + beyond), max(samples + beyond)), value["origin"]


_SHAPES: Mapping[str, Callable[[Mapping[str, Any]], tuple[tuple[float, float], Mapping[str, Any]] | None]] = {
    "value": _of_quantity,
    "low": _of_range,
    "high": _of_range,
    "origin": _of_samples,
}


def _itself(number: float) -> float:
    return number


def _next_below(number: float) -> float:
    return math.nextafter(number, -math.inf)


def _next_above(number: float) -> float:
    return math.nextafter(number, math.inf)


# The ends of the range where the comparator leaves the stated number out.
_OPEN: Mapping[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "<": (_itself, _next_below),
    ">": (_next_above, _itself),
}


def number_of(value: Any) -> float | None:
    """A FHIR decimal as a double; None for what is none or too large for one."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def asked(text: str, unit: tuple[str, str] | None) -> Asked:
    """`ge5.4` in a unit (system, code), ("", name of a unit) or any (None). Raises ValueError.

    Without a prefix a number stands for all that are rounded to it: 5.4 is 5.35 up to 5.45; other
    prefixes take it exactly. https://hl7.org/fhir/R4/search.html#number
    """
    prefix, number, around = number_asked(text)
    base = canonical(unit[1]) if unit and unit[0] == UCUM else None
    if base is not None:
        return Asked(CANONICAL, base.unit, prefix, *_images(prefix, number, around, base.convert))
    name = None if unit is None else f"{unit[0]}|{unit[1]}" if unit[0] else unit[1]
    return Asked("", name, prefix, *_images(prefix, number, around, float))


def number_asked(text: str) -> tuple[str, Decimal, Decimal]:
    """`ge5.4` as (prefix, number, how much on either side is meant as well). Raises ValueError."""
    found = _NUMBER.fullmatch(text)
    if not found:
        raise ValueError(f"`{text[:80]}` is not a number; write 5.4, -3, 1e2 or ge5.4")
    prefix, number = found[1] or "eq", Decimal(found[2])
    if math.isinf(float(number)):
        raise ValueError(f"`{text[:80]}` is too large a number")
    return prefix, number, _AROUND[prefix](number) if prefix in _AROUND else Decimal(0)


def _precision(number: Decimal) -> Decimal:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    # R4 reads 1e2 as 95 up to 105: a digit more precisely than it is written.
    return Decimal((0, (5,), exponent - (2 if exponent > 0 else 1)))


_AROUND: Mapping[str, Callable[[Decimal], Decimal]] = {
    "eq": _precision,
    "ne": _precision,
    "ap": lambda number: abs(number) / 10,
}


def _images(
    prefix: str, number: Decimal, around: Decimal, convert: Callable[[float], float]
) -> tuple[int, int]:
    lo, point, hi = (convert(float(edge)) for edge in (number - around, number, number + around))
    # The upper edge itself is rounded to the next number.
    return image(lo), image(max(point, _next_below(hi)) if prefix in ("eq", "ne") else hi)
