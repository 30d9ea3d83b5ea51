"""Observation. https://hl7.org/fhir/R4/observation.html"""

from __future__ import annotations

from careplan_service.resources.params import date, patient, reference, string, token
from careplan_service.resources.spec import ResourceSpec

OBSERVATION = ResourceSpec(
    name="Observation",
    patient="subject",
    other_patients=("performer",),
    primary=("category", "code"),
    params=(
        reference(
            "based-on",
            "basedOn",
            targets=(
                "CarePlan",
                "DeviceRequest",
                "ImmunizationRecommendation",
                "MedicationRequest",
                "NutritionOrder",
                "ServiceRequest",
            ),
        ),
        token("category", "category"),
        token("code", "code"),
        token("combo-code", "code", "component.code"),
        token("combo-data-absent-reason", "dataAbsentReason", "component.dataAbsentReason"),
        token("combo-value-concept", "valueCodeableConcept", "component.valueCodeableConcept"),
        token("component-code", "component.code"),
        token("component-data-absent-reason", "component.dataAbsentReason"),
        token("component-value-concept", "component.valueCodeableConcept"),
        token("data-absent-reason", "dataAbsentReason"),
        date("date", "effective[x]"),
        reference(
            "derived-from",
            "derivedFrom",
            targets=(
                "DocumentReference",
                "ImagingStudy",
                "Media",
                "MolecularSequence",
                "Observation",
                "QuestionnaireResponse",
            ),
        ),
        reference("device", "device", targets=("Device", "DeviceMetric")),
        reference("encounter", "encounter", targets=("Encounter", "EpisodeOfCare")),
        reference("focus", "focus"),
        reference(
            "has-member", "hasMember", targets=("MolecularSequence", "Observation", "QuestionnaireResponse")
        ),
        token("identifier", "identifier"),
        token("method", "method"),
        reference(
            "part-of",
            "partOf",
            targets=(
                "ImagingStudy",
                "Immunization",
                "MedicationAdministration",
                "MedicationDispense",
                "MedicationStatement",
                "Procedure",
            ),
        ),
        patient("patient", "subject"),
        reference(
            "performer",
            "performer",
            targets=(
                "CareTeam",
                "Organization",
                "Patient",
                "Practitioner",
                "PractitionerRole",
                "RelatedPerson",
            ),
        ),
        reference("specimen", "specimen", targets=("Specimen",)),
        token("status", "status", system="http://hl7.org/fhir/observation-status"),
        reference("subject", "subject", targets=("Device", "Group", "Location", "Patient")),
        token("value-concept", "valueCodeableConcept"),
        date("value-date", "valueDateTime", "valuePeriod"),
        string("value-string", "valueString"),
    ),
)
