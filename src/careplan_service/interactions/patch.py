"""FHIR patch, also conditional: JSON Patch and FHIRPath Patch. https://hl7.org/fhir/R4/http.html#patch"""

from __future__ import annotations

from typing import NamedTuple

from careplan_service.access.consent.rules import Door
from careplan_service.access.view import require_scope
from careplan_service.interactions.admission import admit, forbid_self_service, require_whole
from careplan_service.interactions.conditional import Condition, condition_of, only_match
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.guard import UNGUARDED, Guard
from careplan_service.interactions.integrity import Integrity, write_one
from careplan_service.interactions.labelling import labelled
from careplan_service.interactions.leaving import seen_of
from careplan_service.interactions.once import Made, Written
from careplan_service.interactions.read import absent, gone
from careplan_service.interactions.receipt import answers_referral, require_its_own
from careplan_service.interactions.records import Changes
from careplan_service.interactions.update import held, require_may_change
from careplan_service.resources.spec import ResourceSpec


class Patch(NamedTuple):
    """A patch as it was sent; `kind` is `json-patch` or `fhirpath`."""

    kind: str
    data: bytes


def patch(
    desk: Desk, spec: ResourceSpec, id_: str, sent: Patch, door: Door, guard: Guard = UNGUARDED
) -> Written:
    """Store what the patch makes of the current version; it is checked like an update.

    Raises NotFound when absent or hidden, Gone when deleted, Malformed or Invalid for a patch that
    cannot be read or applied, or whose result is not valid.
    """
    require_scope(desk.caller, "u", spec.name)

    def carry_out(changes: Changes, integrity: Integrity) -> Made:
        return amend(desk, changes, spec, id_, sent, door, integrity, guard)

    return write_one(desk, door, carry_out)


def patch_where(
    desk: Desk, spec: ResourceSpec, query: str, sent: Patch, door: Door, guard: Guard = UNGUARDED
) -> Written:
    """Patch the one resource that matches.

    Raises NotFound when none does, PreconditionFailed (412) when several do; else as `patch`.
    """
    require_scope(desk.caller, "u", spec.name)
    condition = condition_of(desk, spec, query)

    def carry_out(changes: Changes, integrity: Integrity) -> Made:
        found = only_match(desk, condition)
        if found is None:
            raise absent()
        return amend(desk, changes, spec, found.id, sent, door, integrity, guard, condition)

    return write_one(desk, door, carry_out)


def amend(
    desk: Desk,
    changes: Changes,
    spec: ResourceSpec,
    id_: str,
    sent: Patch,
    door: Door,
    integrity: Integrity,
    guard: Guard = UNGUARDED,
    condition: Condition | None = None,
    *,
    where: str = "",
) -> Made:
    """The patch inside an open transaction: it is made of the version that is locked."""
    before = held(desk, changes, spec.name, id_, "u", condition)
    if before is None:
        raise absent()
    if before.deleted:
        raise gone(spec.name, id_)
    seen = seen_of(desk, before)
    guard.require(seen.stored)
    if not (receives := answers_referral(desk, before)):
        require_may_change(desk, changes, before)
    admitted = admit(spec, seen.patched(sent.data, sent.kind), door)
    require_whole(admitted)
    forbid_self_service(desk.caller, admitted.document)
    if receives:
        require_its_own(before, admitted.document)
    admitted = labelled(desk, admitted, before)
    write = admitted.write(id_, "PATCH", integrity.base_url)
    desk.require_opened("u", write)
    stored = desk.put(changes, write, before, before.contributor if receives else "")
    integrity.wrote(stored, admitted, before, where)
    return Made(200, stored)
