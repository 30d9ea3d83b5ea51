"""An agency's own CSV by a mapping file. docs/agency-imports.md"""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from careplan_service.errors import Invalid
from careplan_service.interventions import intake_fields as read
from careplan_service.interventions.columns import COLUMNS, reader_of
from careplan_service.interventions.csv_mapping import mapping_from_json, mapping_from_toml
from careplan_service.interventions.csv_text import FORMULA, table
from careplan_service.interventions.intake_csv import plans_from_csv, plans_of, plans_to_csv
from careplan_service.interventions.mapped_csv import table_by
from interventions.generated import plans
from interventions.test_intake_csv import FIRST, HEADER

IMPORTS = Path(__file__).parents[2] / "fixtures" / "imports"
PLAIN = {name: name for name in HEADER.split(",")}


def mapped(columns, data, **more):
    said = json.dumps({"columns": columns, **more}).encode()
    return plans_of(table_by(mapping_from_json(said), data))


def faults_of(call):
    with pytest.raises(Invalid) as refused:
        call()
    return {fault.expression: fault.text for fault in refused.value.faults}


def faults_in_mapping(said):
    return faults_of(lambda: mapping_from_json(json.dumps(said).encode()))


def test_an_agencys_export_is_read_by_its_mapping():
    mapping = mapping_from_toml((IMPORTS / "riverside-cases.toml").read_bytes())
    first, second, third = plans_of(table_by(mapping, (IMPORTS / "riverside-cases.csv").read_bytes()))
    assert [first.number, second.number, third.number] == ["R-201", "R-202", "R-203"]
    assert first.client_system.members[0].person.family == "Møller"
    assert str(first.goals[0].objectives[0].due) == "2025-07-31"
    assert [s.status for s in first.goals[0].objectives[0].strategies] == ["under-way", "done"]
    assert [len(plan.client_system.members) for plan in (first, second, third)] == [1, 1, 1]
    assert second.goals[0].objectives[1].target == "yes"
    assert third.status == "draft"


@st.composite
def agency_files(draw):
    """A plan, its CSV in our columns, and the same under other names, dates, values, delimiter, encoding."""
    plan = draw(plans())
    ours = table(plans_to_csv([plan]), COLUMNS)
    form = draw(st.sampled_from(["%m/%d/%Y", "%d.%m.%Y", "%Y%m%d"]))
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    columns, rows = {}, [[f"Field {i}" for i in range(len(ours[0]))], *(list(row) for row in ours[1:])]
    for i, name in enumerate(ours[0]):
        columns[name] = {"column": rows[0][i]}
        if reader_of(name) is read.day:
            columns[name]["date_format"] = form
            for row in rows[1:]:
                row[i] = read.day(row[i]).strftime(form) if row[i] else ""
        elif name == "goal_domain":
            known = sorted({row[i] for row in rows[1:] if row[i]})
            columns[name]["values"] = {f"Area {n}": value for n, value in enumerate(known)}
            for row in rows[1:]:
                row[i] = f"Area {known.index(row[i])}" if row[i] else ""
    out = io.StringIO(newline="")
    told = ([f"'{cell}" if FORMULA.match(cell) else cell for cell in row] for row in rows)
    csv.writer(out, delimiter=delimiter).writerows(told)
    encoding = draw(st.sampled_from(["utf-8", "utf-16"]))
    said = {"columns": columns, "delimiter": delimiter, "encoding": encoding}
    return plans_to_csv([plan]), said, out.getvalue().encode(encoding)


