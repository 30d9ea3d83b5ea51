"""Organization. https://hl7.org/fhir/R4/organization.html"""

from __future__ import annotations

from careplan_service.resources.params import phonetic, reference, string, token
from careplan_service.resources.spec import ResourceSpec

ORGANIZATION = ResourceSpec(
    name="Organization",
    primary=("type",),
    params=(
        token("active", "active"),
        string("address", "address"),
        string("address-city", "address.city"),
        string("address-country", "address.country"),
        string("address-postalcode", "address.postalCode"),
        string("address-state", "address.state"),
        token("address-use", "address.use", system="http://hl7.org/fhir/address-use"),
        reference("endpoint", "endpoint", targets=("Endpoint",)),
        token("identifier", "identifier"),
        string("name", "name", "alias"),
        reference("partof", "partOf", targets=("Organization",)),
        phonetic("phonetic", "name"),
        token("type", "type"),
    ),
)
