"""What others wrote over FHIR into a plan that was made here, found by what stood there before.

https://hl7.org/fhir/R4/goal.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from careplan_service.interventions.canonical import extension_value, sw
from careplan_service.interventions.foreign.additions import parts
from careplan_service.interventions.foreign.marks import INFERRED, Beyond, Mark
from careplan_service.interventions.foreign.readable import readable
from careplan_service.interventions.foreign.told import Told
from careplan_service.interventions.reading import is_numbered, note
from careplan_service.interventions.reading_goals import milestone_of
from careplan_service.interventions.wording import Difference, differences

Document = Mapping[str, Any]
Get = Callable[[Document], Any]


def _own_target(goal: Document) -> Document:
    """The target that the plan's own words became."""
    return next((one for one in goal.get("target", ()) if not is_numbered(one)), {})


def _aimed(goal: Document) -> Any:
    return next((value for name, value in _own_target(goal).items() if name.startswith("detail")), None)


def _state(goal: Document) -> list[Any]:
    return [goal[name] for name in ("lifecycleStatus", "achievementStatus") if name in goal]


_GOAL: Mapping[str, tuple[str, Get]] = {
    "status": ("achievementStatus", _state),
    "words": ("description", lambda goal: goal.get("description")),
    "wording": ("note", lambda goal: note(goal, "professional-wording")),
    "domain": ("category", lambda goal: goal.get("category")),
    "priority": ("priority", lambda goal: goal.get("priority")),
    "start": ("startDate", lambda goal: goal.get("startDate")),
    "target_date": ("target", lambda goal: _own_target(goal).get("dueDate")),
}
_OBJECTIVE: Mapping[str, tuple[str, Get]] = {
    "status": ("achievementStatus", _state),
    "statement": ("description", lambda goal: goal.get("description")),
    "measure": ("target", lambda goal: _own_target(goal).get("measure")),
    "target": ("target", _aimed),
    "due": ("target", lambda goal: _own_target(goal).get("dueDate")),
}
"""Of each field of a goal or an objective, where it stands in a Goal."""
_SET = "what stands there, which was set over FHIR"
_BESIDE = ("addresses", "expressedBy", "subject", "language")
"""What the plan has no field for."""


def overwritten(told: Told, earlier: Mapping[str, Document], documents: Mapping[str, Document]) -> Told:
    """The plan with marks of what is other in its Goals than in the `earlier` ones, by reference."""
    places = parts(told.plan)
    marks: list[Mark] = []
    further: list[Beyond] = []
    known = {mark.field for mark in told.marks}
    listed = {(one.resource, one.path) for one in told.beyond}
    for ref, before in earlier.items():
        now = documents[ref]
        place = places.get(str(extension_value(now, sw("number"))))
        if place is not None:
            marks += [mark for mark in _marks(place, ref, before, now) if mark.field not in known]
            further += [one for one in _beside(ref, before, now) if (ref, one.path) not in listed]
    return replace(told, marks=(*told.marks, *marks), beyond=(*told.beyond, *further))


def _marks(place: str, ref: str, before: Document, now: Document) -> Iterator[Mark]:
    fields = _OBJECTIVE if milestone_of(now) else _GOAL
    for name, (element, value) in fields.items():
        was, is_ = value(before), value(now)
        if was != is_:
            by = f"{_SET}; it was `{readable(was)}`" if was else f"{_SET}; there was nothing"
            said = "" if is_ is None else readable(is_)
            yield Mark(f"{place}.{name}", INFERRED, by, ref, f"Goal.{element}", said)


def _beside(ref: str, before: Document, now: Document) -> Iterator[Beyond]:
    """Elements without a field, and what the goal repeats of its objectives."""
    for name in _BESIDE:
        if before.get(name) != now.get(name):
            yield Beyond(ref, f"Goal.{name}", readable(now.get(name, "")))
    mirrored = [one for one in before.get("target", ()) if is_numbered(one)]
    for i, one in enumerate(now.get("target", ())):
        if is_numbered(one) and one not in mirrored:
            yield Beyond(ref, f"Goal.target[{i}]", readable(one))


def otherwise(before: Told, after: Told) -> list[Difference]:
    """What is other in one reading of a plan than in another, also of what has no words."""
    found = differences(before.plan, after.plan)
    was, now = ({(one.resource, one.path): one.text for one in told.beyond} for told in (before, after))
    for key in dict.fromkeys([*was, *now]):
        if was.get(key) != now.get(key):
            found.append(Difference(f"{key[0]}: {key[1]}", was.get(key), now.get(key)))
    return found
