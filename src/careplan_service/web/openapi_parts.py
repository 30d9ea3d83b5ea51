"""What operations refer to: schemas, parameters, headers, problems and how to authenticate.

https://spec.openapis.org/oas/v3.1.0.html#components-object
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from careplan_service import errors
from careplan_service.resources.registry import SERVED
from careplan_service.settings import Settings
from careplan_service.web.openapi_bodies import answers, bodies, content
from careplan_service.web.openapi_parameters import shared_parameters
from careplan_service.web.openapi_search import search_parameters, search_schemas

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
        errors.TooMany,
        errors.NotImplementedHere,
        errors.Unavailable,
    )
}
"""The problems that operations answer with, by status."""

_VERBS = ("create", "read", "update", "delete", "search")
_HEADERS: Mapping[str, tuple[str, bool]] = {
    "ETag": ('The version, `W/"3"`.', True),
    "Last-Modified": ("When the version was stored.", True),
    "Location": ("The address of the version.", True),
    "Preference-Applied": ("Which `Prefer` was followed.", False),
}
"""What each says, and whether it is always there."""

_PLAN = {
    "type": "object",
    "description": "An intervention plan; `/plans/schema` is the JSON Schema, docs/plans.md has the fields. "
    "`id` and `care_plan` are made by the server and not taken.",
    "required": ["number", "title", "client_system"],
}
_PLAN_AS_READ = {
    "type": "object",
    "description": "A plan as it reads: one that was made elsewhere says why it is not changed here "
    "(`read_only`), how each value was found (`marks`), and what has no words (`not_in_words`). "
    "`$defs/PlanAsRead` of `/plans/schema`.",
    "properties": {
        **{name: {"type": "string"} for name in ("id", "number", "read_only")},
        "care_plan": {"type": "string", "format": "uri"},
        **{name: {"type": "array", "items": {"type": "object"}} for name in ("marks", "not_in_words")},
    },
    "required": ["id", "care_plan", "number"],
}
_JSON_PATCH_STEP = {
    "type": "object",
    "properties": {
        "op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]},
        "path": {"type": "string", "description": "JSON Pointer: `/lifecycleStatus`."},
        "from": {"type": "string"},
        "value": {},
    },
    "required": ["op", "path"],
}


def components(settings: Settings, *, own: bool) -> dict[str, Any]:
    """The components object, with the way to a token of our own authorization server where there is one."""
    return {
        "securitySchemes": {"token": _token(own), **({"oauth2": _oauth2()} if own else {})},
        "parameters": dict([*shared_parameters(), *search_parameters()]),
        "headers": {
            name: {"description": about, "required": always, "schema": {"type": "string"}}
            for name, (about, always) in _HEADERS.items()
        },
        "requestBodies": bodies(),
        "schemas": _schemas(),
        "responses": {
            **answers(),
            **{str(status): _problem(problem, settings) for status, problem in PROBLEMS.items()},
        },
    }


def _oauth2() -> dict[str, Any]:
    scopes = {"system/*.cruds": "every interaction with every type"}
    scopes |= {f"system/{name}.{verb[0]}": f"{verb} {name}" for name in SERVED for verb in _VERBS}
    scopes |= {f"system/AuditEvent.{verb[0]}": f"{verb} AuditEvent" for verb in ("read", "search")}
    return {
        "type": "oauth2",
        "description": "SMART Backend Services: a client assertion signed with a registered key. Letters of "
        "one type may be written together in the order of `cruds`, as in `system/Goal.rs`.",
        "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": scopes}},
    }


def _token(own: bool) -> dict[str, Any]:
    about = "An access token that is there already: from `/oauth/token`, or from `careplan token`."
    if not own:
        about = "An access token of the authorization server that this service trusts."
    return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": about}


def _problem(problem: type[errors.Problem], settings: Settings) -> dict[str, Any]:
    about = (problem.__doc__ or "").split("\n\n")[0].split("https://")[0].strip()
    if problem is errors.TooLarge:
        about += f" The limit of bytes is CAREPLAN_MAX_BODY, {settings.max_body} unless it is set."
    answer: dict[str, Any] = {
        "description": f"{about} Issue code `{problem.issue}`.",
        "content": content("OperationOutcome"),
    }
    if problem in (errors.Unauthenticated, errors.Forbidden):
        answer["headers"] = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
    return answer


def _schemas() -> dict[str, Any]:
    return {
        **{name: _resource(name) for name in SERVED},
        **{name: _resource(name) for name in ("AuditEvent", "Bundle", "CapabilityStatement", "Parameters")},
        "OperationOutcome": _outcome(),
        "Resource": {
            "type": "object",
            "properties": {"resourceType": {"type": "string"}},
            "required": ["resourceType"],
        },
        "XML": {
            "type": "string",
            "description": "The same resource as XML.",
            "externalDocs": {"url": "https://hl7.org/fhir/R4/xml.html"},
        },
        "JSONPatch": {
            "type": "array",
            "items": _JSON_PATCH_STEP,
            "externalDocs": {"url": "https://www.rfc-editor.org/rfc/rfc6902"},
        },
        **search_schemas(),
        "Plan": _PLAN,
        "PlanAsRead": _PLAN_AS_READ,
    }


def _resource(name: str) -> dict[str, Any]:
    kept = " What was sent is stored and given back as it is, but for `id`, `meta.versionId` and "
    kept += "`meta.lastUpdated`."
    return {
        "type": "object",
        "description": f"A {name} of FHIR R4.{kept if name in SERVED else ''}",
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
