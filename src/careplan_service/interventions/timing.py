"""How often and how long, from the practitioner's words: a Timing that keeps the words.

https://hl7.org/fhir/R4/datatypes.html#Timing
"""

from __future__ import annotations

import re
from typing import Any

from careplan_service.interventions.canonical import Document, element, extension, sw

TIMES = {"once": 1, "one time": 1, "twice": 2, "two times": 2, "three times": 3, "four times": 4}
UNITS = {"day": "d", "week": "wk", "month": "mo"}
WORDS: dict[str, tuple[int, int, str]] = {
    "daily": (1, 1, "d"),
    "weekly": (1, 1, "wk"),
    "fortnightly": (1, 2, "wk"),
    "biweekly": (1, 2, "wk"),
    "monthly": (1, 1, "mo"),
    **{f"{times} a {unit}": (n, 1, code) for times, n in TIMES.items() for unit, code in UNITS.items()},
    **{f"{times} per {unit}": (n, 1, code) for times, n in TIMES.items() for unit, code in UNITS.items()},
    **{f"every {unit}": (1, 1, code) for unit, code in UNITS.items()},
    **{f"every {n} {unit}s": (1, n, code) for n in range(2, 13) for unit, code in UNITS.items()},
}
LENGTH = re.compile(r"([1-9]\d{0,3}) (min|minute|h|hour)s?")


def timing(frequency: str | None, duration: str | None, count: int | None) -> Document:
    """A Timing: the words as they are, and what the words mean where that is certain."""
    times, period, unit = WORDS.get((frequency or "").casefold(), (None, None, None))
    length = LENGTH.fullmatch((duration or "").casefold())
    repeat = element(
        count=count,
        duration=int(length[1]) if length else None,
        durationUnit=length[2][0].replace("m", "min") if length else None,
        frequency=times,
        period=period,
        periodUnit=unit,
    )
    return element(
        extension=extension(sw("duration"), valueString=duration),
        repeat=repeat,
        code=element(text=frequency),
    )


def words(timing: Document) -> dict[str, Any]:
    """`frequency`, `duration` and `count` of a Timing, the way `timing` was given them."""
    durations = [part["valueString"] for part in timing.get("extension", ()) if part["url"] == sw("duration")]
    return {
        "frequency": timing.get("code", {}).get("text"),
        "duration": next(iter(durations), None),
        "count": timing.get("repeat", {}).get("count"),
    }
