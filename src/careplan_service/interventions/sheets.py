"""Rows of a table become the JSON shapes of plans: one Sheet for each plan, blank meaning `same as above`.

docs/plans.md describes the columns; RFC 4180: https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from careplan_service.errors import Fault
from careplan_service.interventions.columns import BESIDE, LISTS, PARTS, PLAN, column
from careplan_service.interventions.csv_text import refused
from careplan_service.interventions.intake_fields import quoted
from careplan_service.interventions.intake_rules import Path

MOST_PLANS = 1_000

Cells = dict[str, str]
"""The filled cells of a row by the names of our columns."""
Place = Callable[[int, str], str]
"""How a fault is located: by its row and the name of our column."""

_OF_A_PERSON = ("name", "given", "family", "birth_date", "gender", "phone", "email", "address", "language",
                "interpreter", "pronouns", "identifiers")  # fmt: skip
"""What is the person's own, and not of one plan."""


@dataclass
class Sheet:
    """One plan while its rows are being read: its JSON shape, and the row each part and field came from."""

    row: int
    place: Place
    shape: dict[str, Any] = field(default_factory=dict)
    rows: dict[Path, int] = field(default_factory=dict)
    at: dict[str, Path] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    last: int = 0

    def where(self, path: Path) -> str:
        """Row and column of a field path: the nearest part above it that has a row."""
        known = next((path[:end] for end in range(len(path), -1, -1) if path[:end] in self.rows), ())
        return self.place(self.rows.get(known, self.row), column(path))


def sheets_of(rows: Iterable[tuple[int, Cells]], place: Place) -> list[Sheet]:
    """The plans of numbered rows, in their order; rows without cells are passed over.

    Raises Invalid where there is none, or too many.
    """
    sheets: dict[str, Sheet] = {}
    current: Sheet | None = None
    for number, cells in rows:
        if not cells:
            continue
        plan_number = cells.get("plan_number")
        if plan_number and (current is None or sheets.get(plan_number) is not current):
            current = sheets.setdefault(plan_number, Sheet(number, place))
            current.at.clear()
        if current is None:
            # the missing number is a fault like any other missing field
            current = sheets.setdefault("", Sheet(number, place))
        current.last = number
        _read_row(current, number, cells)
    if len(sheets) > MOST_PLANS:
        raise refused(f"a file has at most {MOST_PLANS} plans, here are {len(sheets)}: split it")
    return list(sheets.values())


def contradictions(sheets: Iterable[Sheet]) -> Iterator[Fault]:
    """Where two plans say different things of one person: storing one would undo the other."""
    seen: dict[tuple[str, str], tuple[str, int]] = {}
    for sheet in sheets:
        for path, person in _people(sheet.shape):
            for name in _OF_A_PERSON if person.get("identifier") else ():
                row = next((sheet.rows[place] for place in ((*path, name), path) if place in sheet.rows), 0)
                said = person.get(name)
                first, where = (
                    seen.setdefault((person["identifier"], name), (said, row)) if said else (said, 0)
                )
                if first != said:
                    told = f"{quoted(said)} is not {quoted(first)} of row {where}, and it is the same person"
                    yield Fault("invalid", told, sheet.where((*path, name)))


def _people(shape: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, str]]]:
    members = shape.get("client_system", {}).get("members", ())
    yield from ((("client_system", "members", i), one) for i, one in enumerate(members))
    if "worker" in shape:
        yield ("worker",), shape["worker"]
    yield from ((("participants", i), one) for i, one in enumerate(shape.get("participants", ())))


def _read_row(sheet: Sheet, row: int, cells: dict[str, str]) -> None:
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
    for part in BESIDE:
        if part in parts:
            _append_once(sheet, row, LISTS[part], parts[part])


def _say(sheet: Sheet, row: int, name: str, path: Path, cell: str) -> None:
    holder: Any = sheet.shape
    for step in path[:-1]:
        holder = holder[step] if isinstance(step, int) else holder.setdefault(step, {})
    before = holder.setdefault(path[-1], cell)
    if before != cell:
        row_above = sheet.rows[path]
        said = f"{quoted(cell)} is not {quoted(before)} of row {row_above}: leave it blank or say the same"
        sheet.faults.append(Fault("invalid", said, sheet.place(row, name)))
    sheet.rows.setdefault(path, row)


def _same_or_new(
    sheet: Sheet, row: int, part: str, inside: Path | None, cells: dict[str, str]
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


def _orphan(sheet: Sheet, row: int, part: str, missing: str) -> None:
    text = f"no number here and none above: which one does the {part} belong to?"
    sheet.faults.append(Fault("invalid", text, sheet.place(row, missing)))


def _at(shape: Any, path: Path) -> Any:
    for step in path:
        shape = shape[step] if isinstance(step, int) else shape.setdefault(step, {})
    return shape


def _append(sheet: Sheet, row: int, path: Path, cells: dict[str, str]) -> Path:
    parts = _at(sheet.shape, path[:-1]).setdefault(path[-1], [])
    parts.append(dict(cells))
    found = (*path, len(parts) - 1)
    sheet.rows[found] = row
    return found


def _append_once(sheet: Sheet, row: int, path: Path, cells: dict[str, str]) -> None:
    # whoever fills a column downwards repeats a person, and means one
    if cells not in _at(sheet.shape, path[:-1]).get(path[-1], ()):
        _append(sheet, row, path, cells)
