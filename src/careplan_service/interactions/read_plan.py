"""A plan in the practitioner's words again, read from the resources it became."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from careplan_service.access.filters import Is, any_of
from careplan_service.errors import Fault, Invalid
from careplan_service.interactions.desk import Desk, Page, Stored
from careplan_service.interactions.read import read
from careplan_service.interactions.submit_plan import require_staff
from careplan_service.interventions.from_fhir import from_fhir
from careplan_service.interventions.plan import Plan
from careplan_service.resources import r4
from careplan_service.resources.registry import SERVED

_FARTHEST, _MOST = 4, 5000
_NOT_PARTS = frozenset({"CarePlan", "Consent"})
_REFERENCE = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})")


@dataclass(frozen=True)
class Found:
    """A plan as it is on record: its CarePlan, what that leads to by `Type/id`, and what all of it tells."""

    plan: Plan
    care_plan: Stored
    resources: Mapping[str, Stored]

    @property
    def documents(self) -> dict[str, dict[str, Any]]:
        """All of it, parsed."""
        return {ref: r4.parse(stored.body) for ref, stored in self.resources.items()}


def read_plan(desk: Desk, id_: str) -> Plan:
    """The plan under a CarePlan's id. Raises NotFound, Forbidden, or Invalid for a CarePlan not born here."""
    return found_plan(desk, id_).plan


def found_plan(desk: Desk, id_: str) -> Found:
    """The plan under a CarePlan's id with the resources that tell it. Raises as `read_plan`."""
    require_staff(desk)
    care_plan = read(desk, "CarePlan", id_)
    parsed = r4.parse(care_plan.body)
    resources = {f"CarePlan/{id_}": care_plan, **_gathered(desk, parsed)}
    try:
        plan = from_fhir(parsed, {ref: r4.parse(stored.body) for ref, stored in resources.items()})
    except (KeyError, IndexError, TypeError, ValueError):
        text = f"`CarePlan/{id_}` was not made from a plan and cannot be read as one yet; read it as FHIR"
        raise Invalid(text, faults=[Fault("not-supported", text)]) from None
    return Found(plan, care_plan, resources)


def _gathered(desk: Desk, care_plan: dict[str, Any]) -> dict[str, Stored]:
    """Every resource that the plan leads to, each one the caller may see; not another plan, nor a Consent."""
    gathered: dict[str, Stored] = {}
    waiting = set(_references(care_plan))
    for _ in range(_FARTHEST):
        found: dict[str, dict[str, Any]] = {}
        for type_ in sorted({type_ for type_, _ in waiting} & (SERVED.keys() - _NOT_PARTS)):
            ids = any_of(*(Is("id", id_) for kind, id_ in sorted(waiting) if kind == type_))
            for stored in desk.show_all(desk.find("r", type_, ids, Page(limit=_MOST))):
                gathered[f"{type_}/{stored.id}"] = stored
                found[f"{type_}/{stored.id}"] = r4.parse(stored.body)
        waiting = {pair for document in found.values() for pair in _references(document)}
        waiting = {(type_, id_) for type_, id_ in waiting if f"{type_}/{id_}" not in gathered}
    return gathered


def _references(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        match = _REFERENCE.fullmatch(node["reference"]) if isinstance(node.get("reference"), str) else None
        if match:
            yield match[1], match[2]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)
