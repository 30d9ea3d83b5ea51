"""Search by GET and by POST. https://hl7.org/fhir/R4/http.html#search"""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, request

from careplan_service.interactions.admission import spec_of
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.search import query_of, search
from careplan_service.web import incoming, wire
from careplan_service.web.fhir.face import Face, Pairs, pairs_of


def register(routes: Blueprint, face: Face) -> None:
    """The search routes."""

    @routes.get("/<string:type_>")
    def search_type(type_: str) -> Response:
        return face.serve("search-type", lambda desk: _search(desk, type_, pairs_of(request), face), None)

    @routes.post("/<string:type_>/_search")
    def search_by_form(type_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            spec_of(type_)
            form = incoming.form_of(request)
            desk.also_asked(urlencode(form))
            for text in (text for name, text in form if name == "_format"):
                incoming.require_format(text)
            return _search(desk, type_, [*pairs_of(request), *form], face)

        return face.serve("search-type", carry_out, None)


def _search(desk: Desk, type_: str, pairs: Pairs, face: Face) -> Response:
    spec = spec_of(type_)
    asked, after = face.page_of(pairs, type_)
    query = query_of(spec, asked, face.base_url, after)
    found = search(desk, type_, query)
    following = face.cursors.sealed(found.following, type_) if found.following else None
    links = wire.links(f"{face.base_url}/fhir/{type_}", query.used, following)
    return wire.searchset(found.matches, found.total, links, face.base_url)
