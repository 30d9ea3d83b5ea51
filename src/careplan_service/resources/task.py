"""Task. https://hl7.org/fhir/R4/task.html"""

from __future__ import annotations

from careplan_service.resources.params import date, patient, reference, token
from careplan_service.resources.spec import ResourceSpec

TASK = ResourceSpec(
    name="Task",
    patient="for",
    primary=("code",),
    params=(
        date("authored-on", "authoredOn"),
        reference("based-on", "basedOn"),
        token("business-status", "businessStatus"),
        token("code", "code"),
        reference("encounter", "encounter", targets=("Encounter",)),
        reference("focus", "focus"),
        token("group-identifier", "groupIdentifier"),
        token("identifier", "identifier"),
        token("intent", "intent", system="http://hl7.org/fhir/request-intent"),
        date("modified", "lastModified"),
        reference("output", "output.valueReference"),
        reference(
            "owner",
            "owner",
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
        reference("part-of", "partOf", targets=("Task",)),
        patient("patient", "for"),
        token("performer", "performerType"),
        date("period", "executionPeriod"),
        token("priority", "priority", system="http://hl7.org/fhir/request-priority"),
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
        token("status", "status", system="http://hl7.org/fhir/task-status"),
        reference("subject", "for"),
    ),
)
