"""Patient. https://hl7.org/fhir/R4/patient.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from careplan_service.resources.extract import of_extension
from careplan_service.resources.params import date, phonetic, reference, string, taken, token
from careplan_service.resources.spec import ResourceSpec

_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition"
_RACE, _ETHNICITY = f"{_US_CORE}/us-core-race", f"{_US_CORE}/us-core-ethnicity"
_GENDER_IDENTITY = f"{_US_CORE}/us-core-genderIdentity"


def _is_deceased(document: Mapping[str, Any]) -> list[Any]:
    """A date of death says so as well; who has neither is not known to have died."""
    return ["deceasedDateTime" in document or document.get("deceasedBoolean", False)]


PATIENT = ResourceSpec(
    name="Patient",
    patient="id",
    other_patients=("link.other",),
    params=(
        token("active", "active"),
        string("address", "address"),
        string("address-city", "address.city"),
        string("address-country", "address.country"),
        string("address-postalcode", "address.postalCode"),
        string("address-state", "address.state"),
        token("address-use", "address.use", system="http://hl7.org/fhir/address-use"),
        date("birthdate", "birthDate"),
        date("death-date", "deceasedDateTime"),
        taken("deceased", "token", "deceased[x]", _is_deceased),
        token("email", "telecom", only="email"),
        taken("ethnicity", "token", "extension", of_extension(_ETHNICITY, "extension", "valueCoding")),
        string("family", "name.family"),
        token("gender", "gender", system="http://hl7.org/fhir/administrative-gender"),
        taken(
            "gender-identity",
            "token",
            "extension",
            of_extension(_GENDER_IDENTITY, "valueCodeableConcept"),
        ),
        reference(
            "general-practitioner",
            "generalPractitioner",
            targets=("Organization", "Practitioner", "PractitionerRole"),
        ),
        string("given", "name.given"),
        token("identifier", "identifier"),
        token("language", "communication.language"),
        reference("link", "link.other", targets=("Patient", "RelatedPerson")),
        string("name", "name"),
        reference("organization", "managingOrganization", targets=("Organization",)),
        token("phone", "telecom", only="phone"),
        phonetic("phonetic", "name"),
        taken("race", "token", "extension", of_extension(_RACE, "extension", "valueCoding")),
        token("telecom", "telecom"),
    ),
)
