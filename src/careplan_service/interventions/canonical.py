"""The addresses this project and the standards use: canonical base, extensions, code systems.

Extensions: https://hl7.org/fhir/R4/extensibility.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

BASE = "https://careplan-service.org/fhir"

INTERVENTION = f"{BASE}/CodeSystem/intervention"
ALERT_KIND = f"{BASE}/CodeSystem/alert-kind"
RECORD = f"{BASE}/CodeSystem/record"
"""What a document of the record is: `session`, `progress-review`, `goal-attainment`, `closing`."""
REFERRAL_STATE = f"{BASE}/CodeSystem/referral-state"
LOINC = "http://loinc.org"
GRAVITY = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
SNOMED = "http://snomed.info/sct"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
SERVICE_TYPE = "http://terminology.hl7.org/CodeSystem/service-type"
HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ROLE_CODE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
US_CORE_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category"
CONDITION_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
US_CORE_CONDITION_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/condition-category"

GOAL_ACCEPTANCE = "http://hl7.org/fhir/StructureDefinition/goal-acceptance"
GOAL_RELATIONSHIP = "http://hl7.org/fhir/StructureDefinition/goal-relationship"
PERTAINS_TO_GOAL = "http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal"
INTERPRETER_REQUIRED = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"

Document = dict[str, Any]

SDOH_CATEGORY: Document = {"coding": [{"system": US_CORE_CATEGORY, "code": "sdoh", "display": "SDOH"}]}


@cache
def sw(name: str) -> str:
    """The address of the project's extension `sw-...`: `<base>/StructureDefinition/sw-number`."""
    return f"{BASE}/StructureDefinition/sw-{name}"


def hmis(column: str) -> str:
    """The system of the codes that HUD's HMIS CSV of FY2024 has in a column."""
    return f"{BASE}/hmis/2024/{column}"


def element(**fields: Any) -> Document:
    """An element of those fields that have a value: FHIR knows neither null nor empty arrays and objects."""
    return {
        name: value for name, value in fields.items() if value is not None and value not in ("", [], {}, ())
    }


def extension(url: str, **value: Any) -> list[Document]:
    """A list of one extension with `valueX=...` or `extension=[...]`; empty when the value is."""
    content = element(**value)
    return [{"url": url, **content}] if content else []


def note(kind: str, text: str | None) -> list[Document]:
    """An Annotation of ours, which says of which kind it is; nothing without a text."""
    return [{"extension": extension(sw("note-kind"), valueCode=kind), "text": text}] if text else []


def extension_values(holder: Mapping[str, Any], url: str) -> list[Any]:
    """The values of every extension `url` in `holder`: primitives, objects, or lists of nested extensions."""
    return [
        value
        for found in holder.get("extension", ())
        if found.get("url") == url
        for name, value in found.items()
        if name not in ("url", "id")
    ]


def extension_value(holder: Mapping[str, Any], url: str) -> Any:
    """The first value of extension `url` in `holder`, or None."""
    for found in holder.get("extension", ()):
        if found.get("url") == url:
            for name, value in found.items():
                if name not in ("url", "id"):
                    return value
    return None


def concept(system: str, code: str, display: str) -> Document:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code, "display": display}]}


def reference(target: str | None) -> Document | None:
    """A Reference to `Type/id`. Never with a display: the text of one document must not show in another."""
    return {"reference": target} if target else None
