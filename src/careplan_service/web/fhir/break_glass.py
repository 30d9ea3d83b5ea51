"""`$break-glass` of a Patient. https://hl7.org/fhir/R4/operations.html"""

from __future__ import annotations

from flask import Blueprint, Response, request

from careplan_service.access.instants import instant
from careplan_service.interactions.break_glass import break_glass, told
from careplan_service.interactions.desk import Desk
from careplan_service.log import log
from careplan_service.web import incoming, wire
from careplan_service.web.fhir.face import Face


def register(routes: Blueprint, face: Face) -> None:
    """The routes: of a patient, and of whoever has an identifier."""

    def broken(id_: str = "") -> Response:
        def carry_out(desk: Desk) -> Response:
            claim = break_glass(desk, incoming.body_of(request), id_)
            # Whose record it is stands in the queue, and never in a log of the operator.
            log().warning(
                "break_glass", glass=claim.id, client=claim.client, organization=claim.organization,
                until=instant(claim.until),
            )  # fmt: skip
            return wire.document(told(claim))

        return face.serve("break-glass", carry_out)

    routes.add_url_rule("/Patient/<string:id_>/$break-glass", "break_glass", broken, methods=["POST"])
    routes.add_url_rule("/Patient/$break-glass", "break_glass_by_identifier", broken, methods=["POST"])
