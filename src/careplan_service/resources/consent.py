"""Consent. https://hl7.org/fhir/R4/consent.html"""

from __future__ import annotations

from careplan_service.resources.params import date, patient, reference, token
from careplan_service.resources.spec import ResourceSpec

CONSENT = ResourceSpec(
    name="Consent",
    patient="patient",
    primary=("category", "scope"),
    params=(
        token("action", "provision.action"),
        reference(
            "actor",
            "provision.actor.reference",
            targets=(
                "CareTeam",
                "Device",
                "Group",
                "Organization",
                "Patient",
                "Practitioner",
                "PractitionerRole",
                "RelatedPerson",
            ),
        ),
        token("category", "category"),
        reference(
            "consentor",
            "performer",
            targets=("Organization", "Patient", "Practitioner", "PractitionerRole", "RelatedPerson"),
        ),
        reference("data", "provision.data.reference"),
        date("date", "dateTime"),
        token("identifier", "identifier"),
        reference("organization", "organization", targets=("Organization",)),
        patient("patient", "patient"),
        date("period", "provision.period"),
        token("purpose", "provision.purpose"),
        token("scope", "scope"),
        token("security-label", "provision.securityLabel"),
        reference(
            "source-reference",
            "source[x]",
            targets=("Consent", "Contract", "DocumentReference", "QuestionnaireResponse"),
        ),
        token("status", "status", system="http://hl7.org/fhir/consent-state-codes"),
    ),
)
