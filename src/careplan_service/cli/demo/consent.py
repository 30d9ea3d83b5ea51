"""The Consent of the story, as a client would say it: housing yes, domestic violence no."""

from __future__ import annotations

from typing import Any

_ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_DOMAINS = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"


def permit_housing_but_not_violence(patient: str, recipient: str) -> dict[str, Any]:
    """An active patient-privacy Consent. https://hl7.org/fhir/R4/consent.html"""
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": _concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [_concept(_ACT_CODE, "IDSCL")],
        "patient": {"reference": patient},
        "performer": [{"reference": patient}],
        "policyRule": _concept(_ACT_CODE, "OPTIN"),
        "provision": {
            "type": "permit",
            "actor": [
                {
                    "role": _concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"),
                    "reference": {"reference": recipient},
                }
            ],
            "purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "COC"}],
            "securityLabel": [
                {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
            ],
            "code": [_concept(_DOMAINS, "housing-instability")],
            "provision": [{"type": "deny", "securityLabel": [{"system": _ACT_CODE, "code": "SDV"}]}],
        },
    }


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}
