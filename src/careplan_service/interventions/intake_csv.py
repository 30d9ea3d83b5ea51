"""The practitioner's plan as CSV, in and out: one row per strategy, blank meaning `same as above`.

docs/plans.md describes the columns; RFC 4180: https://www.rfc-editor.org/rfc/rfc4180

Rows become the JSON shape and go through the same checks; a fault then finds its way back to row and column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import zip_longest
from typing import Any

from careplan_service.errors import Fault, Invalid
from careplan_service.interventions import csv_text
from careplan_service.interventions.columns import BESIDE, COLUMNS, LISTS, PARTS, PLAN
from careplan_service.interventions.intake import plan_from, plan_to_json
from careplan_service.interventions.intake_fields import did_you_mean, quoted
from careplan_service.interventions.intake_rules import Data, Path
from careplan_service.interventions.plan import Plan
from careplan_service.interventions.sheets import Sheet, sheets_of


def place(row: int, name: str) -> str:
    """How a fault in a CSV file is located."""
    return f'row {row}, column "{name}"'


@dataclass(frozen=True)
class Table:
    """What a file of plans says: its plans, the columns it has, and its faults so far."""

    sheets: Sequence[Sheet]
    said: frozenset[str]
    faults: tuple[Fault, ...] = ()

    @property
    def known(self) -> list[Fault]:
        """The faults that were seen before any plan is read."""
        return [*self.faults, *(fault for sheet in self.sheets for fault in sheet.faults)]

    def further(self, faults: Iterable[Fault]) -> list[Fault]:
        """Those faults of a plan that say more: a cell that could not be told is not missing as well."""
        places = {fault.expression for fault in self.faults}
        return [fault for fault in faults if fault.expression not in places]


def table_of(data: bytes) -> Table:
    """A CSV file in our own columns. Raises Invalid for what cannot be read at all."""
    rows = csv_text.table(data, COLUMNS)
    faults = tuple(Fault("invalid", text, where) for where, text in _header_faults(rows))
    names = [csv_text.name(cell) for cell in rows[0]]
    sheets = sheets_of(
        (
            (number, {name: cell for name, cell in zip(names, row, strict=False) if cell and name in COLUMNS})
            for number, row in enumerate(rows[1:], 2)
        ),
        place,
    )
    if not sheets and not faults:
        raise csv_text.refused("the file has no plan: there is nothing below the column names")
    return Table(sheets, frozenset(names), faults)


def plans_from_csv(data: bytes) -> list[Plan]:
    """The plans of a CSV file, in their order, as if they were new.

    Raises Invalid with every fault in every plan, `expression` being `row 7, column "objective_due"`.
    """
    return plans_of(table_of(data))


def plans_of(table: Table) -> list[Plan]:
    """The plans of a file, as if they were new. Raises Invalid with every fault in every plan."""
    plans, faults = [], table.known
    for sheet in table.sheets:
        try:
            plans.append(plan_from(sheet.shape, sheet.where))
        except Invalid as refused:
            faults += table.further(refused.faults)
    if faults:
        raise Invalid(f"the file has {len(faults)} fault{'s' * (len(faults) > 1)}", faults=faults)
    return plans


def _header_faults(rows: list[list[str]]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for cell in rows[0]:
        name = csv_text.name(cell)
        if not name:
            continue
        if name in seen:
            yield place(1, cell), f"column {quoted(cell)} comes twice"
        elif name not in COLUMNS:
            near = get_close_matches(name, COLUMNS, n=1, cutoff=0.6)
            yield place(1, cell), f"unknown column {quoted(cell)}{did_you_mean(near[0] if near else None)}"
        seen.add(name)
    for number, row in enumerate(rows[1:], 2):
        for i, cell in enumerate(row):
            if cell and not (i < len(rows[0]) and rows[0][i]):
                yield place(number, str(i + 1)), f"{quoted(cell)} stands in a column without a name"


def plans_to_csv(plans: Iterable[Plan]) -> bytes:
    """A CSV file that `plans_from_csv` reads back: UTF-8 with byte-order mark, comma, CRLF."""
    rows = [row for plan in plans for row in plan_rows(plan)]
    used = [name for name in COLUMNS if any(name in row for row in rows)]
    return csv_text.written(used, ([row.get(name, "") for name in used] for row in rows))


def plan_rows(plan: Plan) -> Iterator[dict[str, str]]:
    """The rows of a plan, each a cell by column; a strategy of no goal stands in a row of its own."""
    shape = plan_to_json(plan)
    said = {name: _field(shape, path) for name, path in PLAN.items()}
    first = {name: cell for name, cell in said.items() if cell}
    sides = [[_cells(part, one) for one in _field(shape, LISTS[part]) or ()] for part in BESIDE]
    for i, row in enumerate(zip_longest(list(_steps(shape)) or [{}], *sides, fillvalue={})):
        merged = {name: cell for cells in row for name, cell in cells.items()}
        yield {**({name: _text(cell) for name, cell in first.items()} if i == 0 else {}), **merged,
               "plan_number": _text(shape.get("number", ""))}  # fmt: skip


def _steps(shape: Data) -> Iterator[dict[str, str]]:
    for goal in shape.get("goals", ()):
        told = _cells("goal", goal)
        for objective in goal.get("objectives", ()) or [{}]:
            told |= _cells("objective", objective)
            for strategy in objective.get("strategies", ()) or [{}]:
                yield told | _cells("strategy", strategy)
                told = {}
    for strategy in shape.get("strategies", ()):
        yield _cells("strategy", strategy)


def _cells(part: str, told: Data) -> dict[str, str]:
    fields = {name: of for name, of in PARTS.items() if of[0] == part}
    return {name: _text(told[of[1]]) for name, of in fields.items() if of[1] in told}


def _field(shape: Any, path: Path) -> Any:
    for step in path:
        shape = shape.get(step, {})
    return shape


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "; ".join(map(_text, value))
    return f"{value['system']}|{value['value']}" if isinstance(value, dict) else str(value)
