"""`careplan hsds import`: a directory of services, from JSON or CSV, again and again."""

import json
import shutil
from pathlib import Path

import pytest

from careplan_service.store.database import Database

HSDS = Path(__file__).parents[2] / "fixtures" / "hsds"
SYSTEM = "https://careplan-service.org/fhir/identifier/riverside"

pytestmark = pytest.mark.usefixtures("agency")


@pytest.fixture
def folder(tmp_path):
    """A copy of the CSV files that a test may write in."""
    return Path(shutil.copytree(HSDS / "riverside", tmp_path / "riverside"))


def spoil(file, *changed):
    text = file.read_text()
    for before, after in changed:
        assert before in text
        text = text.replace(before, after)
    file.write_text(text)


def stored(database_url):
    """The current documents by their HSDS id, each with its version."""
    database = Database(database_url)
    rows = database.rows(
        "SELECT r.type, r.version, d.body FROM resource r JOIN document d ON d.vid = r.vid"
        " WHERE r.current = 1 AND r.type IN ('Organization', 'Location', 'HealthcareService')",
        {},
    )
    documents = [(version, json.loads(bytes(body))) for _, version, body in rows]
    database.close()
    return {one["identifier"][0]["value"]: (version, one) for version, one in documents}


def labels(document):
    return {one["code"] for one in document["meta"]["security"]}


def test_a_directory_is_previewed_imported_and_imported_again_as_json_or_csv(careplan, database_url, folder):
    seen = careplan("hsds", "import", str(HSDS / "riverside.json"), "--dry-run")
    assert seen.code == 0
    assert "HealthcareService: 5 created, 0 changed, 0 unchanged" in seen.out
    assert "nothing was stored" in seen.out
    assert stored(database_url) == {}
    assert "Location: 2 created" in careplan("hsds", "import", str(HSDS / "riverside.json")).out
    first = stored(database_url)
    again = careplan("hsds", "import", str(folder))
    assert "HealthcareService: 0 created, 0 changed, 5 unchanged" in again.out
    assert "Organization: 0 created, 0 changed, 3 unchanged" in again.out
    assert stored(database_url) == first

    spoil(folder / "services.csv", ("Groceries for a week", "Groceries for two weeks"))
    assert (
        "HealthcareService: 0 created, 1 changed, 4 unchanged" in careplan("hsds", "import", str(folder)).out
    )
    now = stored(database_url)
    assert [id_ for id_ in now if now[id_] != first[id_]] == ["svc-1"]
    assert now["svc-1"][0] == 2


def test_what_a_directory_says_is_found_in_fhir(careplan, database_url):
    told = careplan("hsds", "import", str(HSDS / "riverside.json")).out
    assert "not taken: organization.description (3)" in told.replace("(5)", "(3)")
    documents = {id_: document for id_, (_, document) in stored(database_url).items()}
    pantry, work, advice = (documents[id_] for id_ in ("svc-1", "svc-2", "svc-3"))
    assert pantry["identifier"] == [{"system": f"{SYSTEM}/hsds-service", "value": "svc-1"}]
    assert pantry["providedBy"] == {"reference": f"Organization/{documents['org-1']['id']}"}
    assert pantry["location"] == [{"reference": f"Location/{documents['loc-1']['id']}"}]
    assert pantry["availableTime"] == [
        {"daysOfWeek": ["tue", "thu"], "availableStartTime": "10:00:00", "availableEndTime": "13:00:00"}
    ]
    assert pantry["type"][0]["coding"][0]["code"] == "BD-1800.2000"
    assert "availableTime" not in advice
    assert {one["url"].rpartition("/")[2] for one in advice["extension"]} == {
        "sw-service-status", "sw-cost-option", "sw-required-document", "sw-service-schedule",
    }  # fmt: skip
    assert "case-management" in {one["code"] for one in work["type"][0]["coding"]}
    assert {"system": "phone", "value": "+1 555 0111", "use": "mobile"} in work["telecom"]
    assert documents["svc-5"]["active"] is False
    assert documents["org-2"]["partOf"] == {"reference": f"Organization/{documents['org-1']['id']}"}
    assert documents["loc-1"]["address"]["line"] == ["12 Mill Lane"]
    assert documents["loc-1"]["hoursOfOperation"][0]["daysOfWeek"][0] == "mon"


def test_where_a_refuge_is_is_stored_nowhere(careplan, database_url):
    told = careplan("hsds", "import", str(HSDS / "riverside.json")).out
    assert "stored without address: 1" in told
    documents = {id_: document for id_, (_, document) in stored(database_url).items()}
    assert {"R", "SDV", "LOCIS", "SSP"} <= labels(documents["loc-2"])
    assert set(documents["loc-2"]) == {"resourceType", "id", "meta", "identifier", "status", "address"}
    assert documents["loc-2"]["address"]["extension"][0]["valueCode"] == "masked"
    assert {"SDV", "LOCIS", "SSP"} <= labels(documents["svc-4"])
    assert "SSP" in labels(documents["org-3"])
    assert labels(documents["org-1"]) == {"N"}
    text = json.dumps(documents)
    for secret in ("Quay Street", "79.9", "555 0190", "Harbour House", "Ring twice"):
        assert secret not in text.replace("-79.9959", "")


