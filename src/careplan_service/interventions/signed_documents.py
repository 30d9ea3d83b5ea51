"""Which documents of a plan are signed: notes, addenda, assessments, reviews, the closing. They never change.

NASW Code of Ethics 3.04 (client records): https://www.socialworkers.org/About/Ethics/Code-of-Ethics
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from careplan_service.interventions.canonical import extension_value, sw

Document = Mapping[str, Any]

SIGNED: Mapping[str, tuple[str, ...]] = {
    "DocumentReference": ("signed-by", "late-reason", "closing"),
    "QuestionnaireResponse": ("assessment",),
    "Procedure": ("session",),
    "Encounter": ("mode",),
    "Observation": ("review", "state"),
}
"""By type the extensions of which one stands in what is signed."""
PLANNED = frozenset({"CarePlan", "Goal", "ServiceRequest", "Task"})
"""What stays in the record with a state."""
_WHOLE = frozenset({"DocumentReference", "QuestionnaireResponse"})
"""Texts; to the others an EHR may add what is its own."""
_AROUND = frozenset({"meta", "text", "id"})


def is_signed(document: Document) -> bool:
    """Whether a document is a signed one of a plan."""
    names = SIGNED.get(str(document.get("resourceType")), ())
    return any(extension_value(document, sw(name)) is not None for name in names)


def changed_notes(before: Document, after: Document) -> bool:
    """Whether what is signed was changed; labels and the narrative may."""
    if not is_signed(before):
        return False
    names = before.keys() | (after.keys() if before["resourceType"] in _WHOLE else set())
    return any(not _kept(before.get(name), after.get(name), before) for name in names - _AROUND)


def _kept(before: Any, after: Any, document: Document) -> bool:
    if document["resourceType"] not in _WHOLE and isinstance(before, list) and isinstance(after, list):
        return all(one in after for one in before)
    return bool(before == after)
