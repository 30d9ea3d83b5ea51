"""The practitioner's plan as CSV, in and out: one row per strategy, blank meaning `same as above`.

docs/plans.md describes the columns; RFC 4180: https://www.rfc-editor.org/rfc/rfc4180

Rows become the JSON shape and go through the same checks; a fault then finds its way back to row and column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import zip_longest
from typing import Any

from careplan_service.errors import Fault, Invalid
from careplan_service.interventions import csv_text
from careplan_service.interventions.columns import COLUMNS, LISTS, PARTS, PLAN, column
from careplan_service.interventions.intake import plan_from, plan_to_json
from careplan_service.interventions.intake_fields import did_you_mean, quoted
from careplan_service.interventions.intake_rules import Data, Path
from careplan_service.interventions.plan import Plan

MOST_PLANS = 1_000


def place(row: int, name: str) -> str:
    """How a fault in a CSV file is located."""
    return f'row {row}, column "{name}"'


@dataclass
class _Sheet:
    """One plan while its rows are being read: its JSON shape, and the row each part and field came from."""

    row: int
    shape: dict[str, Any] = field(default_factory=dict)
    rows: dict[Path, int] = field(default_factory=dict)
    at: dict[str, Path] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def where(self, path: Path) -> str:
        """Row and column of a field path: the nearest part above it that has a row."""
        known = next((path[:end] for end in range(len(path), -1, -1) if path[:end] in self.rows), ())
        return place(self.rows.get(known, self.row), column(path))


def plans_from_csv(data: bytes) -> list[Plan]:
    """The plans of a CSV file, in their order.

    Raises Invalid with every fault in every plan, `expression` being `row 7, column "objective_due"`.
    """
    rows = csv_text.table(data, COLUMNS)
    faults = [Fault("invalid", text, where) for where, text in _header_faults(rows)]
    names = [csv_text.name(cell) for cell in rows[0]]
    sheets: dict[str, _Sheet] = {}
    current: _Sheet | None = None
    for number, row in enumerate(rows[1:], 2):
        cells = {name: cell for name, cell in zip(names, row, strict=False) if cell and name in COLUMNS}
        if not cells:
            continue
        plan_number = cells.get("plan_number")
        if plan_number and (current is None or sheets.get(plan_number) is not current):
            current = sheets.setdefault(plan_number, _Sheet(number))
            current.at.clear()
        if current is None:
            # the missing number is a fault like any other missing field
            current = sheets.setdefault("", _Sheet(number))
        _read_row(current, number, cells)
    if not sheets and not faults:
        raise csv_text.refused("the file has no plan: there is nothing below the column names")
    if len(sheets) > MOST_PLANS:
        raise csv_text.refused(f"a file has at most {MOST_PLANS} plans, here are {len(sheets)}: split it")
    return _plans(sheets.values(), faults)


def _plans(sheets: Iterable[_Sheet], faults: list[Fault]) -> list[Plan]:
    plans = []
    for sheet in sheets:
        faults += sheet.faults
        try:
            plans.append(plan_from(sheet.shape, sheet.where))
        except Invalid as refused:
            faults += refused.faults
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


def _read_row(sheet: _Sheet, row: int, cells: dict[str, str]) -> None:
    for name, cell in cells.items():
        if name in PLAN:
            _say(sheet, row, name, PLAN[name], cell)
    parts: dict[str, dict[str, str]] = {}
    for name, cell in cells.items():
        if name in PARTS:
            part, field_ = PARTS[name]
            parts.setdefault(part, {})[field_] = cell
    goal = _same_or_new(sheet, row, "goal", (), parts.get("goal", {}))
    objective = _same_or_new(sheet, row, "objective", goal, parts.get("objective", {}))
    if "strategy" in parts and objective is None:
        _orphan(sheet, row, "strategy", "objective_number")
    elif "strategy" in parts and objective is not None:
        _append(sheet, row, (*objective, "strategies"), parts["strategy"])
    for part in ("member", "need", "strength", "participant"):
        if part in parts:
            _append_once(sheet, row, LISTS[part], parts[part])


def _say(sheet: _Sheet, row: int, name: str, path: Path, cell: str) -> None:
    holder: Any = sheet.shape
    for step in path[:-1]:
        holder = holder[step] if isinstance(step, int) else holder.setdefault(step, {})
    before = holder.setdefault(path[-1], cell)
    if before != cell:
        row_above = sheet.rows[path]
        said = f"{quoted(cell)} is not {quoted(before)} of row {row_above}: leave it blank or say the same"
        sheet.faults.append(Fault("invalid", said, place(row, name)))
    sheet.rows.setdefault(path, row)


def _same_or_new(
    sheet: _Sheet, row: int, part: str, inside: Path | None, cells: dict[str, str]
) -> Path | None:
    """The path of the goal or objective that a row is about: by its number, or else the one above."""
    number = cells.get("number")
    if inside is None or (number is None and part not in sheet.at):
        if cells:
            _orphan(sheet, row, part, f"{part}_number" if inside is not None else "goal_number")
        return None
    if number is not None:
        holder = _at(sheet.shape, inside)
        numbers = [one.get("number") for one in holder.get(LISTS[part][-1], ())]
        if number in numbers:
            sheet.at[part] = (*inside, LISTS[part][-1], numbers.index(number))
        else:
            sheet.at[part] = _append(sheet, row, (*inside, LISTS[part][-1]), {"number": number})
        if part == "goal" and sheet.at.get("objective", ())[:2] != sheet.at["goal"]:
            sheet.at.pop("objective", None)
    path = sheet.at[part]
    for field_, cell in cells.items():
        _say(sheet, row, f"{part}_{field_}", (*path, field_), cell)
    return path


def _orphan(sheet: _Sheet, row: int, part: str, missing: str) -> None:
    text = f"no number here and none above: which one does the {part} belong to?"
    sheet.faults.append(Fault("invalid", text, place(row, missing)))


def _at(shape: Any, path: Path) -> Any:
    for step in path:
        shape = shape[step] if isinstance(step, int) else shape.setdefault(step, {})
    return shape


def _append(sheet: _Sheet, row: int, path: Path, cells: dict[str, str]) -> Path:
    parts = _at(sheet.shape, path[:-1]).setdefault(path[-1], [])
    parts.append(dict(cells))
    found = (*path, len(parts) - 1)
    sheet.rows[found] = row
    return found


def _append_once(sheet: _Sheet, row: int, path: Path, cells: dict[str, str]) -> None:
    # whoever fills a column downwards repeats a person, and means one
    if cells not in _at(sheet.shape, path[:-1]).get(path[-1], ()):
        _append(sheet, row, path, cells)


def plans_to_csv(plans: Iterable[Plan]) -> bytes:
    """A CSV file that `plans_from_csv` reads back: UTF-8 with byte-order mark, comma, CRLF."""
    rows = [row for plan in plans for row in _rows(plan_to_json(plan))]
    used = [name for name in COLUMNS if any(name in row for row in rows)]
    return csv_text.written(used, ([row.get(name, "") for name in used] for row in rows))


def _rows(shape: Data) -> Iterator[dict[str, str]]:
    said = {name: _field(shape, path) for name, path in PLAN.items()}
    first = {name: cell for name, cell in said.items() if cell}
    sides = [[_cells(part, one) for one in _field(shape, LISTS[part]) or ()] for part in
             ("member", "need", "strength", "participant")]  # fmt: skip
    for i, row in enumerate(zip_longest(list(_steps(shape)) or [{}], *sides, fillvalue={})):
        merged = {name: cell for cells in row for name, cell in cells.items()}
        yield {**({name: _text(cell) for name, cell in first.items()} if i == 0 else {}), **merged,
               "plan_number": _text(shape["number"])}  # fmt: skip


def _steps(shape: Data) -> Iterator[dict[str, str]]:
    for goal in shape.get("goals", ()):
        told = _cells("goal", goal)
        for objective in goal.get("objectives", ()) or [{}]:
            told |= _cells("objective", objective)
            for strategy in objective.get("strategies", ()) or [{}]:
                yield told | _cells("strategy", strategy)
                told = {}


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
        return "; ".join(value)
    return f"{value['system']}|{value['value']}" if isinstance(value, dict) else str(value)
