"""What a code is in another system, and which of our words it stands for.

https://hl7.org/fhir/R4/conceptmap-operation-translate.html

A translation is for a day, today unless `date` says another: codes that may not be used on that day are left
out. Backwards no code is left out unless a day is given, because records keep their old codes.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from datetime import date
from typing import Any

from careplan_service.errors import Malformed, shown
from careplan_service.interactions.terminology.asked import Asked, Coding, Known
from careplan_service.interactions.terminology.finding import known
from careplan_service.interactions.terminology.lookup import parameters
from careplan_service.interventions.vocabulary import Vocabulary
from careplan_service.interventions.vocabulary.maps import validity
from careplan_service.interventions.vocabulary.model import (
    ALWAYS,
    CONVERSE,
    NO_MATCH,
    Coded,
    ConceptMap,
)

TRANSLATE: Known = {
    "url": "text",
    "conceptMapVersion": "text",
    "code": "text",
    "system": "text",
    "coding": "Coding",
    "codeableConcept": "CodeableConcept",
    "source": "text",
    "target": "text",
    "targetsystem": "text",
    "reverse": "flag",
    "date": "day",
}
_ORDER = ("equal", "equivalent", "wider", "subsumes", "narrower", "specializes", "inexact", "relatedto",
          "unmatched", "disjoint")  # fmt: skip
Match = tuple[str, Coded | None, str, str]
"""Equivalence, concept, the map's address, and the reason."""


def translate(words: Vocabulary, asked: Asked, today: date, url: str = "") -> dict[str, Any]:
    """The matches of a code, best first; `url` is that of the instance that is asked.

    Raises NotFound (404) for a map or value set that is not here, Malformed (400).
    """
    codings = asked.codings()
    for system, code, _ in codings:
        if not system:
            text = f"`system` is missing: name the code system of `{shown(code)}`"
            raise Malformed(text, expression="system")
    used, wanted = _members(words, asked, "source"), _members(words, asked, "target")
    sought = {(system, code) for system, code, _ in codings if used is None or (system, code) in used}
    only = asked.text("targetsystem")
    backwards = asked.flag("reverse")
    day = asked.day("date") or (None if backwards else today)
    matches = [
        match
        for one in _asked_of(words, asked, url)
        for match in _matches(one, sought, backwards)
        if _is_wanted(match[1], day, only, wanted)
    ]
    return parameters(_told(sorted(matches, key=_rank), codings, day))


def _asked_of(words: Vocabulary, asked: Asked, url: str) -> Iterable[ConceptMap]:
    if url and asked.text("url"):
        raise Malformed("`url` is not needed here: the address names what is asked", expression="url")
    named, version = url or asked.text("url"), asked.text("conceptMapVersion")
    if not named:
        return words.maps.values()
    return (known(words.maps, f"{named}{f'|{version}' if version else ''}", "url"),)


def _members(words: Vocabulary, asked: Asked, name: str) -> Container[tuple[str, str]] | None:
    """The codes of the value set that a parameter names."""
    return known(words.sets, asked.text(name), name).by_key if asked.text(name) else None


def _matches(one: ConceptMap, sought: Container[tuple[str, str]], backwards: bool) -> Iterator[Match]:
    for link in one.links:
        if backwards and link.target and link.target.key in sought:
            yield CONVERSE.get(link.equivalence, link.equivalence), link.source, one.url, link.reason
        elif not backwards and link.source.key in sought:
            yield link.equivalence, link.target, one.url, link.reason


def _is_wanted(
    concept: Coded | None, day: date | None, only: str, wanted: Container[tuple[str, str]] | None
) -> bool:
    if concept is None:  # that there is nothing is said where nothing else was asked for
        return not only and wanted is None
    usable = day is None or validity().get(concept.key, ALWAYS).on(day)
    return usable and only in ("", concept.system) and (wanted is None or concept.key in wanted)


def _rank(match: Match) -> tuple[int, str, str]:
    equivalence, concept, _, _ = match
    return _ORDER.index(equivalence), concept.system if concept else "", concept.code if concept else ""


def _told(matches: list[Match], codings: Iterable[Coding], day: date | None) -> Iterator[dict[str, Any]]:
    found = any(equivalence not in NO_MATCH for equivalence, *_ in matches)
    yield {"name": "result", "valueBoolean": found}
    if not found:
        names = ", ".join(f"`{shown(code)}`" for _, code, _ in codings)
        reasons = "; ".join(dict.fromkeys(reason for *_, reason in matches if reason))
        text = reasons or f"no match is known{f' for {day}' if day else ''}"
        yield {"name": "message", "valueString": f"{names}: {text}"}
    for equivalence, concept, url, _ in matches:
        part: list[dict[str, Any]] = [{"name": "equivalence", "valueCode": equivalence}]
        if concept:
            part.append({"name": "concept", "valueCoding": concept.coding})
        yield {"name": "match", "part": [*part, {"name": "source", "valueUri": url}]}
