"""The FHIR RESTful API: generic routes for every served type. https://hl7.org/fhir/R4/http.html"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast
from urllib.parse import urlencode

from flask import Blueprint, Request, Response, request

from careplan_service.access.consent.rules import Door
from careplan_service.access.instants import instant
from careplan_service.errors import Malformed
from careplan_service.interactions import metadata
from careplan_service.interactions.admission import spec_of
from careplan_service.interactions.create import create
from careplan_service.interactions.delete import delete
from careplan_service.interactions.desk import Cursor, Desk
from careplan_service.interactions.history import history
from careplan_service.interactions.read import read
from careplan_service.interactions.search import DEFAULT_COUNT, count_of, query_of, require_once, search
from careplan_service.interactions.transaction import Outcome, transaction
from careplan_service.interactions.update import update
from careplan_service.interactions.vread import vread
from careplan_service.web import incoming, wire
from careplan_service.web.cursors import Cursors
from careplan_service.web.reception import Reception

_INSTANCE = "/<string:type_>/<string:id_>"
_FORMAT = frozenset({"_format"})
_TAKES_PARAMETERS = frozenset({"search-type", "history-instance"})
_WRITES = frozenset({"create", "update", "delete", "transaction"})


def fhir_blueprint(
    reception: Reception, door: Callable[[], Door], cursors: Cursors, base_url: str
) -> Blueprint:
    """Routes under `/fhir`; `door` gives what a Consent is compiled with at this moment."""
    routes = Blueprint("fhir", __name__, url_prefix="/fhir")

    def serve(interaction: str, carry_out: Callable[[Desk], Response]) -> Response:
        sent: Request = cast(Any, request)._get_current_object()  # the proxy looks it up at every use

        def checked(desk: Desk) -> Response:
            incoming.require_json_wanted(sent)
            if interaction not in _TAKES_PARAMETERS:
                incoming.require_parameters(sent, _FORMAT)
            if interaction in _WRITES:
                incoming.require_preconditions(sent)
            return carry_out(desk)

        return reception.serve(sent, interaction, checked)

    @routes.get("/metadata")
    def capabilities() -> Response:
        incoming.require_json_wanted(request)
        return wire.document(metadata.capability_statement(base_url))

    @routes.post("", strict_slashes=False)
    def whole_system() -> Response:
        def carry_out(desk: Desk) -> Response:
            return _transaction_response(transaction(desk, incoming.body_of(request), door()))

        return serve("transaction", carry_out)

    @routes.get("/<string:type_>")
    def search_type(type_: str) -> Response:
        return serve("search-type", lambda desk: _search(desk, type_, _pairs(), cursors, base_url))

    @routes.post("/<string:type_>/_search")
    def search_by_form(type_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            spec_of(type_)
            form = incoming.form_of(request)
            desk.also_asked(urlencode(form))
            for text in (text for name, text in form if name == "_format"):
                incoming.require_format(text)
            return _search(desk, type_, [*_pairs(), *form], cursors, base_url)

        return serve("search-type", carry_out)

    @routes.post("/<string:type_>")
    def create_type(type_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            stored = create(desk, spec_of(type_), incoming.body_of(request), door())
            return wire.resource(stored, base_url, 201, located=True)

        return serve("create", carry_out)

    @routes.get(_INSTANCE)
    def read_instance(type_: str, id_: str) -> Response:
        return serve("read", lambda desk: wire.resource(read(desk, spec_of(type_).name, id_), base_url))

    @routes.put(_INSTANCE)
    def update_instance(type_: str, id_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            if_match = request.headers.get("If-Match")
            stored, created = update(desk, spec_of(type_), id_, incoming.body_of(request), door(), if_match)
            return wire.resource(stored, base_url, 201 if created else 200, located=True)

        return serve("update", carry_out)

    @routes.delete(_INSTANCE)
    def delete_instance(type_: str, id_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            stored = delete(desk, spec_of(type_), id_, base_url, request.headers.get("If-Match"))
            return Response(status=204, headers={"ETag": f'W/"{stored.version}"'})

        return serve("delete", carry_out)

    @routes.get(f"{_INSTANCE}/_history")
    def history_instance(type_: str, id_: str) -> Response:
        return serve(
            "history-instance", lambda desk: _history(desk, f"{spec_of(type_).name}/{id_}", cursors, base_url)
        )

    @routes.get(f"{_INSTANCE}/_history/<string:version>")
    def read_version(type_: str, id_: str, version: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            return wire.resource(vread(desk, spec_of(type_).name, id_, version), base_url)

        return serve("vread", carry_out)

    return routes


def _pairs() -> list[tuple[str, str]]:
    return list(request.args.items(multi=True))


def _search(
    desk: Desk, type_: str, pairs: Sequence[tuple[str, str]], cursors: Cursors, base_url: str
) -> Response:
    spec = spec_of(type_)
    asked, after = _page_of(pairs, cursors, type_)
    query = query_of(spec, asked, base_url, after)
    found = search(desk, type_, query)
    following = cursors.sealed(found.following, type_) if found.following else None
    links = wire.links(f"{base_url}/fhir/{type_}", query.used, following)
    return wire.searchset(found.matches, found.total, links, base_url)


def _history(desk: Desk, instance: str, cursors: Cursors, base_url: str) -> Response:
    type_, _, id_ = instance.partition("/")
    asked, after = _page_of(_pairs(), cursors, instance)
    require_once(name for name, _ in asked)
    count = DEFAULT_COUNT
    for name, text in asked:
        if name == "_count":
            count = count_of(text)
        elif name not in _FORMAT:
            raise Malformed(f"history does not take `{name}`; it has `_count`")
    found = history(desk, type_, id_, count, after)
    following = cursors.sealed(found.following, instance) if found.following else None
    links = wire.links(f"{base_url}/fhir/{instance}/_history", asked, following)
    return wire.historic(found.versions, found.total, links, base_url)


def _page_of(
    pairs: Sequence[tuple[str, str]], cursors: Cursors, path: str
) -> tuple[list[tuple[str, str]], Cursor | None]:
    """The parameters without the cursor, and where the page begins."""
    require_once(name for name, _ in pairs if name == "_cursor")
    texts = [text for name, text in pairs if name == "_cursor"]
    asked = [pair for pair in pairs if pair[0] != "_cursor"]
    return asked, cursors.opened(texts[0], path) if texts else None


def _transaction_response(outcomes: Sequence[Outcome]) -> Response:
    entries = [{"response": _response(outcome)} for outcome in outcomes]
    bundle = {"resourceType": "Bundle", "type": "transaction-response"}
    return wire.document({**bundle, "entry": entries} if entries else bundle)


_REASON = {200: "200 OK", 201: "201 Created", 204: "204 No Content"}


def _response(outcome: Outcome) -> dict[str, str]:
    stored = outcome.stored
    answer = {
        "status": _REASON[outcome.status],
        "etag": f'W/"{stored.version}"',
        "lastModified": instant(stored.updated),
    }
    return answer if outcome.status == 204 else {**answer, "location": wire.versioned(stored)}
