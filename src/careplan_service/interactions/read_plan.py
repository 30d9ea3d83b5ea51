"""A plan in the practitioner's words again, read from the resources it became."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from careplan_service.access.filters import Is, any_of
from careplan_service.errors import Fault, Invalid
from careplan_service.interactions.desk import Desk, Page
from careplan_service.interactions.read import read
from careplan_service.interactions.submit_plan import require_staff
from careplan_service.interventions.from_fhir import from_fhir
from careplan_service.interventions.plan import Plan
from careplan_service.resources import r4
from careplan_service.resources.registry import SERVED

_FARTHEST, _MOST = 4, 2000
_REFERENCE = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})")


def read_plan(desk: Desk, id_: str) -> Plan:
    """The plan under a CarePlan's id. Raises NotFound, Forbidden, or Invalid for a CarePlan not born here."""
    require_staff(desk)
    care_plan = r4.parse(read(desk, "CarePlan", id_).body)
    try:
        return from_fhir(care_plan, _gathered(desk, care_plan))
    except (KeyError, IndexError, TypeError, ValueError):
        text = f"`CarePlan/{id_}` was not made from a plan and cannot be read as one yet; read it as FHIR"
        raise Invalid(text, faults=[Fault("not-supported", text)]) from None


def _gathered(desk: Desk, care_plan: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every resource that the plan leads to, each one the caller may see."""
    gathered: dict[str, dict[str, Any]] = {}
    waiting = set(_references(care_plan))
    for _ in range(_FARTHEST):
        found: dict[str, dict[str, Any]] = {}
        for type_ in sorted({type_ for type_, _ in waiting} & SERVED.keys()):
            ids = any_of(*(Is("id", id_) for kind, id_ in sorted(waiting) if kind == type_))
            for stored in desk.show_all(desk.find("r", type_, ids, Page(limit=_MOST))):
                found[f"{type_}/{stored.id}"] = r4.parse(stored.body)
        gathered |= found
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
