"""`careplan hmis import` and `careplan hmis export`, by the worked folder in fixtures/hmis."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from base64 import b64decode
from pathlib import Path

import pytest

from builders import a_consent, a_provision
from careplan_service.store.database import Database

FOLDER = Path(__file__).parents[2] / "fixtures" / "hmis"
FILES = FOLDER / "files"


@pytest.fixture
def files(tmp_path):
    return Path(shutil.copytree(FILES, tmp_path / "hmis"))


def _edit(folder, file, key, **cells):
    """Give cells of the row under a key other values."""
    path = folder / file
    with path.open(newline="") as text:
        rows = list(csv.DictReader(text))
    found = [row for row in rows if next(iter(row.values())) == key]
    found[0].update(cells)
    with path.open("w", newline="") as text:
        writer = csv.DictWriter(text, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def _documents(url):
    """The current resources, by `Type/id`."""
    database = Database(url)
    rows = database.rows(
        "SELECT r.type, r.id, d.body FROM resource r JOIN document d ON d.vid = r.vid"
        " WHERE r.current = 1 AND r.deleted = 0",
        {},
    )
    database.close()
    return {f"{type_}/{id_}": json.loads(bytes(body)) for type_, id_, body in rows}


def _named(url):
    """The same by type and identifier, with what they refer to named so as well and without stamps."""
    found = _documents(url)
    names = {
        ref: f"{ref.partition('/')[0]}/{own['system'].rpartition('/')[2]}-{own['value']}"
        for ref, one in found.items()
        for own in one.get("identifier", ())[:1]
    }
    text = json.dumps([{**one, "id": ref} for ref, one in found.items()])
    for ref, name in names.items():
        text = text.replace(f'"{ref}"', f'"{name}"')
    listed = json.loads(text)
    for one in listed:
        one["meta"] = {"security": [label["code"] for label in one["meta"]["security"]]}
    return {one.pop("id"): one for one in listed}


def _ana(found):
    return next(ref for ref, one in found.items() if "Luz" in json.dumps(one.get("name", "")))


def _versions(url):
    database = Database(url)
    found = database.rows("SELECT type, count(*) FROM resource GROUP BY type", {})
    database.close()
    return dict(found)


@pytest.mark.usefixtures("agency")
def test_the_worked_folder_becomes_the_expected_resources_and_the_same_again_writes_nothing(
    careplan, database_url, files
):
    ran = careplan("hmis", "import", str(files))
    assert ran.code == 0, ran.err
    found = _named(database_url)
    file = FOLDER / "expected.json"
    for one in found.values():
        for content in one.get("content", ()):  # the rows themselves, readable
            content["attachment"]["data"] = json.loads(b64decode(content["attachment"]["data"]))
    assert found == json.loads(file.read_text())
    before = _versions(database_url)
    again = careplan("hmis", "import", str(files))
    assert "made: 0\nchanged: 0\npeople without a change: 4\n" in again.out
    _edit(files, "Client.csv", "P2", ExportID="2024-06")  # nothing is other
    assert careplan("hmis", "import", str(files)).code == 0
    assert _versions(database_url) == before


@pytest.mark.usefixtures("agency")
def test_a_row_that_changed_changes_what_it_says_and_what_others_wrote_stays(
    careplan, database_url, files, api
):
    assert careplan("hmis", "import", str(files)).code == 0
    worker = api.register("agency", "agency")
    found = _documents(database_url)
    ana = _ana(found)
    own = {**found[ana], "telecom": [{"system": "phone", "value": "555"}]}
    own["name"].append({"use": "nickname", "text": "Anita"})
    assert worker.put(ana, own).status == 200
    before = _versions(database_url)
    _edit(files, "Client.csv", "P1", LastName="Ruiz Gil")
    _edit(files, "Services.csv", "S4", DateDeleted="2024-07-01 09:00:00")
    _edit(files, "Exit.csv", "X1", DateDeleted="2024-07-01 09:00:00")
    for path in files.glob("*.csv"):  # another export of the same
        path.write_text(
            re.sub("^2024-06,|,2024-06$", lambda it: it[0].replace("6", "7"), path.read_text(), flags=re.M)
        )
    ran = careplan("hmis", "import", str(files))
    assert ran.code == 0, ran.err
    assert "people without a change: 2\n" in ran.out
    now = _named(database_url)
    patient = now["Patient/PersonalID-P1"]
    assert [one.get("text") or one["family"] for one in patient["name"]] == ["Ruiz Gil", "Anita"]
    assert patient["telecom"] == [{"system": "phone", "value": "555"}]
    assert now["Procedure/ServicesID-S4"]["status"] == "entered-in-error"
    assert now["Observation/DestinationSafeClient-X1"]["status"] == "entered-in-error"
    episode = now["EpisodeOfCare/EnrollmentID-E1"]
    assert (episode["status"], episode["period"]) == ("active", {"start": "2024-02-01"})
    written = {type_: number - before[type_] for type_, number in _versions(database_url).items()}
    assert {type_: number for type_, number in written.items() if number} == {
        "Patient": 1,
        "EpisodeOfCare": 1,
        "Observation": 1,
        "Procedure": 2,
        "DocumentReference": 2,
    }


@pytest.mark.usefixtures("agency")
def test_every_fault_is_told_by_file_row_and_column_and_nothing_is_stored(careplan, database_url, files):
    _edit(files, "Client.csv", "P3", DOB="1/1/1971", FirstName="")
    _edit(files, "Client.csv", "P2", NameDataQuality="", ExportID="other")
    _edit(files, "Enrollment.csv", "E3", PersonalID="P9")
    _edit(files, "Exit.csv", "X1", ExitDate="2024-01-01", Destination="home")
    _edit(files, "Services.csv", "S1", ServicesID="S2", PersonalID="P2", DateProvided="2024-02-30")
    told = """\
