"""The authorization server's addresses; what is answered there comes from the functions it is given.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, json, request
from werkzeug.exceptions import RequestEntityTooLarge

Endpoint = Callable[[Mapping[str, str], bytes], tuple[int, Mapping[str, Any], Mapping[str, str]]]
"""Headers and body of the request to status, JSON document and headers of the response."""

Document = Callable[[], Mapping[str, Any]]

_LARGEST_FORM = 64 * 1024
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_PUBLIC = {"Cache-Control": "public, max-age=300"}
_TOO_LONG = {"error": "invalid_request", "error_description": "the form is too long"}


def oauth_blueprint(endpoints: Mapping[str, Endpoint], documents: Mapping[str, Document]) -> Blueprint:
    """By path: endpoints, which take a form by POST, and documents, for everybody to GET."""
    blueprint = Blueprint("oauth", __name__)
    for path, endpoint in endpoints.items():
        blueprint.add_url_rule(path, path.lstrip("/"), _posted(endpoint), methods=["POST"])
    for path, document in documents.items():
        blueprint.add_url_rule(path, path.replace(".", ""), _shown(document), methods=["GET"])
    return blueprint


def _posted(endpoint: Endpoint) -> Callable[[], Response]:
    def post() -> Response:
        request.max_content_length = _LARGEST_FORM
        try:
            body = request.get_data(cache=False)
        except RequestEntityTooLarge:
            return _json(413, _TOO_LONG, _NO_STORE)
        return _json(*endpoint(dict(request.headers), body))

    return post


def _shown(document: Document) -> Callable[[], Response]:
    """JSON whatever the Accept header says, as SMART wants it."""
    return lambda: _json(200, document(), _PUBLIC)


def _json(status: int, document: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    response = Response(json.dumps(document), status, mimetype="application/json")
    response.headers.update(headers)
    return response
