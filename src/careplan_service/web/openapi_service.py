"""The paths outside `/fhir`: authorization, plans, health and metrics.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html
"""

from __future__ import annotations

from typing import Any

from careplan_service.web.openapi_parts import content, parameter, refused

_JSON = "application/json"
_TEXT = {"type": "string"}
_TOKEN_FORM = {
    "type": "object",
    "properties": {
        "grant_type": {"const": "client_credentials"},
        "scope": {**_TEXT, "description": "What is asked for, such as `system/Goal.rs system/CarePlan.rs`."},
        "client_assertion_type": {"const": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
        "client_assertion": {
            **_TEXT,
            "description": "A JWT signed with RS384 or ES384 by a registered key; `iss` and `sub` are the "
            "client id, `aud` this address, `jti` is new each time. "
            '`extensions."hl7-b2b".purpose_of_use` names a purpose of use other than the registered default.',
        },
        "client_id": _TEXT,
    },
    "required": ["grant_type", "scope", "client_assertion_type", "client_assertion"],
}
_TOKEN = {
    "type": "object",
    "properties": {
        "access_token": _TEXT,
        "token_type": {"const": "Bearer"},
        "expires_in": {"type": "integer", "description": "Seconds."},
        "scope": {**_TEXT, "description": "What was granted; it may be less than was asked for."},
    },
    "required": ["access_token", "token_type", "expires_in", "scope"],
}
_TOKEN_ERROR = {
    "type": "object",
    "properties": {"error": _TEXT, "error_description": _TEXT},
    "required": ["error"],
}


def service_paths() -> dict[str, Any]:
    """Every path outside `/fhir`, and the SMART configuration."""
    return {
        "/oauth/token": {"post": _token()},
        "/oauth/jwks": {"get": _open("Authorization", "jwks", "The keys that sign access tokens")},
        "/fhir/.well-known/smart-configuration": {
            "get": _open("Authorization", "smartConfiguration", "What this server offers a client")
        },
        "/plans": {"post": _submit_plan()},
        "/plans/{id}": {"parameters": [parameter("path-id")], "get": _show_plan()},
        "/plans/{id}.csv": {"parameters": [parameter("path-id")], "get": _show_plan_as_csv()},
        "/health/live": {"get": _open("Operation", "live", "Is the process alive")},
        "/health/ready": {"get": _ready()},
        "/metrics": {"get": _metrics()},
    }


def _json(about: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"description": about, "content": {_JSON: {"schema": schema or {"type": "object"}}}}


def _open(tag: str, name: str, summary: str) -> dict[str, Any]:
    responses = {"200": _json("The document.")}
    return {"tags": [tag], "operationId": name, "summary": summary, "security": [], "responses": responses}


def _token() -> dict[str, Any]:
    errors = {
        "400": "The request or its scope is not accepted.",
        "401": "The client did not prove who it is.",
        "413": "The form is too long.",
    }
    return {
        **_open("Authorization", "token", "Ask for an access token"),
        "requestBody": {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": _TOKEN_FORM}},
        },
        "responses": {
            "200": _json("A token.", _TOKEN),
            **{status: _json(about, _TOKEN_ERROR) for status, about in errors.items()},
        },
    }


def _submit_plan() -> dict[str, Any]:
    located = {"Location": {"description": "`/plans/{id}`", "schema": _TEXT}}
    return {
        "tags": ["Plans"],
        "operationId": "submitPlan",
        "summary": "Store an intervention plan as CarePlan, Goals and what belongs to them",
        "description": "409 when the plan's number is on record. Faults name the field: `goals[0].domain`.",
        "requestBody": {"required": True, "content": content("Plan", _JSON)},
        "responses": {
            "201": {"description": "Stored.", "headers": located, "content": content("Plan", _JSON)},
            **refused(400, 401, 403, 409, 413, 415, 422, 503),
        },
    }


def _show_plan() -> dict[str, Any]:
    return {
        "tags": ["Plans"],
        "operationId": "showPlan",
        "summary": "The plan again, read from the resources it became",
        "description": "`{id}` is the id of the CarePlan; `.json` may follow it.",
        "responses": {
            "200": {"description": "The plan.", "content": content("Plan", _JSON)},
            **refused(400, 401, 403, 404, 410, 422, 503),
        },
    }


def _show_plan_as_csv() -> dict[str, Any]:
    plan = {"description": "One row for each strategy.", "content": {"text/csv": {"schema": _TEXT}}}
    answers = {"200": plan, **refused(400, 401, 403, 404, 410, 422, 503)}
    return {**_show_plan(), "operationId": "showPlanAsCsv", "summary": "As CSV", "responses": answers}


def _ready() -> dict[str, Any]:
    operation = _open("Operation", "ready", "Is the database at the schema this version needs")
    operation["responses"] = {
        "200": _json("It is."),
        "503": _json("It is not; `reason` says what to do."),
    }
    return operation


def _metrics() -> dict[str, Any]:
    operation = _open("Operation", "metrics", "Counters of the worker that answers, for Prometheus")
    operation["responses"] = {"200": {"description": "Text.", "content": {"text/plain": {"schema": _TEXT}}}}
    return operation
