"""The one evaluator: what the consents of a version's patients say, and why.

https://hl7.org/fhir/R4/consent.html
A deny wins between consents; inside one the deepest matched exception decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from careplan_service.access.consent.directory import NOBODY, Directory
from careplan_service.access.consent.matching import Asked, asked_by, failing
from careplan_service.access.consent.rules import Rule
from careplan_service.access.facts import Facts, Record
from careplan_service.access.filters import Consented

EMERGENCIES = frozenset({"ETREAT", "BTG"})


@dataclass(frozen=True)
class Compiled:
    """One Consent as rules; `reference` is `Consent/x`."""

    rules: tuple[Rule, ...]
    reference: str = "Consent/"
    version: int = 1


Consents = Mapping[str, Sequence[Compiled]]
"""Per patient reference each of the patient's Consents."""


@dataclass(frozen=True)
class NearMiss:
    """A permit that did not help: the provision, and the first dimension by which it fails."""

    consent: str
    version: int
    path: str
    dimension: str


@dataclass(frozen=True)
class Deciding:
    """A rule on the frontier of a Consent: nothing that matches stands below it."""

    consent: Compiled
    rule: Rule


@dataclass(frozen=True)
class Judgement:
    """What the consents of one patient say: the rules that decide, denies first, and what came near."""

    denies: tuple[Deciding, ...] = ()
    permits: tuple[Deciding, ...] = ()
    near: tuple[NearMiss, ...] = ()


def permits(asked: Consented, about: Record, consents: Consents, directory: Directory = NOBODY) -> bool:
    """Whether every patient named on the version lets this recipient have it for this purpose."""
    if _purpose_tag_conflicts(asked, about.facts):
        return False
    if not about.facts.patient and not asked.workforce:
        return False
    resolved = asked_by(asked, directory)
    return all(
        lets(asked, judged(resolved, about, patient, consents, directory))
        for patient in patients_of(about.facts)
    )


def patients_of(facts: Facts) -> list[str]:
    """Whose consents count, the patient whose record it is first."""
    return [one for one in (facts.patient, *sorted(facts.other_patients)) if one]


def _purpose_tag_conflicts(asked: Consented, facts: Facts) -> bool:
    tags = facts.labels.purposes
    return bool(tags) and not asked.workforce and tags.isdisjoint(asked.purpose)


def lets(asked: Consented, judgement: Judgement) -> bool:
    """Whether one patient's consents open the version."""
    if asked.emergency:
        return not any(withstands_emergency(one.rule) for one in judgement.denies)
    return not judgement.denies and (asked.workforce or bool(judgement.permits))


def withstands_emergency(rule: Rule) -> bool:
    """Whether a deny holds in an emergency, too: it names emergencies, or nobody can tell what it names."""
    return rule.kept or any(not EMERGENCIES.isdisjoint(part.purposes or ()) for part in rule.parts)


def judged(
    asked: Asked, about: Record, patient: str, consents: Consents, directory: Directory, *, near: bool = False
) -> Judgement:
    """The rules that decide for one patient; with `near` also the permits that fail.

    The denies of what is on record under another name of the same patient apply, too.
    """
    denies: list[Deciding] = []
    helping: list[Deciding] = []
    missed: list[NearMiss] = []
    for consent in consents.get(patient, ()):
        failed = {rule.path: _failing(rule, asked, about, patient, directory) for rule in consent.rules}
        for rule in _frontier(consent.rules, failed):
            (denies if rule.deny else helping).append(Deciding(consent, rule))
        if near:
            missed += [
                NearMiss(consent.reference, consent.version, rule.path, failed[rule.path])
                for rule in consent.rules
                if failed[rule.path] and not rule.deny
            ]
    for other in sorted(directory.merged(patient)):
        for consent in consents.get(other, ()):
            applying = (one for one in consent.rules if one.deny and not failing(one, asked, about))
            denies.extend(Deciding(consent, rule) for rule in applying)
    return Judgement(tuple(sorted(denies, key=lambda one: one.rule.kept)), tuple(helping), tuple(missed))


def _frontier(rules: Sequence[Rule], failed: Mapping[str, str]) -> list[Rule]:
    """The matched rules without a matched exception below them."""
    matched = [rule for rule in rules if not failed[rule.path]]
    return [rule for rule in matched if not any(other.path.startswith(rule.path + ".") for other in matched)]


def _failing(rule: Rule, asked: Asked, about: Record, patient: str, directory: Directory) -> str:
    if rule.guardian:
        last = directory.lapses(rule.guardian, patient, rule.signed, authority=rule.authority)
        if asked.question.now > last:
            return "performer"
    return failing(rule, asked, about)
