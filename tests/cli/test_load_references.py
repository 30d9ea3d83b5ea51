"""`careplan load`: references that lead out of the data are counted, or refused with `--check-references`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders import a_care_plan, a_goal, a_patient
from careplan_service.interactions import load

pytestmark = pytest.mark.usefixtures("agency")


def _write(path: Path, *documents: dict) -> Path:
    path.write_text("\n".join(json.dumps(document) for document in documents))
    return path


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """What refers and what is referred to are loaded in different transactions."""
    monkeypatch.setattr("careplan_service.cli.data.BATCH", 2)
    assert load.BATCH == 200


def test_references_that_lead_outside_are_kept_and_counted(careplan, tmp_path):
    _write(
        tmp_path / "a.ndjson",
        a_care_plan("Patient/ann", goals=("Goal/g1", "Goal/later", "Goal/never"), id="p"),
        a_goal("Patient/ann", id="g1"),
        a_goal("Patient/never", id="g2", addresses=[{"reference": "Condition/x"}]),
        a_goal(
            "Patient/never",
            id="later",
            expressedBy={"reference": "urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9"},
        ),
    )
    _write(tmp_path / "b.ndjson", a_patient(id="ann"))
    ran = careplan("load", str(tmp_path))
    assert ran.code == 0, ran.out
    assert "loaded: 5 (CarePlan 1, Goal 3, Patient 1)" in ran.out
    assert "references outside: 5 (Condition 1, Goal 1, Patient 2, urn 1)" in ran.out
    more = careplan("load", str(_write(tmp_path / "c.ndjson", a_goal("Patient/ann", id="g3"))))
    assert "references outside: 0" in more.out


def test_with_check_references_what_leads_outside_is_refused_and_all_that_needs_it(careplan, tmp_path):
    careplan("load", str(_write(tmp_path / "there.ndjson", a_patient(id="there"))))
    data = tmp_path / "data"
    data.mkdir()
    _write(
        data / "a.ndjson",
        a_care_plan("Patient/ann", goals=("Goal/good",), id="whole"),
        a_care_plan("Patient/ann", goals=("Goal/good", "Goal/bad"), id="falls-with-bad"),
        a_care_plan("Patient/ann", basedOn=[{"reference": "CarePlan/falls-with-bad"}], id="falls-too"),
        a_goal("Patient/there", id="good"),
        a_goal("Patient/never", id="bad"),
        a_goal("Patient/ann", id="invalid", lifecycleStatus="odd"),
        a_care_plan("Patient/ann", goals=("Goal/invalid",), id="falls-with-invalid"),
    )
    _write(data / "b.ndjson", a_patient(id="ann"))
    ran = careplan("load", "--check-references", str(data))
    assert ran.code == 1
    assert "loaded: 3 (CarePlan 1, Goal 1, Patient 1)" in ran.out
    assert "refused: 5" in ran.out
    assert "(Goal/bad): refers to `Patient/never`, which is not here" in ran.out
    assert "(CarePlan/falls-too): refers to `CarePlan/falls-with-bad`, which is not here" in ran.out
    assert "references outside: 0" in ran.out
    again = careplan("load", "--check-references", str(data / "b.ndjson"))
    assert (again.code, "unchanged: 1" in again.out) == (0, True)
