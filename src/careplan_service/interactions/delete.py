"""FHIR delete, also conditional. https://hl7.org/fhir/R4/http.html#delete"""

from __future__ import annotations

from careplan_service.access.consent.rules import Door
from careplan_service.access.view import require_scope
from careplan_service.interactions.conditional import Condition, condition_of, only_match
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.guard import UNGUARDED, Guard
from careplan_service.interactions.integrity import Integrity, write_one
from careplan_service.interactions.leaving import seen_of
from careplan_service.interactions.once import Made, Written
from careplan_service.interactions.practised import require_deletable
from careplan_service.interactions.read import absent
from careplan_service.interactions.records import Changes, Write
from careplan_service.interactions.update import held, require_may_change
from careplan_service.resources import r4
from careplan_service.resources.spec import ResourceSpec


def delete(desk: Desk, spec: ResourceSpec, id_: str, door: Door, guard: Guard = UNGUARDED) -> Written:
    """Mark as deleted; the history stays, and a second delete changes nothing.

    A deleted Consent decides nothing from the next request on. Raises NotFound when absent or hidden,
    Conflict when others refer to it.
    """
    require_scope(desk.caller, "d", spec.name)

    def carry_out(changes: Changes, integrity: Integrity) -> Made:
        return remove(desk, changes, spec, id_, integrity, guard)

    return write_one(desk, door, carry_out)


def delete_where(desk: Desk, spec: ResourceSpec, query: str, door: Door, guard: Guard = UNGUARDED) -> Written:
    """Delete the one resource that matches.

    Raises NotFound when none does, as for any delete, PreconditionFailed (412) when several do.
    """
    require_scope(desk.caller, "d", spec.name)
    condition = condition_of(desk, spec, query)

    def carry_out(changes: Changes, integrity: Integrity) -> Made:
        found = only_match(desk, condition)
        if found is None:
            raise absent()
        return remove(desk, changes, spec, found.id, integrity, guard, condition)

    return write_one(desk, door, carry_out)


def remove(
    desk: Desk,
    changes: Changes,
    spec: ResourceSpec,
    id_: str,
    integrity: Integrity,
    guard: Guard = UNGUARDED,
    condition: Condition | None = None,
) -> Made:
    """The delete inside an open transaction."""
    before = held(desk, changes, spec.name, id_, "d", condition)
    if before is None:
        raise absent()
    guard.require(seen_of(desk, before).stored)
    if before.deleted:
        return Made(204, before, told=False)
    require_may_change(desk, changes, before)
    require_deletable(before)
    # The marker keeps the facts of what it ends, so the same rules decide who may know of it.
    facts = spec.facts(r4.parse(before.body), integrity.base_url)
    write = Write(spec.name, id_, "DELETE", lambda version, updated: b"", facts)
    stored = desk.put(changes, write, before)
    integrity.deleted(stored)
    return Made(204, stored)
