"""The paths outside `/fhir`: authorization, plans, health, metrics and this documentation.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from careplan_service.web.docs import ASSETS
from careplan_service.web.openapi_authorize import authorize_operations
from careplan_service.web.openapi_bodies import JSON
from careplan_service.web.openapi_consents import consent_operations
from careplan_service.web.openapi_operations import refused
from careplan_service.web.openapi_plans import plan_operations

_TEXT = {"type": "string"}
_TOKEN_FORM = {
    "type": "object",
    "properties": {
        "grant_type": {"enum": ["authorization_code", "refresh_token", "client_credentials"]},
        "scope": {
            **_TEXT,
            "description": "What is asked for, such as `system/Goal.rs system/CarePlan.rs`; with a refresh "
            "token less than was allowed, and not with a code.",
        },
        "code": {**_TEXT, "description": "What the authorization endpoint gave, a minute ago at most."},
        "redirect_uri": {**_TEXT, "description": "The one that the code was sent to."},
        "code_verifier": {**_TEXT, "description": "What the `code_challenge` was made of (PKCE, `S256`)."},
        "refresh_token": {**_TEXT, "description": "Good for one use; the answer has the next one."},
        "client_assertion_type": {"const": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
        "client_assertion": {
            **_TEXT,
            "description": "A JWT signed with RS384 or ES384 by a registered key; `iss` and `sub` are the "
            "client id, `aud` this address, `jti` is new each time. "
            '`extensions."hl7-b2b".purpose_of_use` names a purpose of use other than the registered default.',
        },
        "client_id": _TEXT,
        "client_secret": {**_TEXT, "description": "Of an app that is registered for `client_secret_post`."},
    },
    "required": ["grant_type"],
}
_PROOF = ("client_assertion_type", "client_assertion")
_ABOUT_A_TOKEN = {
    "type": "object",
    "properties": {
        "token": {**_TEXT, "description": "The token it is about."},
        "token_type_hint": {"enum": ["access_token", "refresh_token"]},
        **{name: _TOKEN_FORM["properties"][name] for name in (*_PROOF, "client_id", "client_secret")},  # type: ignore[index]
    },
    "required": ["token"],
}
_CONTEXT = {
    "patient": {**_TEXT, "description": "The id of the patient in context."},
    "encounter": {**_TEXT, "description": "The id of the encounter in context."},
    "fhirContext": {"type": "array", "items": {"type": "object"}},
    "need_patient_banner": {"type": "boolean"},
    "intent": _TEXT,
}
_TOKEN = {
    "type": "object",
    "properties": {
        "access_token": _TEXT,
        "token_type": {"const": "Bearer"},
        "expires_in": {"type": "integer", "description": "Seconds."},
        "scope": {**_TEXT, "description": "What was granted; it may be less than was asked for."},
        "refresh_token": {**_TEXT, "description": "Where access lasts that a person allowed."},
        "id_token": {**_TEXT, "description": "Who signed in, where `openid` was granted."},
        **_CONTEXT,
    },
    "required": ["access_token", "token_type", "expires_in", "scope"],
}
_ASKED = {**_ABOUT_A_TOKEN, "required": ["token"]}
_TOLD = {
    "type": "object",
    "description": "Of a token that is not taken, or that the client may not be told of, `active` alone.",
    "properties": {
        "active": {"type": "boolean"},
        "scope": {**_TEXT, "description": "What was granted, as far as it is registered by now."},
        **dict.fromkeys(("client_id", "sub", "iss", "aud", "jti"), _TEXT),
        "token_type": {"const": "Bearer"},
        "fhirUser": {**_TEXT, "description": "The address of the record of the person it acts for."},
        **_CONTEXT,
        **{name: {"type": "integer", "description": "Seconds since 1970 UTC."} for name in ("exp", "iat")},
        "extensions": {"type": "object", "description": "`ihe_iua.purpose_of_use`, a list of Coding."},
    },
    "required": ["active"],
}
_TOKEN_ERROR = {
    "type": "object",
    "properties": {"error": _TEXT, "error_description": _TEXT},
    "required": ["error"],
}


def service_operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(path, method, operation) of every path outside `/fhir`, and of the SMART configuration."""
    yield from authorize_operations()
    yield "/oauth/token", "post", _token()
    yield "/oauth/introspect", "post", _introspect()
    yield "/oauth/revoke", "post", _revoke()
    yield "/oauth/jwks", "get", _open("Authorization", "jwks", "The keys that sign access tokens")
    offered = _open("Authorization", "smartConfiguration", "What this server offers a client")
    yield "/fhir/.well-known/smart-configuration", "get", offered
    metadata = _open("Authorization", "serverMetadata", "What this authorization server offers")
    yield "/.well-known/oauth-authorization-server", "get", metadata
    openid = _open("Authorization", "openidConfiguration", "What this OpenID provider offers")
    yield "/.well-known/openid-configuration", "get", openid
    yield from plan_operations()
    yield from consent_operations()
    yield "/health/live", "get", _open("Operation", "live", "Is the process alive")
    yield "/health/ready", "get", _ready()
    yield "/metrics", "get", _metrics()
    yield "/docs", "get", _text("Documentation", "docs", "This document, to read and to try", "text/html")
    yield "/docs/openapi.json", "get", _open("Documentation", "openapi", "This document")
    yield "/docs/{asset}", "get", _asset()


