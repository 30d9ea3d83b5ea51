"""The authorization server's addresses; what is answered there comes from the functions it is given.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, json, request
from werkzeug.exceptions import RequestEntityTooLarge

TokenEndpoint = Callable[[Mapping[str, str], bytes], tuple[int, Mapping[str, Any], Mapping[str, str]]]
"""Headers and body of the request to status, JSON document and headers of the response."""

_LARGEST_FORM = 64 * 1024
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_PUBLIC = {"Cache-Control": "public, max-age=300"}


def oauth_blueprint(
    token_endpoint: TokenEndpoint,
    jwks: Callable[[], Mapping[str, Any]],
    smart_configuration: Callable[[], Mapping[str, Any]],
) -> Blueprint:
    """`/oauth/token`, `/oauth/jwks` and `/fhir/.well-known/smart-configuration`, all without a token."""
    blueprint = Blueprint("oauth", __name__)

    @blueprint.post("/oauth/token")
    def token() -> Response:
        request.max_content_length = _LARGEST_FORM
        try:
            body = request.get_data(cache=False)
        except RequestEntityTooLarge:
            return _json(
                413, {"error": "invalid_request", "error_description": "the form is too long"}, _NO_STORE
            )
        return _json(*token_endpoint(dict(request.headers), body))

    @blueprint.get("/oauth/jwks")
    def public_keys() -> Response:
        return _json(200, jwks(), _PUBLIC)

    @blueprint.get("/fhir/.well-known/smart-configuration")
    def configuration() -> Response:
        return _json(200, smart_configuration(), _PUBLIC)

    return blueprint


def _json(status: int, document: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    response = Response(json.dumps(document), status, mimetype="application/json")
    response.headers.update(headers)
    return response
