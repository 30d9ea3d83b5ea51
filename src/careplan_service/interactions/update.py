"""FHIR update. https://hl7.org/fhir/R4/http.html#update"""

from __future__ import annotations

import re

from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import Is, all_of
from careplan_service.access.view import require_scope
from careplan_service.errors import Fault, Forbidden, Malformed, NotAllowed, PreconditionFailed
from careplan_service.interactions.admission import Admitted, admit, forbid_self_service
from careplan_service.interactions.desk import Changes, Desk, Stored
from careplan_service.interactions.read import absent
from careplan_service.resources.spec import ResourceSpec

ANY_VERSION = "*"
_ETAG = re.compile(r'(?:W/)?"([A-Za-z0-9\-.]{1,64})"')


def update(
    desk: Desk, spec: ResourceSpec, id_: str, data: bytes, door: Door, if_match: str | None
) -> tuple[Stored, bool]:
    """Store a new version; True when this made the resource (agencies only, under their own id).

    Raises PreconditionFailed (412) when `If-Match` names another version, NotFound for what the
    caller may not see, Forbidden for what it may see and not change.
    """
    require_scope(desk.caller, "u", spec.name)
    wanted = version_of(if_match)
    admitted = admit(spec, data, door)
    _require_same_id(admitted, id_)
    forbid_self_service(desk.caller, admitted.document)
    with desk.records.changes() as changes:
        stored, created = put(desk, changes, admitted, id_, door, wanted)
        desk.note_in(changes, 201 if created else 200)
    return stored, created


def put(
    desk: Desk, changes: Changes, admitted: Admitted, id_: str, door: Door, wanted: str | None
) -> tuple[Stored, bool]:
    """The update inside an open transaction."""
    spec = admitted.spec
    # Where there is no row yet that writers could wait at, two would both create it.
    changes.alone(f"{spec.name}/{id_}")
    before = changes.current(spec.name, id_, desk.sees("u", spec.name))
    if before is None:
        require_may_name(desk, changes, spec.name, id_)
    require_match(wanted, before)
    if before is not None:
        require_may_change(desk, changes, before)
    stored = changes.put(
        admitted.write(id_, "PUT", door.base_url), before, desk.now, desk.caller.organization
    )
    return desk.show(stored), before is None or before.deleted


def require_may_name(desk: Desk, changes: Changes, type_: str, id_: str) -> None:
    """Whether the caller may create under its own id; to partners a hidden id and a free one are the same."""
    if not desk.caller.is_agency:
        raise absent()
    if not desk.caller.scopes.allows("c", type_):
        raise NotAllowed(f"`{type_}/{id_}` is not there, and this token does not allow to create it")
    if changes.exists(type_, id_):
        raise absent()


def require_match(wanted: str | None, before: Stored | None) -> None:
    """Raise PreconditionFailed (412) unless the current version is the wanted one; `*` wants any."""
    current = str(before.version) if before and not before.deleted else None
    if wanted is not None and (current is None or wanted not in (ANY_VERSION, current)):
        text = f"`If-Match` names version {wanted}, the current one is {current or 'none'}; read it again"
        raise PreconditionFailed(text)


def require_may_change(desk: Desk, changes: Changes, before: Stored) -> None:
    """A partner changes only what it contributed itself and what is still current."""
    if desk.caller.is_agency:
        return
    own = all_of(desk.sees("u", before.type), Is("contributor", desk.caller.organization))
    if changes.current(before.type, before.id, own) is None:
        raise Forbidden(
            f"`{before.type}/{before.id}` was contributed by another organisation; ask its author"
        )


def version_of(if_match: str | None) -> str | None:
    """The version an `If-Match: W/"3"` names, or `*`. Raises Malformed (400) for anything else."""
    if if_match is None:
        return None
    if if_match.strip() == ANY_VERSION:
        return ANY_VERSION
    found = _ETAG.fullmatch(if_match.strip())
    if not found:
        raise Malformed(f'`If-Match: {if_match}` is no version; write it as W/"3"')
    return found[1]


def _require_same_id(admitted: Admitted, id_: str) -> None:
    given = admitted.document.get("id")
    if given != id_:
        text = f"the body has id `{given}`, the address `{id_}`; they must be the same"
        if given is None:
            text = f"the body has no id; it must have `{id_}` as the address has"
        raise Malformed(text, faults=[Fault("invalid", text, f"{admitted.spec.name}.id")])
