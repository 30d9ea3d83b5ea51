"""The FHIR RESTful API: generic routes for every served type. https://hl7.org/fhir/R4/http.html"""

from __future__ import annotations

from flask import Blueprint, Response, request

from careplan_service.interactions import metadata
from careplan_service.web import incoming, wire
from careplan_service.web.fhir import bundles, reads, searches, writes
from careplan_service.web.fhir.face import Face

__all__ = ["Face", "fhir_blueprint"]

_ROUTES = (reads, searches, writes, bundles)


def fhir_blueprint(face: Face) -> Blueprint:
    """Routes under `/fhir`."""
    routes = Blueprint("fhir", __name__, url_prefix="/fhir")

    @routes.get("/metadata")
    def capabilities() -> Response:
        incoming.require_json_wanted(request)
        return wire.document(metadata.capability_statement(face.base_url))

    for module in _ROUTES:
        module.register(routes, face)
    return routes
