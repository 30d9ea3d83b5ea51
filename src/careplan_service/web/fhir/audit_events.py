"""AuditEvents, for administrators: read and searched. https://hl7.org/fhir/R4/auditevent.html"""

from __future__ import annotations

from flask import Blueprint, Response, request

from careplan_service.interactions.audit_search import TYPE, events_asked, read_event, search_events
from careplan_service.interactions.desk import Desk
from careplan_service.web import incoming, wire
from careplan_service.web.fhir.face import FORMAT, Face, pairs_of
from careplan_service.web.fhir.searches import form_of

_ONE = f"/{TYPE}/<string:id_>"


def register(routes: Blueprint, face: Face) -> None:
    """The routes of AuditEvent; what is offered of served types is refused by `spec_of`."""

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
        return face.serve("read", lambda desk: wire.resource(read_event(desk, id_), face.base_url), FORMAT)

    routes.add_url_rule(f"/{TYPE}", "search_events", searched, methods=["GET"], strict_slashes=False)
    routes.add_url_rule(f"/{TYPE}/_search", "search_events_by_form", searched, methods=["POST"])
    routes.add_url_rule(_ONE, "read_event", read_one, methods=["GET"])
