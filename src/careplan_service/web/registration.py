"""The addresses where clients register themselves, and what is offered to those with certificates.

https://www.rfc-editor.org/rfc/rfc7591, https://www.rfc-editor.org/rfc/rfc7592 and
https://hl7.org/fhir/us/udap-security/STU1/discovery.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, json, request
from werkzeug.exceptions import RequestEntityTooLarge

from careplan_service.errors import NotFound
from careplan_service.web.people.addresses import address_of

Answer = tuple[int, Mapping[str, Any], Mapping[str, str]]
"""Status, JSON document and headers."""

PATH, UDAP_PATH = "/oauth/register", "/fhir/.well-known/udap"

_LARGEST = 64 * 1024
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_TOO_LONG = {
    "error": "invalid_client_metadata",
    "error_description": f"the body is longer than {_LARGEST} bytes",
}


@dataclass(frozen=True)
class Registering:
    """What answers: `register(headers, body, address)`, `manage(method, id, headers, body)`, `udap()`.

    None for what is not offered.
    """

    register: Callable[[Mapping[str, str], bytes, str], Answer] | None = None
    manage: Callable[[str, str, Mapping[str, str], bytes], Answer] | None = None
    udap: Callable[[], Mapping[str, Any]] | None = None


def registration_blueprint(offered: Registering, proxies: int) -> Blueprint:
    """Register, manage a registration, and the metadata of UDAP; 404 for what is not offered."""
    blueprint = Blueprint("registration", __name__)

    @blueprint.post(PATH)
    def register() -> Response:
        if offered.register is None:
            raise NotFound("clients cannot register themselves here; ask the operator")
        body = _body()
        if body is None:
            return _json(413, _TOO_LONG, _NO_STORE)
        return _json(*offered.register(dict(request.headers), body, address_of(request, proxies)))

    @blueprint.route(f"{PATH}/<client_id>", methods=["GET", "PUT", "DELETE"])
    def manage(client_id: str) -> Response:
        if offered.manage is None:
            raise NotFound("clients cannot register themselves here; ask the operator")
        body = _body()
        if body is None:
            return _json(413, _TOO_LONG, _NO_STORE)
        method = "GET" if request.method == "HEAD" else request.method
        return _json(*offered.manage(method, client_id, dict(request.headers), body))

    @blueprint.get(UDAP_PATH)
    def udap() -> Response:
        if offered.udap is None:
            raise NotFound("UDAP is not offered here")
        if "community" in request.args:
            # No certificate of ours is for one community and no other.
            return Response(status=204)
        return _json(200, offered.udap(), {"Cache-Control": "public, max-age=300"})

    return blueprint


def _body() -> bytes | None:
    """The body, or None where it is too long."""
    request.max_content_length = _LARGEST
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        return None


def _json(status: int, document: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    if status == 204:
        return Response(status=204, headers=dict(headers))
    response = Response(json.dumps(document), status, mimetype="application/json")
    response.headers.update(headers)
    return response
