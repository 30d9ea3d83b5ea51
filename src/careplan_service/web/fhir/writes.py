"""Create, update and delete. https://hl7.org/fhir/R4/http.html#create"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request

from careplan_service.interactions.admission import spec_of
from careplan_service.interactions.create import create
from careplan_service.interactions.delete import delete
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.update import update
from careplan_service.web import incoming, wire
from careplan_service.web.fhir.face import Face
from careplan_service.web.fhir.reads import INSTANCE


def register(routes: Blueprint, face: Face) -> None:
    """The writing routes of one resource."""

    def serve(interaction: str, carry_out: Callable[[Desk], Response]) -> Response:
        def checked(desk: Desk) -> Response:
            incoming.require_preconditions(request)
            return carry_out(desk)

        return face.serve(interaction, checked)

    @routes.post("/<string:type_>")
    def create_type(type_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            stored = create(desk, spec_of(type_), incoming.body_of(request), face.door())
            return wire.resource(stored, face.base_url, 201, located=True)

        return serve("create", carry_out)

    @routes.put(INSTANCE)
    def update_instance(type_: str, id_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            if_match = request.headers.get("If-Match")
            data = incoming.body_of(request)
            stored, created = update(desk, spec_of(type_), id_, data, face.door(), if_match)
            return wire.resource(stored, face.base_url, 201 if created else 200, located=True)

        return serve("update", carry_out)

    @routes.delete(INSTANCE)
    def delete_instance(type_: str, id_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            stored = delete(desk, spec_of(type_), id_, face.base_url, request.headers.get("If-Match"))
            return Response(status=204, headers={"ETag": f'W/"{stored.version}"'})

        return serve("delete", carry_out)
