"""A rule in words: who may have what, what for, until when.

https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision
"""

from __future__ import annotations

from collections.abc import Iterator

from careplan_service.access.consent.parts import MARKED, LabelReach, Part
from careplan_service.access.consent.rules import Rule
from careplan_service.access.consent.terminology import RANK
from careplan_service.access.instants import BEGINNING, END, instant

_NAMES = {rank: code for code, rank in RANK.items()}


def in_words(rule: Rule) -> str:
    """One sentence: `permit Organization/x, for TREAT, to Goal, labelled up to N, until 2026-12-31T...`."""
    if rule.kept:
        return f"nobody can tell what this consent means ({rule.path}): it denies what it may concern"
    said = [piece for part in rule.parts for piece in _of(part)]
    if rule.valid_from > BEGINNING:
        said.append(f"from {instant(rule.valid_from)}")
    if rule.valid_to < END:
        said.append(f"until {instant(rule.valid_to)}")
    effect = "deny" if rule.deny else "permit"
    everybody = "everybody" if rule.deny or rule.open_recipient else "nobody in particular"
    whom = "" if rule.names_recipient else f" {everybody}"
    return f"{effect}{whom} {', '.join(dict.fromkeys(said))}".strip() if said else f"{effect}{whom}"


def _of(part: Part) -> Iterator[str]:
    if part.actors is not None:
        yield f"{_any(part.actor_keys)}"
    if part.purposes is not None:
        yield f"for {_any(part.purposes)}"
    if part.actions is not None:
        yield f"to {_any(part.keys(part.actions))}"
    if part.classes is not None:
        yield f"of {_any(part.classes)}"
    if part.codes is not None:
        yield f"about {_any(part.codes)}"
    if part.labels is not None:
        yield f"labelled {_labels(part.labels, deny=part.deny)}"
    if part.dates is not None:
        yield f"dated {_edge(part.dates[0])} to {_edge(part.dates[1])}"
    for name in MARKED:
        if name in part.marked:
            yield f"with {_any(part.marked[name])}"


def _labels(reach: LabelReach, *, deny: bool) -> str:
    rank = reach.low if deny else reach.high
    ranked = [] if rank is None else [f"{'at least' if deny else 'at most'} {_NAMES[rank]}"]
    return " or ".join([*ranked, *sorted(reach.wide if deny else reach.narrow)]) or "with nothing"


def _edge(moment: int) -> str:
    return "any time" if moment in (BEGINNING, END) else instant(moment)


def _any(keys: frozenset[str]) -> str:
    return " or ".join(sorted(keys)) or "nobody"
