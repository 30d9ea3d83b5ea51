"""What operations refer to: schemas, responses, parameters and how to authenticate.

https://spec.openapis.org/oas/v3.1.0.html#components-object
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from careplan_service import errors
from careplan_service.resources.registry import SERVED
from careplan_service.settings import Settings
from careplan_service.web.openapi_search import COMMON
from careplan_service.web.wire import FHIR_JSON

PROBLEMS: Mapping[int, type[errors.Problem]] = {
    problem.status: problem
    for problem in (
        errors.Malformed,
        errors.Unauthenticated,
        errors.Forbidden,
        errors.NotFound,
        errors.NotAllowed,
        errors.NotAcceptable,
        errors.Conflict,
        errors.Gone,
        errors.PreconditionFailed,
        errors.TooLarge,
        errors.UnsupportedMediaType,
        errors.Invalid,
        errors.NotImplementedHere,
        errors.Unavailable,
    )
}
"""The problems that operations answer with, by status."""

_ID: Mapping[str, Any] = {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"}
_PATH_IDS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "id": ("The logical id of the resource.", _ID),
    "vid": ("The version, as in `meta.versionId`.", {"type": "string", "pattern": "^[0-9]{1,9}$"}),
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": 'Carry it out only if this is the current version: `W/"3"`, or `*` for any.',
    "schema": {"type": "string"},
}
_VERBS = ("create", "read", "update", "delete", "search")
_HEADERS: Mapping[str, str] = {
    "ETag": 'The version, `W/"3"`.',
    "Last-Modified": "When the version was stored.",
    "Location": "The address of the version.",
}


def components(settings: Settings) -> dict[str, Any]:
    """The components object."""
    return {
        "securitySchemes": {"oauth2": _oauth2()},
        "parameters": _parameters(),
        "headers": {
            name: {"description": about, "schema": {"type": "string"}} for name, about in _HEADERS.items()
        },
        "schemas": _schemas(),
        "responses": {str(status): _problem(problem, settings) for status, problem in PROBLEMS.items()},
    }


def refused(*statuses: int) -> dict[str, Any]:
    """Responses of an operation that may be refused with these statuses."""
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(statuses)}


def content(schema: str, media_type: str = FHIR_JSON) -> dict[str, Any]:
    """A body of one of the schemas."""
    return {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def parameter(name: str) -> dict[str, str]:
    """One of the parameters that stand here."""
    return {"$ref": f"#/components/parameters/{name}"}


def _oauth2() -> dict[str, Any]:
    scopes = {"system/*.cruds": "every interaction with every type"}
    scopes |= {f"system/{name}.{verb[0]}": f"{verb} {name}" for name in SERVED for verb in _VERBS}
    return {
        "type": "oauth2",
        "description": "SMART Backend Services: a client assertion signed with a registered key. Letters of "
        "one type may be written together in the order of `cruds`, as in `system/Goal.rs`.",
        "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": scopes}},
    }


def _parameters() -> dict[str, Any]:
    in_path = {
        name: {"name": name, "in": "path", "required": True, "description": about, "schema": dict(schema)}
        for name, (about, schema) in _PATH_IDS.items()
    }
    # `_id` of a search and `{id}` of an address are two parameters of nearly one name.
    return {"path-id": in_path["id"], "path-vid": in_path["vid"], "If-Match": _IF_MATCH, **COMMON}


def _problem(problem: type[errors.Problem], settings: Settings) -> dict[str, Any]:
    about = (problem.__doc__ or "").split("\n\n")[0].split("https://")[0].strip()
    if problem is errors.TooLarge:
        about += f" The limit of bytes is CAREPLAN_MAX_BODY, {settings.max_body} unless it is set."
    answer: dict[str, Any] = {
        "description": f"{about} Issue code `{problem.issue}`.",
        "content": content("OperationOutcome"),
    }
    if problem is errors.Unauthenticated:
        answer["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return answer


def _schemas() -> dict[str, Any]:
    return {name: _resource(name) for name in SERVED} | {
        "Bundle": _resource("Bundle"),
        "CapabilityStatement": _resource("CapabilityStatement"),
        "OperationOutcome": _outcome(),
        "Plan": {
            "type": "object",
            "description": "An intervention plan; docs/plans.md has the fields. "
            "`id` and `care_plan` are made by the server and not taken.",
            "required": ["number", "title", "client_system"],
        },
    }


def _resource(name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "description": f"A {name} of FHIR R4. What was sent is stored and given back as it is, "
        "but for `id`, `meta.versionId` and `meta.lastUpdated`."
        if name in SERVED
        else f"A {name} of FHIR R4.",
        "externalDocs": {"url": f"https://hl7.org/fhir/R4/{name.lower()}.html"},
        "properties": {"resourceType": {"const": name}},
        "required": ["resourceType"],
    }


def _outcome() -> dict[str, Any]:
    text = {"type": "string"}
    issue = {
        "type": "object",
        "properties": {
            "severity": {"type": "string", "enum": ["fatal", "error", "warning", "information"]},
            "code": {**text, "externalDocs": {"url": "https://hl7.org/fhir/R4/valueset-issue-type.html"}},
            "diagnostics": {**text, "description": "One line that says what to do."},
            "expression": {"type": "array", "items": text, "description": "FHIRPath of the element."},
        },
        "required": ["severity", "code"],
    }
    outcome = _resource("OperationOutcome")
    outcome["properties"]["issue"] = {"type": "array", "items": issue, "minItems": 1}
    return {**outcome, "required": ["resourceType", "issue"]}
