"""What became of a plan over time, in the practitioner's words: each change, when, by whom, why, and what.

https://hl7.org/fhir/R4/provenance.html
"""

from __future__ import annotations

from typing import Any

from careplan_service.access.instants import instant
from careplan_service.errors import Malformed
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.plan_changes import MOST, Step, steps_of
from careplan_service.interactions.read import read
from careplan_service.interactions.staff import require_staff
from careplan_service.interventions.wording import Difference, folded


def plan_history(desk: Desk, id_: str) -> list[dict[str, Any]]:
    """Every change of the plan, the newest first: when, of which sort, by whom, why, agreed or not, what.

    One of the CarePlan has its `version`, one of another resource alone the `resource`. One without a reason
    of its own was written as FHIR. Raises NotFound and Forbidden.
    """
    require_staff(desk)
    steps = steps_of(desk, read(desk, "CarePlan", id_))
    return [_told(step) for step in reversed(steps[-MOST:])]


def plan_differences(desk: Desk, id_: str, lo: int, hi: int) -> list[dict[str, Any]]:
    """What is other in version `hi` of the CarePlan than in version `lo`, by each change between."""
    require_staff(desk)
    stored = read(desk, "CarePlan", id_)
    if not 1 <= lo <= hi <= stored.version:
        raise Malformed(f"`from` and `to` are versions from 1 to {stored.version}, the earlier one first")
    steps = steps_of(desk, stored)
    places = [(step.stored.version, i) for i, step in enumerate(steps) if step.stored.type == "CarePlan"]
    first, last = (max((i for version, i in places if version <= end), default=-1) for end in (lo, hi))
    between = [list(step.differences) for step in steps[first + 1 : last + 1]]
    return [_difference(one) for one in folded(between)]


def _told(step: Step) -> dict[str, Any]:
    stored, why = step.stored, step.explained
    is_plan = stored.type == "CarePlan"
    resource = f"{stored.type}/{stored.id}/_history/{stored.version}"
    told: dict[str, Any] = {"version": stored.version} if is_plan else {"resource": resource}
    told["at"] = instant(stored.updated)
    if why is None:
        is_made = is_plan and stored.version == 1
        told |= {"change": "made" if is_made else "changed as FHIR", "by": stored.contributor}
        differences = {"differences": [_difference(one) for one in step.differences]}
        return {**told, **({} if is_made else differences)}
    changed = why.changed
    return {
        **told,
        "change": changed.sort,
        "by": why.by,
        **({"reason": changed.reason} if changed.reason else {}),
        **({"agreement": changed.agreement} if changed.agreement else {}),
        "differences": [_difference(one) for one in changed.differences],
    }


def _difference(one: Difference) -> dict[str, Any]:
    values = {"before": one.before, "after": one.after}
    return {"what": one.what, **{name: value for name, value in values.items() if value is not None}}
