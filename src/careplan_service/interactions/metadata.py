"""The CapabilityStatement, generated from the table of served types. https://hl7.org/fhir/R4/capabilitystatement.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from careplan_service import __version__
from careplan_service.interactions.terminology.stated import definitions_stated
from careplan_service.resources.audit_event import AUDIT_EVENT
from careplan_service.resources.params import COMMON, SearchParam
from careplan_service.resources.profiles import supported_profiles
from careplan_service.resources.registry import SERVED
from careplan_service.resources.spec import ResourceSpec

RELEASED = "2026-11-21"
INTERACTIONS: Mapping[str, str] = {
    "read": "with HEAD; `If-None-Match` and `If-Modified-Since` answer 304",
    "vread": "judged by the version and by the current one",
    "update": "with `If-Match`; conditional by a search in the address",
    "patch": "JSON Patch and FHIRPath Patch; conditional by a search in the address",
    "delete": "conditional by a search that has one match; 409 while others refer to it",
    "history-instance": "`_since`, `_at` and `_count`",
    "history-type": "`_since`, `_at` and `_count`",
    "create": "conditional with `If-None-Exist`",
    "search-type": "by GET and by POST `_search`",
}
SYSTEM = ("transaction", "batch", "search-system", "history-system")
FORMATS = ("application/fhir+json", "application/fhir+xml", "json", "xml")
PATCHES = ("application/json-patch+json", "application/fhir+json", "application/fhir+xml")
COMMON_PARAMETERS: Mapping[str, tuple[str, str]] = {
    "_id": ("token", "the logical id"),
    "_lastUpdated": ("date", "when the version was stored"),
    "_text": ("string", "words of the narrative; ASCII case does not count"),
    "_content": ("string", "words of the whole document; ASCII case does not count"),
    "_filter": ("special", "conditions joined with and, or, not and brackets"),
}
OPERATIONS: Mapping[str, str] = {
    "validate": "http://hl7.org/fhir/OperationDefinition/Resource-validate",
    "meta": "http://hl7.org/fhir/OperationDefinition/Resource-meta",
}
"""Of every type; `$everything` is of two."""
_FAST = "http://hl7.org/fhir/us/consent-management/OperationDefinition"
_SDC = "http://hl7.org/fhir/uv/sdc/OperationDefinition"
_EVERYTHING = "http://hl7.org/fhir/OperationDefinition/Patient-everything"
_OWN = "https://careplan-service.org/fhir/OperationDefinition"
OF_SYSTEM: Mapping[str, str] = {"my-access": f"{_OWN}/my-access"}
_EXPLAINED: Mapping[str, str] = {
    "meta-add": "http://hl7.org/fhir/OperationDefinition/Resource-meta-add",
    "meta-delete": "http://hl7.org/fhir/OperationDefinition/Resource-meta-delete",
    "why-access": f"{_OWN}/Resource-why-access",
    "explain-search": f"{_OWN}/Resource-explain-search",
}
"""Of every type, and not of the whole system."""
_OF_TYPE: Mapping[str, Mapping[str, str]] = {
    "Patient": {
        "everything": _EVERYTHING,
        "disclosures": f"{_OWN}/Patient-disclosures",
        "seen-by": f"{_OWN}/Patient-seen-by",
    },
    "CarePlan": {"everything": _EVERYTHING},
    "QuestionnaireResponse": {"extract": f"{_SDC}/QuestionnaireResponse-extract"},
    "Consent": {
        "file-consent": f"{_FAST}/file-consent",
        "fileConsent": f"{_FAST}/file-consent",
        "revoke-consent": f"{_FAST}/revoke-consent",
        "revokeConsent": f"{_FAST}/revoke-consent",
        "preview": f"{_OWN}/Consent-preview",
        "what-if": f"{_OWN}/Consent-what-if",
    },
}
_IN_EMERGENCIES: Mapping[str, Mapping[str, str]] = {"Patient": {"break-glass": f"{_OWN}/Patient-break-glass"}}
_COMPARTMENTS = ("http://hl7.org/fhir/CompartmentDefinition/patient",)
_SECURITY_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"

_DECIDED = (
    "consent, token scope and compartment decide about every record: `system/` scopes open what a system "
    "may see, `user/` scopes what a person may see, `patient/` scopes of that the record of one patient"
)

_ADDRESSES = ("authorize", "token", "introspect", "revoke")


def own_addresses(base_url: str, *, registers: bool) -> dict[str, str]:
    """Where our own authorization server is asked for what; `registers`: clients may register themselves."""
    names = (*_ADDRESSES, "register") if registers else _ADDRESSES
    return {name: f"{base_url}/oauth/{name}" for name in names}


def capability_statement(
    base_url: str, addresses: Mapping[str, str], *, emergencies: bool = False
) -> dict[str, Any]:
    """What this server does; everything here is taken from the tables the server runs on.

    `addresses` are those of the authorization server, empty where there is not one to be named;
    `emergencies` tells whether the glass can be broken.
    """
    more = _IN_EMERGENCIES if emergencies else {}
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
        "format": list(FORMATS),
        "patchFormat": list(PATCHES),
        "rest": [
            {
                "mode": "server",
                "security": _security(addresses),
                "resource": [
                    *(_resource(spec, more.get(spec.name, {})) for spec in SERVED.values()),
                    _log(),
                    *definitions_stated(),
                ],
                "interaction": [{"code": code} for code in SYSTEM],
                "operation": _operations({**OPERATIONS, **OF_SYSTEM}),
                "compartment": list(_COMPARTMENTS),
            }
        ],
    }


def _security(addresses: Mapping[str, str]) -> dict[str, Any]:
    named = [{"url": name, "valueUri": url} for name, url in addresses.items()]
    service = {"system": _SECURITY_SERVICE, "code": "SMART-on-FHIR" if named else "OAuth"}
    return {
        "service": [{"coding": [service]}],
        "description": _DECIDED,
        **({"extension": [{"url": _OAUTH_URIS, "extension": named}]} if named else {}),
    }


def _resource(spec: ResourceSpec, more: Mapping[str, str]) -> dict[str, Any]:
    common = [
        {"name": name, "type": kind, "documentation": about}
        for name, (kind, about) in COMMON_PARAMETERS.items()
    ]
    profiles = list(supported_profiles(spec.name))
    return {
        "type": spec.name,
        **({"supportedProfile": profiles} if profiles else {}),
        "interaction": [{"code": code, "documentation": about} for code, about in INTERACTIONS.items()],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "single",
        "referencePolicy": ["literal", "logical", "enforced", "local"],
        "searchInclude": ["*", *includes_of(spec)],
        "searchRevInclude": ["*", *revincludes_of(spec)],
        "searchParam": [*common, *(_param(param) for param in (*COMMON, *spec.params))],
        "operation": _operations({**OPERATIONS, **_EXPLAINED, **_OF_TYPE.get(spec.name, {}), **more}),
    }


def _log() -> dict[str, Any]:
    """AuditEvents, which nobody writes."""
    common = [
        {"name": name, "type": COMMON_PARAMETERS[name][0], "documentation": COMMON_PARAMETERS[name][1]}
        for name in ("_id", "_lastUpdated", "_filter")
    ]
    return {
        "type": AUDIT_EVENT.name,
        "documentation": "made of the log, for administrators: a custodian's systems with the scope",
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "searchParam": [*common, *(_param(param) for param in AUDIT_EVENT.params)],
    }


def includes_of(spec: ResourceSpec) -> list[str]:
    """What `_include` takes of a type: `Goal:subject`."""
    return [f"{spec.name}:{param.name}" for param in spec.params if param.kind == "reference"]


def revincludes_of(spec: ResourceSpec) -> list[str]:
    """What `_revinclude` takes when a type is searched: the references that may point to it."""
    return [
        f"{other.name}:{param.name}"
        for other in SERVED.values()
        for param in other.params
        if param.kind == "reference" and (not param.targets or spec.name in param.targets)
    ]


def _param(param: SearchParam) -> dict[str, str]:
    about = [f"of `{'`, `'.join(param.paths)}`" if param.paths else "see docs/search.md"]
    if param.modifiers:
        about.append(f"modifiers {', '.join(f'`:{modifier}`' for modifier in param.modifiers)}")
    return {"name": param.name, "type": param.kind, "documentation": "; ".join(about)}


def _operations(named: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "definition": url} for name, url in named.items()]
