"""`careplan plan import` of what agencies have: by a mapping, as a dry run, again and again."""

import json
import re
import shutil
from pathlib import Path

import pytest

from careplan_service.store.database import Database

IMPORTS = Path(__file__).parents[2] / "fixtures" / "imports"
MAPPING = ("--mapping", str(IMPORTS / "riverside-cases.toml"))

pytestmark = pytest.mark.usefixtures("agency")


@pytest.fixture
def cases(tmp_path):
    """A copy of the agency's file that a test may write in."""
    return Path(shutil.copy(IMPORTS / "riverside-cases.csv", tmp_path / "cases.csv"))


def spoil(file, *changed):
    text = file.read_text("windows-1252")
    for before, after in changed:
        assert before in text
        text = text.replace(before, after)
    file.write_text(text, "windows-1252")


def versions(database_url):
    database = Database(database_url)
    rows = database.rows("SELECT type, id, version FROM resource ORDER BY type, id, version", {})
    database.close()
    return [tuple(row) for row in rows]


def test_an_agencys_file_is_previewed_imported_and_imported_again(careplan, database_url, cases):
    before = versions(database_url)
    seen = careplan("plan", "import", str(cases), *MAPPING, "--dry-run")
    assert seen.code == 0
    assert "plan R-201 would be created: 2 goals, 2 objectives, 3 strategies" in seen.out
    assert "3 created, 0 changed, 0 unchanged, not stored: this was a dry run" in seen.out
    assert versions(database_url) == before
    assert "3 created, 0 changed, 0 unchanged" in careplan("plan", "import", str(cases), *MAPPING).out
    first = versions(database_url)
    again = careplan("plan", "import", str(cases), *MAPPING)
    assert again.out.count(" unchanged: CarePlan/") == 3
    assert versions(database_url) == first

    spoil(cases, ("Household budget", "Household plan"))
    seen = careplan("plan", "import", str(cases), *MAPPING, "--dry-run")
    assert "strategy 1.1.a: text: Household budget -> Household plan" in seen.out
    assert versions(database_url) == first
    told = careplan("plan", "import", str(cases), *MAPPING)
    assert "plan R-201 changed" in told.out
    assert "0 created, 1 changed, 2 unchanged" in told.out
    new = [one for one in versions(database_url) if one not in first]
    assert [(type_, version) for type_, _, version in new] == [("CarePlan", 2), ("Provenance", 1)]


def test_a_fault_anywhere_keeps_the_whole_file_out(careplan, database_url, cases):
    before = versions(database_url)
    spoil(cases, ("Job coaching", "Job coatching"), ("Ruth;Baker;06/21/1952", "Ruth;Baker;21/06/1952"))
    ran = careplan("plan", "import", str(cases), *MAPPING)
    assert ran.code == 1
    assert (
        'row 5, column "Service": `Job coatching` is not in the table of `strategy_kind`, did you' in ran.err
    )
    assert 'row 7, column "DOB": `21/06/1952` is not a date written as `%m/%d/%Y`' in ran.err
    assert ran.err.count("cases.csv: ") == 2
    assert versions(database_url) == before


def test_rules_of_practice_are_told_by_the_agencys_row(careplan, database_url, cases):
    careplan("plan", "import", str(cases), *MAPPING)
    first = versions(database_url)
    spoil(
        cases,
        ("I want food in the house all month.;Not begun", "I want food in the house all month.;Reached"),
    )
    ran = careplan("plan", "import", str(cases), *MAPPING)
    assert ran.code == 1
    assert 'row 4, column "Goal Status": goal `2` becomes `achieved` in a review, by its evidence' in ran.err
    assert versions(database_url) == first


def test_what_the_file_has_no_column_for_stays_on_record(careplan, tmp_path, cases):
    made = careplan("plan", "import", str(cases), *MAPPING).out
    id_ = re.search(r"plan R-201 created: CarePlan/(\S+)", made)[1]
    plan = json.loads(careplan("plan", "export", id_).out)
    plan["goals"][0] |= {"sensitivity": ["SDV"], "scaling": {"levels": list("abcde")}}
    plan["sharing_notes"] = "Ask first."
    plan["client_system"]["members"][0]["phone"] = "+1 555 0100"
    (tmp_path / "more.json").write_text(json.dumps(plan))
    assert "1 changed" in careplan("plan", "import", str(tmp_path / "more.json")).out
    plan = json.loads(careplan("plan", "export", id_).out)
    assert "3 unchanged" in careplan("plan", "import", str(cases), *MAPPING).out
    spoil(cases, ("Household budget", "Household plan"))
    assert "1 changed" in careplan("plan", "import", str(cases), *MAPPING).out
    plan["goals"][0]["objectives"][0]["strategies"][0]["text"] = "Household plan"
    assert json.loads(careplan("plan", "export", id_).out) == plan


