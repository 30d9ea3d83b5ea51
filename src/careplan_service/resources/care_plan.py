"""CarePlan. https://hl7.org/fhir/R4/careplan.html"""

from __future__ import annotations

from careplan_service.resources.params import date, patient, reference, token, uri
from careplan_service.resources.spec import ResourceSpec

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
        token("status", "status", system="http://hl7.org/fhir/request-status"),
        reference("subject", "subject", targets=("Group", "Patient")),
    ),
)
