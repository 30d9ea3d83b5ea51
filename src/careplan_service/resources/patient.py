"""Patient. https://hl7.org/fhir/R4/patient.html"""

from __future__ import annotations

from careplan_service.resources.params import date, reference, string, token
from careplan_service.resources.spec import ResourceSpec

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
        token("address-use", "address.use"),
        date("birthdate", "birthDate"),
        date("death-date", "deceasedDateTime"),
        token("deceased", "deceased[x]"),
        token("email", "telecom", only="email"),
        string("family", "name.family"),
        token("gender", "gender", system="http://hl7.org/fhir/administrative-gender"),
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
        token("telecom", "telecom"),
    ),
)
