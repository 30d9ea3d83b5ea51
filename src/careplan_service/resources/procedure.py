"""Procedure. https://hl7.org/fhir/R4/procedure.html"""

from __future__ import annotations

from careplan_service.resources.params import date, patient, reference, token, uri
from careplan_service.resources.spec import ResourceSpec

PROCEDURE = ResourceSpec(
    name="Procedure",
    patient="subject",
    other_patients=("performer.actor",),
    primary=("category", "code"),
    params=(
        reference("based-on", "basedOn", targets=("CarePlan", "ServiceRequest")),
        token("category", "category"),
        token("code", "code"),
        date("date", "performed[x]"),
        reference("encounter", "encounter", targets=("Encounter", "EpisodeOfCare")),
        token("identifier", "identifier"),
        reference(
            "instantiates-canonical",
            "instantiatesCanonical",
            targets=(
                "ActivityDefinition",
                "Measure",
                "OperationDefinition",
                "PlanDefinition",
                "Questionnaire",
            ),
        ),
        uri("instantiates-uri", "instantiatesUri"),
        reference("location", "location", targets=("Location",)),
        reference("part-of", "partOf", targets=("MedicationAdministration", "Observation", "Procedure")),
        patient("patient", "subject"),
        reference(
            "performer",
            "performer.actor",
            targets=(
                "Device",
                "Organization",
                "Patient",
                "Practitioner",
                "PractitionerRole",
                "RelatedPerson",
            ),
        ),
        token("reason-code", "reasonCode"),
        reference(
            "reason-reference",
            "reasonReference",
            targets=("Condition", "DiagnosticReport", "DocumentReference", "Observation", "Procedure"),
        ),
        token("status", "status", system="http://hl7.org/fhir/event-status"),
        reference("subject", "subject", targets=("Group", "Patient")),
    ),
)
