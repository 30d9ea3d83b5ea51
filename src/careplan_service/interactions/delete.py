"""FHIR delete. https://hl7.org/fhir/R4/http.html#delete"""

from __future__ import annotations

from careplan_service.access.view import require_scope
from careplan_service.interactions.desk import Changes, Desk, Stored, Write
from careplan_service.interactions.read import absent
from careplan_service.interactions.update import require_match, require_may_change, version_of
from careplan_service.resources import r4
from careplan_service.resources.spec import ResourceSpec


def delete(desk: Desk, spec: ResourceSpec, id_: str, base_url: str, if_match: str | None) -> Stored:
    """Mark as deleted; the history stays, and a second delete changes nothing.

    A deleted Consent decides nothing from the next request on. Raises NotFound when absent or hidden.
    """
    require_scope(desk.caller, "d", spec.name)
    wanted = version_of(if_match)
    with desk.records.changes() as changes:
        stored = remove(desk, changes, spec, id_, base_url, wanted)
        desk.note_in(changes, 204)
    return stored


def remove(
    desk: Desk, changes: Changes, spec: ResourceSpec, id_: str, base_url: str, wanted: str | None
) -> Stored:
    """The delete inside an open transaction."""
    before = changes.current(spec.name, id_, desk.sees("d", spec.name))
    if before is None:
        raise absent()
    require_match(wanted, before)
    if before.deleted:
        return before
    require_may_change(desk, changes, before)
    # The marker keeps the facts of what it ends, so the same rules decide who may know of it.
    facts = spec.facts(r4.parse(before.body), base_url)
    write = Write(spec.name, id_, "DELETE", lambda version, updated: b"", facts)
    return desk.show(changes.put(write, before, desk.now, desk.caller.organization))
