"""The Patient compartment as far as scopes know it: what `patient/` scopes open at most.

https://hl7.org/fhir/R4/compartmentdefinition-patient.html
"""

from __future__ import annotations

from careplan_service.access.filters import EVERYTHING, NOTHING, Filter, Is, all_of

IN_NONE = frozenset(
    {"HealthcareService", "Location", "Organization", "Practitioner", "PractitionerRole", "Questionnaire"}
)
"""The types that stand in nobody's compartment; any other is taken for one that does, and so is closed."""


def within(patient: str, resource_type: str) -> Filter:
    """What of a type stands in the record of one patient (`Patient/ann`), or in nobody's by its type.

    What names further patients is in several records and in none of these; without a patient there is
    no record.
    """
    if resource_type in IN_NONE:
        return EVERYTHING
    return only_about(patient)


def only_about(patient: str) -> Filter:
    """What is about this patient and names no other."""
    return all_of(Is("patient", patient), Is("others", "0")) if patient else NOTHING
