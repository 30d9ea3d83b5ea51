"""What the consents of a version's patients say.

A deny wins between consents; inside one the deepest matched exception decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from careplan_service.access.consent.matching import matches
from careplan_service.access.consent.rules import Rule
from careplan_service.access.facts import Facts
from careplan_service.access.filters import Consented

Consents = Mapping[str, Sequence[Sequence[Rule]]]
"""Per patient reference the flat rules of each of the patient's Consents."""


def permits(asked: Consented, facts: Facts, consents: Consents) -> bool:
    """Whether every patient named on the version lets this recipient have it for this purpose."""
    if _purpose_tag_conflicts(asked, facts):
        return False
    if not facts.patient and not asked.workforce:
        return False
    named = {facts.patient, *facts.other_patients} - {""}
    return all(_patient_permits(asked, facts, consents.get(patient, ())) for patient in named)


def _purpose_tag_conflicts(asked: Consented, facts: Facts) -> bool:
    tags = facts.labels.purposes
    return bool(tags) and not asked.workforce and tags.isdisjoint(asked.purpose)


def _patient_permits(asked: Consented, facts: Facts, consents: Iterable[Sequence[Rule]]) -> bool:
    deciding = [rule for consent in consents for rule in _frontier(asked, facts, consent)]
    if any(rule.deny for rule in deciding):
        return False
    return asked.workforce or bool(deciding)


def _frontier(asked: Consented, facts: Facts, rules: Sequence[Rule]) -> list[Rule]:
    """The matched rules without a matched exception below them."""
    matched = [rule for rule in rules if matches(rule, asked, facts)]
    return [rule for rule in matched if not any(other.path.startswith(rule.path + ".") for other in matched)]
