"""Which state may follow which, and who decides it: `data/lifecycles.csv`, one row for each state.

https://hl7.org/fhir/R4/valueset-request-status.html https://hl7.org/fhir/R4/valueset-goal-status.html

`who` are those whose decision it is to leave the state: the worker, the client, the receiver of a referral, a
partner, or the clock. What they decided is recorded by the custodian's staff.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from careplan_service.interventions.catalogue import rows


@dataclass(frozen=True)
class Step:
    """What may follow a state, and whose decision that is."""

    next: tuple[str, ...]
    who: tuple[str, ...]


@cache
def lifecycles() -> Mapping[str, Mapping[str, Step]]:
    """The steps of a plan, goal, objective, activity, referral or consent by state."""
    found: dict[str, dict[str, Step]] = {}
    for row in rows("lifecycles.csv"):
        step = Step(tuple(row["next"].split()), tuple(row["who"].split()))
        found.setdefault(row["entity"], {})[row["state"]] = step
    return found


def may_follow(entity: str, state: str, then: str) -> bool:
    """Whether `then` may come after `state`; nothing changes where both are the same."""
    return state == then or then in lifecycles()[entity][state].next
