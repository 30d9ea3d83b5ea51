"""CarePlan. https://hl7.org/fhir/R4/careplan.html"""

from __future__ import annotations

from careplan_service.resources.extract import of_extension
from careplan_service.resources.params import date, patient, reference, taken, token, uri
from careplan_service.resources.spec import ResourceSpec

_REVIEW = "https://careplan-service.org/fhir/StructureDefinition/sw-review-date"

CARE_PLAN = ResourceSpec(
    name="CarePlan",
    patient="subject",
    other_patients=("activity.detail.performer",),
    primary=("category",),
    params=(
        token("activity-code", "activity.detail.code"),
        date("activity-date", "activity.detail.scheduled[x]"),
        reference(
            "activity-reference",
            "activity.reference",
            targets=(
                "Appointment",
                "CommunicationRequest",
                "DeviceRequest",
                "MedicationRequest",
                "NutritionOrder",
                "RequestGroup",
                "ServiceRequest",
                "Task",
                "VisionPrescription",
            ),
        ),
        reference("based-on", "basedOn", targets=("CarePlan",)),
        reference("care-team", "careTeam", targets=("CareTeam",)),
        token("category", "category"),
        reference("condition", "addresses", targets=("Condition",)),
        date("date", "period"),
        reference("encounter", "encounter", targets=("Encounter",)),
        reference("goal", "goal", targets=("Goal",)),
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
        token("intent", "intent", system="http://hl7.org/fhir/request-intent"),
        reference("part-of", "partOf", targets=("CarePlan",)),
        patient("patient", "subject"),
        reference(
            "performer",
            "activity.detail.performer",
            targets=(
                "CareTeam",
                "Device",
                "HealthcareService",
                "Organization",
                "Patient",
                "Practitioner",
                "PractitionerRole",
                "RelatedPerson",
            ),
        ),
        reference("replaces", "replaces", targets=("CarePlan",)),
        taken("review-date", "date", "extension", of_extension(_REVIEW, "valueDate")),
        token("status", "status", system="http://hl7.org/fhir/request-status"),
        reference("subject", "subject", targets=("Group", "Patient")),
    ),
)
