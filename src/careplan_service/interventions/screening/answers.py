"""What was answered: read from a QuestionnaireResponse, or written into one.

https://hl7.org/fhir/R4/questionnaireresponse.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from careplan_service.interventions.canonical import Document, element, extension, extension_value
from careplan_service.interventions.screening.sections import in_sections
from careplan_service.interventions.screening.tools import (
    AT_RISK,
    FOLLOWS_FROM,
    HUNGRY,
    NO_RISK,
    NOT_HUNGRY,
    RISK,
    Choice,
    Question,
    Tool,
)

ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
Given = Choice | int | str
"""One answer: of the list, a number, or words."""


@dataclass(frozen=True)
class Answered:
    """The answers to a question, or why there is none."""

    question: Question
    given: tuple[Given, ...] = ()
    unanswered: str | None = None


def answers_of(response: Mapping[str, Any], tool: Tool) -> list[Answered]:
    """What a valid response answers, in the order of the tool, with what follows from it."""
    items = {item["linkId"]: item for item in items_in(response)}
    found = [
        _answered(question, items[question.link]) for question in tool.questions if question.link in items
    ]
    return with_risk(tool, [one for one in found if one.given or one.unanswered])


def items_in(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every item, those of groups as well."""
    for item in part.get("item", ()):
        yield item
        yield from items_in(item)


def _answered(question: Question, item: Mapping[str, Any]) -> Answered:
    given = tuple(_given(question, answer) for answer in item.get("answer", ()))
    return Answered(question, given, extension_value(item, ABSENT))


def _given(question: Question, answer: Mapping[str, Any]) -> Given:
    if "valueCoding" in answer:
        return question.by_code[answer["valueCoding"]["code"]]
    return answer["valueInteger"] if "valueInteger" in answer else str(answer["valueString"])


def with_risk(tool: Tool, answered: Sequence[Answered]) -> list[Answered]:
    """The answers with the risk that follows from them, where the tool has that question."""
    question = tool.by_code.get(RISK)
    told = [one for one in answered if not one.question.follows]
    code = risk_of(told)
    if question is None or code is None:
        return list(answered)
    return [*told, Answered(question, (question.by_code[code],))]


def risk_of(answered: Sequence[Answered]) -> str | None:
    """At risk by one of the two answers, not at risk by both; None where neither can be said."""
    codes = [
        one.given[0].code
        for one in answered
        if one.question.code in FOLLOWS_FROM and one.given and isinstance(one.given[0], Choice)
    ]
    if any(code in HUNGRY for code in codes):
        return AT_RISK
    return NO_RISK if codes == [NOT_HUNGRY] * len(FOLLOWS_FROM) else None


def items_of(tool: Tool, answered: Sequence[Answered]) -> list[Document]:
    """The items of a response, in the sections of the tool."""
    by_code = {one.question.code: one for one in answered}

    def item(question: Question) -> Document | None:
        one = by_code.get(question.code)
        if one is None:
            return None
        return element(
            extension=extension(ABSENT, valueCode=one.unanswered),
            linkId=question.link,
            text=question.text,
            answer=[valued(given) for given in one.given],
        )

    return in_sections(tool, item, lambda code, display: {"linkId": f"/{code}", "text": display})


def valued(given: Given) -> Document:
    """`value[x]` of an answer."""
    if isinstance(given, Choice):
        return {"valueCoding": given.coding}
    return {"valueInteger": given} if isinstance(given, int) else {"valueString": given}
