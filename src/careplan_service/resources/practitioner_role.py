"""PractitionerRole. https://hl7.org/fhir/R4/practitionerrole.html"""

from __future__ import annotations

from careplan_service.resources.params import date, reference, token
from careplan_service.resources.spec import ResourceSpec

PRACTITIONER_ROLE = ResourceSpec(
    name="PractitionerRole",
    primary=("code", "specialty"),
    params=(
        token("active", "active"),
        date("date", "period"),
        token("email", "telecom", only="email"),
        reference("endpoint", "endpoint", targets=("Endpoint",)),
        token("identifier", "identifier"),
        reference("location", "location", targets=("Location",)),
        reference("organization", "organization", targets=("Organization",)),
        token("phone", "telecom", only="phone"),
        reference("practitioner", "practitioner", targets=("Practitioner",)),
        token("role", "code"),
        reference("service", "healthcareService", targets=("HealthcareService",)),
        token("specialty", "specialty"),
        token("telecom", "telecom"),
    ),
)
