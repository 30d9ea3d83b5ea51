"""What a Consent says that its author can hardly mean: permits for nobody, rules that never match.

https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision; of data under 42 CFR Part 2 what its
written consent must state, https://www.ecfr.gov/current/title-42/section-2.31
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from careplan_service.access.consent.parts import Part
from careplan_service.access.consent.rules import Rule
from careplan_service.access.consent.terminology import PART2
from careplan_service.access.instants import END, instant
from careplan_service.errors import Fault


def warnings(
    consent: Mapping[str, Any],
    rules: Sequence[Rule],
    others: Mapping[str, Sequence[Rule]],
    types: Collection[str],
    now: int,
) -> list[Fault]:
    """What to look at again before it is filed, in the order of its rules.

    `others` are the rules of other active Consents of the patient by their references, `types` the names
    of the types that are served, `now` microseconds UTC.
    """
    if not rules:
        text = "decides nothing: it is not about sharing, not verified, or managed by another custodian"
        return [_warning("Consent", text)]
    found = [one for rule in rules for one in _of_rule(rule, others, types, now)]
    return found + list(_part2(consent, rules))


def _of_rule(
    rule: Rule, others: Mapping[str, Sequence[Rule]], types: Collection[str], now: int
) -> Iterator[Fault]:
    where = f"Consent.{rule.path}"
    if not (rule.deny or rule.names_recipient or rule.open_recipient):
        yield _warning(where, "permits nobody anything: name the recipient as `actor`")
    if not rule.deny and now < rule.valid_from <= rule.valid_to:
        yield _warning(where, f"permits nothing before {instant(rule.valid_from)}")
    for text in _never(rule, types, now):
        yield _warning(where, f"can never match: {text}")
    for name, denies in () if rule.deny else others.items():
        whole = [one for one in denies if one.deny and not _has_exceptions(one, denies)]
        shadow = next((one for one in whole if _covers(one, rule, now)), None)
        if shadow is not None:
            yield _warning(where, f"changes nothing: `{name}` denies all of it in `{shadow.path}`")


def _never(rule: Rule, types: Collection[str], now: int) -> Iterator[str]:
    if rule.valid_to < max(now, rule.valid_from):
        yield "its period is over, or ends before it begins"
    for part in rule.parts:
        if part.actors is not None and not part.actor_keys:
            yield "no actor of it is a recipient"
        if part.dates is not None and part.dates[0] > part.dates[1]:
            yield "its `dataPeriod` ends before it begins"
        if part.classes is not None and all(":" not in one and one not in types for one in part.classes):
            yield f"no {' and no '.join(sorted(part.classes))} is kept here"
    for one, other in combinations(rule.parts, 2):
        if not rule.deny and (names := _apart(one, other)):
            yield f"it is inside a provision with another `{names}`"


def _apart(one: Part, other: Part) -> str:
    """The dimension in which two parts of one rule have nothing in common."""
    if one.classes is not None and other.classes is not None:
        plain = not any(":" in name for name in one.classes | other.classes)
        if plain and one.classes.isdisjoint(other.classes):
            return "class"
    return ""


def _has_exceptions(rule: Rule, rules: Sequence[Rule]) -> bool:
    return any(one.path.startswith(f"{rule.path}.") for one in rules)


def _covers(deny: Rule, permit: Rule, now: int) -> bool:
    """Whether the deny surely meets whatever the permit does; of what cannot be told it does not."""
    lasts = deny.valid_from <= max(now, permit.valid_from) and permit.valid_to <= deny.valid_to
    return lasts and all(
        any(_inside(mine, part) for mine in permit.parts or (Part(),)) for part in deny.parts
    )


def _inside(mine: Part, theirs: Part) -> bool:
    """Whether all that a part of a permit reaches is in a part of a deny."""
    if any((theirs.labels, theirs.actions, theirs.dates, theirs.codes, theirs.marked)):
        return False
    if theirs.actors is not None and (not mine.actor_keys or not mine.actor_keys <= theirs.actor_keys):
        return False
    return all(
        wide is None or (narrow is not None and narrow <= wide)
        for narrow, wide in ((mine.purposes, theirs.purposes), (mine.classes, theirs.classes))
    )


def _part2(consent: Mapping[str, Any], rules: Sequence[Rule]) -> Iterator[Fault]:
    """What a consent to disclose records of substance use treatment must state, and this one does not."""
    for rule in rules:
        reached = any(part.labels is not None and part.labels.narrow & PART2 for part in rule.parts)
        if rule.deny or not reached:
            continue
        stated = {
            "a recipient (`actor`)": rule.names_recipient,
            "the `purpose`": any(part.purposes is not None for part in rule.parts),
            "when it ends (`period.end`)": rule.valid_to < END,
            "who signed (`performer`)": bool(consent.get("performer")),
            "when (`dateTime`)": bool(consent.get("dateTime")),
        }
        missing = [name for name, given in stated.items() if not given]
        if missing:
            text = f"reaches data under 42 CFR Part 2, for which a consent states {', '.join(missing)}, too"
            yield _warning(f"Consent.{rule.path}", text)


def _warning(where: str, text: str) -> Fault:
    return Fault("business-rule", text, where, "warning")
