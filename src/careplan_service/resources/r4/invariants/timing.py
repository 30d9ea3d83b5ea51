"""Invariants of Timing.repeat. https://hl7.org/fhir/R4/datatypes.html#timing"""

from __future__ import annotations

from careplan_service.resources.r4.invariants.reading import Node, given, number
from careplan_service.resources.r4.invariants.rule import Invariant, invariant

_MEAL_MOMENTS = frozenset({"C", "CM", "CD", "CV"})


def _negative(name: str, node: Node) -> bool:
    value = number(node, name)
    return value is not None and value < 0


def _tim_9(node: Node) -> bool:
    moments = node.get("when")
    listed = moments if type(moments) is list else []
    at_meals = len(listed) == 1 and type(listed[0]) is str and listed[0] in _MEAL_MOMENTS
    return given(node, "offset") and (not given(node, "when") or at_meals)


TIMING_INVARIANTS: tuple[Invariant, ...] = (
    invariant(
        "tim-1",
        "Timing.repeat",
        lambda n: given(n, "duration") and not given(n, "durationUnit"),
        "has a `duration`: give its `durationUnit`",
    ),
    invariant(
        "tim-2",
        "Timing.repeat",
        lambda n: given(n, "period") and not given(n, "periodUnit"),
        "has a `period`: give its `periodUnit`",
    ),
    invariant(
        "tim-4", "Timing.repeat", lambda n: _negative("duration", n), "must not be negative", "duration"
    ),
    invariant("tim-5", "Timing.repeat", lambda n: _negative("period", n), "must not be negative", "period"),
    invariant(
        "tim-6",
        "Timing.repeat",
        lambda n: given(n, "periodMax") and not given(n, "period"),
        "has a `periodMax`: give a `period` too",
    ),
    invariant(
        "tim-7",
        "Timing.repeat",
        lambda n: given(n, "durationMax") and not given(n, "duration"),
        "has a `durationMax`: give a `duration` too",
    ),
    invariant(
        "tim-8",
        "Timing.repeat",
        lambda n: given(n, "countMax") and not given(n, "count"),
        "has a `countMax`: give a `count` too",
    ),
    invariant(
        "tim-9",
        "Timing.repeat",
        _tim_9,
        "has an `offset`: say in `when` what it is counted from, and not C, CM, CD or CV",
    ),
    invariant(
        "tim-10",
        "Timing.repeat",
        lambda n: given(n, "timeOfDay") and given(n, "when"),
        "has both `timeOfDay` and `when`: keep one",
    ),
)
