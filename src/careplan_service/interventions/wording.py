"""What is other in one plan than in another, in the practitioner's words.

https://hl7.org/fhir/R4/provenance.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from careplan_service.interventions.intake import plan_to_json
from careplan_service.interventions.plan import Plan

NAMES = {
    "goals": "goal",
    "objectives": "objective",
    "strategies": "strategy",
    "sessions": "session",
    "assessments": "assessment",
    "reviews": "review",
    "referrals": "referral",
    "findings": "finding",
    "addenda": "addendum",
}


class Difference(NamedTuple):
    """One thing that is other: `what` it is (`goal 1: target_date`), and both values as JSON has them.

    Of a part that is new, only that it is there.
    """

    what: str
    before: Any = None
    after: Any = None


def differences(before: Plan, after: Plan) -> list[Difference]:
    """Everything that is other, in the order of the plan."""
    return list(_objects("", plan_to_json(before), plan_to_json(after)))


def _objects(what: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for name in dict.fromkeys([*before, *after]):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        place = f"{what}: {name}" if what else name
        if _are_numbered(was or now) and _are_numbered(now or was):
            yield from _numbered(NAMES[name], was or [], now or [])
        elif isinstance(was, Mapping) and isinstance(now, Mapping):
            yield from _objects(place, was, now)
        else:
            yield Difference(place, was, now)


def _are_numbered(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, Mapping) and "number" in one for one in value)


def _numbered(name: str, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    was = {one["number"]: one for one in before}
    for one in after:
        number = one["number"]
        if number in was:
            yield from _objects(f"{name} {number}", was[number], one)
        else:
            yield Difference(f"{name} {number}", None, "added")


def folded(steps: list[list[Difference]]) -> list[Difference]:
    """The differences of several changes in a row as one: the first value before, the last after."""
    found: dict[str, Difference] = {}
    for difference in (one for step in steps for one in step):
        first = found.get(difference.what, difference)
        found[difference.what] = difference._replace(before=first.before)
    return [one for one in found.values() if one.before != one.after]
