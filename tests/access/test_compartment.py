"""The Patient compartment of scopes is that of the served types."""

from __future__ import annotations

from careplan_service.access.compartment import IN_NONE, within
from careplan_service.access.filters import EVERYTHING, NOTHING, Is, all_of
from careplan_service.resources.registry import SERVED


def test_exactly_the_types_that_name_no_patient_stand_in_no_compartment() -> None:
    served = {name for name, spec in SERVED.items() if not spec.patient and not spec.other_patients}
    assert served == IN_NONE


def test_a_type_that_nobody_knows_is_closed_without_a_patient() -> None:
    assert within("", "Medication") == within("", "Goal") == NOTHING
    assert within("Patient/ann", "Medication") == all_of(Is("patient", "Patient/ann"), Is("others", "0"))
    assert within("", "Practitioner") == EVERYTHING
