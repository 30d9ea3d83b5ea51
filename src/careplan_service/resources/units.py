"""Units of measure, so that a milligram finds a gram. https://ucum.org/ucum"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from threading import Lock
from typing import Any

UCUM = "http://unitsofmeasure.org"
_LONGEST = 64
# Long powers would be computed for minutes; arbitrary units measure nothing that another one does;
# the library takes the [Cal] of nutrition labels for the small calorie.
_LEFT_ALONE = re.compile(r"[0-9]{4}|\[[^\[\]]*U\]|Cal\]|10[*^][+-]?[0-9]{3}", re.ASCII)
_one_at_a_time = Lock()


@dataclass(frozen=True)
class Canonical:
    """A unit in base units: `number * factor + offset` of `unit` (`kilogram meter-3`)."""

    unit: str
    factor: float
    offset: float

    def convert(self, number: float) -> float:
        """The number in base units, to 12 digits, which is where conversions of equal amounts agree."""
        return float(f"{number * self.factor + self.offset:.12g}")


@lru_cache(maxsize=4096)
def canonical(code: str) -> Canonical | None:
    """The base units of a UCUM code; None for what is no UCUM, or has no scale in proportion to another's."""
    if not code or len(code) > _LONGEST or _LEFT_ALONE.search(code):
        return None
    with _one_at_a_time:
        try:
            return _canonical(code)
        except Exception:  # the parser and the registry raise whatever; the unit then stays as it is
            return None


def _canonical(code: str) -> Canonical | None:
    registry = _registry()
    stated = registry.from_ucum(code)

    def in_base(number: float) -> float:
        return float(registry.Quantity(number * stated.magnitude, stated.units).to_base_units().magnitude)

    zero, one, thousand = in_base(0.0), in_base(1.0), in_base(1000.0)
    factor = (thousand - zero) / 1000
    if not 0 < factor < math.inf or not math.isclose(one - zero, factor, rel_tol=1e-9):
        return None  # logarithmic, such as the decibel
    base = dict(stated.to_base_units().unit_items())
    unit = " ".join(f"{name}{power:g}" for name, power in sorted(base.items()))
    return Canonical(unit or "1", factor, zero)


@cache
def _registry() -> Any:
    """Made at the first quantity: it takes a second."""
    from ucumvert import PintUcumRegistry  # type: ignore[import-untyped]

    return PintUcumRegistry()