def _json(about: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"description": about, "content": {JSON: {"schema": schema or {"type": "object"}}}}


def _open(tag: str, name: str, summary: str) -> dict[str, Any]:
    responses = {"200": _json("The document.")}
    return {"tags": [tag], "operationId": name, "summary": summary, "security": [], "responses": responses}


def _token() -> dict[str, Any]:
    return _endpoint("token", "Ask for an access token", _TOKEN_FORM, _json("A token.", _TOKEN))


def _revoke() -> dict[str, Any]:
    done = _json("The token is not taken any more, or was none of this client's.")
    return _endpoint("revoke", "Give back a token of one's own", _ABOUT_A_TOKEN, done)


def _introspect() -> dict[str, Any]:
    told = _json("What the token is worth at this moment.", _TOLD)
    operation = _endpoint("introspect", "Ask what an access token is worth", _ASKED, told)
    # By an access token, or without one by an assertion in the form.
    return {**operation, "security": [{"oauth2": []}, {"token": []}, {}]}


def _endpoint(name: str, summary: str, form: dict[str, Any], done: dict[str, Any]) -> dict[str, Any]:
    errors = {
        "400": "The request is not accepted; `error` says in which respect.",
        "401": "The client did not prove who it is.",
        "413": "The form is too long.",
    }
    refusals = {status: _json(about, _TOKEN_ERROR) for status, about in errors.items()}
    return {
        **_open("Authorization", name, summary),
        "requestBody": {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": form}},
        },
        "responses": {"200": done, **refusals},
    }


def _ready() -> dict[str, Any]:
    operation = _open("Operation", "ready", "Is the database at the schema this version needs")
    operation["responses"] = {
        "200": _json("It is."),
        "503": _json("It is not; `reason` says what to do."),
    }
    return operation


def _metrics() -> dict[str, Any]:
    return _text("Operation", "metrics", "Counters of the worker that answers, for Prometheus", "text/plain")


def _text(tag: str, name: str, summary: str, kind: str) -> dict[str, Any]:
    answer = {"description": "The page.", "content": {kind: {"schema": _TEXT}}}
    return {**_open(tag, name, summary), "responses": {"200": answer}}


def _asset() -> dict[str, Any]:
    operation = _open("Documentation", "docsAsset", "A file of the page")
    kinds = {kind.partition(";")[0]: {"schema": _TEXT} for kind in ASSETS.values()}
    operation["responses"] = {"200": {"description": "The file.", "content": kinds}, **refused(404)}
    return operation
