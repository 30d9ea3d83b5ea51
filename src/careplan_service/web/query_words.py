"""What a granular scope is about, in plain words where its codes are known here.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#finer-grained-resource-constraints-using-search-parameters
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from careplan_service.access.scopes import Query
from careplan_service.interventions import canonical
from careplan_service.interventions.catalogue import domains, kinds

_CODED = frozenset({"category", "code", "description", "reason-code"})
"""The search parameters whose codes say what a resource is about."""

_OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_CATEGORIES: Mapping[str, tuple[str, ...]] = {
    canonical.CONDITION_CATEGORY: ("problem-list-item", "encounter-diagnosis"),
    canonical.US_CORE_CONDITION_CATEGORY: ("health-concern",),
    _OBSERVATION_CATEGORY: (
        "activity", "exam", "imaging", "laboratory", "procedure", "social-history", "survey", "therapy",
        "vital-signs",
    ),
}  # fmt: skip
"""Codes that say of which sort a resource is; they are words with hyphens between."""


class Words(NamedTuple):
    """What a query says in words, a blank before each, and what of it has to be shown as it is written."""

    text: str
    rest: Query


def words_of(query: Query) -> Words:
    """` about housing instability`, and the parameters with codes that are not known here."""
    said = [(pair, _said(*pair)) for pair in query]
    text = " and".join(words for _, words in said if words)
    return Words(text, tuple(pair for pair, words in said if not words))


def _said(name: str, value: str) -> str:
    """One parameter in words; empty unless each of its codes is known."""
    if name not in _CODED or "\\" in value:
        return ""
    found = [_displays().get(code) for code in value.split(",")]
    about = [one.text for one in found if one and one.is_subject]
    sorts = [one.text for one in found if one and not one.is_subject]
    if len(about) == len(found):
        return f" about {' or '.join(about)}"
    return f" in the category {' or '.join(sorts)}" if len(sorts) == len(found) else ""


class _Display(NamedTuple):
    """How a code is called: what something is about, or of which sort it is."""

    text: str
    is_subject: bool


@cache
def _displays() -> Mapping[str, _Display]:
    """By `system|code`, and by `code` alone where all systems here that have it call it the same."""
    found = dict(_known())
    alone: dict[str, set[_Display]] = {}
    for token, display in found.items():
        alone.setdefault(token.partition("|")[2], set()).add(display)
    return {**{code: one for code, (one, *more) in alone.items() if not more}, **found}


def _known() -> Iterator[tuple[str, _Display]]:
    for system, codes in _CATEGORIES.items():
        for code in codes:
            yield f"{system}|{code}", _Display(code.replace("-", " "), is_subject=False)
    yield f"{canonical.US_CORE_CATEGORY}|sdoh", _Display("social needs", is_subject=True)
    for kind in kinds().values():
        for row in kind.codings:
            yield f"{row.system}|{row.code}", _subject(row.display)
        yield f"{canonical.INTERVENTION}|{kind.code}", _subject(kind.display)
    for domain in domains().values():
        for coding in (*domain.conditions, *domain.goals):
            yield f"{coding.system}|{coding.code}", _subject(coding.display)
        yield f"{canonical.GRAVITY}|{domain.code}", _Display(domain.display.lower(), is_subject=True)


def _subject(display: str) -> _Display:
    """As it stands inside a sentence; an abbreviation keeps its capitals."""
    begins_small = not display[1:2].isupper()
    return _Display(display[:1].lower() + display[1:] if begins_small else display, is_subject=True)
