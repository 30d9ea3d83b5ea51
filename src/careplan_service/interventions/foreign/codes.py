"""What codes of others mean here: a kind of intervention, or a domain, and how surely.

https://hl7.org/fhir/R4/valueset-concept-map-equivalence.html

Licences of the codes: see `catalogue`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from careplan_service.interventions.added import mapped_in, service_in
from careplan_service.interventions.canonical import GRAVITY, INTERVENTION
from careplan_service.interventions.catalogue import (
    SYSTEMS,
    DomainCoding,
    domain_terms,
    domains,
    kind_terms,
    kinds,
    rows,
)
from careplan_service.interventions.foreign.marks import INFERRED, KNOWN, MAPPED

Codings = Sequence[Mapping[str, Any]]

_OF_FIT = {"equivalent": "equivalent", "narrower": "wider", "related": "relatedto", "broader": "narrower"}
"""How our kind is to a standard code, by how that code is to the kind; the surest first."""
_SURE = ("equivalent", "narrower")
"""The other codes tell a kind only where they are in the catalogue for no other one."""


@dataclass(frozen=True)
class Meaning:
    """A kind or domain, `how` it was found and `by` what; `relation` says how it is to what stands there."""

    word: str
    how: str
    by: str = ""
    relation: str | None = None


def kind_meant(codings: Codings, text: str = "") -> Meaning | None:
    """The kind that a concept means: by our code, by what agencies added, by the catalogue, by its words."""
    ours = (str(one.get("code")) for one in codings if one.get("system") == INTERVENTION)
    if word := service_in(codings) or next((code for code in ours if code in kinds()), None):
        return Meaning(word, KNOWN)
    if word := mapped_in(codings, kinds()):
        return Meaning(word, MAPPED, "terminology map")
    found = [one for coding in codings for one in _kind_codes().get(_key(coding), ())]
    for fit, relation in _OF_FIT.items():
        among = found if fit not in _SURE else [one for one in found if one[1] == fit]
        if any(its == fit for _, its in among) and len({kind for kind, _ in among}) == 1:
            return Meaning(among[0][0], INFERRED, "ConceptMap/intervention", relation)
    return _by_words(kind_terms().code, codings, text)


def domain_meant(codings: Codings, text: str = "") -> Meaning | None:
    """The domain that a concept means: by Gravity's code, by what was mapped, by the catalogue, by words."""
    theirs = (str(one.get("code")) for one in codings if one.get("system") == GRAVITY)
    if word := next((code for code in theirs if code in domains()), None):
        return Meaning(word, KNOWN)
    if word := mapped_in(codings, domains()):
        return Meaning(word, MAPPED, "terminology map")
    for coding in codings:
        if found := _domain_codes().get(_key(coding)):
            (word, relation), *others = found
            also = f", which has it in {', '.join(one for one, _ in others)} as well" if others else ""
            return Meaning(word, INFERRED, f"ConceptMap/social-domain{also}", relation)
    return _by_words(domain_terms().code, codings, text)


def is_catalogued(is_kind: bool, coding: Mapping[str, Any]) -> bool:
    """Whether the catalogue has this standard code, for a kind or for a domain."""
    return _key(coding) in (_kind_codes() if is_kind else _domain_codes())


def _by_words(code: Any, codings: Codings, text: str) -> Meaning | None:
    for words in (text, *(str(one.get("display", "")) for one in codings)):
        if words and (word := code(words)):
            return Meaning(word, INFERRED, "its words")
    return None


def _key(coding: Mapping[str, Any]) -> tuple[str, str]:
    return str(coding.get("system")), str(coding.get("code"))


@cache
def _kind_codes() -> Mapping[tuple[str, str], list[tuple[str, str]]]:
    """The kinds of each standard code, with how it fits."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for kind in kinds().values():
        for row in kind.codings:
            found.setdefault((row.system, row.code), []).append((kind.code, row.fit))
    return found


@cache
def _domain_codes() -> Mapping[tuple[str, str], list[tuple[str, str]]]:
    """The domains of each standard code with their relation; where it is the first code comes first."""
    found: dict[tuple[str, str], dict[tuple[str, str], bool]] = {}
    for key, domain, relation, first in _domain_rows():
        # what protects is no domain of a need or a goal
        if domain != "protective-factor":
            found.setdefault(key, {}).setdefault((domain, relation), first)
    return {key: sorted(told, key=lambda one: not told[one]) for key, told in found.items()}


def _domain_rows() -> Iterator[tuple[tuple[str, str], str, str, bool]]:
    def told(domain: str, relation: str, codings: Iterable[DomainCoding]) -> Any:
        return (((row.system, row.code), domain, relation, row.default) for row in codings)

    for domain in domains().values():
        yield from told(domain.code, "wider", domain.conditions)
        yield from told(domain.code, "relatedto", domain.goals)
    for row in rows("code_changes.csv"):
        yield (SYSTEMS[row["system"]], row["code"]), row["domain"], "wider", False


@cache
def goal_codes() -> frozenset[tuple[str, str]]:
    """The standard codes of goals in the catalogue."""
    return frozenset((row.system, row.code) for one in domains().values() for row in one.goals)
