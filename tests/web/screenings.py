"""Answers to the screening questionnaires, as a partner would send them."""

from __future__ import annotations

from typing import Any

from careplan_service.interventions.canonical import LOINC
from careplan_service.interventions.screening.sections import in_sections
from careplan_service.interventions.screening.tools import tools

Document = dict[str, Any]


def a_response(tool: str, of: str, answers: dict[str, Any], **more: Any) -> Document:
    """A completed response of a patient: LOINC codes of questions to an `LA` code, a number or words."""
    kept = tools()[tool]

    def item(question: Any) -> Document | None:
        if question.code not in answers:
            return None
        given = answers[question.code]
        listed = given if isinstance(given, list) else [given]
        return {"linkId": question.link, "answer": [_value(one) for one in listed]}

    items = in_sections(kept, item, lambda code, display: {"linkId": f"/{code}"})
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": kept.canonical,
        "status": "completed",
        "subject": {"reference": of},
        "authored": "2026-05-20",
        "item": items,
        **more,
    }


def _value(one: Any) -> Document:
    if isinstance(one, int):
        return {"valueInteger": one}
    if one.startswith("LA"):
        return {"valueCoding": {"system": LOINC, "code": one}}
    return {"valueString": one}


def resources(bundle: Document, type_: str) -> list[Document]:
    """The resources of a type in a Bundle."""
    return [one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == type_]


def by_code(bundle: Document) -> dict[str, Document]:
    """The Observations of a Bundle by the LOINC code of what was asked; the last of several."""
    return {one["code"]["coding"][0]["code"]: one for one in resources(bundle, "Observation")}
