"""Invariants of Questionnaire and QuestionnaireResponse. https://hl7.org/fhir/R4/questionnaire.html

que-0 is a warning and left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from careplan_service.resources.r4.invariants.reading import Node, children, count, given, text
from careplan_service.resources.r4.invariants.rule import Invariant, invariant

_WITH_OPTIONS = frozenset(
    {"choice", "open-choice", "decimal", "integer", "date", "dateTime", "time", "string", "quantity"}
)
_WITH_LENGTH = frozenset({"boolean", "decimal", "integer", "string", "text", "url", "open-choice"})


def _items(node: Node) -> Iterator[Node]:
    for item in children(node, "item"):
        yield item
        yield from _items(item)


def _que_1(node: Node) -> bool:
    kind, nested = text(node, "type"), given(node, "item")
    return (kind == "group" and not nested) or (kind == "display" and nested)


def _que_2(node: Node) -> bool:
    ids = [text(item, "linkId") for item in _items(node)]
    named = [link_id for link_id in ids if link_id]
    return len(set(named)) != len(named)


def _que_5(node: Node) -> bool:
    listed = given(node, "answerValueSet", "answerOption")
    return listed and text(node, "type") not in _WITH_OPTIONS


def _que_7(node: Node) -> bool:
    return text(node, "operator") == "exists" and not given(node, "answerBoolean")


def _que_8(node: Node) -> bool:
    return text(node, "type") in ("group", "display") and given(node, "initial")


def _que_13(node: Node) -> bool:
    return node.get("repeats") is not True and count(node, "initial") > 1


def _display(node: Node) -> bool:
    return text(node, "type") == "display"


QUESTIONNAIRE_INVARIANTS: tuple[Invariant, ...] = (
    invariant(
        "que-1",
        "Questionnaire.item",
        _que_1,
        "of type group must have items of its own, one of type display must not",
        "item",
    ),
    invariant("que-2", "Questionnaire", _que_2, "uses a `linkId` twice: make each unique", "item"),
    invariant(
        "que-3",
        "Questionnaire.item",
        lambda n: _display(n) and given(n, "code"),
        "must be left out of a display item",
        "code",
    ),
    invariant(
        "que-4",
        "Questionnaire.item",
        lambda n: given(n, "answerOption") and given(n, "answerValueSet"),
        "has both `answerOption` and `answerValueSet`: keep one",
    ),
    invariant(
        "que-5", "Questionnaire.item", _que_5, "must not list answers: its `type` does not choose from a list"
    ),
    invariant(
        "que-6",
        "Questionnaire.item",
        lambda n: _display(n) and given(n, "required", "repeats"),
        "of type display must have neither `required` nor `repeats`",
    ),
    invariant(
        "que-7",
        "Questionnaire.item.enableWhen",
        _que_7,
        "must be `answerBoolean` where the operator is exists",
        "answer",
    ),
    invariant(
        "que-8", "Questionnaire.item", _que_8, "must be left out of a group or display item", "initial"
    ),
    invariant(
        "que-9",
        "Questionnaire.item",
        lambda n: _display(n) and given(n, "readOnly"),
        "must be left out of a display item",
        "readOnly",
    ),
    invariant(
        "que-10",
        "Questionnaire.item",
        lambda n: given(n, "maxLength") and text(n, "type") not in _WITH_LENGTH,
        "is only for simple questions such as string, text or integer",
        "maxLength",
    ),
    invariant(
        "que-11",
        "Questionnaire.item",
        lambda n: given(n, "answerOption") and given(n, "initial"),
        "must be left out where there is an `answerOption`: use its `initialSelected`",
        "initial",
    ),
    # As published: only from the third condition on, although the prose says from the second.
    invariant(
        "que-12",
        "Questionnaire.item",
        lambda n: count(n, "enableWhen") > 2 and not given(n, "enableBehavior"),
        "has several conditions: say in `enableBehavior` whether all or any must hold",
    ),
    invariant(
        "que-13", "Questionnaire.item", _que_13, "must be one value only, unless `repeats` is true", "initial"
    ),
    invariant(
        "qrs-1",
        "QuestionnaireResponse.item",
        lambda n: given(n, "answer") and given(n, "item"),
        "has both `answer` and `item`: put the nested items into the answer",
    ),
)
