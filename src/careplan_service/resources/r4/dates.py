"""When one FHIR date certainly lies after another. https://hl7.org/fhir/R4/datatypes.html#dateTime"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from decimal import Decimal

_PARTS = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2}):([0-9]{2}(?:\.[0-9]+)?)(?:Z|([+-])([0-9]{2}):([0-9]{2})))?)?)?"
)
_DAY = 86400
_WEST, _EAST = 12 * 3600, 14 * 3600
"""A date without a zone may have begun 14 hours before UTC's and may end 12 hours after it."""


def _bounds(text: str) -> tuple[Decimal, Decimal] | None:
    """Seconds of the first and the last moment that the text can mean; None when it is no date."""
    found = _PARTS.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, sign, zone_hour, zone_minute = found.groups()
    try:
        first = date(int(year), int(month or 1), int(day or 1))
        last_month = int(month or 12)
        last = date(int(year), last_month, int(day or monthrange(int(year), last_month)[1]))
    except ValueError:
        return None
    start = Decimal(first.toordinal() * _DAY)
    if hour is None:
        return start - _EAST, Decimal((last.toordinal() + 1) * _DAY + _WEST)
    east = (int(zone_hour or 0) * 3600 + int(zone_minute or 0) * 60) * (-1 if sign == "-" else 1)
    moment = start + int(hour) * 3600 + int(minute) * 60 + Decimal(second) - east
    return moment, moment


def certainly_after(left: str, right: str) -> bool:
    """True when every moment that `left` can mean lies after every moment that `right` can mean.

    Two dates without a zone are compared to the precision they share, so `2024` is not after `2024-03`.
    """
    if left[19:] == right[19:] != "":
        return left > right  # the same fraction and zone: text sorts like time
    if "T" not in left and "T" not in right:
        shared = min(len(left), len(right))
        return left[:shared] > right[:shared]
    before, after = _bounds(right), _bounds(left)
    return before is not None and after is not None and after[0] > before[1]
