"""Two readings of one plan judged by the rules of practice: what the later one breaks anew.

https://hl7.org/fhir/R4/careplan.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from marshmallow import ValidationError

from careplan_service.interventions.intake import plan_to_json
from careplan_service.interventions.intake_rules import Path
from careplan_service.interventions.plan import Plan
from careplan_service.interventions.practice import Change, Rule, broken
from careplan_service.interventions.record_schema import RecordedPlanPart


def broken_anew(before: Plan | None, after: Plan, now: datetime) -> Iterator[tuple[Rule, Path, str]]:
    """Where the change breaks which rule, without what was broken already; `now` is an aware time."""
    earlier, told = (None if before is None else _data(before)), plan_to_json(after)
    stood = [] if earlier is None else list(broken(Change(earlier, earlier, {}, now)))
    for found in broken(Change(earlier, _data(after), told, now)):
        if found not in stood:
            yield found


def _data(plan: Plan) -> Mapping[str, Any]:
    """The plan as loaded data, as far as it can be loaded."""
    try:
        loaded: Mapping[str, Any] = RecordedPlanPart().load(plan_to_json(plan))
    except ValidationError as refused:
        loaded = refused.valid_data if isinstance(refused.valid_data, dict) else {}
    return loaded
