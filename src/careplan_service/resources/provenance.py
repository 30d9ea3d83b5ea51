"""Provenance. https://hl7.org/fhir/R4/provenance.html"""

from __future__ import annotations

from careplan_service.resources.params import date, reference, token
from careplan_service.resources.spec import ResourceSpec

PROVENANCE = ResourceSpec(
    name="Provenance",
    patient="target",
    primary=("activity",),
    params=(
        reference(
            "agent",
            "agent.who",
            targets=(
                "Device",
                "Organization",
                "Patient",
                "Practitioner",
                "PractitionerRole",
                "RelatedPerson",
            ),
        ),
        token("agent-role", "agent.role"),
        token("agent-type", "agent.type"),
        reference("entity", "entity.what"),
        reference("location", "location", targets=("Location",)),
        reference("patient", "target", targets=("Patient",)),
        date("recorded", "recorded"),
        token("signature-type", "signature.type"),
        reference("target", "target"),
        date("when", "occurredDateTime"),
    ),
)
