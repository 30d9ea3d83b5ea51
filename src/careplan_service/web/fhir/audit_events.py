"""AuditEvents, for administrators: read and searched, written by nobody. https://hl7.org/fhir/R4/auditevent.html"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, request

from careplan_service.errors import NotAllowed
from careplan_service.interactions.audit_search import TYPE, events_asked, read_event, search_events
from careplan_service.interactions.controls import PRESENTATION
from careplan_service.interactions.desk import Desk
from careplan_service.web import incoming, wire
from careplan_service.web.fhir.face import Face, pairs_of
from careplan_service.web.fhir.searches import form_of

_ONE = f"/{TYPE}/<string:id_>"


class Kept(NotAllowed):
    """What this service keeps itself is read only."""

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Allow": "GET, HEAD"}


def register(routes: Blueprint, face: Face) -> None:
    """The routes of AuditEvent; they stand before those of every type."""

    def searched() -> Response:
        def carry_out(desk: Desk) -> Response:
            form = form_of(desk) if request.method == "POST" else []
            given, after = face.page_of(desk, [*pairs_of(request), *form], TYPE)
            lenient = incoming.is_lenient(request)
            query = events_asked(desk, given, after, lenient=lenient)
            found = search_events(desk, query)
            links = face.links(desk, TYPE, query.used, found.following)
            return wire.searchset(found.matches, (), found.total, links, face.base_url, query.ignored)

        return face.serve("search-type", carry_out, None)

    def read_one(id_: str) -> Response:
        return face.serve(
            "read", lambda desk: wire.resource(read_event(desk, id_), face.base_url), PRESENTATION
        )

    def written(interaction: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            raise Kept("AuditEvents are made by this service itself and cannot be written")

        return face.serve(interaction, carry_out, None)

    routes.add_url_rule(f"/{TYPE}", "search_events", searched, methods=["GET"], strict_slashes=False)
    routes.add_url_rule(f"/{TYPE}/_search", "search_events_by_form", searched, methods=["POST"])
    routes.add_url_rule(_ONE, "read_event", read_one, methods=["GET"])
    for method, interaction in _WRITES.items():
        paths = (f"/{TYPE}",) if method == "POST" else (f"/{TYPE}", _ONE)
        for number, path in enumerate(paths):
            routes.add_url_rule(
                path,
                f"{interaction}_event_{number}",
                lambda id_="", interaction=interaction: written(interaction),
                methods=[method],
            )


_WRITES = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
