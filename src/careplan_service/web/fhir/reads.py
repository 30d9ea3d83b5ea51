"""Read, vread and history. https://hl7.org/fhir/R4/http.html#read"""

from __future__ import annotations

from flask import Blueprint, Response, request

from careplan_service.interactions.admission import spec_of
from careplan_service.interactions.controls import PRESENTATION
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.history import asked_of, history
from careplan_service.interactions.read import read, read_unless
from careplan_service.interactions.vread import vread
from careplan_service.web import incoming, wire
from careplan_service.web.fhir.face import Face, pairs_of

INSTANCE = "/<string:type_>/<string:id_>"


def register(routes: Blueprint, face: Face) -> None:
    """The reading routes."""

    @routes.get(INSTANCE)
    def read_instance(type_: str, id_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            name = spec_of(type_).name
            known = incoming.known_of(request)
            if known is None:
                return wire.resource(read(desk, name, id_), face.base_url)
            found, same = read_unless(desk, name, id_, known)
            return wire.not_modified(found) if same else wire.resource(found, face.base_url)

        return face.serve("read", carry_out, PRESENTATION)

    @routes.get(f"{INSTANCE}/_history/<string:version>")
    def read_version(type_: str, id_: str, version: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            return wire.resource(vread(desk, spec_of(type_).name, id_, version), face.base_url)

        return face.serve("vread", carry_out, PRESENTATION)

    @routes.get(f"{INSTANCE}/_history")
    def history_instance(type_: str, id_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            return _history(desk, spec_of(type_).name, id_, face)

        return face.serve("history-instance", carry_out, None)

    @routes.get("/<string:type_>/_history")
    def history_type(type_: str) -> Response:
        return face.serve("history-type", lambda desk: _history(desk, spec_of(type_).name, "", face), None)

    @routes.get("/_history")
    def history_system() -> Response:
        return face.serve("history-system", lambda desk: _history(desk, "", "", face), None)


def _history(desk: Desk, type_: str, id_: str, face: Face) -> Response:
    path = "/".join(part for part in (type_, id_, "_history") if part)
    pairs, after = face.page_of(desk, pairs_of(request), path)
    found = history(desk, type_, id_, asked_of(pairs), after)
    links = face.links(desk, path, pairs, found.following)
    return wire.historic(found.entries, found.total, links, face.base_url)
