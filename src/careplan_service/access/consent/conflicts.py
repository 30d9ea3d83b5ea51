"""Which consents contradict each other: one denies some of what the other permits.

R4 leaves open what a new Consent means for an older one; a deny always wins between them, so a new permit
would change nothing. https://profiles.ihe.net/ITI/PCF/volume-1.html (use case 2) has the new one replace it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from careplan_service.access.consent.parts import LabelReach, Part
from careplan_service.access.consent.rules import Rule
from careplan_service.access.consent.terminology import NORMAL, purpose_and_ancestors


class Contradiction(NamedTuple):
    """A rule of the one that permits some of what a rule of the other denies, or the reverse."""

    ours: Rule
    theirs: Rule


def contradictions(ours: Sequence[Rule], theirs: Sequence[Rule], now: int) -> list[Contradiction]:
    """The pairs of opposite rules of two consents that some request may meet both of, from now on.

    Of each rule of ours the first; `now` is microseconds UTC. Told apart by dates, organisations,
    purposes, classes, codes and labels; whatever else they state is taken to overlap.
    """
    return list(_contradictions(ours, theirs, now))


def _contradictions(ours: Sequence[Rule], theirs: Sequence[Rule], now: int) -> Iterator[Contradiction]:
    for mine in ours:
        for other in theirs:
            if (
                mine.deny is not other.deny
                and _meet(mine, other, now)
                and not _agree(mine, other, ours, theirs)
            ):
                yield Contradiction(mine, other)
                break


def _agree(mine: Rule, other: Rule, ours: Sequence[Rule], theirs: Sequence[Rule]) -> bool:
    """Whether the permit has the very deny as an exception of its own."""
    denies, permit, beside = (mine, other, theirs) if mine.deny else (other, mine, ours)
    return any(
        one.deny and one.path.startswith(f"{permit.path}.") and one.parts == denies.parts for one in beside
    )


def _meet(one: Rule, other: Rule, now: int) -> bool:
    begins, ends = max(one.valid_from, other.valid_from, now), min(one.valid_to, other.valid_to)
    return begins <= ends and not any(_apart(a, b) for a in one.parts for b in other.parts)


def _apart(one: Part, other: Part) -> bool:
    return any(differ(one, other) for differ in _DIFFER)


def _actors(one: Part, other: Part) -> bool:
    """Organisations alone can be told apart: who else acts for whom is not to be seen here."""
    if one.actors is None or other.actors is None:
        return False
    named = one.actor_keys | other.actor_keys
    return all(key.startswith("Organization/") for key in named) and one.actor_keys.isdisjoint(
        other.actor_keys
    )


def _purposes(one: Part, other: Part) -> bool:
    if one.purposes is None or other.purposes is None:
        return False
    return not any(
        a in purpose_and_ancestors(b) or b in purpose_and_ancestors(a)
        for a in one.purposes
        for b in other.purposes
    )


def _classes(one: Part, other: Part) -> bool:
    """Only types: a resource may have any profile besides."""
    if one.classes is None or other.classes is None:
        return False
    return one.classes.isdisjoint(other.classes) and not any(
        ":" in name for name in one.classes | other.classes
    )


def _codes(one: Part, other: Part) -> bool:
    """Data about both would be denied still; that alone makes no contradiction."""
    return one.codes is not None and other.codes is not None and one.codes.isdisjoint(other.codes)


def _labels(one: Part, other: Part) -> bool:
    """A permit without labels is about what is normal."""
    permit, deny = (other, one) if one.deny else (one, other)
    return deny.labels is not None and not _reaches(permit.labels, deny.labels)


def _reaches(permit: LabelReach | None, deny: LabelReach) -> bool:
    high = NORMAL if permit is None else permit.high
    if high is not None and deny.low is not None and high >= deny.low:
        return True
    if permit is None or not deny.wide:
        return False
    return not permit.narrow or not deny.wide.isdisjoint(permit.narrow)


_DIFFER: tuple[Callable[[Part, Part], bool], ...] = (_actors, _purposes, _classes, _codes, _labels)
