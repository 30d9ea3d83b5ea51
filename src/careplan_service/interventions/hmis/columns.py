"""The columns of Client.csv, Enrollment.csv, Exit.csv and Services.csv, and what each becomes.

https://www.hudexchange.info/programs/hmis/hmis-data-and-technical-standards/

`data/hmis_columns.csv` names for every column the public source that it was found in; types are by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from careplan_service.interventions.catalogue import rows

YEAR = "2024"
CLIENT, ENROLLMENT, EXIT, SERVICES = "Client.csv", "Enrollment.csv", "Exit.csv", "Services.csv"
FILES = (CLIENT, ENROLLMENT, EXIT, SERVICES)
"""In the order in which they refer to each other."""
KEYS: Mapping[str, str] = {
    CLIENT: "PersonalID",
    ENROLLMENT: "EnrollmentID",
    EXIT: "ExitID",
    SERVICES: "ServicesID",
}
OF_ENROLLMENTS = frozenset({ENROLLMENT, EXIT, SERVICES})
COUNSELLING = (
    "CounselingReceived",
    "IndividualCounseling",
    "FamilyCounseling",
    "GroupCounseling",
    "SessionCountAtExit",
    "PostExitCounselingPlan",
    "SessionsInPlan",
)
"""What of Exit.csv is derived from the sessions, plans and referrals here."""
UNKEPT = "ExportID"
"""Names the export and says nothing of the row: it is another one each time."""
_INTEGER = re.compile(r"-?[0-9]{1,9}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEARS = range(1900, 2100)
_DATETIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_LONGEST = {"id": 32, "text": 500}


@dataclass(frozen=True)
class Column:
    """One column; `labels` are those that a value in it calls for, `becomes` where it goes, or empty."""

    file: str
    name: str
    required: bool
    type: str
    becomes: str
    labels: frozenset[str]

    def fault(self, cell: str) -> str | None:
        """What is wrong with a cell of it, or None."""
        if not cell:
            return "is missing: give it a value" if self.required else None
        return _CHECKS[self.type](cell)


def _text(type_: str) -> Callable[[str], str | None]:
    def check(cell: str) -> str | None:
        if len(cell) > _LONGEST[type_]:
            return f"has {len(cell)} characters: at most {_LONGEST[type_]} are taken"
        if not cell.isprintable():
            return "holds a character that is no text: take it out"
        return None

    return check


def _integer(cell: str) -> str | None:
    return None if _INTEGER.fullmatch(cell) else f"`{cell[:40]}` is no whole number"


def _date(cell: str) -> str | None:
    told = f"`{cell[:40]}` is no date: write it as `2024-05-31`"
    if not _DATE.fullmatch(cell):
        return told
    try:
        return None if date.fromisoformat(cell).year in _YEARS else told
    except ValueError:
        return told


def _datetime(cell: str) -> str | None:
    told = f"`{cell[:40]}` is no date and time: write it as `2024-05-31 14:30:00`"
    if not _DATETIME.fullmatch(cell):
        return told
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return told
    return None


_CHECKS: Mapping[str, Callable[[str], str | None]] = {
    "id": _text("id"),
    "text": _text("text"),
    "integer": _integer,
    "date": _date,
    "datetime": _datetime,
}


@cache
def columns_of(file: str) -> Mapping[str, Column]:
    """The columns of a file by name, in their order."""
    return {
        row["column"]: Column(
            file,
            row["column"],
            row["required"] == "yes",
            row["type"],
            row["becomes"],
            frozenset(row["labels"].split()),
        )
        for row in rows("hmis_columns.csv")
        if row["file"] == file
    }
