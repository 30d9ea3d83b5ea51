"""The OpenAPI document, generated from the served types, the settings and the problems of the service.

https://spec.openapis.org/oas/v3.1.0.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from careplan_service import __version__
from careplan_service.interactions.audit_search import TYPE
from careplan_service.resources.registry import SERVED
from careplan_service.settings import Settings
from careplan_service.web.openapi_audit import audit_operations
from careplan_service.web.openapi_definitions import definition_operations
from careplan_service.web.openapi_fhir import type_operations
from careplan_service.web.openapi_operations import paths_of
from careplan_service.web.openapi_parts import components
from careplan_service.web.openapi_registration import registration_operations
from careplan_service.web.openapi_service import service_operations
from careplan_service.web.openapi_system import system_operations
from careplan_service.web.registration import UDAP_PATH
from careplan_service.web.yaml_text import yaml_text

_ABOUT = """\
FHIR R4 care plans, goals and consents, shared as far as the client agreed.

What is hidden from the caller looks as if it were absent: searches leave it out and do not count it, \
a read answers 404. 403 is for a resource type or an interaction that the caller may not use at all, and \
for a change to what another organisation contributed. Every refusal is an OperationOutcome that names each \
fault found; errors of the token endpoint are those of OAuth 2.0. `HEAD` answers wherever `GET` does. \
Resources are read and written as JSON and as XML; answers leave compressed for who accepts gzip. \
A system of the agency with `system/*.rs` reads and searches as a partner would with `X-Careplan-View-As: \
food-bank; purpose=TREAT`."""

_OWN = ("/oauth/", "/.well-known/", UDAP_PATH)
"""How the paths begin that are there with our own authorization server only."""

_TAGS: Mapping[str, str] = {
    "Authorization": "Access tokens for registered clients",
    "System": "Interactions with the whole FHIR server",
    "Plans": "Intervention plans in the practitioner's words, for the custodian's own systems",
    "Operation": "Health and metrics; open to whoever reaches the port",
    "Definitions": "The vocabulary and questions about codes; open, nothing in it is about a person",
    "Documentation": "This document as a page, with all it needs",
}


def openapi_document(server: str = "", *, own: bool = True) -> dict[str, Any]:
    """The document as an object, of a server at that address; with its `own` authorization server or without.

    Everything that depends on the installation has its default value; so has the address if it is empty.
    """
    settings = Settings()
    operations = [
        *service_operations(),
        *registration_operations(),
        *system_operations(),
        *type_operations(),
        *audit_operations(),
        *definition_operations(),
    ]
    if not own:
        operations = [_without_own(*one) for one in operations if not one[0].startswith(_OWN)]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Careplan Service",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server or settings.base_url, "description": "set by CAREPLAN_BASE_URL"}],
        "security": [*([{"oauth2": []}] if own else []), {"token": []}],
        "tags": [
            *_service_tags(),
            *({"name": name, "externalDocs": _page(name)} for name in (*SERVED, TYPE)),
        ],
        "paths": paths_of(operations),
        "components": components(settings, own=own),
    }


def openapi_yaml() -> str:
    """The document as YAML, the same text every time; `openapi/careplan.yaml` is this."""
    return yaml_text(openapi_document())


def _without_own(path: str, method: str, operation: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    ways = [way for way in operation.get("security", []) if "oauth2" not in way]
    return path, method, {**operation, "security": ways} if "security" in operation else operation


def _service_tags() -> list[dict[str, str]]:
    return [{"name": name, "description": about} for name, about in _TAGS.items()]


def _page(name: str) -> dict[str, str]:
    return {"url": f"https://hl7.org/fhir/R4/{name.lower()}.html"}