Client.csv, row 3, column "NameDataQuality": is missing: give it a value
Client.csv, row 3, column "ExportID": `other` is another export than `2024-06`: import one export at a time
Client.csv, row 4, column "DOB": `1/1/1971` is no date: write it as `2024-05-31`
Exit.csv, row 2, column "Destination": `home` is no whole number
Services.csv, row 2, column "DateProvided": `2024-02-30` is no date: write it as `2024-05-31`
Services.csv, row 3, column "ServicesID": `S2` stands in row 2 too
Enrollment.csv, row 4, column "PersonalID": `P9` is not in Client.csv
Services.csv, row 2, column "PersonalID": `P2` is another person than that of the enrollment, `P1`
Services.csv, row 4, column "PersonalID": `P3` is another person than that of the enrollment, `P9`
Services.csv, row 5, column "PersonalID": `P3` is another person than that of the enrollment, `P9`
Exit.csv, row 2, column "ExitDate": `2024-01-01` is before the entry on `2024-02-01`
11 faults: nothing was stored
"""
    for words in (("--dry-run",), ()):
        ran = careplan("hmis", "import", str(files), *words)
        assert ran.code == 1
        assert ran.err == told
    assert _documents(database_url) == {}


@pytest.mark.usefixtures("agency")
def test_a_file_of_another_year_or_with_other_columns_or_none_is_told(careplan, database_url, files):
    client = files / "Client.csv"
    client.write_text(
        client.read_text().replace("HispanicLatinaeo", "Ethnicity").replace("FirstName,", "FirstNme,")
    )
    (files / "Exit.csv").unlink()
    (files / "Services.csv").write_bytes(b"ServicesID\xff\n")
    (files / "Enrollment.csv").write_text("")
    export = files / "Export.csv"
    export.write_text(export.read_text().replace("2024 v1.7", "2022 v1.3"))
    ran = careplan("hmis", "import", str(files))
    assert ran.code == 1
    assert ran.err.splitlines()[:7] == [
        'Export.csv, row 2, column "CSVVersion": is `2022 v1.3`: this import takes FY2024',
        'Client.csv, row 1, column "FirstNme": unknown column; did you mean `FirstName`?',
        'Client.csv, row 1, column "Ethnicity": unknown column; it is none of FY2024',
        'Client.csv, row 1, column "HispanicLatinaeo": is missing: add the column',
        "Enrollment.csv: is empty: the first row must name the columns",
        "Exit.csv: cannot be read: No such file or directory",
        "Services.csv: byte 0xFF in line 1 is not UTF-8: save it as UTF-8",
    ]
    assert _documents(database_url) == {}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("agency")
def test_a_wrong_header_or_row_is_told_once_and_what_refers_to_it_is_counted(careplan, files):
    client, enrollment = files / "Client.csv", files / "Enrollment.csv"
    clients, enrollments = client.read_text(), enrollment.read_text()

    client.write_text(clients.replace("FirstName,", "FirstNme,", 1))
    told = careplan("hmis", "import", str(files)).err.splitlines()
    assert told == [
        'Client.csv, row 1, column "FirstNme": unknown column; did you mean `FirstName`?',
        "Enrollment.csv: 5 rows wait for what is wrong in Client.csv: mend that first",
        "2 faults: nothing was stored",
    ]

    client.write_text(re.sub("^P1,", "P1,,", clients, flags=re.M))
    told = careplan("hmis", "import", str(files)).err.splitlines()
    assert "cells, the header" in told[0]
    assert told[1] == "Enrollment.csv: 1 row waits for what is wrong in Client.csv: mend that first"
    assert len(told) == 3

    client.write_text(clients)
    header, row, *_ = enrollments.splitlines(keepends=True)
    many = "".join(row.replace("E1", f"E1{n}", 1) for n in range(200))
    enrollment.write_bytes(f"{header}{many}".encode() + b"\xff\n")
    told = careplan("hmis", "import", str(files)).err.splitlines()
    assert told[0] == "Enrollment.csv: byte 0xFF in line 202 is not UTF-8: save it as UTF-8"
    assert told[1].startswith("Exit.csv: ")
    assert [line for line in told if "is not in" in line] == []

    enrollment.write_text(re.sub("^(E1),P1,", r"\1,P9,", enrollments, flags=re.M))
    assert "`P9` is not in Client.csv" in careplan("hmis", "import", str(files)).err


@pytest.mark.usefixtures("agency")
def test_of_many_faults_the_first_are_told_and_all_are_counted(careplan, files):
    client = files / "Client.csv"
    header, first, *_ = client.read_text().splitlines()
    client.write_text("\n".join([header, *([first] * 200)]))
    ran = careplan("hmis", "import", str(files))
    assert ran.err.count("\n") == 51
    assert ran.err.endswith("203 faults; 153 more are not shown: nothing was stored\n")


@pytest.mark.usefixtures("agency")
def test_a_dry_run_stores_nothing(careplan, database_url, files):
    ran = careplan("hmis", "import", str(files), "--dry-run")
    assert ran.code == 0
    assert "nothing was stored" in ran.out
    assert _documents(database_url) == {}


@pytest.mark.usefixtures("agency")
def test_what_was_deleted_here_is_not_made_again(careplan, database_url, files, api):
    assert careplan("hmis", "import", str(files)).code == 0
    found = _documents(database_url)
    gone = next(ref for ref, one in found.items() if one.get("identifier", [{}])[0].get("value") == "S2")
    assert api.agency("DELETE", f"/fhir/{gone}").status == 204
    _edit(files, "Services.csv", "S2", OtherTypeProvided="bus passes")
    _edit(files, "Services.csv", "S1", TypeProvided="3")
    ran = careplan("hmis", "import", str(files))
    assert "left alone, as they were deleted here: 1" in ran.out
    now = _named(database_url)
    assert "Procedure/ServicesID-S2" not in now
    assert now["Procedure/ServicesID-S1"]["code"]["coding"][0]["code"] == "3"


@pytest.mark.usefixtures("agency")
def test_a_client_on_record_under_the_identifier_is_met_and_only_filled_in(
    careplan, database_url, files, api
):
    system = "https://careplan-service.org/fhir/identifier/riverside/PersonalID"
    known = {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:mrn", "value": "7"}, {"system": system, "value": "P1"}],
        "name": [{"family": "Ruiz", "given": ["Ana"]}],
        "meta": {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PRS"}]},
    }
    worker = api.register("riverside", "agency")
    reference = worker.make(known)
    assert careplan("hmis", "import", str(files)).code == 0
    found = _documents(database_url)
    patient = found[reference]
    assert sum(ref.startswith("Patient/") for ref in found) == 4
    assert (patient["identifier"], patient["name"]) == (known["identifier"], known["name"])
    assert patient["birthDate"] == "1990-04-12"
    assert "PRS" in {one["code"] for one in patient["meta"]["security"]}


@pytest.mark.usefixtures("agency")
def test_exit_goes_out_with_the_counselling_that_the_sessions_here_tell(careplan, database_url, files, api):
    assert careplan("hmis", "import", str(files)).code == 0
    ana = next(
        ref for ref, one in _documents(database_url).items() if "Luz" in json.dumps(one.get("name", ""))
    )
    worker = api.register("riverside", "agency")
    for number, (kind, day, status) in enumerate(
        [
            ("individual-counselling", "2024-02-01", "finished"),  # the first day counts
            ("individual-counselling", "2024-03-01", "finished"),
            ("individual-counselling", "2024-03-08", "cancelled"),  # nobody came
            ("family-therapy", "2024-04-20", "finished"),  # the last day too
            ("individual-counselling", "2024-04-21", "finished"),  # after the exit
            ("case-management", "2024-03-02", "finished"),  # no counselling
        ],
        1,
    ):
        _session(worker, ana, number, kind, day, status)
    own = {"system": "https://careplan-service.org/fhir/CodeSystem/intervention"}
    details = [
        {
            "status": "in-progress",
            "code": {"coding": [{**own, "code": "individual-counselling"}]},
            "count": 6,
        },
        {"status": "in-progress", "code": {"coding": [{**own, "code": "family-therapy"}]}, "count": 2},
        {"status": "cancelled", "code": {"coding": [{**own, "code": "group-therapy"}]}, "count": 9},
        {"status": "in-progress", "code": {"coding": [{**own, "code": "advocacy"}]}, "count": 4},
    ]
    for one in details:
        one["scheduledTiming"] = {"repeat": {"count": one.pop("count")}}
    plan = {
        "resourceType": "CarePlan",
        "status": "completed",
        "intent": "plan",
        "subject": {"reference": ana},
    }
    plan |= {"period": {"start": "2024-02-05", "end": "2024-04-19"}}
    plan |= {"activity": [{"detail": one} for one in details]}
    state = "https://careplan-service.org/fhir/StructureDefinition/sw-state"
    worker.make({**plan, "extension": [{"url": state, "valueCode": "closed-goals-met"}]})
    worker.make(
        {
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "plan",
            "subject": {"reference": ana},
            "code": {"coding": [{**own, "code": "family-therapy"}]},
        }
    )
    ran = careplan("hmis", "export", "--from", "2024-04-01", "--to", "2024-12-31")
    assert ran.code == 0, ran.err
    rows = {row["ExitID"]: row for row in csv.DictReader(io.StringIO(ran.out))}
    assert list(rows["X1"]) == list(csv.DictReader(io.StringIO((files / "Exit.csv").read_text())).fieldnames)
    assert {name: rows["X1"][name] for name in _COUNSELLING} == {
        "CounselingReceived": "1",
        "IndividualCounseling": "1",
        "FamilyCounseling": "1",
        "GroupCounseling": "0",
        "SessionCountAtExit": "3",
        "PostExitCounselingPlan": "1",
        "SessionsInPlan": "8",
        "CMExitReason": "1",
    }
    assert (rows["X1"]["Destination"], rows["X1"]["DestinationSubsidyType"]) == ("410", "428")
    # Of Kim nothing is known here but what came in.
    assert [rows["X5"][name] for name in _COUNSELLING] == ["1", "1", "", "", "3", "", "", "3"]
    assert rows.keys() == {"X1", "X5"}
    assert careplan("hmis", "export", "--from", "2024-06-11").out.count("\n") == 1
    out = files / "out.csv"
    assert careplan("hmis", "export", "--to", "2024-05-01", "--out", str(out)).code == 0
    assert [row["ExitID"] for row in csv.DictReader(io.StringIO(out.read_text()))] == ["X1"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("agency")
def test_a_partner_who_may_see_the_client_learns_nothing_of_hmis(careplan, database_url, files, api):
    assert careplan("hmis", "import", str(files)).code == 0
    ana = _ana(_documents(database_url))
    worker = api.register("riverside", "agency")
    worker.make(a_consent(ana, a_provision(to="Organization/partner")))
    shown = api.partner.get(f"/fhir/{ana}")
    assert shown.status == 200
    assert b"hmis" not in shown.body.lower()
    for type_ in ("EpisodeOfCare", "Observation", "Procedure", "DocumentReference"):
        assert worker.get(f"/fhir/{type_}?patient={ana}").json["total"] > 0
        assert api.partner.get(f"/fhir/{type_}?patient={ana}").json["total"] == 0


_COUNSELLING = (
    "CounselingReceived IndividualCounseling FamilyCounseling GroupCounseling SessionCountAtExit"
    " PostExitCounselingPlan SessionsInPlan CMExitReason"
).split()


def _session(worker, patient, number, kind, day, status):
    encounter = worker.make(
        {
            "resourceType": "Encounter",
            "status": status,
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "subject": {"reference": patient},
        }
    )
    coding = {"system": "https://careplan-service.org/fhir/CodeSystem/intervention", "code": kind}
    worker.make(
        {
            "resourceType": "Procedure",
            "extension": [
                {
                    "url": "https://careplan-service.org/fhir/StructureDefinition/sw-session",
                    "valueString": f"S{number}",
                }
            ],
            "status": "completed" if status == "finished" else "not-done",
            "code": {"coding": [coding]},
            "subject": {"reference": patient},
            "encounter": {"reference": encounter},
            "performedPeriod": {"start": f"{day}T10:00:00-05:00", "end": f"{day}T11:00:00-05:00"},
        }
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("agency")
def test_days_in_the_wrong_order_are_refused_and_one_day_is_taken(careplan, tmp_path):
    out = tmp_path / "Exit.csv"
    ran = careplan("hmis", "export", "--from", "2024-05-02", "--to", "2024-05-01", "--out", str(out))
    told = "`--to 2024-05-01` is before `--from 2024-05-02`: give the earlier day first"
    assert (ran.code, ran.out, ran.err) == (1, "", f"careplan: {told}\n")
    assert not out.exists()
    assert careplan("hmis", "export", "--from", "2024-05-02", "--to", "2024-05-02").code == 0


@pytest.mark.usefixtures("agency")
def test_a_file_that_cannot_be_written_is_told_in_one_line(careplan, tmp_path):
    ran = careplan("hmis", "export", "--out", str(tmp_path / "none" / "Exit.csv"))
    assert ran.code == 1
    assert "cannot be written (no such file or directory)" in ran.err
    assert "Traceback" not in ran.err
