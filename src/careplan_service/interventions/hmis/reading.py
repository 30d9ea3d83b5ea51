"""The rows of one HMIS file, one after the other: a file is never in memory as a whole.

RFC 4180: https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from careplan_service.interventions.hmis.columns import KEYS, OF_ENROLLMENTS, YEAR, columns_of
from careplan_service.interventions.hmis.faults import Faults

_LONGEST_CELL = 10_000
EXPORT = "Export.csv"


class Row(NamedTuple):
    """One row: its number in the file (the header is row 1), and its cells that are not empty."""

    number: int
    cells: dict[str, str]


def rows_of(folder: Path, file: str, faults: Faults) -> Iterator[Row]:
    """Every row of a file that has its keys, with faults or not; none where the header is wrong.

    A file with rows that are left out is noted as `unread`.
    """
    path = folder / file
    csv.field_size_limit(_LONGEST_CELL)
    reader: Any = None
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.reader(text, strict=True)
            yield from _rows(file, reader, faults)
    except UnicodeDecodeError as error:
        faults.unread.add(file)
        # a chunk is decoded when every line before it was taken
        line = reader.line_num + 1 + error.object[: error.start].count(b"\n")
        wrong = f"byte 0x{error.object[error.start]:02X} in line {line} is not UTF-8: save it as UTF-8"
        faults.add(file, 0, "", wrong)
    except OSError as error:
        faults.unread.add(file)
        faults.add(file, 0, "", f"cannot be read: {error.strerror}")


def _rows(file: str, reader: Iterator[list[str]], faults: Faults) -> Iterator[Row]:
    number = 0
    names: Sequence[str] = ()
    try:
        for number, cells in enumerate(reader, 1):
            if number == 1:
                names = [cell.strip() for cell in cells]
                if not _is_header(file, names, faults):
                    faults.unread.add(file)
                    return
            elif any(cells):
                if row := _row(file, number, names, cells, faults):
                    yield row
                else:
                    faults.unread.add(file)
    except csv.Error:
        text = "cannot be read as CSV: look for a quotation mark without its pair, or a cell of more than"
        faults.add(file, number + 1, "", f"{text} {_LONGEST_CELL} characters")
        faults.unread.add(file)
    if number == 0:
        faults.unread.add(file)
        faults.add(file, 0, "", "is empty: the first row must name the columns")


def _is_header(file: str, names: Sequence[str], faults: Faults) -> bool:
    before, known = faults.count, columns_of(file)
    for name in dict.fromkeys(names):
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.7)
            hint = f"did you mean `{near[0]}`?" if near else f"it is none of FY{YEAR}"
            faults.add(file, 1, name, f"unknown column; {hint}")
        elif names.count(name) > 1:
            faults.add(file, 1, name, "this column comes twice")
    for name, column in known.items():
        if column.required and name not in names:
            faults.add(file, 1, name, "is missing: add the column")
    return faults.count == before


def _row(file: str, number: int, names: Sequence[str], cells: list[str], faults: Faults) -> Row | None:
    if len(cells) != len(names):
        faults.add(file, number, "", f"has {len(cells)} cells, the header {len(names)}")
        return None
    known = columns_of(file)
    found: dict[str, str] = {}
    for name, cell in zip(names, cells, strict=True):
        trimmed = cell.strip()
        if wrong := known[name].fault(trimmed):
            faults.add(file, number, name, wrong)
        if trimmed:
            found[name] = trimmed
    needed = {KEYS[file], "PersonalID", *(("EnrollmentID",) if file in OF_ENROLLMENTS else ())}
    return Row(number, found) if needed <= found.keys() else None


def export_id(folder: Path, faults: Faults) -> str | None:
    """The ExportID that every row must have, from Export.csv where it is there; checks its year."""
    path = folder / EXPORT
    if not path.is_file():
        return None
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            row = next(csv.DictReader(text), {})
    except (UnicodeDecodeError, OSError, csv.Error):
        row = {}
    version = str(row.get("CSVVersion") or "").strip().removeprefix("FY")
    if not version.startswith(YEAR):
        faults.add(EXPORT, 2, "CSVVersion", f"is `{version[:40]}`: this import takes FY{YEAR}")
    return str(row.get("ExportID") or "").strip() or None
