"""Answers in the practitioner's words: `often true`, `yes`, the number of an answer in its list, an amount.

https://hl7.org/fhir/R4/questionnaireresponse.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from careplan_service.interventions.intake_fields import quoted
from careplan_service.interventions.plan import Value
from careplan_service.interventions.record import Screening, ScreeningAnswer
from careplan_service.interventions.screening.answers import Answered, Given, with_risk
from careplan_service.interventions.screening.observations import concerns
from careplan_service.interventions.screening.tools import IN_RANGE, Choice, Question, Tool, tools
from careplan_service.interventions.terms import Term, Terms

Faults = dict[int, dict[str, list[str]]]
_YES_NO = {True: "yes", False: "no"}


class Unknown(ValueError):
    """What is wrong with one answer, as a sentence."""


def understood(tool: Tool, told: Sequence[Mapping[str, Any]]) -> tuple[list[ScreeningAnswer], Faults]:
    """The answers as they are kept, in the order of the tool; what is wrong, by place in the list and field.

    Each of `told` has `question`, and `answer` (a list of values) or `unanswered`.
    """
    kept: dict[str, ScreeningAnswer] = {}
    faults: Faults = {}
    seen: set[str] = set()
    for n, one in enumerate(told):
        question = _question(tool, one["question"])
        if question is None:
            faults[n] = {"question": [_no_question(tool, one["question"])]}
        elif question.code in seen:
            faults[n] = {"question": [f"{quoted(question.text)} is answered twice"]}
        else:
            seen.add(question.code)
            try:
                kept[question.code] = _kept(tool, question, one)
            except Unknown as wrong:
                faults[n] = {"answer": [str(wrong)]}
    return [kept[question.code] for question in tool.asked if question.code in kept], faults


def _no_question(tool: Tool, text: str) -> str:
    near = _questions(tool).near(text)
    hint = f", did you mean `{tool.by_code[near].text}`?" if near else f": see {tool.url}"
    return f"{quoted(text)} is no question of {tool.title}{hint}"


def _question(tool: Tool, text: str) -> Question | None:
    code = _questions(tool).code(text)
    return tool.by_code[code] if code else None


@cache
def _questions_of(tool: str) -> Terms:
    asked = enumerate(tools()[tool].asked, 1)
    return Terms(*(Term(one.code, spellings=(str(n), one.text, one.display)) for n, one in asked))


def _questions(tool: Tool) -> Terms:
    return _questions_of(tool.id)


@cache
def _choices(tool: str, code: str) -> Terms:
    listed = tools()[tool].by_code[code].choices
    return Terms(*(Term(one.code, spellings=tuple(_spellings(one.display))) for one in listed))


def _spellings(display: str) -> Iterator[str]:
    """The answer, and the answer without what explains it in brackets."""
    yield display
    yield display.partition(" (")[0]


def _kept(tool: Tool, question: Question, one: Mapping[str, Any]) -> ScreeningAnswer:
    values, unanswered = one.get("answer") or (), one.get("unanswered")
    if bool(values) == bool(unanswered):
        raise Unknown("give the answer, or in `unanswered` why there is none")
    if len(values) > 1 and not question.many:
        raise Unknown("this question takes one answer")
    given = tuple(dict.fromkeys(_given(tool, question, value) for value in values))
    return _told(Answered(question, given, unanswered))


def _given(tool: Tool, question: Question, value: Value) -> Given:
    if question.type == "integer":
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise Unknown(f"{quoted(value)} is no amount: {IN_RANGE}")
    number = value if isinstance(value, int) and not isinstance(value, bool) else 0
    if 1 <= number <= len(question.choices):
        return question.choices[number - 1]
    text = _YES_NO[value] if isinstance(value, bool) else str(value)
    code = _choices(tool.id, question.code).code(text)
    if code:
        return question.by_code[code]
    if question.type == "open-choice" and isinstance(value, str):
        return value
    listed = ", ".join(f"`{one.display}`" for one in question.choices)
    raise Unknown(f"{quoted(text)} is no answer to this question; choose of {listed}")


def _told(one: Answered) -> ScreeningAnswer:
    values = tuple(given.display if isinstance(given, Choice) else given for given in one.given)
    if one.question.many and values:
        return ScreeningAnswer(one.question.text, values, None)
    return ScreeningAnswer(one.question.text, values[0] if values else None, one.unanswered)


def screening_of(tool: Tool, answered: Sequence[Answered]) -> Screening:
    """As a plan keeps what was answered; what follows from answers is not said again."""
    return Screening(tool.id, tuple(_told(one) for one in answered if not one.question.follows))


def answered_in(screening: Screening) -> tuple[Tool, list[Answered]]:
    """What a plan keeps, as answers to the questions of the tool, with what follows from them."""
    tool = tools()[screening.tool]
    found = []
    for one in screening.answers:
        question = _question(tool, one.question)
        assert question is not None  # it was understood when it was kept
        values = one.answer if isinstance(one.answer, tuple) else (one.answer,)
        given = tuple(_given(tool, question, value) for value in values if value is not None)
        found.append(Answered(question, given, one.unanswered))
    return tool, with_risk(tool, found)


def proposed(screening: Screening) -> Iterator[dict[str, Any]]:
    """The needs that the answers say, as a plan would have them, and `because` of which answers."""
    tool, answered = answered_in(screening)
    for concern in concerns(answered):
        asked = {tool.by_code[key.partition("/")[0]].text for key in concern.keys}
        finding = concern.finding
        yield {
            "text": finding.text,
            "domain": finding.domain,
            "codes": list(finding.codes),
            "because": sorted(asked),
        }
