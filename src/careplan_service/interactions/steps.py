"""Who asks, as a role in the work with a plan, and whether the step is hers. docs/practice.md

https://hl7.org/fhir/R4/careplan.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from careplan_service.access.caller import Caller
from careplan_service.access.filters import Represented
from careplan_service.access.scope_text import parse_scopes
from careplan_service.errors import Forbidden
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.read import absent, read
from careplan_service.interactions.read_plan import Found
from careplan_service.interactions.records import Stored
from careplan_service.interventions.places import places_of
from careplan_service.interventions.plan import Plan
from careplan_service.interventions.steps import steps

_ROLES: Mapping[str, str] = {
    "agency": "worker supervisor",
    "partner": "partner",
    "patient": "client",
    "related": "representative",
}
"""By kind of caller; an agency's system acts for its people. Whoever is of no kind has no role.

Which of the agency's people is a supervisor the plan says: `require_supervisor`.
"""


def require_step(desk: Desk, step: str) -> None:
    """Raise Forbidden (403), with the sentence of the table, for whose step it is not."""
    permitted = steps().get(step)
    roles = _ROLES.get(desk.caller.kind, "").split()
    if permitted is None or not permitted.who & set(roles):
        why = permitted.sentence if permitted else "nobody does this"
        raise Forbidden(f"this is not for you to do: {why}")


def require_supervisor(desk: Desk, found: Found, after: Plan) -> None:
    """Raise Forbidden (403) for a person who co-signs as somebody else; systems act for people."""
    cosigned = {one.number for one in found.plan.sessions if one.cosigned_by}
    names = {one.cosigned_by for one in after.sessions if one.cosigned_by and one.number not in cosigned}
    if not names or not desk.caller.is_person:
        return
    documents = found.documents
    places = places_of(documents[f"CarePlan/{found.care_plan.id}"], documents, found.plan)
    hers = {
        one.label
        for n, one in enumerate(found.plan.participants)
        for type_ in ("Practitioner", "PractitionerRole")
        if places.get((type_, f"participant {n}")) == desk.caller.fhir_user
    }
    if not names <= hers:
        raise Forbidden(f"this is not for you to do: {steps()['cosignature'].sentence}")


def hand_of(desk: Desk, id_: str) -> Desk:
    """Who writes: staff themselves; for a client and who represents her the custodian of her own plan.

    Raises NotFound for a plan that she does not see or that is not hers alone.
    """
    if desk.caller.is_agency:
        return desk
    stored = read(desk, "CarePlan", id_)
    if not _is_hers(desk, stored):
        raise absent()
    caller = desk.caller
    custodian = Caller(caller.client_id, "agency", stored.contributor, caller.purposes, _WHOLE)
    return replace(desk, caller=custodian, shown=[], because=set(), patients={}, several=[])


_WHOLE = parse_scopes("system/*.cruds")


def _is_hers(desk: Desk, stored: Stored) -> bool:
    caller = desk.caller
    if stored.others:
        return False
    if caller.kind == "patient":
        return stored.patient == caller.fhir_user
    represented = Represented(caller.fhir_user, desk.now)
    return desk.records.glance("CarePlan", stored.id, represented) is not None
