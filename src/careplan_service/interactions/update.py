"""FHIR update, also conditional. https://hl7.org/fhir/R4/http.html#update"""

from __future__ import annotations

from careplan_service.access.consent.directory import STATING
from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import EVERYTHING, Filter, Is, all_of
from careplan_service.access.view import require_scope
from careplan_service.errors import Fault, Forbidden, Malformed
from careplan_service.interactions.admission import Admitted, admit, forbid_self_service, require_whole
from careplan_service.interactions.conditional import Condition, condition_of, only_match, overtaken
from careplan_service.interactions.create import post
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.guard import UNGUARDED, Guard
from careplan_service.interactions.integrity import Integrity, write_one
from careplan_service.interactions.labelling import labelled
from careplan_service.interactions.leaving import foresee, seen_of
from careplan_service.interactions.once import Made, Written
from careplan_service.interactions.read import absent
from careplan_service.interactions.receipt import answers_referral, require_its_own
from careplan_service.interactions.records import Changes, Stored
from careplan_service.resources.spec import ResourceSpec

_DECIDING = STATING | {"Consent"}
"""The types whose versions decide about what else is hidden."""


def update(
    desk: Desk, spec: ResourceSpec, id_: str, data: bytes, door: Door, guard: Guard = UNGUARDED
) -> Written:
    """Store a new version; 201 when this made the resource (a custodian's systems only, under their own id).

    Raises PreconditionFailed (412) when the guard names another version, NotFound for what the
    caller may not see, Forbidden for what it may see and not change.
    """
    admitted = _admitted(desk, spec, data, door)
    require_same_id(admitted, id_)
    _prepare(desk, admitted, id_, door)

    def carry_out(changes: Changes, integrity: Integrity) -> Made:
        return put(desk, changes, admitted, id_, integrity, guard)

    return write_one(desk, door, carry_out)


def update_where(
    desk: Desk, spec: ResourceSpec, query: str, data: bytes, door: Door, guard: Guard = UNGUARDED
) -> Written:
    """Update the one resource that matches, or create it when none does.

    Raises PreconditionFailed (412) when several match, Malformed (400) when another one than the body
    names does; else as `update`.
    """
    admitted = _admitted(desk, spec, data, door)
    condition = condition_of(desk, spec, query)
    if given := admitted.document.get("id"):
        _prepare(desk, admitted, given, door)

    def carry_out(changes: Changes, integrity: Integrity) -> Made:
        changes.alone(condition.name)
        found = only_match(desk, condition)
        return put_where(desk, changes, admitted, condition, found, integrity, guard)

    return write_one(desk, door, carry_out)


def _admitted(desk: Desk, spec: ResourceSpec, data: bytes, door: Door) -> Admitted:
    require_scope(desk.caller, "u", spec.name)
    admitted = admit(spec, data, door)
    require_whole(admitted)
    forbid_self_service(desk.caller, admitted.document)
    return admitted


def _prepare(desk: Desk, admitted: Admitted, id_: str, door: Door) -> None:
    """What can be worked out and asked before the transaction: others wait for that one to end."""
    facts = admitted.work_out(id_, door.base_url)
    if admitted.spec.name not in _DECIDING:
        foresee(desk, admitted.data, (facts.patient, f"{admitted.spec.name}/{id_}"))


def put_where(
    desk: Desk,
    changes: Changes,
    admitted: Admitted,
    condition: Condition,
    found: Stored | None,
    integrity: Integrity,
    guard: Guard = UNGUARDED,
    *,
    new_id: str = "",
    where: str = "",
) -> Made:
    """The conditional update inside an open transaction, when it is known what matched."""
    given = admitted.document.get("id")
    if found is not None:
        if given not in (None, found.id):
            text = f"the body has id `{given}`, and another {found.type} matches the condition"
            raise Malformed(text, expression=f"{found.type}.id")
        return put(desk, changes, admitted, found.id, integrity, guard, condition, where=where)
    if given is not None:
        return put(desk, changes, admitted, given, integrity, guard, where=where)
    require_scope(desk.caller, "c", admitted.spec.name)
    guard.require(None)
    return post(desk, changes, admitted, new_id or desk.new_id(), integrity, where)


def put(
    desk: Desk,
    changes: Changes,
    admitted: Admitted,
    id_: str,
    integrity: Integrity,
    guard: Guard = UNGUARDED,
    condition: Condition | None = None,
    *,
    where: str = "",
    lower: bool = False,
) -> Made:
    """The update inside an open transaction; with `lower` labels that stand there may be taken away."""
    name = admitted.spec.name
    before = held(desk, changes, name, id_, "u", condition)
    if before is None:
        require_may_name(desk, changes, name, id_)
    seen, receives = (None if before is None else seen_of(desk, before)), False
    guard.require(seen.stored if seen else None)
    if before is not None and seen is not None:
        if receives := answers_referral(desk, before):
            require_its_own(before, admitted.document)
        else:
            require_may_change(desk, changes, before)
        seen.require_whole()
    admitted = labelled(desk, admitted, before, lower=lower)
    write = admitted.write(id_, "PUT", integrity.base_url)
    desk.require_opened("u", write)  # SMART: an update that creates is allowed by the letter of updates
    stored = desk.put(changes, write, before, before.contributor if before and receives else "")
    integrity.wrote(stored, admitted, before, where)
    return Made(201 if before is None or before.deleted else 200, stored)


def held(
    desk: Desk, changes: Changes, type_: str, id_: str, letter: str, condition: Condition | None
) -> Stored | None:
    """The current version if the caller may see it, locked; what matched a condition must still match."""
    about: Filter = condition.about if condition else EVERYTHING
    found = changes.current(type_, id_, all_of(about, desk.sees(letter, type_)))
    if condition and (found is None or found.deleted):
        raise overtaken(condition)
    return found


def require_may_name(desk: Desk, changes: Changes, type_: str, id_: str) -> None:
    """Whether the caller may create under its own id: only a custodian's systems.

    To partners and persons a hidden id and a free one are the same.
    """
    if not desk.caller.is_agency or desk.caller.is_person:
        raise absent()
    if changes.exists(type_, id_):
        raise absent()


def require_may_change(desk: Desk, changes: Changes, before: Stored) -> None:
    """A partner changes only what it contributed itself and what is still current."""
    if desk.caller.is_agency:
        return
    own = all_of(desk.sees("u", before.type), Is("contributor", desk.caller.contributor))
    if changes.current(before.type, before.id, own) is None:
        raise Forbidden(
            f"`{before.type}/{before.id}` was contributed by another organisation; ask its author"
        )


def require_same_id(admitted: Admitted, id_: str) -> None:
    """Raise Malformed (400) unless the body has the id of the address."""
    given = admitted.document.get("id")
    if given != id_:
        text = f"the body has id `{given}`, the address `{id_}`; they must be the same"
        if given is None:
            text = f"the body has no id; it must have `{id_}` as the address has"
        raise Malformed(text, faults=[Fault("invalid", text, f"{admitted.spec.name}.id")])
