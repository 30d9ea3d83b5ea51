"""FHIR create, also conditional. https://hl7.org/fhir/R4/http.html#create"""

from __future__ import annotations

from careplan_service.access.consent.rules import Door
from careplan_service.access.view import require_scope
from careplan_service.interactions.admission import Admitted, admit, forbid_self_service
from careplan_service.interactions.conditional import condition_of, only_match
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.integrity import Integrity, write_one
from careplan_service.interactions.once import Made, Written
from careplan_service.interactions.records import Changes
from careplan_service.resources.spec import ResourceSpec


def create(
    desk: Desk, spec: ResourceSpec, data: bytes, door: Door, if_none_exist: str | None = None
) -> Written:
    """Store a new resource under an id the server makes; an id in the body is ignored.

    With `if_none_exist`, a query, the one resource that matches is given instead (200). Raises
    Forbidden, Malformed, Invalid, or PreconditionFailed when several match; then nothing was written
    but the audit row.
    """
    require_scope(desk.caller, "c", spec.name)
    condition = None
    if if_none_exist is not None:
        condition = condition_of(desk, spec, if_none_exist)
    admitted = admit(spec, data, door)
    forbid_self_service(desk.caller, admitted.document)

    def carry_out(changes: Changes, integrity: Integrity) -> Made:
        if condition:
            changes.alone(condition.name)
            if found := only_match(desk, condition):
                return Made(200, found)
        return post(desk, changes, admitted, desk.new_id(), integrity)

    return write_one(desk, door, carry_out)


def post(
    desk: Desk, changes: Changes, admitted: Admitted, id_: str, integrity: Integrity, where: str = ""
) -> Made:
    """The create inside an open transaction."""
    write = admitted.write(id_, "POST", integrity.base_url)
    desk.require_opened("c", write)
    stored = desk.put(changes, write, None)
    integrity.wrote(stored, admitted, None, where)
    return Made(201, stored)
