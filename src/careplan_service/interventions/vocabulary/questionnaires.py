"""The screening tools as Questionnaires. https://hl7.org/fhir/R4/questionnaire.html"""

from __future__ import annotations

from collections.abc import Iterator

from careplan_service.interventions.canonical import LOINC, Document, element
from careplan_service.interventions.screening.sections import in_sections
from careplan_service.interventions.screening.tools import VERSION, Question, tools
from careplan_service.interventions.vocabulary.documents import LICENCES
from careplan_service.interventions.vocabulary.systems import camel


def questionnaires() -> Iterator[Document]:
    """Each tool as a Questionnaire."""
    for tool in tools().values():
        yield {
            "resourceType": "Questionnaire",
            "id": tool.id,
            "url": tool.url,
            "version": VERSION,
            "name": camel(tool.id),
            "title": tool.title,
            "status": "active",
            "experimental": False,
            "subjectType": ["Patient"],
            "description": "The questions whose codes were found in public sources; see docs/screening.md.",
            "copyright": f"{LICENCES[LOINC]} {tool.notice}",
            "code": [{"system": LOINC, "code": tool.code, "display": tool.display}],
            "item": in_sections(tool, _item, _section),
        }


def _section(code: str, display: str) -> Document:
    coding = {"system": LOINC, "code": code, "display": display}
    return {"linkId": f"/{code}", "code": [coding], "text": display, "type": "group"}


def _item(question: Question) -> Document:
    return element(
        linkId=question.link,
        code=[question.coding],
        text=question.text,
        type=question.type,
        repeats=question.many or None,
        readOnly=question.follows or None,
        answerOption=[{"valueCoding": choice.coding} for choice in question.choices],
    )
