"""Encounter. https://hl7.org/fhir/R4/encounter.html"""

from __future__ import annotations

from careplan_service.resources.params import date, patient, quantity, reference, token
from careplan_service.resources.spec import ResourceSpec

ENCOUNTER = ResourceSpec(
    name="Encounter",
    patient="subject",
    primary=("class", "type"),
    params=(
        reference("account", "account", targets=("Account",)),
        reference("appointment", "appointment", targets=("Appointment",)),
        reference("based-on", "basedOn", targets=("ServiceRequest",)),
        token("class", "class"),
        date("date", "period"),
        reference("diagnosis", "diagnosis.condition", targets=("Condition", "Procedure")),
        token("discharge-disposition", "hospitalization.dischargeDisposition"),
        reference("episode-of-care", "episodeOfCare", targets=("EpisodeOfCare",)),
        token("identifier", "identifier"),
        quantity("length", "length"),
        reference("location", "location.location", targets=("Location",)),
        date("location-period", "location.period"),
        reference("part-of", "partOf", targets=("Encounter",)),
        reference(
            "participant",
            "participant.individual",
            targets=("Practitioner", "PractitionerRole", "RelatedPerson"),
        ),
        token("participant-type", "participant.type"),
        patient("patient", "subject"),
        reference("practitioner", "participant.individual", targets=("Practitioner",)),
        token("reason-code", "reasonCode"),
        reference(
            "reason-reference",
            "reasonReference",
            targets=("Condition", "ImmunizationRecommendation", "Observation", "Procedure"),
        ),
        reference("service-provider", "serviceProvider", targets=("Organization",)),
        token("special-arrangement", "hospitalization.specialArrangement"),
        token("status", "status", system="http://hl7.org/fhir/encounter-status"),
        reference("subject", "subject", targets=("Group", "Patient")),
        token("type", "type"),
    ),
)
