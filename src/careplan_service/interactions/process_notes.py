"""Process notes are never in a plan: no CarePlan leads to what is labelled as one.

Psychotherapy notes: https://www.ecfr.gov/current/title-45/section-164.501 and
https://terminology.hl7.org/CodeSystem-v3-ActCode.html (`PSYTHPN`)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from careplan_service.access.consent.terminology import VERY_RESTRICTED
from careplan_service.access.filters import EVERYTHING, Filter, Has, Is, all_of, any_of
from careplan_service.access.labels import labels_of
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.records import Stored
from careplan_service.resources import r4
from careplan_service.resources.literals import REFERS
from careplan_service.resources.registry import SERVED

NOTE = "PSYTHPN"
_TEXTS = frozenset({"DocumentReference", "QuestionnaireResponse"})
"""What is a process note also when it only says `V`."""
_BETWEEN = "Procedure"
_MOST = 50


def process_notes(desk: Desk, stored: Stored, document: Document, earlier: Document) -> Iterator[str]:
    """What a write that was stored does against the rule; who asks is told of nothing that it may not see."""
    if stored.type == "CarePlan":
        for ref in _notes_among(desk, _references(document) - _references(earlier)):
            yield f"`{ref}` is a process note, or leads to one: leave it out of the plan"
        if any(is_process_note(one) for one in document.get("contained", ())):
            yield "a contained resource is a process note: leave it out of the plan"
    elif stored.type == _BETWEEN or is_process_note(document):
        notes = is_process_note(document) or bool(_labelled(desk, _references(document)))
        if notes and any(True for _ in _plans(desk, [stored])):
            yield "a plan leads to this: take it out of the plan before it is kept as a process note"


def is_process_note(document: Mapping[str, Any]) -> bool:
    """Whether its labels say so."""
    labels = labels_of(document)
    very = labels.rank >= VERY_RESTRICTED and document.get("resourceType") in _TEXTS
    return NOTE in labels.sensitivities or very


Document = Mapping[str, Any]


def _notes_among(desk: Desk, references: Iterable[str]) -> list[str]:
    """Those of the references that are process notes, or acts that have one as their report."""
    wanted = set(references)
    found = _labelled(desk, wanted)
    acts = {one for one in wanted if one.startswith(f"{_BETWEEN}/")}
    for act in desk.records.named(acts, _seen(desk, _BETWEEN)) if acts else ():
        if _labelled(desk, _references(r4.parse(act.body))):
            found.append(f"{act.type}/{act.id}")
    return sorted(found)


def _labelled(desk: Desk, references: Iterable[str]) -> list[str]:
    """Those of the references that are labelled as process notes and that may be known of."""
    served = [one for one in references if one.partition("/")[0] in SERVED]
    said = (_said(desk, type_) for type_ in sorted({one.partition("/")[0] for one in served}))
    return sorted(desk.records.among(served, any_of(*said))) if served else []


def _said(desk: Desk, type_: str) -> Filter:
    codes = (NOTE, "V") if type_ in _TEXTS else (NOTE,)
    labelled = any_of(*(Has(f"{type_}._security", code) for code in codes))
    return all_of(Is("type", type_), labelled, _seen(desk, type_))


def _plans(desk: Desk, page: list[Stored]) -> Iterator[Stored]:
    """The CarePlans that lead to any of them, by themselves or by what was done."""
    around = desk.records.referring(page, _leading(), EVERYTHING, _MOST)
    yield from (one for one in around if one.type == "CarePlan" and _may_know(desk, one))
    acts = [one for one in around if one.type == _BETWEEN]
    if acts and page[0].type != _BETWEEN:
        yield from _plans(desk, acts)


def _leading() -> tuple[str, ...]:
    told = (SERVED["CarePlan"], SERVED[_BETWEEN])
    return (
        REFERS,
        *(f"{spec.name}.{one.name}" for spec in told for one in spec.params if one.kind == "reference"),
    )


def _may_know(desk: Desk, plan: Stored) -> bool:
    return desk.caller.is_agency or bool(desk.records.among([f"CarePlan/{plan.id}"], _seen(desk, "CarePlan")))


def _seen(desk: Desk, type_: str) -> Filter:
    if desk.caller.is_agency:
        return EVERYTHING
    return desk.sees("r", type_) if desk.caller.allows("r", type_) else Is("id", "")


def _references(node: Any) -> set[str]:
    """The literal references anywhere in a document, without versions."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        held = waiting.pop()
        if isinstance(held, Mapping):
            literal = held.get("reference")
            if isinstance(literal, str):
                parts = literal.split("/_history/")[0].split("/")
                found.add("/".join(parts[-2:]))
            waiting += held.values()
        elif isinstance(held, list):
            waiting += held
    return found
