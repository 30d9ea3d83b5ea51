"""Plans as CSV, as spreadsheets write them. https://www.rfc-editor.org/rfc/rfc4180"""

import pytest

from careplan_service.errors import Invalid
from careplan_service.interventions.intake_csv import plans_from_csv, plans_to_csv
from interventions.regenerate_expected import FIXTURES

HEADER = (
    "plan_number,plan_title,client_system_kind,member_given,goal_number,goal_words,goal_domain,"
    "objective_number,objective_statement,objective_due,strategy_number,strategy_text,strategy_kind"
)
FIRST = "P-1,A plan,individual,Jo,1,Stay,housing,1.1,Pay,,1.1.a,Budget,case management"


def a_file(*rows, header=HEADER):
    return "\n".join([header, *rows]).encode()


def faults_of(data):
    with pytest.raises(Invalid) as refused:
        plans_from_csv(data)
    return {fault.expression: fault.text for fault in refused.value.faults}


def test_blank_means_same_as_above():
    [plan] = plans_from_csv(
        a_file(FIRST, ",,,,,,,,,,1.1.b,Call,advocacy", ",,,,,,,1.2,Save,,1.2.a,Bank,advocacy")
    )
    assert [[s.number for s in o.strategies] for o in plan.goals[0].objectives] == [
        ["1.1.a", "1.1.b"],
        ["1.2.a"],
    ]


def test_repeated_columns_mean_the_same_plan_goal_and_objective():
    again = FIRST.replace("1.1.a,Budget", "1.1.b,Call")
    [plan] = plans_from_csv(a_file(FIRST, again))
    assert [s.text for s in plan.goals[0].objectives[0].strategies] == ["Budget", "Call"]
    assert len(plan.client_system.members) == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace(",", ";"),
        lambda text: text.replace(",", "\t"),
        lambda text: text + "\n" + "," * 12 + "\n\n,,,\n",
        lambda text: "\n".join(line + ",,," for line in text.split("\n")),
        lambda text: text.replace("goal_words", "Goal Words"),
        lambda text: text.replace("Stay", '"Stay"'),
        lambda text: text.replace("Stay", " Stay "),
    ],
    ids=["bom", "crlf", "semicolon", "tab", "empty rows", "empty columns", "spaced name", "quoted", "padded"],
)
def test_a_spreadsheets_habits_change_nothing(spoil):
    plain = f"{HEADER}\n{FIRST}"
    assert plans_from_csv(spoil(plain).encode()) == plans_from_csv(plain.encode())


def test_utf_16_with_a_byte_order_mark_is_read():
    plain = f"{HEADER}\n{FIRST}"
    assert plans_from_csv(plain.encode("utf-16")) == plans_from_csv(plain.encode())


def test_a_quoted_cell_may_have_lines_and_delimiters():
    [plan] = plans_from_csv(a_file(FIRST.replace("Stay", '"Stay,\r\nall ""four"" of us"')))
    assert plan.goals[0].words == 'Stay,\nall "four" of us'


@pytest.mark.parametrize("text", ["=SUM(A1)", "+1 555", "-5", "@name", "'=x", "'quoted'"])
def test_a_leading_formula_character_is_text_and_survives(text):
    [plan] = plans_from_csv(a_file(FIRST.replace("Stay", text.replace("'=", "''="))))
    assert plan.goals[0].words == text
    assert plans_from_csv(plans_to_csv([plan])) == [plan]


@pytest.mark.parametrize("text", ["=SUM(A1)", "+1 555", "-5", "@name"])
def test_no_cell_that_is_written_is_a_formula(text):
    [plan] = plans_from_csv(a_file(FIRST.replace("Stay", text)))
    assert f",'{text},".encode() in plans_to_csv([plan])


def test_several_plans_are_told_apart_by_their_number():
    other = FIRST.replace("P-1", "P-2").replace("Jo", "Al")
    again = "P-1,,,,1,,,1.1,,,1.1.b,Call,advocacy"
    plans = plans_from_csv(a_file(FIRST, other, again))
    assert [(p.number, len(p.goals[0].objectives[0].strategies)) for p in plans] == [("P-1", 2), ("P-2", 1)]


