"""The states of others in our words: the first local state of a code, which is always inferred.

https://hl7.org/fhir/R4/goal-definitions.html#Goal.achievementStatus
https://hl7.org/fhir/R4/valueset-task-status.html https://hl7.org/fhir/R4/valueset-appointmentstatus.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from careplan_service.interventions.canonical import extension_value, sw
from careplan_service.interventions.foreign.marks import INFERRED, KNOWN, NOT_MAPPED
from careplan_service.interventions.foreign.place import Place
from careplan_service.interventions.foreign.reading import Reading
from careplan_service.interventions.terms import ACTIVITY_STATES, GOAL_STATES, Terms

_GOAL = {
    "active": "in-progress",
    "cancelled": "abandoned",
    "active achieved": "achieved",
    "active not-achieved": "not-achieved",
    "active no-progress": "no-change",
    "active not-attainable": "not-achieved",
    "completed sustaining": "achieved",
    "completed not-attainable": "not-achieved",
}
"""Where the two codes of a Goal are none of our pairs: what was attained counts before the life cycle."""

_UNSAID: Mapping[str, str] = {"cancelled": "who cancelled is not said"}
"""What the default state of a code says beyond the code."""

_DEFAULT = "the default of its code"

_REQUESTS: Mapping[str, str] = {
    "draft": "planned",
    "active": "planned",
    "requested": "planned",
    "received": "planned",
    "accepted": "planned",
    "ready": "planned",
    "proposed": "planned",
    "pending": "planned",
    "booked": "scheduled",
    "arrived": "under-way",
    "checked-in": "under-way",
    "in-progress": "under-way",
    "on-hold": "waiting-list",
    "waitlist": "waiting-list",
    "completed": "done",
    "fulfilled": "done",
    "noshow": "did-not-attend",
    "cancelled": "cancelled-by-client",
    "rejected": "cancelled-by-worker",
    "revoked": "stopped-early",
    "stopped": "stopped-early",
    "failed": "stopped-early",
    "entered-in-error": "entered-in-error",
}
"""States of ServiceRequest, Task, Appointment and the like as those of an activity."""


def state(field: str, terms: Terms, holder: Place, reading: Reading) -> str:
    """The local state of a `status`; the code itself where we have none for it."""
    status = holder.at("status")
    own = extension_value(holder.value, sw("state"))
    found = terms.local(own, status.text)
    return _marked(field, status, found, reading, is_own=own is not None and own == found)


def activity_state(field: str, detail: Place, reading: Reading) -> str:
    """The state of an activity that is described in the CarePlan."""
    return state(field, ACTIVITY_STATES, detail, reading)


def request_state(field: str, request: Place, reading: Reading) -> str:
    """The state of an activity that is a resource of its own."""
    status = request.at("status")
    return _marked(field, status, _REQUESTS.get(status.text), reading)


def goal_state(field: str, goal: Place, reading: Reading) -> str:
    """The state of a Goal: what was achieved counts where it fits the life cycle, and is shown anyway."""
    status, achievement = goal.at("lifecycleStatus"), goal.at("achievementStatus")
    codes = [one.at("code").text for one in achievement.each("coding")]
    own = extension_value(goal.value, sw("state"))
    found = goal_local(status.text, codes, own)
    reading.mark(field, achievement, INFERRED, "its code")
    return _marked(field, status, found, reading, is_own=own is not None and own == found)


def goal_local(status: str, achievements: Sequence[str], own: str | None) -> str | None:
    """The local state of a Goal's two codes: `own`, as long as it still says the same."""
    both = f"{status} {next(iter(achievements), '')}".strip()
    found = GOAL_STATES.local(own, both) or _GOAL.get(both)
    return found or GOAL_STATES.local(own, status) or _GOAL.get(status)


def _marked(field: str, status: Place, found: str | None, reading: Reading, *, is_own: bool = False) -> str:
    if found is None:
        reading.mark(field, status, NOT_MAPPED, "its code")
        return status.text
    how, by = (KNOWN, "extension sw-state") if is_own else (INFERRED, with_unsaid(_DEFAULT, status.text))
    reading.mark(field, status, how, by)
    return found


def with_unsaid(by: str, fhir: str) -> str:
    """How a state was found, and what it says that its code does not."""
    return f"{by}; {_UNSAID[fhir]}" if fhir in _UNSAID else by
