"""Practitioner. https://hl7.org/fhir/R4/practitioner.html"""

from __future__ import annotations

from careplan_service.resources.params import phonetic, string, token
from careplan_service.resources.spec import ResourceSpec

PRACTITIONER = ResourceSpec(
    name="Practitioner",
    params=(
        token("active", "active"),
        string("address", "address"),
        string("address-city", "address.city"),
        string("address-country", "address.country"),
        string("address-postalcode", "address.postalCode"),
        string("address-state", "address.state"),
        token("address-use", "address.use", system="http://hl7.org/fhir/address-use"),
        token("communication", "communication"),
        token("email", "telecom", only="email"),
        string("family", "name.family"),
        token("gender", "gender", system="http://hl7.org/fhir/administrative-gender"),
        string("given", "name.given"),
        token("identifier", "identifier"),
        string("name", "name"),
        token("phone", "telecom", only="phone"),
        phonetic("phonetic", "name"),
        token("telecom", "telecom"),
    ),
)
