"""A plan in the practitioner's words again, read from the resources it became."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from careplan_service.access.view import of_types
from careplan_service.errors import Conflict
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.read import there
from careplan_service.interactions.records import Stored
from careplan_service.interactions.staff import require_staff
from careplan_service.interventions.foreign.told import Told, told_by
from careplan_service.interventions.plan import Plan
from careplan_service.resources import r4
from careplan_service.resources.registry import SERVED

_FARTHEST, _MOST = 4, 5000
_NOT_PARTS = frozenset({"CarePlan", "Consent"})
_REFERENCE = re.compile(rb'"reference"\s*:\s*"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})"')


@dataclass(frozen=True)
class Found:
    """A plan as it is on record: its CarePlan, what that leads to by `Type/id`, and what all of it tells."""

    told: Told
    care_plan: Stored
    resources: Mapping[str, Stored]

    @property
    def plan(self) -> Plan:
        """The plan, in words."""
        return self.told.plan

    @property
    def documents(self) -> dict[str, dict[str, Any]]:
        """All of it, parsed."""
        return {ref: r4.parse(stored.body) for ref, stored in self.resources.items()}


def read_plan(desk: Desk, id_: str) -> Plan:
    """The plan under a CarePlan's id, wherever it was made. Raises NotFound and Forbidden."""
    return found_plan(desk, id_).plan


def found_plan(desk: Desk, id_: str) -> Found:
    """The plan under a CarePlan's id with the resources that tell it. Raises as `read_plan`."""
    require_staff(desk)
    stored = there(desk.records.current("CarePlan", id_, desk.sees("r", "CarePlan")))
    found = {f"CarePlan/{id_}": stored, **led_to(desk, stored.body)}
    resources = dict(zip(found, desk.show_all([*found.values()]), strict=True))
    documents = {ref: r4.parse_stored(stored.body) for ref, stored in resources.items()}
    told = told_by(documents[f"CarePlan/{id_}"], documents)
    return Found(told, resources[f"CarePlan/{id_}"], resources)


def is_plan(desk: Desk, id_: str) -> bool:
    """Whether there is a CarePlan of exactly this id that the caller may see."""
    require_staff(desk)
    found = desk.records.current("CarePlan", id_, desk.sees("r", "CarePlan"))
    return found is not None and not found.deleted


def require_ours(found: Found) -> None:
    """Raise Conflict (409) for a plan that is not in words of ours: it could not be written back whole."""
    if found.told.why_foreign:
        raise Conflict(
            f"the plan is read only: {found.told.why_foreign}; change its resources over FHIR, "
            "or make a plan of your own with `POST /plans`"
        )


def led_to(desk: Desk, care_plan: bytes) -> dict[str, Stored]:
    """Every resource that the plan leads to, each one the caller may see; not another plan, nor a Consent.

    As they are stored, before they are shown: what a copy would lack leads to nothing that may be seen.
    """
    gathered: dict[str, Stored] = {}
    waiting = _references(care_plan)
    for _ in range(_FARTHEST):
        types = sorted({type_ for type_, _ in waiting} & (SERVED.keys() - _NOT_PARTS))
        if not types:
            break
        names = [f"{type_}/{id_}" for type_, id_ in sorted(waiting) if type_ in types][:_MOST]
        seen = of_types((type_, desk.sees("r", type_)) for type_ in types)
        found = {f"{one.type}/{one.id}": one for one in desk.records.named(names, seen)}
        gathered |= found
        waiting = {
            (type_, id_)
            for one in found.values()
            for type_, id_ in _references(one.body)
            if f"{type_}/{id_}" not in gathered
        }
    return gathered


def _references(body: bytes) -> set[tuple[str, str]]:
    """What a stored resource refers to: in JSON text, no string has a quotation mark without a backslash."""
    return {(type_.decode(), id_.decode()) for type_, id_ in _REFERENCE.findall(body)}
