"""Does one rule match one request about one resource version? AND across dimensions, OR inside one.

A permit is matched narrowly, a deny widely; `store/consent_sql.py` is the twin of every function here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from careplan_service.access.consent.directory import ACTING, HELD, MEMBER, PART, Directory
from careplan_service.access.consent.parts import LabelReach, Part
from careplan_service.access.consent.rules import Rule
from careplan_service.access.consent.terminology import NORMAL
from careplan_service.access.facts import Facts, Record
from careplan_service.access.filters import Consented

ADOLESCENT = "ADOL"


@dataclass(frozen=True)
class Asked:
    """A question with the keys of who asks: those a permit may name, and those a deny may."""

    question: Consented
    narrow: frozenset[str]
    wide: frozenset[str]


def asked_by(question: Consented, directory: Directory) -> Asked:
    """Follow the directory from who asks; a role acts only where it is on record and active."""
    acting = {ACTING + one if one.startswith("PractitionerRole/") else one for one in question.actors}
    kinds = {MEMBER, PART} if question.parts_follow else {MEMBER}
    narrow = directory.keys(acting, kinds, question.actors, question.now)
    everybody = {*acting, *question.actors, *question.also}
    wide = directory.keys(everybody, {MEMBER, HELD, PART}, question.actors, question.now)
    return Asked(question, narrow, wide)


def failing(rule: Rule, asked: Asked, about: Record) -> str:
    """The first dimension by which the rule says nothing about the request; empty when it matches."""
    now = asked.question.now
    if not rule.valid_from <= now <= rule.valid_to:
        return "period"
    if not rule.deny and (limit := _out_of_reach(rule, about.facts)):
        return limit
    for name, dimension in DIMENSIONS.items():
        if not all(dimension(part, asked, about) for part in rule.parts):
            return name
    return ""


def matches(rule: Rule, asked: Asked, about: Record) -> bool:
    """Whether the rule speaks about this request, this moment and this version."""
    return not failing(rule, asked, about)


def _out_of_reach(rule: Rule, facts: Facts) -> str:
    """A permit must name its recipient, and without labels it reaches only what is normal."""
    if not (rule.names_recipient or rule.open_recipient):
        return "actor"
    normal = facts.labels.rank <= NORMAL and not facts.labels.part2
    if not (rule.names_labels or rule.open_label or normal):
        return "securityLabel"
    return "performer" if rule.guardian and ADOLESCENT in facts.labels.sensitivities else ""


def _actor(part: Part, asked: Asked, about: Record) -> bool:
    return part.actors is None or not part.actor_keys.isdisjoint(asked.wide if part.deny else asked.narrow)


def _purpose(part: Part, asked: Asked, about: Record) -> bool:
    if part.purposes is None:
        return True
    asserted = asked.question.purpose
    return not part.purposes.isdisjoint(asserted) if asserted else part.deny


def _action(part: Part, asked: Asked, about: Record) -> bool:
    return part.actions is None or asked.question.action in part.keys(part.actions)


def _class(part: Part, asked: Asked, about: Record) -> bool:
    facts = about.facts
    return part.classes is None or not part.classes.isdisjoint({facts.type, *facts.profiles})


def _code(part: Part, asked: Asked, about: Record) -> bool:
    facts = about.facts
    return part.codes is None or not part.codes.isdisjoint(facts.codes if part.deny else facts.primary)


def _labels(part: Part, asked: Asked, about: Record) -> bool:
    if part.labels is None:
        return True
    return _touches(part.labels, about.facts) if part.deny else _covers(part.labels, about.facts)


def _touches(reach: LabelReach, facts: Facts) -> bool:
    ranked = reach.low is not None and facts.labels.rank >= reach.low
    return ranked or not reach.wide.isdisjoint(facts.labels.sensitivities)


def _covers(reach: LabelReach, facts: Facts) -> bool:
    labels = facts.labels
    if labels.part2 and not reach.part2:
        return False
    ranked = reach.high is not None and labels.rank <= reach.high
    if not reach.narrow:
        return ranked
    if labels.sensitivities:
        return labels.sensitivities <= reach.narrow and labels.rank <= reach.ceiling
    return ranked


def _dates(part: Part, asked: Asked, about: Record) -> bool:
    if part.dates is None:
        return True
    (lo, hi), (first, last) = part.dates, about.facts.dated
    if part.deny:
        return (first <= hi and lo <= last) or lo <= about.updated <= hi
    return lo <= first and last <= hi


def _data(part: Part, asked: Asked, about: Record) -> bool:
    """What the data has to do with others: its authors, what it refers to, what refers to it."""
    marks = about.facts.marks | about.around
    return all(not keys.isdisjoint(marks) for keys in part.marked.values())


DIMENSIONS: Mapping[str, Callable[[Part, Asked, Record], bool]] = {
    "actor": _actor,
    "purpose": _purpose,
    "action": _action,
    "class": _class,
    "code": _code,
    "securityLabel": _labels,
    "dataPeriod": _dates,
    "data": _data,
}
