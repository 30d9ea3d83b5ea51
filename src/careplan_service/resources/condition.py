"""Condition. https://hl7.org/fhir/R4/condition.html"""

from __future__ import annotations

from careplan_service.resources.extract import of_extension
from careplan_service.resources.params import date, patient, quantity, reference, string, taken, token
from careplan_service.resources.spec import ResourceSpec

_ASSERTED = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate"

CONDITION = ResourceSpec(
    name="Condition",
    patient="subject",
    other_patients=("asserter",),
    primary=("category", "code"),
    params=(
        quantity("abatement-age", "abatementAge", "abatementRange"),
        date("abatement-date", "abatementDateTime", "abatementPeriod"),
        string("abatement-string", "abatementString"),
        taken("asserted-date", "date", "extension", of_extension(_ASSERTED, "valueDateTime")),
        reference(
            "asserter", "asserter", targets=("Patient", "Practitioner", "PractitionerRole", "RelatedPerson")
        ),
        token("body-site", "bodySite"),
        token("category", "category"),
        token("clinical-status", "clinicalStatus"),
        token("code", "code"),
        reference("encounter", "encounter", targets=("Encounter",)),
        token("evidence", "evidence.code"),
        reference("evidence-detail", "evidence.detail"),
        token("identifier", "identifier"),
        quantity("onset-age", "onsetAge", "onsetRange"),
        date("onset-date", "onsetDateTime", "onsetPeriod"),
        string("onset-info", "onsetString"),
        patient("patient", "subject"),
        date("recorded-date", "recordedDate"),
        token("severity", "severity"),
        token("stage", "stage.summary"),
        reference("subject", "subject", targets=("Group", "Patient")),
        token("verification-status", "verificationStatus"),
    ),
)
