"""The FHIR RESTful API: generic routes for every served type. https://hl7.org/fhir/R4/http.html"""

from __future__ import annotations

from flask import Blueprint, Response, request

from careplan_service.access.glass import REFUSED
from careplan_service.interactions import metadata
from careplan_service.web import presenting, wire
from careplan_service.web.fhir import (
    audit_events,
    break_glass,
    bundles,
    consents,
    definitions,
    disclosures,
    explanations,
    forms,
    my_access,
    operations,
    previews,
    reads,
    searches,
    writes,
)
from careplan_service.web.fhir.face import Face
from careplan_service.web.fhir.inside import Reading

__all__ = ["Face", "fhir_blueprint"]

_ROUTES = (
    definitions,
    audit_events,
    break_glass,
    disclosures,
    explanations,
    forms,
    my_access,
    previews,
    reads,
    searches,
    writes,
    operations,
    consents,
)


def fhir_blueprint(face: Face) -> Blueprint:
    """Routes under `/fhir`."""
    routes = _routes(face)
    bundles.register(routes, face, Reading(face, _routes))
    return routes


def _routes(face: Face) -> Blueprint:
    """All but batch and transaction, whose entries may ask for each of these."""
    routes = Blueprint("fhir", __name__, url_prefix="/fhir")

    @routes.get("/metadata")
    def capabilities() -> Response:
        presenting.note_wanted(request, "capabilities")
        emergencies = face.reception.policy.break_glass != REFUSED
        statement = metadata.capability_statement(face.base_url, face.addresses(), emergencies=emergencies)
        return wire.document(statement)

    for module in _ROUTES:
        module.register(routes, face)
    return routes
