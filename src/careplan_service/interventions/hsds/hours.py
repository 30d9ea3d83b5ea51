"""When a service is open: a schedule of HSDS as days and hours, where that is all that it says.

http://docs.openreferral.org/en/latest/hsds/schema_reference.html#schedule
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from careplan_service.interventions.hsds.checks import TIME
from careplan_service.interventions.hsds.tables import SCHEDULE, Record

DAYS = {"MO": "mon", "TU": "tue", "WE": "wed", "TH": "thu", "FR": "fri", "SA": "sat", "SU": "sun"}
_SIMPLE = frozenset({"freq", "byday", "opens_at", "closes_at", "interval", "wkst"})


class Hours(NamedTuple):
    """On some days of the week, from when until when (`09:00:00`, or None)."""

    days: list[str]
    opens: str | None
    closes: str | None


def hours(schedules: Iterable[Record]) -> Iterator[Hours]:
    """The weekly hours of schedules that always hold; what ends, or does not come weekly, is left out."""
    for one in schedules:
        said = one.said
        days = _days(said)
        unbound = not any(said.get(name) for name in ("valid_from", "valid_to", "until", "count", "dtstart"))
        if days and unbound and not _further(said):
            yield Hours(days, _time(said.get("opens_at")), _time(said.get("closes_at")))


def is_simple(schedule: Record) -> bool:
    """Whether days and hours are all that it says."""
    said = told(schedule)
    return bool(_days(said)) and not set(said) - _SIMPLE and not _further(said)


def told(schedule: Record) -> Mapping[str, str]:
    """What it says, in the order of the standard."""
    return {name: schedule.said[name] for name in SCHEDULE if name in schedule.said}


def _days(said: Mapping[str, str]) -> list[str]:
    days = [day.strip().upper() for day in said.get("byday", "").split(",") if day.strip()]
    known = [DAYS[day] for day in DAYS if day in days]
    if said.get("freq", "").upper() == "DAILY" and not days:
        return list(DAYS.values())
    return known if said.get("freq", "").upper() == "WEEKLY" and len(known) == len(days) else []


def _further(said: Mapping[str, str]) -> bool:
    rarer = said.get("interval", "1") != "1"
    return rarer or any(said.get(name) for name in ("byweekno", "bymonthday", "byyearday"))


def _time(text: str | None) -> str | None:
    found = TIME.fullmatch(text) if text else None
    return f"{found[1]}:{found[2]}:{found[3] or '00'}" if found else None
