"""`careplan load` and `careplan plan`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import orjson
import pytest

from builders import a_consent, a_goal, a_patient, a_provision
from careplan_service.interventions.intake import plan_from_json, plan_to_json
from careplan_service.store.database import Database

FIXTURES = Path(__file__).parents[2] / "fixtures"


def _write(path: Path, *documents) -> Path:
    path.write_text("\n".join(d if isinstance(d, str) else json.dumps(d) for d in documents))
    return path


def _bodies(url: str) -> dict[str, bytes]:
    database = Database(url)
    rows = database.rows(
        "SELECT r.type, r.id, d.body FROM resource r JOIN document d ON d.vid = r.vid WHERE r.current = 1", {}
    )
    database.close()
    return {f"{type_}/{id_}": bytes(body) for type_, id_, body in rows}


@pytest.mark.usefixtures("agency")
def test_what_is_valid_is_loaded_and_what_is_not_is_told_with_its_reason(careplan, database_url, tmp_path):
    _write(tmp_path / "ann.json", a_patient(id="ann"))
    _write(
        tmp_path / "goals.ndjson",
        a_goal("Patient/ann", id="g1"),
        a_goal("Patient/ann", id="g2", lifecycleStatus="bogus"),
        "{not json",
        {"resourceType": "Claim", "id": "c"},
    )
    ran = careplan("load", str(tmp_path))
    assert ran.code == 1
    assert "loaded: 2 (Goal 1, Patient 1)" in ran.out
    assert "not served: 1 (Claim 1)" in ran.out
    assert "refused: 2" in ran.out
    assert "goals.ndjson:2 (Goal/g2): Goal.lifecycleStatus: `bogus`" in ran.out
    assert "goals.ndjson:3" in ran.out
    assert _bodies(database_url).keys() == {"Patient/ann", "Goal/g1"}


@pytest.mark.usefixtures("agency")
def test_loading_twice_changes_nothing(careplan, tmp_path):
    file = _write(tmp_path / "ann.json", a_patient(id="ann"))
    careplan("load", str(file))
    again = careplan("load", str(file))
    assert again.code == 0
    assert "loaded: 0" in again.out
    assert "unchanged: 1" in again.out


@pytest.mark.usefixtures("agency")
def test_number_text_survives_loading(careplan, database_url, tmp_path):
    target = '{"measure":{"text":"m"},"detailQuantity":{"value":0.100000000000000000001}}'
    goal = json.dumps(a_goal("Patient/ann", id="g1"))[:-1] + f', "target": [{target}]}}'
    careplan("load", str(_write(tmp_path / "goal.json", goal)))
    assert b"0.100000000000000000001" in _bodies(database_url)["Goal/g1"]


@pytest.mark.usefixtures("agency")
def test_a_bundles_own_links_are_resolved(careplan, database_url, tmp_path):
    urn = "urn:uuid:018f428a-0000-4000-8000-000000000001"
    entries = [{"fullUrl": urn, "resource": a_patient(id="ann")}, {"resource": a_goal(urn, id="g1")}]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert careplan("load", str(_write(tmp_path / "b.json", bundle))).code == 0
    assert orjson.loads(_bodies(database_url)["Goal/g1"])["subject"]["reference"] == "Patient/ann"


@pytest.mark.usefixtures("agency")
def test_a_consent_that_cannot_be_enforced_is_refused_naming_the_element(careplan, tmp_path):
    provision = a_provision(to="Organization/x", action=[{"text": "look"}])
    ran = careplan("load", str(_write(tmp_path / "c.json", a_consent("Patient/ann", provision, id="c"))))
    assert ran.code == 1
    assert "Consent.provision.action[0]" in ran.out


@pytest.mark.usefixtures("agency")
def test_a_plan_file_is_imported_once_and_comes_back_in_its_own_words(careplan, tmp_path):
    file = FIXTURES / "plans" / "family-eviction.json"
    ran = careplan("plan", "import", str(file))
    assert ran.code == 0
    id_ = re.search(r"CarePlan/(\S+)", ran.out)[1]
    told = json.loads(careplan("plan", "export", id_).out)
    assert told == plan_to_json(plan_from_json(json.loads(file.read_text())))
    assert "0 created, 0 changed, 1 unchanged" in careplan("plan", "import", str(file)).out
    (tmp_path / "back.csv").write_text(careplan("plan", "export", id_, "--format", "csv").out)
    assert "1 unchanged" in careplan("plan", "import", str(tmp_path / "back.csv")).out


@pytest.mark.usefixtures("agency")
def test_faults_of_a_plan_file_are_told_by_row_and_column_and_nothing_is_kept(
    careplan, database_url, tmp_path
):
    text = (FIXTURES / "plans" / "family-eviction.csv").read_text()
    lines = text.splitlines()
    header = lines[0].split(",")
    broken = tmp_path / "broken.csv"
    broken.write_text(text.replace("housing", "howsing"))
    ran = careplan("plan", "import", str(broken))
    assert ran.code == 1
    assert "row 2" in ran.err
    assert any(f'column "{name}"' in ran.err or f"column {name}" in ran.err for name in header)
    assert _bodies(database_url) == {}


def test_a_plan_needs_a_custodian(careplan):
    ran = careplan("plan", "import", str(FIXTURES / "plans" / "family-eviction.json"))
    assert ran.code == 1
    assert "careplan client add --kind agency" in ran.err


@pytest.mark.usefixtures("agency")
def test_every_fixture_can_be_loaded_and_imported(careplan):
    assert careplan("load", str(FIXTURES / "bundles")).code == 0
    plans = sorted((FIXTURES / "plans").glob("*.*"))
    done = [careplan("plan", "import", str(plan)) for plan in plans if plan.stem != "family-eviction"]
    assert [ran.err for ran in done if ran.code] == []
