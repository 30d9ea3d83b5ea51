"""Whether a QuestionnaireResponse keeps to the Questionnaire that it names, if that is one of ours.

https://hl7.org/fhir/R4/questionnaireresponse.html#notes
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from careplan_service.errors import Fault
from careplan_service.interventions.canonical import LOINC
from careplan_service.interventions.intake_fields import quoted
from careplan_service.interventions.screening.answers import answers_of, items_in, risk_of
from careplan_service.interventions.screening.tools import (
    IN_RANGE,
    LEAST,
    MOST,
    RISK,
    VERSION,
    Question,
    Tool,
    tool_at,
)

Item = Mapping[str, Any]
_TYPES = {
    "choice": ("valueCoding",),
    "open-choice": ("valueCoding", "valueString"),
    "integer": ("valueInteger",),
}


def form_faults(document: Mapping[str, Any]) -> tuple[Fault, ...]:
    """Whether a Questionnaire that is to be stored has an address of ours, by which answers are judged."""
    tool = tool_at(str(document.get("url", "")))
    if tool is None:
        return ()
    text = f"`{tool.url}` is a definition of this service; give yours an address of its own"
    return (Fault("duplicate", text, "Questionnaire.url"),)


def response_faults(document: Mapping[str, Any]) -> tuple[Fault, ...]:
    """What is wrong with a response that is valid R4; nothing where its Questionnaire is not one of ours."""
    named = document.get("questionnaire")
    tool = tool_at(named) if isinstance(named, str) else None
    if named is None or tool is None:
        return ()
    version = named.partition("|")[2]
    if version not in ("", VERSION):
        text = f"version {quoted(version)} of `{tool.url}` is not here; there is `{VERSION}`"
        return (Fault("not-found", text, "QuestionnaireResponse.questionnaire"),)
    faults = tuple(_listed(document, tool, "", "QuestionnaireResponse"))
    return faults or tuple(_twice(document)) or tuple(_risk(document, tool))


def _listed(part: Item, tool: Tool, section: str, where: str) -> Iterator[Fault]:
    """The faults of the items of the response, or of a group."""
    for n, item in enumerate(part.get("item", ())):
        place, link = f"{where}.item[{n}]", item["linkId"]
        question = tool.by_code.get(link.removeprefix("/")) if link.startswith("/") else None
        if not section and link.removeprefix("/") in tool.sections and link.startswith("/"):
            if "answer" in item:
                yield Fault("invalid", f"{quoted(link)} is a group and takes no answer", f"{place}.answer")
            yield from _listed(item, tool, link.removeprefix("/"), place)
        elif question is None:
            text = f"{quoted(link)} is no question of {tool.title}; see `{tool.url}`"
            yield Fault("not-found", text, f"{place}.linkId")
        elif question.section != section:
            inside = f"in the group `/{question.section}`" if question.section else "in no group"
            yield Fault("structure", f"{quoted(link)} stands {inside}", f"{place}.linkId")
        else:
            yield from _answered(item, question, place)


def _answered(item: Item, question: Question, place: str) -> Iterator[Fault]:
    answers: Sequence[Item] = item.get("answer", ())
    if "item" in item or any("item" in answer for answer in answers):
        yield Fault("structure", f"`{question.link}` has no questions below it", place)
    if len(answers) > 1 and not question.many:
        yield Fault("invalid", f"`{question.link}` takes one answer", f"{place}.answer")
    for n, answer in enumerate(answers):
        yield from _valued(answer, question, f"{place}.answer[{n}]")


def _valued(answer: Item, question: Question, place: str) -> Iterator[Fault]:
    name = next((name for name in answer if name.startswith("value")), "")
    taken = _TYPES[question.type]
    if name not in taken:
        yield Fault("invalid", f"`{question.link}` takes {' or '.join(taken)}", place)
    elif name == "valueInteger" and not LEAST <= answer[name] <= MOST:
        text = f"{quoted(answer[name])} is no amount: {IN_RANGE}"
        yield Fault("value", text, f"{place}.{name}")
    elif name == "valueCoding":
        coding = answer[name]
        if coding.get("system") != LOINC or coding.get("code") not in question.by_code:
            listed = ", ".join(f"`{one.code}` {one.display}" for one in question.choices)
            text = f"{quoted(coding.get('code'))} is no answer to `{question.link}`; choose of {listed}"
            yield Fault("code-invalid", text, f"{place}.{name}")


def _twice(document: Item) -> Iterator[Fault]:
    seen: set[str] = set()
    for item in items_in(document):
        if item["linkId"] in seen:
            yield Fault(
                "invalid", f"{quoted(item['linkId'])} stands here twice", "QuestionnaireResponse.item"
            )
        seen.add(item["linkId"])


def _risk(document: Item, tool: Tool) -> Iterator[Fault]:
    """What follows from other answers is not said otherwise."""
    said = next((item for item in items_in(document) if item["linkId"] == f"/{RISK}"), {})
    codes = [answer["valueCoding"]["code"] for answer in said.get("answer", ())]
    follows = risk_of(answers_of({"item": [one for one in items_in(document) if one is not said]}, tool))
    if codes and follows is not None and follows != codes[0]:
        display = tool.by_code[RISK].by_code[follows].display
        text = f"by the other answers this is `{follows}` {display}"
        yield Fault("business-rule", text, "QuestionnaireResponse.item")
