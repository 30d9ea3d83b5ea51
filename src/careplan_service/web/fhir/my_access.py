"""`$my-access` of the whole system. https://hl7.org/fhir/R4/operations.html"""

from __future__ import annotations

from flask import Blueprint, Response, request

from careplan_service.errors import Malformed
from careplan_service.interactions.controls import PRESENTATION
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.my_access import my_access
from careplan_service.web import wire
from careplan_service.web.fhir.asked_of import asked_of
from careplan_service.web.fhir.face import Face


def register(routes: Blueprint, face: Face) -> None:
    """The route, by GET and by POST."""

    def told() -> Response:
        def carry_out(desk: Desk) -> Response:
            for name, _ in asked_of(request):
                if name not in PRESENTATION:
                    raise Malformed(f"`$my-access` takes nothing, so not `{name}`; who asks is in the token")
            return wire.document(my_access(desk))

        return face.serve("my-access", carry_out, None)

    routes.add_url_rule("/$my-access", "my_access", told, methods=["GET", "POST"])
