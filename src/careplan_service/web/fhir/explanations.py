"""`$why-access` of a resource and `$explain-search` of a type. https://hl7.org/fhir/R4/operations.html"""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, request

from careplan_service.errors import Malformed
from careplan_service.interactions.admission import spec_of
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.explain_search import explain_search, require_staff
from careplan_service.interactions.explain_search import told as search_told
from careplan_service.interactions.why_access import require_owner, why_access
from careplan_service.interactions.why_asked import Pairs, given_in, partner_in
from careplan_service.interactions.why_words import told
from careplan_service.web import wire
from careplan_service.web.fhir.asked_of import asked_of
from careplan_service.web.fhir.face import Face, pairs_of

_ONE = "/<string:type_>/<string:id_>"


def register(routes: Blueprint, face: Face) -> None:
    """The routes; a past version is asked about by GET only."""

    def why(type_: str, id_: str, version: str = "") -> Response:
        def carry_out(desk: Desk) -> Response:
            require_owner(desk)
            name = spec_of(type_).name
            given = given_in(_asked(desk), "$why-access", ("partner", "purpose"))
            partner = partner_in(desk, given, face.clients)
            return wire.document(told(why_access(desk, name, id_, version, face.door(), partner)))

        return face.serve("why-access", carry_out, None)

    def search(type_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            require_staff(desk)
            name = spec_of(type_).name
            given = given_in(_asked(desk), "$explain-search", ("partner", "purpose", "query"))
            partner = partner_in(desk, given, face.clients)
            if partner is None:
                raise Malformed("`$explain-search` needs the `partner`, a client or `Organization/x`")
            query = given.get("query", "")
            return wire.document(search_told(explain_search(desk, name, query, face.door(), partner)))

        return face.serve("explain-search", carry_out, None)

    both = ["GET", "POST"]
    routes.add_url_rule(f"{_ONE}/$why-access", "why_access", why, methods=both)
    routes.add_url_rule(
        f"{_ONE}/_history/<string:version>/$why-access", "why_access_version", why, methods=["GET"]
    )
    routes.add_url_rule("/<string:type_>/$explain-search", "explain_search", search, methods=both)


def _asked(desk: Desk) -> Pairs:
    """The parameters; those of a body are kept for the log."""
    asked = asked_of(request)
    beside = asked[len(pairs_of(request)) :]
    if beside:
        desk.also_asked(urlencode(beside))
    return asked
