"""The tables of the screening tools, against each other and against the verified codes.

https://hl7.org/fhir/R4/questionnaire.html
"""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest

from careplan_service.interventions.canonical import LOINC
from careplan_service.interventions.catalogue import domains, rows
from careplan_service.interventions.screening.tools import tools
from careplan_service.interventions.vocabulary.questionnaires import questionnaires
from conftest import SHARED

LEFT_OUT = {"56051-6", "32624-9", "63512-8", "56799-0"}
"""Questions of PRAPARE whose codes are in no table of verified codes."""


@pytest.fixture(scope="module")
def verified() -> dict[str, set[str]]:
    """The displays of each verified LOINC code."""
    path = SHARED / "domain" / "domains.csv"
    if not path.exists():
        pytest.skip("the facts are not at hand")
    found: dict[str, set[str]] = {}
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines(keepends=True)):
        if row["system"] == LOINC and row["verified"] == "yes":
            found.setdefault(row["code"], set()).add(row["display"])
    return found


def test_every_code_of_a_tool_is_verified_with_the_display_that_it_has(verified: dict[str, set[str]]) -> None:
    for tool in tools().values():
        codes = [(tool.code, tool.display), *tool.sections.items()]
        codes += [(one.code, one.display) for one in tool.questions]
        codes += [(one.code, one.display) for question in tool.questions for one in question.choices]
        for code, display in codes:
            assert display in verified[code], code


def test_every_link_id_is_a_code_of_the_tables_and_every_list_is_served_whole() -> None:
    told = {(row["tool"], row["question"], row["code"]) for row in rows("screening_answers.csv")}
    asked = {(row["tool"], row["code"]): row for row in rows("screening_questions.csv")}
    served: set[tuple[str, str, str]] = set()
    for document in questionnaires():
        links = [(item["linkId"], item) for item in _items(document)]
        assert len(dict(links)) == len(links)
        for link, item in links:
            assert link == f"/{item['code'][0]['code']}"
            if item["type"] != "group":
                row = asked.pop((document["id"], link[1:]))
                assert item["type"] == row["type"]
                assert ("answerOption" in item) == (item["type"] != "integer")
            for option in item.get("answerOption", ()):
                served.add((document["id"], link[1:], option["valueCoding"]["code"]))
    assert (served, asked) == (told, {})


def test_a_need_that_an_answer_says_is_a_finding_of_its_domain_and_says_who_reads_it_so() -> None:
    found = 0
    for row in rows("screening_answers.csv"):
        assert bool(row["need"]) == bool(row["need_codes"]) == bool(row["rule"]), row
        listed = {one.code for one in domains()[row["need"]].conditions} if row["need"] else set()
        assert set(filter(None, row["need_codes"].split("; "))) <= listed, row
        found += bool(row["need"])
    assert found > 20


def test_every_row_names_its_source() -> None:
    for name in ("tools", "questions", "answers"):
        assert all("@" in row["source"] for row in rows(f"screening_{name}.csv"))


def test_one_question_has_other_answers_in_another_tool() -> None:
    for code in ("71802-3", "93030-5"):
        ahc, prapare = ({one.code for one in tools()[name].by_code[code].choices}
                        for name in ("ahc-hrsn", "prapare"))  # fmt: skip
        assert ahc != prapare


@pytest.mark.parametrize(
    ("tool", "file"),
    [
        ("prapare", "SDOHCC-QuestionnairePRAPARE"),
        ("hunger-vital-sign", "SDOHCC-QuestionnaireHungerVitalSign"),
    ],
)
def test_the_published_questionnaire_has_the_same_questions_and_answers(tool: str, file: str) -> None:
    path = SHARED / "corpora" / "sdohcc" / "examples" / f"Questionnaire-{file}.json"
    if not path.exists():
        pytest.skip("the corpora are not at hand")
    published = {
        item["linkId"].rpartition("/")[2]: [
            one["valueCoding"]["code"] for one in item.get("answerOption", ())
        ]
        for item in _items(json.loads(path.read_text(encoding="utf-8")))
        if item["type"] not in ("group", "display")
    }  # fmt: skip
    ours = {one.code: one for one in tools()[tool].questions}
    assert published.keys() - LEFT_OUT == ours.keys()
    for code, question in ours.items():
        listed = [choice.code for choice in question.choices]
        assert listed == [one for one in published[code] if one in listed]
        assert (listed != published[code]) == (question.type == "open-choice"), code


def _items(part: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for item in part.get("item", ()):
        found += [item, *_items(item)]
    return found
