"""Read, vread and history. https://hl7.org/fhir/R4/http.html#read"""

from __future__ import annotations

from flask import Blueprint, Response, request

from careplan_service.errors import Malformed
from careplan_service.interactions.admission import spec_of
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.history import history
from careplan_service.interactions.read import read
from careplan_service.interactions.search import DEFAULT_COUNT, count_of, require_once
from careplan_service.interactions.vread import vread
from careplan_service.web import wire
from careplan_service.web.fhir.face import FORMAT, Face, pairs_of

INSTANCE = "/<string:type_>/<string:id_>"


def register(routes: Blueprint, face: Face) -> None:
    """The reading routes of one resource."""

    @routes.get(INSTANCE)
    def read_instance(type_: str, id_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            return wire.resource(read(desk, spec_of(type_).name, id_), face.base_url)

        return face.serve("read", carry_out)

    @routes.get(f"{INSTANCE}/_history/<string:version>")
    def read_version(type_: str, id_: str, version: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            return wire.resource(vread(desk, spec_of(type_).name, id_, version), face.base_url)

        return face.serve("vread", carry_out)

    @routes.get(f"{INSTANCE}/_history")
    def history_instance(type_: str, id_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            return _history(desk, f"{spec_of(type_).name}/{id_}", face)

        return face.serve("history-instance", carry_out, None)


def _history(desk: Desk, instance: str, face: Face) -> Response:
    type_, _, id_ = instance.partition("/")
    asked, after = face.page_of(pairs_of(request), instance)
    require_once(name for name, _ in asked)
    count = DEFAULT_COUNT
    for name, text in asked:
        if name == "_count":
            count = count_of(text)
        elif name not in FORMAT:
            raise Malformed(f"history does not take `{name}`; it has `_count`")
    found = history(desk, type_, id_, count, after)
    following = face.cursors.sealed(found.following, instance) if found.following else None
    links = wire.links(f"{face.base_url}/fhir/{instance}/_history", asked, following)
    return wire.historic(found.versions, found.total, links, face.base_url)
