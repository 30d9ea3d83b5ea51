"""An assessment becomes a QuestionnaireResponse, the closing of a plan a DocumentReference.

https://hl7.org/fhir/R4/questionnaireresponse.html https://hl7.org/fhir/R4/documentreference.html

Screening questions have their LOINC code as `linkId`: LOINC is copyright of Regenstrief Institute.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Any

from careplan_service.interventions import canonical
from careplan_service.interventions.canonical import Document, concept, element, extension, reference, sw
from careplan_service.interventions.catalogue import chosen, domains
from careplan_service.interventions.draft import Draft
from careplan_service.interventions.people import marks
from careplan_service.interventions.record import Answer, Assessment, Closing
from careplan_service.interventions.sensitivity import found_in, marked
from careplan_service.interventions.writing_sessions import attached, draft_labels

ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
DISCHARGE = concept(canonical.LOINC, "18842-5", "Discharge summary")
TEXTS = ("presenting", "tool", "informant", "words", "history", "formulation")
GROUPS = {
    "sections": ("text",),
    "needs": ("text", "severity"),
    "strengths": ("text",),
    "risks": ("kind", "level", "safety_plan"),
}


def write_assessment(draft: Draft, assessment: Assessment) -> str:
    """Writes an assessment; gives the QuestionnaireResponse."""
    who = draft.who.get(assessment.worker or "worker", draft.agency)
    items = [item(name, getattr(assessment, name)) for name in TEXTS]
    for name, texts in GROUPS.items():
        items += [_group(name, texts, one) for one in getattr(assessment, name)]
    items += [_answer(one) for one in assessment.answers]
    content = element(
        extension=[
            *extension(sw("assessment"), valueString=assessment.number),
            *extension(sw("signed-by"), valueBoolean=True if assessment.worker else None),
            *marks(assessment.sensitivity),
        ],
        basedOn=[reference(draft.care_plan)],
        status="completed",
        subject=reference(draft.subject),
        authored=assessment.date.isoformat(),
        author=None if who.startswith("Group/") else reference(who),
        item=[one for one in items if one],
    )
    labels = found_in(content) | marked(assessment.sensitivity)
    labels |= marked(mark for need in assessment.needs for mark in need.sensitivity)
    labels |= marked(mark for strength in assessment.strengths for mark in strength.sensitivity)
    return draft.write(draft.reserve("QuestionnaireResponse", assessment.number), labels, **content)


def item(name: str, *values: Any) -> Document:
    """An item with its answers; nothing where there is none."""
    given = [valued(value) for value in values if value is not None]
    return {"linkId": name, "answer": given} if given else {}


def valued(value: Any) -> Document:
    """`value[x]` of an answer."""
    if isinstance(value, dict):
        return {"valueCoding": value}
    if isinstance(value, bool):
        return {"valueBoolean": value}
    return {"valueInteger": value} if isinstance(value, int) else {"valueString": value}


def _group(name: str, texts: tuple[str, ...], one: Any) -> Document:
    parts = [item(f"{name}.{field}", getattr(one, field)) for field in texts]
    if domain := getattr(one, "domain", None):
        parts.append(item(f"{name}.domain", domains()[domain].category["coding"][0]))
    parts.append(item(f"{name}.codes", *_codes(one)))
    parts.append(item(f"{name}.sensitivity", *getattr(one, "sensitivity", ())))
    return {"linkId": name, "item": [part for part in parts if part]}


def _codes(one: Any) -> list[Document]:
    picked = getattr(one, "codes", ())
    domain = domains()[getattr(one, "domain", "protective-factor")] if picked else None
    listed = chosen(domain.conditions, picked) if domain else []
    return [coding for coding in listed if coding.get("userSelected")]


def _answer(one: Answer) -> Document:
    return element(
        extension=extension(ABSENT, valueCode=one.unanswered),
        linkId=f"/{one.code}" if one.code else "answers",
        text=one.question,
        answer=[] if one.answer is None else [valued(one.answer)],
    )


def write_closing(draft: Draft, closing: Closing) -> str:
    """Writes the closing summary; gives the DocumentReference."""
    parts = [
        part
        for field in fields(closing)
        for part in extension(field.name.replace("_", "-"), **_told(getattr(closing, field.name)))
    ]
    told = {field.name: getattr(closing, field.name) for field in fields(closing)}
    text = "\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in told.items() if value)
    who = draft.who.get("worker", draft.agency)
    content = element(
        extension=extension(sw("closing"), extension=parts),
        status="current",
        docStatus="final",
        type=DISCHARGE,
        subject=reference(draft.subject),
        date=draft.now.isoformat(),
        author=[reference(who)],
        content=[{"attachment": attached(text)}],
    )
    return draft.write(
        draft.reserve("DocumentReference", "closing"), draft_labels(draft, []) | found_in([text]), **content
    )


def _told(value: Any) -> Document:
    if isinstance(value, bool):
        return {"valueBoolean": value}
    return {"valueDate": value.isoformat()} if isinstance(value, date) else {"valueString": value}
