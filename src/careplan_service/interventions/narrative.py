"""The CarePlan's narrative: a short, escaped XHTML summary of what the CarePlan itself says.

https://hl7.org/fhir/R4/narrative.html

Goals and needs are other documents with labels of their own, so their words stay out.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from careplan_service.interventions.canonical import Document
from careplan_service.interventions.plan import Plan


def narrative(plan: Plan, activities: Iterable[Document]) -> Document:
    """`CarePlan.text` of a plan and of those activities that are described in the CarePlan."""
    facts = (
        ("Plan number", plan.number),
        ("State", plan.status),
        ("From", plan.start and plan.start.isoformat()),
        ("Until", plan.end and plan.end.isoformat()),
        ("Review", plan.review_date and plan.review_date.isoformat()),
    )
    lines = "".join(f"<p>{name}: {escape(value)}</p>" for name, value in facts if value)
    described = [part for part in activities if "detail" in part]
    items = "".join(
        f"<li>{escape(part['id'])} {escape(part['detail']['description'])}</li>" for part in described
    )
    body = f"<p><b>{escape(plan.title)}</b></p>{lines}" + (f"<ul>{items}</ul>" if items else "")
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{body}</div>'}
