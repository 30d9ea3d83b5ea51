"""The patient compartment: what is in one client's record. https://hl7.org/fhir/R4/compartmentdefinition-patient.html"""

from __future__ import annotations

from careplan_service.access.facts import OTHER_PATIENT
from careplan_service.access.filters import Filter, Has, Is, any_of
from careplan_service.errors import NotFound
from careplan_service.resources.registry import SERVED

MEMBERS: tuple[str, ...] = tuple(name for name, spec in SERVED.items() if spec.patient)
"""The types that stand in it."""

BESIDE: tuple[str, ...] = tuple(name for name, spec in SERVED.items() if not spec.patient)
"""The types that belong to nobody: people, organisations, places."""


def of_patient(id_: str) -> Filter:
    """What is in the compartment of a patient."""
    reference = f"Patient/{id_}"
    return any_of(Is("patient", reference), Has(OTHER_PATIENT, reference))


def members_of(type_: str) -> tuple[str, ...]:
    """The types that a search in the compartment is about; `*` means all. Raises NotFound for any other."""
    if type_ == "*":
        return MEMBERS
    if type_ not in MEMBERS:
        raise NotFound(f"`{type_}` is not in the Patient compartment; it holds {', '.join(MEMBERS)}")
    return (type_,)
