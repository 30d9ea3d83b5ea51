"""Location. https://hl7.org/fhir/R4/location.html"""

from __future__ import annotations

from careplan_service.resources.params import near, reference, string, token
from careplan_service.resources.spec import ResourceSpec

LOCATION = ResourceSpec(
    name="Location",
    primary=("type",),
    params=(
        string("address", "address"),
        string("address-city", "address.city"),
        string("address-country", "address.country"),
        string("address-postalcode", "address.postalCode"),
        string("address-state", "address.state"),
        token("address-use", "address.use", system="http://hl7.org/fhir/address-use"),
        reference("endpoint", "endpoint", targets=("Endpoint",)),
        token("identifier", "identifier"),
        string("name", "name", "alias"),
        near("near", "position"),
        token("operational-status", "operationalStatus"),
        reference("organization", "managingOrganization", targets=("Organization",)),
        reference("partof", "partOf", targets=("Location",)),
        token("status", "status", system="http://hl7.org/fhir/location-status"),
        token("type", "type"),
    ),
)
