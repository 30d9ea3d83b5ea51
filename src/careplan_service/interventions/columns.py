"""The columns of the CSV form of a plan: which part and field of the JSON shape each one is.

RFC 4180: https://www.rfc-editor.org/rfc/rfc4180 ; docs/plans.md describes the columns for agencies.

`plan`, `goal` and `objective` columns say it once for the rows below; `strategy`, `member`, `need`,
`strength`, `participant` and `alert` columns say something new on every row where they are filled in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from careplan_service.interventions.intake_rules import Path
from careplan_service.interventions.intake_schema import (
    AlertPart,
    CasePart,
    GoalPart,
    MemberPart,
    NeedPart,
    ObjectivePart,
    ParticipantPart,
    PlanPart,
    StrategyPart,
    StrengthPart,
)

PLAN: dict[str, Path] = {
    "plan_number": ("number",),
    "plan_title": ("title",),
    "plan_status": ("status",),
    "plan_status_reason": ("status_reason",),
    "period_start": ("period", "start"),
    "period_end": ("period", "end"),
    "review_date": ("review_date",),
    **{f"case_{name}": ("case", name) for name in CasePart().fields},
    "client_system_kind": ("client_system", "kind"),
    "client_system_name": ("client_system", "name"),
    "client_system_identifier": ("client_system", "identifier"),
    "client_system_size": ("client_system", "size"),
    "client_system_locality": ("client_system", "locality"),
    "client_system_description": ("client_system", "description"),
    "client_system_sensitivity": ("client_system", "sensitivity"),
    "worker_name": ("worker", "name"),
    "worker_role": ("worker", "role"),
    "worker_agency": ("worker", "agency"),
    "worker_identifier": ("worker", "identifier"),
    "worker_agency_identifier": ("worker", "agency_identifier"),
    "worker_sensitivity": ("worker", "sensitivity"),
    "agreement_status": ("agreement", "status"),
    "agreement_date": ("agreement", "date"),
    "agreement_how": ("agreement", "how"),
    "agreement_comment": ("agreement", "comment"),
    "agreement_reason": ("agreement", "reason"),
    "sharing_notes": ("sharing_notes",),
    "crisis_plan": ("crisis_plan",),
    "plan_sensitivity": ("sensitivity",),
}

LISTS: dict[str, Path] = {
    "goal": ("goals",),
    "objective": ("objectives",),
    "strategy": ("strategies",),
    "member": ("client_system", "members"),
    "need": ("needs",),
    "strength": ("strengths",),
    "participant": ("participants",),
    "alert": ("alerts",),
}
SCHEMAS = {
    "goal": GoalPart,
    "objective": ObjectivePart,
    "strategy": StrategyPart,
    "member": MemberPart,
    "need": NeedPart,
    "strength": StrengthPart,
    "participant": ParticipantPart,
    "alert": AlertPart,
}
FIELDS = {part: tuple(schema().fields) for part, schema in SCHEMAS.items()}
BESIDE = ("member", "need", "strength", "participant", "alert")
"""What each row may add one of, beside its strategy."""
JSON_ONLY = ("scaling", "acceptance", "emergency_contact")
"""What has parts of its own and no columns."""
NESTED = ("objectives", "strategies", *JSON_ONLY)

PARTS: dict[str, tuple[str, str]] = {
    f"{part}_{field}": (part, field)
    for part, fields in FIELDS.items()
    for field in fields
    if field not in NESTED
}
COLUMNS = (*PLAN, *PARTS)
"""Every column, in the order in which a file is written."""


def column(path: Path) -> str:
    """The column of a field path: `("goals", 1, "objectives", 0, "due")` -> `objective_due`."""
    names = tuple(step for step in path if isinstance(step, str))
    for part, place in LISTS.items():
        if len(names) > 1 and names[:-1][-len(place) :] == place:
            return f"{part}_{names[-1]}"
    whole = next((name for name, place in PLAN.items() if place == names), None)
    first = next((name for name, place in PLAN.items() if place[: len(names)] == names), None)
    listed = next(
        (f"{part}_{_first(part)}" for part, place in LISTS.items() if names[-len(place) :] == place), None
    )
    return whole or listed or first or "plan_number"


@cache
def reader_of(name: str) -> Callable[[Any], Any]:
    """What makes a value of the text of a column; raises marshmallow's ValidationError."""
    part, field_ = PARTS.get(name, ("", ""))
    if part:
        return _reader(SCHEMAS[part]().fields[field_])
    *outer, last = (str(step) for step in PLAN[name])
    schema: Any = PlanPart()
    for step in outer:
        schema = schema.fields[step].schema
    return _reader(schema.fields[last])


def _reader(of: Any) -> Callable[[Any], Any]:
    read: Callable[[Any], Any] = of.reader
    return read


def _first(part: str) -> str:
    return FIELDS[part][0]
