"""FHIR create. https://hl7.org/fhir/R4/http.html#create"""

from __future__ import annotations

from careplan_service.access.consent.rules import Door
from careplan_service.access.view import require_scope
from careplan_service.interactions.admission import admit, forbid_self_service
from careplan_service.interactions.desk import Desk, Stored
from careplan_service.resources.spec import ResourceSpec


def create(desk: Desk, spec: ResourceSpec, data: bytes, door: Door) -> Stored:
    """Store a new resource under an id the server makes; an id in the body is ignored.

    Raises Forbidden, Malformed or Invalid; then nothing was written but the audit row.
    """
    require_scope(desk.caller, "c", spec.name)
    admitted = admit(spec, data, door)
    forbid_self_service(desk.caller, admitted.document)
    write = admitted.write(desk.new_id(), "POST", door.base_url)
    with desk.records.changes() as changes:
        stored = desk.show(changes.put(write, None, desk.now, desk.caller.organization))
        desk.note_in(changes, 201)
    return stored