def test_a_label_that_a_person_set_stays_and_hides(careplan, database_url, tmp_path, folder):
    careplan("hsds", "import", str(folder))
    document = stored(database_url)["loc-1"][1]
    document["meta"]["security"] = [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "LOCIS"}
    ]
    document["extension"] = [{"url": "https://example.org/parking", "valueString": "behind"}]
    document["identifier"].append({"system": "https://example.org/door", "value": "7"})
    (tmp_path / "loc.json").write_text(json.dumps(document))
    assert careplan("load", str(tmp_path / "loc.json")).code == 0
    assert "Location: 0 created, 1 changed, 1 unchanged" in careplan("hsds", "import", str(folder)).out
    _, now = stored(database_url)["loc-1"]
    assert labels(now) == {"LOCIS", "R"}
    assert "Mill Lane" not in json.dumps(now)
    assert now["extension"] == document["extension"]
    assert now["identifier"] == document["identifier"]
    assert "Location: 0 created, 0 changed, 2 unchanged" in careplan("hsds", "import", str(folder)).out


def test_services_that_vanished_are_told_and_retired_when_asked(careplan, database_url, folder):
    careplan("hsds", "import", str(folder))
    for name in ("services", "phones", "schedules", "service_areas", "service_at_locations", "attributes"):
        file = folder / f"{name}.csv"
        file.write_text("\n".join(line for line in file.read_text().splitlines() if "svc-1" not in line))
    told = careplan("hsds", "import", str(folder))
    assert "not in the directory any more" in told.out
    assert stored(database_url)["svc-1"][1]["active"] is True
    assert "1 retired" in careplan("hsds", "import", str(folder), "--retire", "--dry-run").out
    assert stored(database_url)["svc-1"][1]["active"] is True
    assert "1 retired" in careplan("hsds", "import", str(folder), "--retire").out
    version, service = stored(database_url)["svc-1"]
    assert (version, service["active"]) == (2, False)
    assert "retired" not in careplan("hsds", "import", str(folder), "--retire").out
    assert "1 changed" in careplan("hsds", "import", str(HSDS / "riverside.json")).out
    assert stored(database_url)["svc-1"][1]["active"] is True


def test_faults_are_told_by_file_row_and_column_and_nothing_is_stored(careplan, database_url, folder):
    spoil(
        folder / "services.csv", ("svc-3,org-2", "svc-3,org-9"), ("temporarily closed", "temporarly closed")
    )
    spoil(folder / "locations.csv", ("40.4406", "140.4406"))
    spoil(folder / "schedules.csv", ("10:00", "10 o'clock"))
    spoil(folder / "phones.csv", ("pho-1,svc-1,+1 555 0110", "pho-1,svc-1,"))
    ran = careplan("hsds", "import", str(folder))
    assert ran.code == 1
    for place, text in (
        ('services.csv: row 4, column "organization_id"', "`org-9` is not in organizations.csv"),
        ('services.csv: row 6, column "status"', "did you mean `temporarily closed`?"),
        ('locations.csv: row 2, column "latitude"', "is no number of degrees from -90 to 90"),
        ('schedules.csv: row 2, column "opens_at"', "like `09:30`"),
        ('phones.csv: row 2, column "number"', "is missing"),
    ):
        assert any(place in line and text in line for line in ran.err.splitlines()), place
    assert ran.err.count("\n") == 5
    assert stored(database_url) == {}


ONE = '{"id": "1", "name": "x", "status": "active"'


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("[]", "the directory has no service"),
        ("{", "cannot be read as JSON"),
        ('"x"', "write a list of services"),
        ("[1]", "services[0]: write a service as an object"),
        ('[{"id": "1", "name": "x"}]', "services[0].status: is missing"),
        (f'[{ONE}, "phones": [{{}}]}}]', "services[0].phones[0].number: is missing"),
        (f'[{ONE}, "phones": 3}}]', "services[0].phones[0]: write an object"),
        (f"[{ONE}}}, {ONE}}}]", "services[1].id: `1` is the id of services[0] too"),
        ("[" * 100_000, "cannot be read as JSON"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_faults_of_json_are_told_by_their_path(careplan, tmp_path, said, told):
    (tmp_path / "d.json").write_text(said)
    ran = careplan("hsds", "import", str(tmp_path / "d.json"))
    assert ran.code == 1
    assert told in ran.err
    assert "Traceback" not in ran.err


def test_a_page_of_several_retires_nothing(careplan, tmp_path):
    page = tmp_path / "page.json"
    service = {"id": "s9", "name": "A bed", "status": "active", "organization": {"id": "o9", "name": "Beds"}}
    told = {"contents": [service], "total_pages": 5, "page_number": 1}
    page.write_text(json.dumps(told))
    ran = careplan("hsds", "import", str(page), "--retire")
    assert (ran.code, "one page of several" in ran.err) == (1, True), ran.err


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_no_folder_of_tables_is_told_in_one_line(careplan, tmp_path, folder):
    (folder / "notes.csv").mkdir()
    assert careplan("hsds", "import", str(folder), "--dry-run").code == 0
    alone = careplan("hsds", "import", str(folder / "services.csv"))
    told = "a directory in CSV has several files: give the folder that has `services.csv`"
    assert (alone.code, alone.err) == (1, f"{folder / 'services.csv'}: {told}\n")
    (folder / "services.csv").write_text("id,name,Name,status\n1,A,B,active\n")
    twice = careplan("hsds", "import", str(folder), "--dry-run")
    assert "services.csv: row 1: column `name` comes twice: keep one\n" in twice.err
