"""`$preview` and `$what-if` of Consent. https://hl7.org/fhir/R4/operations.html"""

from __future__ import annotations

from flask import Blueprint, Response, request

from careplan_service.interactions.consent_draft import question_of
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.preview_consent import preview
from careplan_service.interactions.preview_told import differences, told
from careplan_service.interactions.what_if import what_if
from careplan_service.web import incoming, wire
from careplan_service.web.fhir.face import Face


def register(routes: Blueprint, face: Face) -> None:
    """The routes."""

    def previewed() -> Response:
        def carry_out(desk: Desk) -> Response:
            question = question_of(incoming.body_of(request))
            return wire.document(told(preview(desk, question, face.clients, face.door())))

        return face.serve("preview-consent", carry_out)

    def supposed() -> Response:
        def carry_out(desk: Desk) -> Response:
            data = incoming.body_of(request)
            return wire.document(differences(what_if(desk, data, face.clients, face.door())))

        return face.serve("what-if", carry_out)

    routes.add_url_rule("/Consent/$what-if", "what_if", supposed, methods=["POST"])
    routes.add_url_rule("/Consent/$preview", "preview_consent", previewed, methods=["POST"])
