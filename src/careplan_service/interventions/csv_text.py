"""CSV as spreadsheets write it: byte-order mark, semicolons, CRLF, quoted newlines, empty rows and columns.

https://www.rfc-editor.org/rfc/rfc4180

A cell that begins with `=`, `+`, `-` or `@` is text here and never a formula; on the way out it is given an
apostrophe, so that it stays text in a spreadsheet, and on the way in one such apostrophe is taken away again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from careplan_service.errors import Fault, Invalid
from careplan_service.interventions.file_text import decoded

LARGEST = 10_000_000
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
DELIMITERS = (",", ";", "\t")
FORMULA = re.compile(r"'*[=+\-@\t\r]")


def refused(text: str, expression: str | None = None) -> Invalid:
    """A file that cannot be read, for one reason."""
    return Invalid(text, faults=[Fault("invalid", text, expression)])


def table(data: bytes, known: Iterable[str]) -> list[list[str]]:
    """The rows of a CSV file, header first, every cell trimmed; row 1 is the first element.

    `known` are column names, which tell the delimiter. Raises Invalid for what is not a CSV file in UTF-8.
    """
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), "utf-8")
    text = _decoded(data, encoding, "save the file as `CSV UTF-8`")
    return _rows(text, _delimiter(text, set(known)))


def table_in(data: bytes, encoding: str, delimiter: str) -> list[list[str]]:
    """As `table`, in a declared encoding and with a declared delimiter. Raises Invalid likewise."""
    marked = next((name for mark, name in MARKS if data.startswith(mark)), encoding)
    return _rows(_decoded(data, marked, "declare the file's `encoding`"), delimiter)


def _rows(text: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    try:
        rows.extend([_cell(cell) for cell in row] for row in reader)
    except csv.Error:
        why = "cannot be read as CSV: look for a quotation mark without its pair, or a cell that is too long"
        raise refused(why, f"row {len(rows) + 1}") from None
    if not any(any(row) for row in rows):
        raise refused("the file is empty: the first row must name the columns")
    return rows


def _decoded(data: bytes, encoding: str, advice: str) -> str:
    if len(data) > LARGEST:
        raise refused(f"the file has {len(data)} bytes, at most {LARGEST} are taken: split it")
    return decoded(data, encoding, advice)


def _delimiter(text: str, known: set[str]) -> str:
    header = text.split("\n", 1)[0]
    found = {
        delimiter: sum(name(cell.strip('"\r ')) in known for cell in header.split(delimiter))
        for delimiter in DELIMITERS
    }
    return max(found, key=lambda delimiter: found[delimiter])


def name(cell: str) -> str:
    """A column name however it is written: `Goal Number` -> `goal_number`."""
    return re.sub(r"[\s\-]+", "_", cell.strip().casefold())


def _cell(cell: str) -> str:
    trimmed = cell.strip()
    return trimmed[1:] if trimmed.startswith("'") and FORMULA.match(trimmed) else trimmed


def written(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file in UTF-8 with byte-order mark and CRLF, as spreadsheets take it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([f"'{cell}" if FORMULA.match(cell) else cell for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")
