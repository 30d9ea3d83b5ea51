"""The paths of `/consents`. https://spec.openapis.org/oas/v3.1.0.html#paths-object"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from careplan_service.web.openapi_bodies import JSON
from careplan_service.web.openapi_operations import refused

_TEXT = {"type": "string"}
_FORM = {JSON: {"schema": {"type": "object", "description": "`$defs/ConsentForm` of `/consents/schema`."}}}
_NEW = {JSON: {"schema": {"type": "object", "description": "`$defs/NewConsentForm` of `/consents/schema`."}}}
_WITHDRAWAL = {
    JSON: {"schema": {"type": "object", "description": "`$defs/Withdrawal` of `/consents/schema`."}}
}
_ETAG = {"ETag": {"description": "The version of the Consent.", "schema": _TEXT}}
_LOCATION = {"Location": {"description": "`/consents/{id}`", "schema": _TEXT}}


def consent_operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(path, method, operation) of everything at `/consents`."""
    about = (
        "409 names the active Consents that it contradicts: send it again with those to end in `replaces`. "
        "Faults name the field of the form."
    )
    made = {"description": "Filed.", "headers": {**_LOCATION, **_ETAG}, "content": _FORM}
    filed = _operation("fileConsentForm", "File a consent form as a Consent that is enforced", about)
    filed["responses"] = {"201": made, **refused(400, 401, 403, 409, 413, 415, 422, 503)}
    yield "/consents", "post", {**filed, "requestBody": {"required": True, "content": _NEW}}
    yield "/consents/schema", "get", _schema()
    found = {"description": "The form.", "headers": _ETAG, "content": _FORM}
    shown = _operation("showConsentForm", "The form of a Consent", "422 for a Consent that was made of none.")
    shown["responses"] = {"200": found, **refused(400, 401, 403, 404, 410, 422, 503)}
    yield "/consents/{id}", "get", shown
    ended = _operation(
        "withdrawConsentForm", "Withdraw what was consented to", "Counts from the next request on."
    )
    ended["responses"] = {"200": found, **refused(400, 401, 403, 404, 409, 410, 413, 415, 422, 503)}
    body = {"required": True, "content": _WITHDRAWAL}
    yield "/consents/{id}/withdrawal", "post", {**ended, "requestBody": body}


def _operation(name: str, summary: str, about: str) -> dict[str, Any]:
    return {"tags": ["Plans"], "operationId": name, "summary": summary, "description": about}


def _schema() -> dict[str, Any]:
    kind = {"application/schema+json": {"schema": {"type": "object"}}}
    done = {"200": {"description": "A JSON Schema.", "content": kind}}
    operation = _operation("consentSchema", "The JSON Schema of a consent form", "And of a withdrawal.")
    return {**operation, "responses": done, "security": []}
