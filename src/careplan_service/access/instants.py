"""FHIR dates and instants as ranges of microseconds UTC: `2024` is the whole year.

https://hl7.org/fhir/R4/datatypes.html#dateTime
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

BEGINNING, END = -(2**62), 2**62
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY = 86_400_000_000
_SHAPE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?)?)?)?",
    re.ASCII,
)


def microseconds(moment: datetime) -> int:
    """An aware datetime as microseconds since 1970-01-01 UTC."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def as_datetime(us: int) -> datetime:
    """Microseconds UTC as an aware datetime."""
    return _EPOCH + timedelta(microseconds=us)


def instant(us: int) -> str:
    """Microseconds UTC as a FHIR instant, to the millisecond: `2026-01-31T08:00:00.123Z`."""
    return (_EPOCH + timedelta(microseconds=us)).strftime("%Y-%m-%dT%H:%M:%S.") + f"{us // 1000 % 1000:03d}Z"


def _days(year: int, month: int, day: int) -> int:
    return (date(year, month, day).toordinal() - _EPOCH_DAY) * _DAY


def _whole_month(year: int, month: int) -> tuple[int, int]:
    following = (year + 1, 1) if month == 12 else (year, month + 1)
    last = _days(*following, 1) - 1 if following[0] <= 9999 else END
    return _days(year, month, 1), last


def span(text: str) -> tuple[int, int]:
    """The range a FHIR date, dateTime or instant covers, both ends inclusive.

    Without a zone a time is taken as UTC. A leap second counts as the second before it.
    Raises ValueError when the text is no FHIR date.
    """
    found = _SHAPE.fullmatch(text)
    if not found:
        raise ValueError(f"`{text}` is not a date; write 2026, 2026-01, 2026-01-31 or 2026-01-31T08:00:00Z")
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    if month is None:
        return _whole_month(int(year), 1)[0], _whole_month(int(year), 12)[1]
    if day is None:
        return _whole_month(int(year), int(month))
    start = _days(int(year), int(month), int(day))
    if hour is None:
        return start, start + _DAY - 1
    if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 60:
        raise ValueError(f"`{text}` is not a time of day")
    start += (int(hour) * 60 + int(minute)) * 60_000_000 - _offset(zone)
    if second is None:
        return start, start + 59_999_999
    start += min(int(second), 59) * 1_000_000
    if fraction is None:
        return start, start + 999_999
    digits = fraction[:6]
    width: int = 10 ** (6 - len(digits))
    start += int(digits) * width
    return start, start + width - 1


def _offset(zone: str | None) -> int:
    if zone in (None, "Z"):
        return 0
    assert zone is not None
    size = (int(zone[1:3]) * 60 + int(zone[4:6])) * 60_000_000
    return -size if zone[0] == "-" else size


def period(start: object, end: object) -> tuple[int, int]:
    """The range of a FHIR Period; a missing or unreadable end is open."""
    return _edge(start, 0, BEGINNING), _edge(end, 1, END)


def _edge(text: object, side: int, otherwise: int) -> int:
    try:
        return span(text)[side] if isinstance(text, str) else otherwise
    except ValueError:
        return otherwise
