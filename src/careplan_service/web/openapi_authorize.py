"""The operations that lead from an app to a person's decision.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from careplan_service.web.openapi_bodies import JSON
from careplan_service.web.openapi_operations import refused

_TEXT = {"type": "string"}
_PARAMETERS: dict[str, tuple[dict[str, Any], str]] = {
    "response_type": ({"const": "code"}, ""),
    "client_id": (_TEXT, "A registered app."),
    "redirect_uri": (_TEXT, "One that is registered for the app, to the letter."),
    "scope": (_TEXT, "Such as `launch/patient patient/Goal.rs openid fhirUser`."),
    "state": (_TEXT, "Comes back as it is; new each time."),
    "aud": (_TEXT, "The FHIR endpoint here."),
    "code_challenge": (_TEXT, "The SHA-256 of the verifier in base64url."),
    "code_challenge_method": ({"const": "S256"}, ""),
    "launch": (_TEXT, "The handle that the launch URI was called with."),
    "nonce": (_TEXT, "Comes back in the ID token."),
    "prompt": (_TEXT, "`none`, or `login` and `consent`."),
    "login_hint": (_TEXT, "The username that the sign-in page begins with."),
    "max_age": ({"type": "integer"}, "Seconds since the person signed in, at most."),
}
_OPTIONAL = {"launch", "nonce", "prompt", "login_hint", "max_age"}
_LAUNCH = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "client_id": {**_TEXT, "description": "A registered app with a launch URI."},
        "user": {**_TEXT, "description": "A username or `Practitioner/dana`: who alone may use it."},
        "patient": {**_TEXT, "description": "The plain id."},
        "encounter": {**_TEXT, "description": "The plain id of one of this patient."},
        "fhirContext": {"type": "array", "maxItems": 20, "items": {"type": "object"}},
        "intent": {**_TEXT, "maxLength": 200},
        "need_patient_banner": {"type": "boolean"},
    },
    "required": ["client_id"],
}
_PREPARED = {
    "type": "object",
    "properties": {
        "launch": _TEXT,
        "launch_url": {**_TEXT, "description": "Open it in the person's browser."},
        "expires_in": {"type": "integer", "description": "Seconds."},
    },
    "required": ["launch", "launch_url", "expires_in"],
}


def authorize_operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(path, method, operation)."""
    parameters = [
        {
            "name": n,
            "in": "query",
            "required": n not in _OPTIONAL,
            "schema": schema,
            "description": about or n,
        }
        for n, (schema, about) in _PARAMETERS.items()
    ]
    yield "/oauth/authorize", "get", {**_authorize("authorize"), "parameters": parameters}
    form = {
        "type": "object",
        "properties": {
            n: {**schema, "description": about or n} for n, (schema, about) in _PARAMETERS.items()
        },
        "required": [name for name in _PARAMETERS if name not in _OPTIONAL],
    }
    content = {"application/x-www-form-urlencoded": {"schema": form}}
    body = {"requestBody": {"required": True, "content": content}}
    yield "/oauth/authorize", "post", {**_authorize("authorizeByForm"), **body}
    yield "/oauth/launch", "post", _launch()


def _authorize(name: str) -> dict[str, Any]:
    page = {"text/html": {"schema": _TEXT}}
    return {
        "tags": ["Authorization"],
        "operationId": name,
        "summary": "Ask the person at the browser for access",
        "security": [],
        "responses": {
            "200": {"description": "A page for the person.", "content": page},
            "303": {"description": "To the sign-in page, or back to the app with an error or a code."},
            "400": {
                "description": "The app or its address is not registered; a page says so.",
                "content": page,
            },
            "403": {"description": "Signing in needs https.", "content": page},
            "413": {"description": "The form is too long.", "content": page},
        },
    }


def _launch() -> dict[str, Any]:
    return {
        "tags": ["Authorization"],
        "operationId": "prepareLaunch",
        "summary": "Prepare the launch of an app, for a system of the agency",
        "requestBody": {"required": True, "content": {JSON: {"schema": _LAUNCH}}},
        "responses": {
            "201": {"description": "The handle, to be used once.", "content": {JSON: {"schema": _PREPARED}}},
            **refused(400, 401, 403, 413, 415, 422, 503),
        },
    }
