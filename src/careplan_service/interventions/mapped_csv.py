"""An agency's own CSV file read as plans, by its mapping; faults are told in the agency's rows and columns.

docs/agency-imports.md; RFC 4180: https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from difflib import get_close_matches
from functools import lru_cache, partial

from careplan_service.errors import Fault, Invalid
from careplan_service.interventions import csv_text
from careplan_service.interventions.columns import PARTS, reader_of
from careplan_service.interventions.csv_mapping import PlanMapping, Source
from careplan_service.interventions.intake_csv import Table, place
from careplan_service.interventions.intake_fields import did_you_mean, quoted
from careplan_service.interventions.sheets import Cells, sheets_of


class _Untold(Exception):
    """A cell that the mapping cannot tell."""


Convert = Callable[[str], str]


@dataclass(frozen=True)
class _Taken:
    """One of our columns as it is taken from the agency's file."""

    name: str
    index: int
    convert: Convert


def table_by(mapping: PlanMapping, data: bytes) -> Table:
    """The plans of an agency's file, with the faults of its cells.

    Raises Invalid when the file cannot be read or its columns are not those of the mapping.
    """
    rows = csv_text.table_in(data, mapping.encoding, mapping.delimiter)
    faults = [*_lacking(mapping, rows[0]), *_unmapped(mapping, rows)]
    if faults:
        raise Invalid("the mapping does not fit the file", faults=faults)
    where = partial(_place, mapping)
    taken = [
        _Taken(name, rows[0].index(source.column), converter(name, source))
        for name, source in mapping.columns.items()
        if source.column
    ]
    faults = []
    sheets = sheets_of(
        (
            (number, _with_fixed(mapping, _cells(number, row, taken, where, faults)))
            for number, row in enumerate(rows[1:], 2)
        ),
        where,
    )
    if not sheets and not faults:
        raise csv_text.refused("the file has no plan: there is nothing below the column names")
    return Table(sheets, frozenset(mapping.columns), tuple(faults))


def _place(mapping: PlanMapping, row: int, name: str) -> str:
    source = mapping.columns.get(name)
    if source and source.column:
        return place(row, source.column)
    return f"row {row}, `columns.{name}` of the mapping"


def _lacking(mapping: PlanMapping, header: Sequence[str]) -> Iterator[Fault]:
    wanted = {source.column: name for name, source in mapping.columns.items() if source.column}
    lacking = [column for column in wanted if column not in header]
    if len(header) == 1 and len(wanted) > 1 and lacking:
        text = f"the file has one column only, {quoted(header[0])}: is the `delimiter` right?"
        yield Fault("invalid", text, "delimiter")
        return
    for column in lacking:
        near = did_you_mean(next(iter(get_close_matches(column, list(header), n=1, cutoff=0.6)), None))
        yield Fault("invalid", f"the file has no column {quoted(column)}{near}", f"columns.{wanted[column]}")


def _unmapped(mapping: PlanMapping, rows: Sequence[Sequence[str]]) -> Iterator[Fault]:
    header = rows[0]
    known = {source.column for source in mapping.columns.values()} | mapping.ignored
    for cell in dict.fromkeys(header):
        if cell in known and header.count(cell) > 1 and cell not in mapping.ignored:
            yield Fault("invalid", f"column {quoted(cell)} comes twice", place(1, cell))
        elif cell and cell not in known:
            text = f"column {quoted(cell)} is neither mapped nor ignored: map it, or name it under `ignored`"
            yield Fault("invalid", text, place(1, cell))
    for number, row in enumerate(rows[1:], 2):
        for i, cell in enumerate(row):
            if cell and not (i < len(header) and header[i]):
                text = f"{quoted(cell)} stands in a column without a name"
                yield Fault("invalid", text, place(number, str(i + 1)))


def _cells(
    number: int,
    row: Sequence[str],
    taken: Sequence[_Taken],
    where: Callable[[int, str], str],
    faults: list[Fault],
) -> Cells:
    cells = {}
    for one in taken:
        cell = row[one.index] if one.index < len(row) else ""
        if not cell:
            continue
        try:
            told = one.convert(cell)
        except _Untold as fault:
            faults.append(Fault("invalid", str(fault), where(number, one.name)))
        else:
            if told:
                cells[one.name] = told
    return cells


def _with_fixed(mapping: PlanMapping, cells: Cells) -> Cells:
    """The cells with the fixed values of those parts that the row says something of."""
    if not cells:
        return cells
    said = {PARTS[name][0] for name in cells if name in PARTS}
    fixed = {
        name: source.value
        for name, source in mapping.columns.items()
        if source.value and (name not in PARTS or PARTS[name][0] in said)
    }
    return {**cells, **fixed}


def converter(name: str, source: Source) -> Convert:
    """What makes the text of our column `name` of an agency's cell; raises _Untold."""
    if source.values:
        several = hasattr(reader_of(name), "each")
        return partial(_by_values if several else _by_value, name, source.values)
    if source.date_format:
        return partial(_day, source.date_format)
    if source.system:
        return lambda cell: f"{source.system}|{cell}"
    return str


def _by_values(name: str, values: Mapping[str, str], cell: str) -> str:
    if cell in values:
        return values[cell]
    parts = [_by_value(name, values, part.strip()) for part in cell.split(";") if part.strip()]
    return "; ".join(part for part in parts if part)


def _by_value(name: str, values: Mapping[str, str], cell: str) -> str:
    if cell in values:
        return values[cell]
    near = next(iter(get_close_matches(cell, list(values), n=1, cutoff=0.6)), None)
    hint = did_you_mean(near) or f": add it to `columns.{name}.values`"
    raise _Untold(f"{quoted(cell)} is not in the table of `{name}`{hint}")


@lru_cache(maxsize=4096)
def _day(form: str, cell: str) -> str:
    try:
        found = datetime.strptime(cell, form)
    except ValueError:
        raise _Untold(f"{quoted(cell)} is not a date written as `{form}`") from None
    if found.time() != time():
        raise _Untold(f"{quoted(cell)} has a time of day, which a plan does not keep here")
    return found.date().isoformat()
