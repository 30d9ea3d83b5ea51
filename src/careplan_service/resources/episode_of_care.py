"""EpisodeOfCare, a case. https://hl7.org/fhir/R4/episodeofcare.html"""

from __future__ import annotations

from careplan_service.resources.params import date, patient, reference, token
from careplan_service.resources.spec import ResourceSpec

EPISODE_OF_CARE = ResourceSpec(
    name="EpisodeOfCare",
    patient="patient",
    primary=("type",),
    params=(
        reference("care-manager", "careManager", targets=("Practitioner",)),
        reference("condition", "diagnosis.condition", targets=("Condition",)),
        date("date", "period"),
        token("identifier", "identifier"),
        reference("incoming-referral", "referralRequest", targets=("ServiceRequest",)),
        reference("organization", "managingOrganization", targets=("Organization",)),
        patient("patient", "patient"),
        token("status", "status", system="http://hl7.org/fhir/episode-of-care-status"),
        token("type", "type"),
    ),
)
