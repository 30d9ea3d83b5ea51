"""Reads an assessment back from its QuestionnaireResponse, and the closing from its DocumentReference.

https://hl7.org/fhir/R4/questionnaireresponse.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from typing import Any

from careplan_service.interventions.canonical import extension_value, sw
from careplan_service.interventions.plan import Need, Strength
from careplan_service.interventions.reading import Readings, Resource, marks
from careplan_service.interventions.record import Answer, Assessment, Closing, Risk, Screening, Section
from careplan_service.interventions.writing_notes import ABSENT, GROUPS, TEXTS

_OF: dict[str, Callable[..., Any]] = {
    "sections": Section,
    "needs": Need,
    "strengths": Strength,
    "risks": Risk,
}
_LISTS = ("codes", "sensitivity")


def read_assessment(
    response: Resource, screenings: Mapping[str, Screening], readings: Readings
) -> Assessment:
    """The assessment of a QuestionnaireResponse, with the screening of that number."""
    number = str(extension_value(response, sw("assessment")))
    items = response.get("item", [])
    texts: dict[str, Any] = {one["linkId"]: _value(one) for one in items if one["linkId"] in TEXTS}
    groups: dict[str, Any] = {
        name: tuple(_group(name, one) for one in items if one["linkId"] == name) for name in GROUPS
    }
    named = extension_value(response, sw("signed-by")) is True
    answers = [one for one in items if one["linkId"].startswith("/") or one["linkId"] == "answers"]
    return Assessment(
        number=number,
        date=date.fromisoformat(response["authored"]),
        worker=readings.who(response["author"]["reference"]) if named else None,
        **texts,
        **groups,
        answers=tuple(map(_answer, answers)),
        screening=screenings.get(number),
        sensitivity=marks(response),
    )


def _values(item: Resource) -> list[Any]:
    found = [value for answer in item.get("answer", ()) for value in answer.values()]
    return [value["code"] if isinstance(value, dict) else value for value in found]


def _value(item: Resource) -> Any:
    return next(iter(_values(item)), None)


def _group(name: str, group: Resource) -> Any:
    given = {part["linkId"].partition(".")[2]: _values(part) for part in group["item"]}
    return _OF[name](**{key: tuple(found) if key in _LISTS else found[0] for key, found in given.items()})


def _answer(item: Resource) -> Answer:
    code = item["linkId"]
    return Answer(
        question=item["text"],
        code=code[1:] if code.startswith("/") else None,
        answer=_value(item),
        unanswered=extension_value(item, ABSENT),
    )


def read_closing(document: Resource) -> Closing:
    """The closing summary of a DocumentReference."""
    told = {"extension": extension_value(document, sw("closing"))}
    given = {one.name: extension_value(told, one.name.replace("_", "-")) for one in fields(Closing)}
    days = {name: date.fromisoformat(given[name]) for name in ("date", "follow_up_date") if given[name]}
    return Closing(**{**{name: value for name, value in given.items() if value is not None}, **days})