def test_a_client_on_record_is_recognised_by_identifier(careplan, tmp_path, cases):
    number = {"system": "https://riverside.example.org/client-number", "value": "1202"}
    person = {"resourceType": "Patient", "id": "tom", "identifier": [number], "name": [{"given": ["Tom"]}]}
    (tmp_path / "tom.json").write_text(json.dumps(person))
    assert careplan("load", str(tmp_path / "tom.json")).code == 0
    assert "3 created" in careplan("plan", "import", str(cases), *MAPPING).out
    assert "3 unchanged" in careplan("plan", "import", str(cases), *MAPPING).out


def test_one_person_is_the_same_in_every_row(careplan, cases):
    spoil(cases, ("R-202;1202;Tomás", "R-202;1201;Tomás"))
    ran = careplan("plan", "import", str(cases), *MAPPING)
    assert ran.code == 1
    assert 'row 5, column "First Name": `Tomás` is not `Inés` of row 2, and it is the same person' in ran.err


def test_a_mapping_is_for_files_that_can_be_read_as_one(careplan, tmp_path, cases):
    (tmp_path / "m.yaml").write_text("columns:")
    assert (
        "`.toml` or `.json`"
        in careplan("plan", "import", str(cases), "--mapping", str(tmp_path / "m.yaml")).err
    )
    (tmp_path / "m.json").write_text('{"columns": {"plan_number": "Case Nr"}}')
    ran = careplan("plan", "import", str(cases), "--mapping", str(tmp_path / "m.json"))
    assert ran.code == 1
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_mapping_is_not_ignored_for_a_plan_in_json(careplan, database_url):
    before = versions(database_url)
    plan = IMPORTS.parent / "plans" / "individual-cbt.json"
    ran = careplan("plan", "import", str(plan), *MAPPING)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"{plan}: a mapping is for CSV: import this file without `--mapping`, in a command of its own\n"
    )
    assert versions(database_url) == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whose_a_plan_is_is_asked_with_the_option_and_the_agencies_that_there_are(careplan, cases):
    ran = careplan("plan", "import", str(cases), *MAPPING, "--organization", "riverside")
    assert ran.err == (
        "careplan: `riverside` is no custodian here: give with `--organization` one of"
        " `Organization/riverside`\n"
    )
    lakeside = "--id lake --name Lakeside --kind agency --organization Organization/lakeside --purpose COC"
    assert careplan("client", "add", "--scopes", "system/*.cruds", *lakeside.split()).code == 0
    ran = careplan("plan", "import", str(cases), *MAPPING)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "careplan: say whose it is with `--organization`: one of `Organization/lakeside`,"
        " `Organization/riverside`\n"
    )
    for client in ("agency", "lake"):
        assert careplan("client", "disable", client).code == 0
    ran = careplan("plan", "import", str(cases), *MAPPING)
    assert ran.err.startswith("careplan: there is no custodian yet whose it could be: register an agency")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_mapping_that_cannot_be_read_is_told_by_its_file_and_line(careplan, tmp_path, cases):
    (tmp_path / "m.toml").write_text('[columns]\nplan_number = "Case Nr"x\n')
    ran = careplan("plan", "import", str(cases), "--mapping", str(tmp_path / "m.toml"))
    told = "end the line after the value: is there a quotation mark too many?"
    assert ran.err == f"careplan: m.toml: line 2: the mapping cannot be read as TOML: {told}\n"
    (tmp_path / "m.toml").write_text("")
    ran = careplan("plan", "import", str(cases), "--mapping", str(tmp_path / "m.toml"))
    assert ran.err.startswith("careplan: m.toml: columns: is missing: ")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "the file is empty: there is no JSON in it"),
        (b"\n\xff", "byte 0xFF in line 2 is not utf-8: save the file as UTF-8"),
        (b"[]", "a file has one plan: write it as an object with named fields"),
        (
            b'{"a": 1,}',
            "line 1: the file cannot be read as JSON: write a name in double quotation marks here, or",
        ),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_plan_in_json_that_cannot_be_read_is_told_as_a_file(careplan, tmp_path, data, told):
    file = tmp_path / "plan.json"
    file.write_bytes(data)
    ran = careplan("plan", "import", str(file))
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert ran.err.startswith(f"{file}: {told}")
