"""What a record of HSDS must keep to by itself; each fault with its place.

http://docs.openreferral.org/en/latest/hsds/schema_reference.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches

from careplan_service.errors import Fault
from careplan_service.interventions.hsds.tables import NEEDED, STATUSES, TAKEN, Record
from careplan_service.interventions.intake_fields import (
    LONGEST_TEXT,
    MISSING,
    UNWRITABLE,
    did_you_mean,
    quoted,
)

TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
_NUMBER = re.compile(r"-?\d{1,4}(\.\d+)?")
_LONGEST_ID = 200


def faults_in(record: Record) -> Iterator[Fault]:
    """Every fault of one record."""
    for name in NEEDED.get(record.kind, ()):
        if name not in record.said:
            yield Fault("invalid", MISSING, record.at(name))
    for name, value in record.said.items():
        if name not in TAKEN[record.kind]:
            continue
        check = _CHECKS.get((record.kind, name), _text)
        if said := _text(value) or check(value):
            yield Fault("invalid", said, record.at(name))


def _text(value: str) -> str:
    if bad := UNWRITABLE.search(value.replace("\r\n", "\n")):
        return f"take out the character U+{ord(bad[0]):04X}, which cannot be shown"
    if len(value) > LONGEST_TEXT:
        return f"shorten this text of {len(value)} characters to at most {LONGEST_TEXT}"
    return ""


def _id(value: str) -> str:
    wrong = len(value) > _LONGEST_ID or not value.isprintable()
    return f"write the id on one line of at most {_LONGEST_ID} characters" if wrong else ""


def _status(value: str) -> str:
    if value.lower() in STATUSES:
        return ""
    near = get_close_matches(value.lower(), STATUSES, n=1, cutoff=0.6)
    return f"unknown status {quoted(value)}{did_you_mean(near[0] if near else None) or _one_of(STATUSES)}"


def _one_of(listed: tuple[str, ...]) -> str:
    return f": use one of {', '.join(listed)}"


def _within(most: int) -> Callable[[str], str]:
    def check(value: str) -> str:
        right = _NUMBER.fullmatch(value) and abs(float(value)) <= most
        return "" if right else f"{quoted(value)} is no number of degrees from -{most} to {most}"

    return check


def _time(value: str) -> str:
    return "" if TIME.fullmatch(value) else f"write the time {quoted(value)} like `09:30`"


_CHECKS: Mapping[tuple[str, str], Callable[[str], str]] = {
    **{(kind, "id"): _id for kind in ("service", "organization", "location")},
    ("service", "status"): _status,
    ("location", "latitude"): _within(90),
    ("location", "longitude"): _within(180),
    ("schedule", "opens_at"): _time,
    ("schedule", "closes_at"): _time,
}
