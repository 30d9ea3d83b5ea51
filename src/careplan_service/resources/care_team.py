"""CareTeam. https://hl7.org/fhir/R4/careteam.html"""

from __future__ import annotations

from careplan_service.resources.params import date, patient, reference, token
from careplan_service.resources.spec import ResourceSpec

CARE_TEAM = ResourceSpec(
    name="CareTeam",
    patient="subject",
    other_patients=("participant.member",),
    primary=("category",),
    params=(
        token("category", "category"),
        date("date", "period"),
        reference("encounter", "encounter", targets=("Encounter",)),
        token("identifier", "identifier"),
        reference(
            "participant",
            "participant.member",
            targets=(
                "CareTeam",
                "Organization",
                "Patient",
                "Practitioner",
                "PractitionerRole",
                "RelatedPerson",
            ),
        ),
        patient("patient", "subject"),
        token("role", "participant.role"),
        token("status", "status", system="http://hl7.org/fhir/care-team-status"),
        reference("subject", "subject", targets=("Group", "Patient")),
    ),
)
