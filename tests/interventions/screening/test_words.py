"""Screening answers in the practitioner's words. docs/screening.md"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from careplan_service.errors import Invalid
from careplan_service.interventions.intake import plan_from_json, plan_to_json
from careplan_service.interventions.record import Screening
from careplan_service.interventions.screening.words import proposed

PLAN = {
    "number": "P-1",
    "title": "Food and rent",
    "client_system": {"kind": "individual", "members": [{"given": "Rosa"}]},
}
WORRIED = (
    "Within the past 12 months we worried whether our food would run out before we got money to buy more"
)


def screened(tool: str, *answers: dict[str, Any]) -> Screening:
    assessment = {
        "number": "A1",
        "date": "2026-05-20",
        "presenting": "no food",
        "screening": {"tool": tool, "answers": list(answers)},
    }
    plan = plan_from_json({**PLAN, "assessments": [assessment]})
    assert plan_from_json(plan_to_json(plan)) == plan
    found = plan.assessments[0].screening
    assert found is not None
    return found


@pytest.mark.parametrize("question", ["88122-7", WORRIED, WORRIED.upper(), 1])
@pytest.mark.parametrize("answer", ["often true", "Often True", "LA28397-0", 1])
def test_questions_and_answers_are_understood_as_people_write_them(question: Any, answer: Any) -> None:
    screening = screened("hunger vital sign", {"question": question, "answer": answer})
    assert screening.tool == "hunger-vital-sign"
    assert [(one.question, one.answer) for one in screening.answers] == [(WORRIED, "Often true")]


def test_yes_and_no_numbers_lists_words_and_reasons_are_kept() -> None:
    screening = screened(
        "PRAPARE",
        {"question": "76501-6", "unanswered": "client prefers not to answer"},
        {"question": "93033-9", "answer": True},
        {"question": "71802-3", "answer": "I do not have housing"},
        {"question": "63586-2", "answer": 18_000},
        {"question": "93031-3", "answer": ["food", "Clothing", "a cot"]},
        {"question": "76437-3", "answer": "Private insurance"},
    )
    told = {one.question.split()[0]: one.answer or one.unanswered for one in screening.answers}
    assert told["Housing"].startswith("I do not have housing (staying with others")
    assert [one.answer for one in screening.answers[2:5]] == [
        "Private insurance", 18_000, ("Food", "Clothing", "a cot"),
    ]  # fmt: skip
    assert (screening.answers[1].answer, screening.answers[5].unanswered) == ("Yes", "asked-declined")


@pytest.mark.parametrize(
    ("tool", "answer", "field", "text"),
    [
        ("hvs", {"question": "88122-7", "answer": "always"}, "answer",
         "`always` is no answer to this question; choose of `Often true`, `Sometimes true`"),
        ("hvs", {"question": "88122-7", "answer": 7}, "answer", "`7` is no answer"),
        ("hvs", {"question": "88122-7", "answer": ["often true", "never true"]}, "answer",
         "takes one answer"),
        ("hvs", {"question": "88122-7"}, "answer", "or in `unanswered` why"),
        ("hvs", {"question": "88122-7", "answer": 1, "unanswered": "declined"}, "answer",
         "give the answer"),
        ("hvs", {"question": "88124-3", "answer": "at risk"}, "question", "is no question of"),
        ("hvs", {"question": "who cooks?", "answer": 1}, "question", "is no question of Hunger Vital Sign"),
        ("ahc", {"question": "71802-3", "answer": "I have housing"}, "answer", "I have a steady place"),
        ("prapare", {"question": "63586-2", "answer": "little"}, "answer",
         "`little` is no amount: write a whole number from 0 to 999999999"),
        ("prapare", {"question": "63586-2", "answer": 1_000_000_000}, "answer",
         "`1000000000` is no amount: write a whole number from 0 to 999999999"),
        ("prapare", {"question": "93030-5", "answer": True}, "answer", "`yes` is no answer"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_a_fault_with_its_place(
    tool: str, answer: dict[str, Any], field: str, text: str
) -> None:
    with pytest.raises(Invalid) as refused:
        screened(tool, answer)
    (fault,) = refused.value.faults
    assert fault.expression == f"assessments[0].screening.answers[0].{field}"
    assert text in fault.text


def test_a_tool_is_known_and_something_is_answered() -> None:
    with pytest.raises(Invalid) as refused:
        screened("hunger games", {"question": "88122-7", "answer": 1})
    assert "did you mean" in refused.value.faults[0].text
    with pytest.raises(Invalid) as refused:
        screened("hvs")
    assert refused.value.faults[0].expression == "assessments[0].screening.answers"
    with pytest.raises(Invalid) as refused:
        screened("hvs", {"question": 1, "answer": 1}, {"question": "88122-7", "answer": 2})
    assert "answered twice" in refused.value.faults[0].text


@pytest.mark.parametrize(
    ("first", "second", "needs"),
    [(1, 3, ["733423003"]), (3, 2, ["733423003"]), (3, 3, []), (4, 3, []), (4, 1, ["733423003"]), (4, 4, [])],
)
def test_hunger_is_a_risk_by_either_of_two_answers(first: int, second: int, needs: list[str]) -> None:
    answers = ({"question": "88122-7", "answer": first}, {"question": "88123-5", "answer": second})
    assert [one["codes"][0] for one in proposed(screened("hvs", *answers))] == needs


def test_scales_without_a_published_limit_propose_nothing() -> None:
    assert not list(proposed(screened("ahc", {"question": "95618-5", "answer": "Frequently"})))
    assert not list(proposed(screened("prapare", {"question": "93038-8", "answer": "very much"})))


def test_the_example_of_the_page_is_understood() -> None:
    page = (Path(__file__).parents[3] / "docs" / "screening.md").read_text(encoding="utf-8")
    told = json.loads(page.partition("```json")[2].partition("```")[0])["screening"]
    answers = screened(told["tool"], *told["answers"]).answers
    assert [(one.answer, one.unanswered) for one in answers] == [
        ("Often true", None), (None, "asked-declined"),
    ]  # fmt: skip
