"""$explain-search: what a search brings a partner of what the custodian's staff find, and why not the rest.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from careplan_service.access.caller import Caller
from careplan_service.access.consent.decide import Decision
from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import EVERYTHING, NOTHING, Filter, all_of
from careplan_service.access.viewing import may_view_as
from careplan_service.errors import Forbidden, Malformed, Problem
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.query import asker_of, query_of
from careplan_service.interactions.records import Page, Stored
from careplan_service.interactions.weighing import Weighing, require_consents
from careplan_service.interactions.why_access import REDACTED, Why, as_caller, explained
from careplan_service.interactions.why_words import asked_of, name_of, parts_of

MOST = 100
"""Withheld resources that are explained one by one; of more there is the number."""


@dataclass(frozen=True)
class Explained:
    """How many who asks finds, how many the partner gets, and how many of the first it does not get.

    `refused` is the status and the text with which the whole search is refused to the partner.
    """

    partner: Caller
    type: str
    query: str
    found: int
    returned: int
    withheld: int
    why: tuple[Why, ...] = ()
    refused: tuple[int, str] | None = None


def require_staff(desk: Desk) -> None:
    """Raise Forbidden (403) for whoever is not the custodian's staff."""
    if not desk.caller.is_agency:
        raise Forbidden("what a search brings a partner is told to the custodian's staff only")


def explain_search(desk: Desk, type_: str, query: str, door: Door, partner: Caller) -> Explained:
    """What a search (`patient=Patient/ann&_sort=date`) brings the partner, and why not the rest.

    For the custodian's staff. To an administrator `returned` is what the partner gets (`X-Careplan-View-As`),
    to all others that of it which they may see. Raises Forbidden for everybody else, OutOfScope where the
    token does not open the type or the Consents, Malformed (400) for a query that nobody can carry out.
    """
    require_staff(desk)
    ours = all_of(_asked(desk, type_, query), desk.sees("s", type_))
    require_consents(desk)
    other = as_caller(desk, partner)
    refused, theirs = _theirs(other, type_, query)
    within = EVERYTHING if may_view_as(desk.caller) else desk.sees("s", type_)
    with desk.records.snapshot():
        count = desk.records.count
        kept = all_of(ours, ~theirs)
        numbers = (count(type_, ours), count(type_, all_of(theirs, within)), count(type_, kept))
        found = desk.records.find(type_, kept, Page(MOST)) if refused is None else []
        weighing = Weighing(desk, door)
        why = tuple(_withheld(desk, weighing, partner, one) for one in found)
    for one in found:
        if one.patient:
            desk.patients[one.patient] = None
        if one.others:
            desk.several.append(one.vid)
    return Explained(partner, type_, query, *numbers, why, refused)


def _asked(desk: Desk, type_: str, query: str) -> Filter:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), errors="strict")
    except ValueError:
        raise Malformed("`query` is that of a search, as `patient=Patient/ann&_id=1`") from None
    if "\x00" in query or any("\x00" in text for pair in pairs for text in pair):
        raise Malformed("`query` holds a NUL, which is no text")
    return query_of([type_], pairs, asker_of(desk)).about


def _theirs(other: Desk, type_: str, query: str) -> tuple[tuple[int, str] | None, Filter]:
    """What the partner finds; nothing where its search is refused."""
    try:
        return None, all_of(_asked(other, type_, query), other.sees("s", type_))
    except Problem as problem:
        return (problem.status, problem.text), NOTHING


def _withheld(desk: Desk, weighing: Weighing, partner: Caller, stored: Stored) -> Why:
    """Why it does not find the resource; it may see it, and what was searched by is hidden from it."""
    why = explained(desk, weighing, partner, stored, letter="s")
    if not why.found.permitted:
        return why
    return replace(why, found=replace(_HIDDEN, near_misses=()), rule="")


_HIDDEN = Decision("deny", REDACTED, obligations=(REDACTED,))


def told(answer: Explained) -> dict[str, Any]:
    """The answer as Parameters. https://hl7.org/fhir/R4/parameters.html"""
    parts = [
        *asked_of(answer.partner),
        {"name": "query", "valueString": f"{answer.type}?{answer.query}"},
        {"name": "sentence", "valueString": _sentence(answer)},
        {"name": "found", "valueInteger": answer.found},
        {"name": "returned", "valueInteger": answer.returned},
        {"name": "withheld", "valueInteger": answer.withheld},
        *_refusal(answer),
        *({"name": "because", "part": list(parts_of(why))} for why in answer.why),
    ]
    return {"resourceType": "Parameters", "parameter": parts}


def _refusal(answer: Explained) -> Iterator[dict[str, Any]]:
    if answer.refused is not None:
        status, text = answer.refused
        parts = [{"name": "status", "valueInteger": status}, {"name": "text", "valueString": text}]
        yield {"name": "refused", "part": parts}


def _sentence(answer: Explained) -> str:
    who = name_of(answer.partner)
    if answer.refused is not None:
        status, text = answer.refused
        return f"{who} is refused this search with {status}: {text}."
    said = f"{who} gets {answer.returned}; of the {answer.found} that you find {answer.withheld} are withheld"
    if answer.withheld > len(answer.why):
        said = f"{said}, and the first {len(answer.why)} are explained"
    return f"{said}."
