"""What is kept of the references of a document for those whom they lead to."""

from __future__ import annotations

import pytest

from careplan_service.access.compartment import IN_NONE
from careplan_service.resources.marks import WITHIN
from careplan_service.resources.naming import GUARDED
from careplan_service.resources.registry import SERVED

BASE = "http://here.example"


def facts_of(*references: str) -> set[tuple[str, str]]:
    plan = {
        "resourceType": "CarePlan",
        "id": "p",
        "subject": {"reference": "Patient/ann"},
        "supportingInfo": [{"reference": one} for one in references],
    }
    return {
        (row.value, row.system) for row in SERVED["CarePlan"].facts(plan, BASE).rows if row.param == WITHIN
    }


def test_a_plan_marks_what_stands_in_a_record_as_being_within_it() -> None:
    assert facts_of("Goal/1", f"{BASE}/fhir/Observation/2") == {
        ("Goal/1", "\nwithin CarePlan/p\n"),
        ("Observation/2", "\nwithin CarePlan/p\n"),
    }


@pytest.mark.parametrize("type_", sorted(IN_NONE))
def test_nothing_is_kept_for_what_no_consent_decides_about(type_: str) -> None:
    assert facts_of(f"{type_}/1") == set()


def test_whatever_may_be_hidden_is_marked() -> None:
    assert not GUARDED & IN_NONE
    for type_ in sorted(GUARDED - {"Patient"}):
        assert facts_of(f"{type_}/1"), type_