@pytest.mark.parametrize(
    ("rows", "where", "text"),
    [
        ([FIRST.replace("Pay,,", "Pay,31.3.2025,")], 'row 2, column "objective_due"', "as YYYY-MM-DD"),
        ([FIRST, "", FIRST.replace("1.1.a", "1.1.b").replace("case", "cse")],
         'row 4, column "strategy_kind"', "did you mean `case-management`?"),
        ([FIRST.replace("Stay", "")], 'row 2, column "goal_words"', "is missing"),
        ([FIRST, FIRST.replace("Stay", "Leave").replace("1.1.a", "1.1.b")],
         'row 3, column "goal_words"', "`Leave` is not `Stay` of row 2"),
        ([FIRST.replace("P-1", "")], 'row 2, column "plan_number"', "is missing"),
        ([FIRST.replace("1,Stay", ",Stay")], 'row 2, column "goal_number"', "no number here and none above"),
        (["P-1,A plan,individual,Jo,1,Stay,housing,,,,1.1.a,Budget,case management"],
         'row 2, column "objective_number"', "which one does the strategy belong to?"),
        ([FIRST.replace("1.1.a", "1.2.a")], 'row 2, column "strategy_number"', "is out of step"),
        ([FIRST, FIRST], 'row 3, column "strategy_number"', "comes twice"),
        ([FIRST.replace("individual", "family")], 'row 2, column "client_system_name"', "give the name"),
        ([FIRST.replace(",Jo,", ",,")], 'row 2, column "member_given"', "one client, here are 0"),
        ([FIRST + ",x"], 'row 2, column "14"', "a column without a name"),
        ([FIRST.replace("A plan", "A \x01plan")], 'row 2, column "plan_title"', "take out the character"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_row_and_column(rows, where, text):
    assert text in faults_of(a_file(*rows))[where]


def test_a_goal_above_does_not_reach_into_the_next_plan():
    faults = faults_of(a_file(FIRST, "P-2,B,individual,Al,,,,1.1,Pay,,,,"))
    assert "which one does the objective belong to?" in faults['row 3, column "goal_number"']


def test_a_plan_that_is_taken_up_again_needs_its_numbers_again():
    other = FIRST.replace("P-1", "P-2").replace("Jo", "Al")
    faults = faults_of(a_file(FIRST, other, "P-1,,,,,,,,,,1.1.b,Call,advocacy"))
    assert "which one does the strategy belong to?" in faults['row 4, column "objective_number"']


def test_an_objective_above_does_not_reach_into_the_next_goal():
    faults = faults_of(a_file(FIRST, ",,,,2,Eat,food,,,,2.1.a,Cook,advocacy"))
    assert "which one does the strategy belong to?" in faults['row 3, column "objective_number"']


def test_faults_of_all_plans_are_told_at_once():
    other = FIRST.replace("P-1", "P-2").replace("housing", "hous")
    assert set(faults_of(a_file(FIRST.replace("A plan", ""), other))) == {
        'row 2, column "plan_title"',
        'row 3, column "goal_domain"',
    }


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "the file is empty"),
        (HEADER.encode(), "the file has no plan"),
        (
            a_file(FIRST).replace(b"Stay", b"caf\xe9"),
            "byte 0xE9 in line 2 is not utf-8: save the file as `CSV UTF-8`",
        ),
        (a_file(FIRST.replace("Stay", '"Stay')), "a quotation mark without its pair"),
        (a_file(FIRST, header=HEADER.replace("goal_words", "goal_word")), "did you mean `goal_words`?"),
        (a_file(FIRST, header=HEADER.replace("goal_words", "plan_title")), "column `plan_title` comes twice"),
        (b"x" * 10_000_001, "at most 10000000 are taken"),
        (b"\x00\x01\x02", "unknown column"),
    ],
    ids=["empty", "header only", "cp1252", "open quote", "misspelled", "twice", "too large", "binary"],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(data, text):
    assert any(text in told for told in faults_of(data).values())


def test_the_family_fixture_opens_in_a_spreadsheet():
    assert (FIXTURES / "family-eviction.csv").read_bytes().startswith(b"\xef\xbb\xbfplan_number,")
