"""ServiceRequest. https://hl7.org/fhir/R4/servicerequest.html"""

from __future__ import annotations

from careplan_service.resources.params import date, patient, reference, token, uri
from careplan_service.resources.spec import ResourceSpec

SERVICE_REQUEST = ResourceSpec(
    name="ServiceRequest",
    patient="subject",
    other_patients=("performer",),
    primary=("category", "code"),
    params=(
        date("authored", "authoredOn"),
        reference("based-on", "basedOn", targets=("CarePlan", "MedicationRequest", "ServiceRequest")),
        token("body-site", "bodySite"),
        token("category", "category"),
        token("code", "code"),
        reference("encounter", "encounter", targets=("Encounter", "EpisodeOfCare")),
        token("identifier", "identifier"),
        reference(
            "instantiates-canonical",
            "instantiatesCanonical",
            targets=("ActivityDefinition", "PlanDefinition"),
        ),
        uri("instantiates-uri", "instantiatesUri"),
        token("intent", "intent", system="http://hl7.org/fhir/request-intent"),
        date("occurrence", "occurrence[x]"),
        patient("patient", "subject"),
        reference(
            "performer",
            "performer",
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
        token("performer-type", "performerType"),
        token("priority", "priority", system="http://hl7.org/fhir/request-priority"),
        reference("replaces", "replaces", targets=("ServiceRequest",)),
        reference(
            "requester",
            "requester",
            targets=(
                "Device",
                "Organization",
                "Patient",
                "Practitioner",
                "PractitionerRole",
                "RelatedPerson",
            ),
        ),
        token("requisition", "requisition"),
        reference("specimen", "specimen", targets=("Specimen",)),
        reference("supporting-info", "supportingInfo"),
        token("status", "status", system="http://hl7.org/fhir/request-status"),
        reference("subject", "subject", targets=("Device", "Group", "Location", "Patient")),
    ),
)