@settings(
    max_examples=25,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(agency_files())
def test_a_mapped_file_says_what_our_own_columns_say(drawn):
    ours, said, theirs = drawn
    assert plans_of(table_by(mapping_from_json(json.dumps(said).encode()), theirs)) == plans_from_csv(ours)


NUMBER = {"plan_number": "No"}
WON = {"column": "S", "values": {"Won": "closed-goal-met"}}
BOTH = {"column": "No", "value": "1"}


@pytest.mark.parametrize(
    ("said", "key", "text"),
    [
        ({"columns": {**NUMBER, "plan_titel": "T"}}, "columns.plan_titel", "did you mean `plan_title`?"),
        ({"column": NUMBER}, "column", "did you mean `columns`?"),
        ({"columns": NUMBER, "encoding": "utf8"}, "encoding", "did you mean `utf-8`?"),
        ({"columns": NUMBER, "delimiter": ":"}, "delimiter", "unknown delimiter"),
        ({"columns": {"plan_title": "T"}}, "columns.plan_number", "is missing"),
        (
            {"columns": {"plan_number": {"colum": "No"}}},
            "columns.plan_number.colum",
            "did you mean `column`?",
        ),
        ({"columns": {"plan_number": BOTH}}, "columns.plan_number", "either the `column`"),
        (
            {"columns": {**NUMBER, "plan_status": WON}},
            'columns.plan_status.values."Won"',
            "did you mean `closed-goals-met`?",
        ),
        (
            {"columns": {**NUMBER, "goal_words": "W", "goal_domain": {"value": "howsing"}}},
            "columns.goal_domain.value",
            "did you mean",
        ),
        ({"columns": NUMBER, "date_format": "%m/%d/%y"}, "date_format", "four digits"),
        ({"columns": NUMBER, "date_format": "%m/%d"}, "date_format", "one year"),
        (
            {"columns": {"plan_number": {"column": "No", "date_format": "%Y%m%d"}}},
            "columns.plan_number.date_format",
            "is no date",
        ),
        (
            {"columns": {"plan_number": {"column": "No", "system": "https://x.example"}}},
            "columns.plan_number.system",
            "is no identifier",
        ),
        (
            {"columns": {**NUMBER, "member_identifier": {"column": "C", "system": "number"}}},
            "columns.member_identifier.system",
            "must start with `https://`",
        ),
        ({"columns": NUMBER, "ignored": ["No"]}, "ignored[0]", "is taken by `columns.plan_number`"),
        ({"columns": {**NUMBER, "member_client": {"value": "yes"}}}, "columns.member_client", "is fixed"),
        ({"columns": ["plan_number"]}, "columns", "write an object"),
        ([], None, "write the mapping as an object"),
    ],
)
def test_a_fault_of_the_mapping_is_told_by_its_key(said, key, text):
    assert text in faults_in_mapping(said)[key]


@pytest.mark.parametrize("text", ["a = ", '{"columns": 1', "\xff", "[" * 100_000])
@pytest.mark.parametrize("reader", [mapping_from_json, mapping_from_toml])
def test_what_is_no_mapping_is_refused_in_one_sentence(reader, text):
    with pytest.raises(Invalid):
        reader(text.encode("latin-1"))


def test_a_key_that_comes_twice_is_refused():
    for reader, text in (
        (mapping_from_json, b'{"ignored": [], "ignored": []}'),
        (mapping_from_toml, b"a = 1\na = 2"),
    ):
        with pytest.raises(Invalid):
            reader(text)


def test_a_column_that_is_neither_mapped_nor_ignored_is_a_fault():
    data = f"{HEADER},Remark\n{FIRST},call".encode()
    assert "neither mapped nor ignored" in faults_of(lambda: mapped(PLAIN, data))['row 1, column "Remark"']
    assert len(mapped(PLAIN, data, ignored=["Remark"])) == 1
    unnamed = f"{HEADER}\n{FIRST},call".encode()
    assert "without a name" in faults_of(lambda: mapped(PLAIN, unnamed))['row 2, column "14"']


def test_a_column_that_the_file_has_not_is_told_by_its_key():
    columns = PLAIN | {"plan_title": "plan_titles"}
    found = faults_of(lambda: mapped(columns, f"{HEADER}\n{FIRST}".encode()))
    assert "did you mean `plan_title`?" in found["columns.plan_title"]
    assert "delimiter" in faults_of(lambda: mapped(PLAIN, f"{HEADER}\n{FIRST}".encode(), delimiter="|"))
    twice = f"{HEADER},plan_title\n{FIRST},x".encode()
    assert "comes twice" in faults_of(lambda: mapped(PLAIN, twice))['row 1, column "plan_title"']


def test_a_fault_of_a_row_is_told_in_the_agencys_row_and_column():
    columns = PLAIN | {
        "goal_domain": {"column": "Area", "values": {"Housing": "housing", "Food": "food"}},
        "objective_due": {"column": "Due", "date_format": "%m/%d/%Y"},
    }
    header = HEADER.replace("goal_domain", "Area").replace("objective_due", "Due")
    row = FIRST.replace("housing", "Howsing").replace("Pay,,", "Pay,31/12/2025,")
    spoilt = f"{header}\n{row}\n,,,,2,,Food,2.1,,,2.1.a,Budget,case managment"
    found = faults_of(lambda: mapped(columns, spoilt.encode()))
    assert "not in the table of `goal_domain`, did you mean `Housing`?" in found['row 2, column "Area"']
    assert "not a date written as `%m/%d/%Y`" in found['row 2, column "Due"']
    assert "did you mean" in found['row 3, column "strategy_kind"']
    assert found['row 3, column "goal_words"'] == found['row 3, column "objective_statement"']
    missing = {name: source for name, source in PLAIN.items() if name != "plan_title"}
    lacking = faults_of(lambda: mapped(missing, f"{HEADER}\n{FIRST}".encode(), ignored=["plan_title"]))
    assert lacking == {"row 2, `columns.plan_title` of the mapping": read.MISSING}


def test_a_date_with_a_time_is_a_day_only_at_midnight():
    columns = PLAIN | {"objective_due": {"column": "objective_due", "date_format": "%m/%d/%Y %H:%M"}}
    spoilt = [
        f"{HEADER}\n{FIRST.replace('Pay,,', f'Pay,12/31/2025 {at},')}".encode() for at in ("00:00", "09:30")
    ]
    assert str(mapped(columns, spoilt[0])[0].goals[0].objectives[0].due) == "2025-12-31"
    assert "time of day" in faults_of(lambda: mapped(columns, spoilt[1]))['row 2, column "objective_due"']


def test_fixed_values_and_lists_are_said_where_the_row_says_something_of_the_part():
    columns = PLAIN | {
        "member_client": {"value": "yes"},
        "strategy_who": {"column": "Who", "values": {"CL": "client", "n/a": ""}},
    }
    data = f"{HEADER},Who\n{FIRST},CL; CL\n,,,,,,,,,,1.1.b,Call,advocacy,n/a".encode()
    [plan] = mapped(columns, data)
    assert [one.client for one in plan.client_system.members] == [True]
    assert [act.who for act in plan.goals[0].objectives[0].strategies] == [("client",), ()]


def test_bytes_that_are_not_of_the_declared_encoding_are_told_by_line():
    with pytest.raises(Invalid, match="line 2 is not utf-8"):
        mapped(PLAIN, f"{HEADER}\n{FIRST.replace('Jo', 'José')}".encode("windows-1252"))
    [plan] = mapped(PLAIN, f"{HEADER}\n{FIRST.replace('Jo', 'José')}".encode("cp850"), encoding="cp850")
    assert plan.client_system.members[0].person.given == "José"
