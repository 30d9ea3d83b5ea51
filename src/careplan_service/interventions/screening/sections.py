"""Questions in the sections of their tool. https://hl7.org/fhir/R4/questionnaire.html"""

from __future__ import annotations

from collections.abc import Callable

from careplan_service.interventions.canonical import Document
from careplan_service.interventions.screening.tools import Question, Tool


def in_sections(
    tool: Tool, of: Callable[[Question], Document | None], section: Callable[[str, str], Document]
) -> list[Document]:
    """What `of` makes of each question, those of a section inside what `section` makes of it."""
    made: list[Document] = []
    groups: dict[str, Document] = {}
    for question in tool.questions:
        item = of(question)
        if not item:
            continue
        if not question.section:
            made.append(item)
            continue
        if question.section not in groups:
            groups[question.section] = section(question.section, tool.sections[question.section])
            made.append(groups[question.section])
        groups[question.section].setdefault("item", []).append(item)
    return made
