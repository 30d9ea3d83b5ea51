"""HealthcareService. https://hl7.org/fhir/R4/healthcareservice.html"""

from __future__ import annotations

from careplan_service.resources.params import reference, string, token
from careplan_service.resources.spec import ResourceSpec

HEALTHCARE_SERVICE = ResourceSpec(
    name="HealthcareService",
    primary=("category", "type"),
    params=(
        token("active", "active"),
        token("characteristic", "characteristic"),
        reference("coverage-area", "coverageArea", targets=("Location",)),
        reference("endpoint", "endpoint", targets=("Endpoint",)),
        token("identifier", "identifier"),
        reference("location", "location", targets=("Location",)),
        string("name", "name"),
        reference("organization", "providedBy", targets=("Organization",)),
        token("program", "program"),
        token("service-category", "category"),
        token("service-type", "type"),
        token("specialty", "specialty"),
    ),
)
