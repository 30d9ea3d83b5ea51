"""Does one rule match one request about one resource version? AND across dimensions, OR inside one.

A permit is matched narrowly, a deny widely; `store/consent_sql.py` is the twin of every function here.
"""

from __future__ import annotations

from collections.abc import Callable

from careplan_service.access.consent.dimensions import LabelReach, Part
from careplan_service.access.consent.rules import Rule
from careplan_service.access.consent.terminology import NORMAL
from careplan_service.access.facts import Facts
from careplan_service.access.filters import Consented


def matches(rule: Rule, asked: Consented, facts: Facts) -> bool:
    """Whether the rule speaks about this request, this moment and this version."""
    return (
        rule.valid_from <= asked.now <= rule.valid_to
        and (rule.deny or _within_reach(rule, facts))
        and all(_part_matches(part, asked, facts) for part in rule.parts)
    )


def _within_reach(rule: Rule, facts: Facts) -> bool:
    """A permit must name its recipient, and without labels it reaches only what is normal."""
    normal = facts.labels.rank <= NORMAL and not facts.labels.part2
    return rule.names_recipient and (rule.names_labels or normal)


def _actor(part: Part, asked: Consented, facts: Facts) -> bool:
    return part.actors is None or not part.actor_keys.isdisjoint(asked.actors)


def _purpose(part: Part, asked: Consented, facts: Facts) -> bool:
    if part.purposes is None:
        return True
    return not part.purposes.isdisjoint(asked.purpose) if asked.purpose else part.deny


def _class(part: Part, asked: Consented, facts: Facts) -> bool:
    return part.classes is None or not part.classes.isdisjoint({facts.type, *facts.profiles})


def _code(part: Part, asked: Consented, facts: Facts) -> bool:
    return part.codes is None or not part.codes.isdisjoint(facts.codes if part.deny else facts.primary)


def _labels(part: Part, asked: Consented, facts: Facts) -> bool:
    if part.labels is None:
        return True
    return _touches(part.labels, facts) if part.deny else _covers(part.labels, facts)


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


DIMENSIONS: tuple[Callable[[Part, Consented, Facts], bool], ...] = (_actor, _purpose, _class, _code, _labels)


def _part_matches(part: Part, asked: Consented, facts: Facts) -> bool:
    return all(dimension(part, asked, facts) for dimension in DIMENSIONS)
