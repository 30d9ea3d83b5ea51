"""RelatedPerson. https://hl7.org/fhir/R4/relatedperson.html"""

from __future__ import annotations

from careplan_service.resources.params import date, patient, phonetic, string, token
from careplan_service.resources.spec import ResourceSpec

RELATED_PERSON = ResourceSpec(
    name="RelatedPerson",
    patient="patient",
    primary=("relationship",),
    params=(
        token("active", "active"),
        string("address", "address"),
        string("address-city", "address.city"),
        string("address-country", "address.country"),
        string("address-postalcode", "address.postalCode"),
        string("address-state", "address.state"),
        token("address-use", "address.use", system="http://hl7.org/fhir/address-use"),
        date("birthdate", "birthDate"),
        token("email", "telecom", only="email"),
        token("gender", "gender", system="http://hl7.org/fhir/administrative-gender"),
        token("identifier", "identifier"),
        string("name", "name"),
        patient("patient", "patient"),
        token("phone", "telecom", only="phone"),
        token("relationship", "relationship"),
        phonetic("phonetic", "name"),
        token("telecom", "telecom"),
    ),
)
