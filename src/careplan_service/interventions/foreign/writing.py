"""A plan as it was read, as JSON and as CSV: the plan's own form, with what is unsure and what has no words.

docs/foreign-plans.md has the fields; https://hl7.org/fhir/R4/careplan.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import zip_longest
from typing import Any

from careplan_service.interventions import csv_text
from careplan_service.interventions.columns import COLUMNS
from careplan_service.interventions.foreign.told import Told
from careplan_service.interventions.intake import plan_to_json
from careplan_service.interventions.intake_csv import plan_rows

NOT_SENT = ("id", "care_plan", "read_only", "read_from", "marks", "not_in_words", "proposed_needs")
"""What is told with a plan, and is no part of one that is sent."""

_MARK = ("field", "how", "by", "relation", "resource", "path", "said")
_BEYOND = ("resource", "path", "text")
FURTHER_COLUMNS = (*(f"mark_{name}" for name in _MARK), *(f"not_in_words_{name}" for name in _BEYOND))
"""What follows the columns of a plan where there is something to mark."""


def told_to_json(told: Told) -> dict[str, Any]:
    """The JSON shape of a plan; one that has only words of ours is as `plan_to_json` gives it."""
    further = {
        "read_only": told.why_foreign,
        "read_from": dict(told.read_from or {}),
        "marks": [_filled(asdict(one), _MARK) for one in told.marks],
        "not_in_words": [_filled(asdict(one), _BEYOND) for one in told.beyond],
    }
    return {**plan_to_json(told.plan), **{name: value for name, value in further.items() if value}}


def told_to_csv(told: Told) -> bytes:
    """The CSV form of a plan, with columns of marks and of what has no words where there are any."""
    rows = list(_rows(told))
    used = [name for name in (*COLUMNS, *FURTHER_COLUMNS) if any(name in row for row in rows)]
    return csv_text.written(used, ([row.get(name, "") for name in used] for row in rows))


def _rows(told: Told) -> Iterator[Mapping[str, str]]:
    own = plan_rows(told.plan)
    marks = [_cells("mark", asdict(one), _MARK) for one in told.marks]
    beyond = [_cells("not_in_words", asdict(one), _BEYOND) for one in told.beyond]
    nothing: dict[str, str] = {}
    for row in zip_longest(own, marks, beyond, fillvalue=nothing):
        yield {
            "plan_number": told.plan.number,
            **{name: cell for cells in row for name, cell in cells.items()},
        }


def _cells(part: str, one: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    return {f"{part}_{name}": value for name, value in _filled(one, names).items()}


def _filled(one: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: one[name] for name in names if one[name]}
