"""The paths of registration, and the metadata of UDAP.

https://www.rfc-editor.org/rfc/rfc7591 and https://www.rfc-editor.org/rfc/rfc7592
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from careplan_service.web.openapi_bodies import JSON
from careplan_service.web.openapi_operations import refused
from careplan_service.web.registration import PATH, UDAP_PATH

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_METADATA = {
    **dict.fromkeys(("redirect_uris", "grant_types", "response_types", "contacts"), _TEXTS),
    **dict.fromkeys(("token_endpoint_auth_method", "client_name", "client_uri", "scope"), _TEXT),
    "jwks": {"type": "object", "description": "A JWK Set; or `jwks_uri`."},
    **dict.fromkeys(("jwks_uri", "software_id", "software_version"), _TEXT),
    "software_statement": {**_TEXT, "description": "A signed JWT; what it says goes before the rest."},
}
_SENT = {"type": "object", "properties": _METADATA}
_TO_REGISTER = {
    "type": "object",
    "description": "Metadata, or `udap` with a software statement that a certificate signs.",
    "properties": {**_METADATA, "udap": {"const": "1"}, "certifications": _TEXTS},
}
_TOLD = {
    "type": "object",
    "properties": {
        "client_id": _TEXT,
        "client_id_issued_at": {"type": "integer", "description": "Seconds since 1970 UTC."},
        "client_secret": {**_TEXT, "description": "Only when it was made just now."},
        "client_secret_expires_at": {"const": 0},
        "registration_access_token": _TEXT,
        "registration_client_uri": _TEXT,
        **_METADATA,
    },
    "required": ["client_id"],
}
_ERROR = {
    "type": "object",
    "properties": {"error": _TEXT, "error_description": _TEXT},
    "required": ["error"],
}
_OWN = "By the registration access token, as a bearer token. "
_ERRORS = {
    400: "The metadata are not accepted; `error` says in which respect.",
    401: "The registration access token is not that of this client.",
    413: "The body is too long.",
    429: "Too many attempts from this address.",
    503: "Too many clients wait, or the registration was changed at the same moment.",
}


def registration_operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(path, method, operation) of each."""
    waits = "The client waits until an operator approves it. 404 where registration is not offered."
    made = {
        "201": _answer("Registered.", _TOLD),
        "200": _answer("Changed or cancelled by certificate.", _TOLD),
    }
    register = _operation("register", "Register a client", waits, made, 400, 413, 429, 503)
    yield PATH, "post", register | _body(_TO_REGISTER)
    told = {"200": _answer("The registration.", _TOLD)}
    own = f"{PATH}/{{id}}"
    yield own, "get", _operation("showRegistration", "A client reads its registration", _OWN, told, 401, 413)
    more = f"{_OWN}Who asks for more than was approved waits again."
    change = _operation(
        "changeRegistration", "A client changes its registration", more, told, 400, 401, 413, 503
    )
    yield own, "put", change | _body({**_SENT, "properties": {"client_id": _TEXT, **_METADATA}})
    ended = {"204": {"description": "Ended."}}
    yield (
        own,
        "delete",
        _operation("endRegistration", "A client ends its registration", _OWN, ended, 401, 413),
    )
    about = "Signed with the certificate of this server. 404 where it is not offered."
    offered = {"200": _answer("The document.", {"type": "object"}), "204": {"description": "None for it."}}
    udap = _operation("udapMetadata", "What is offered to clients with certificates", about, offered)
    community = {"name": "community", "in": "query", "schema": _TEXT, "description": "A trust community."}
    yield UDAP_PATH, "get", {**udap, "parameters": [community]}


def _answer(about: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": about, "content": {JSON: {"schema": schema}}}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


def _operation(name: str, summary: str, about: str, answers: dict[str, Any], *errors: int) -> dict[str, Any]:
    told = {str(status): _answer(_ERRORS[status], _ERROR) for status in errors}
    return {
        "tags": ["Authorization"],
        "operationId": name,
        "summary": summary,
        "description": about.strip(),
        "security": [],
        "responses": {**answers, **told, **refused(404)},
    }
