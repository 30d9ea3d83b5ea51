"""The CapabilityStatement, generated from the table of served types. https://hl7.org/fhir/R4/capabilitystatement.html"""

from __future__ import annotations

from typing import Any

from careplan_service import __version__
from careplan_service.resources.registry import SERVED
from careplan_service.resources.spec import ResourceSpec

RELEASED = "2026-11-21"
INTERACTIONS = ("read", "vread", "update", "delete", "history-instance", "create", "search-type")
COMMON_PARAMETERS = (("_id", "token"), ("_lastUpdated", "date"))
_SECURITY_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


def capability_statement(base_url: str) -> dict[str, Any]:
    """What this server does; everything here is taken from the tables the server runs on."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": RELEASED,
        "kind": "instance",
        "software": {"name": "Careplan Service", "version": __version__},
        "implementation": {
            "description": "FHIR R4 care plans, goals and consents, shared as far as the client agreed",
            "url": f"{base_url}/fhir",
        },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "security": _security(base_url),
                "resource": [_resource(spec) for spec in SERVED.values()],
                "interaction": [{"code": "transaction"}],
            }
        ],
    }


def _security(base_url: str) -> dict[str, Any]:
    smart = {"coding": [{"system": _SECURITY_SERVICE, "code": "SMART-on-FHIR"}]}
    token = {"url": "token", "valueUri": f"{base_url}/oauth/token"}
    return {
        "service": [smart],
        "description": "consent, token scope and compartment decide about every record",
        "extension": [{"url": _OAUTH_URIS, "extension": [token]}],
    }


def _resource(spec: ResourceSpec) -> dict[str, Any]:
    common = [{"name": name, "type": kind} for name, kind in COMMON_PARAMETERS]
    own = [{"name": param.name, "type": param.kind} for param in spec.params]
    return {
        "type": spec.name,
        "interaction": [{"code": code} for code in INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": False,
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "referencePolicy": ["literal"],
        "searchParam": [*common, *own],
    }
