"""The change that `$what-if` is asked about: other choices, other security labels.

https://hl7.org/fhir/R4/parameters.html and https://hl7.org/fhir/R4/security-labels.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from careplan_service.access.consent.choices import PROFILES, Choices
from careplan_service.errors import Malformed
from careplan_service.interactions.admission import spec_of
from careplan_service.interactions.conditional import Condition, condition_of
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.parameters import Parts, one_text
from careplan_service.interactions.partner_eyes import partners_in

PARAMETERS = frozenset({"profile", "choice", "label", "partner", "purpose", "count"})
SHOWN, MOST_SHOWN = 50, 1000
"""References of each type."""
_UNSEEN = {
    "break_glass": "people who break the glass",
    "export_collects": "exports",
}
_SWITCHES = tuple(one.name for one in fields(Choices) if one.name not in _UNSEEN)
_TEXTS = ("valueCode", "valueString")
_AT = "Parameters.parameter"


@dataclass(frozen=True)
class Labelling:
    """Resources that would get a security label, or lose one: `coding` has system and code."""

    about: Condition
    coding: Mapping[str, str]
    adds: bool


@dataclass(frozen=True)
class Change:
    """What would be otherwise; `choices` is None where they stay. `names` tell it in the audit row."""

    choices: Choices | None
    labellings: tuple[Labelling, ...]
    names: str


@dataclass(frozen=True)
class WhatIf:
    """What was asked: the change, of which partners (none: of all) and purpose, how much is listed."""

    change: Change
    partners: tuple[str, ...]
    purpose: str
    count: int


def what_if_of(desk: Desk, parts: Parts, today: Choices) -> WhatIf:
    """Read the parameters. Raises Malformed (400), NotFound for a type that is not served."""
    choices = _choices(parts, today)
    labels = [part for part in parts if part.get("name") == "label"]
    if choices is None and not labels:
        text = "say what would be otherwise: a `profile`, a `choice` or a `label`"
        raise Malformed(text, expression=_AT)
    purpose = one_text(parts, "purpose", _TEXTS)
    partners = partners_in(parts)
    if purpose and len(partners) != 1:
        raise Malformed("`purpose` is asked of one `partner`; name it", expression=_AT)
    labellings = tuple(_labelling(desk, part) for part in labels)
    return WhatIf(Change(choices, labellings, _named(parts)), partners, purpose, _count(parts))


def _choices(parts: Parts, today: Choices) -> Choices | None:
    profile = one_text(parts, "profile", _TEXTS)
    if profile and profile not in PROFILES:
        raise Malformed(f"`profile` is `{profile}`; it is {' or '.join(PROFILES)}", expression=_AT)
    switched = dict(_switch(part) for part in parts if part.get("name") == "choice")
    if not profile and not switched:
        return None
    return replace(PROFILES.get(profile, today), **switched)


def _switch(part: Mapping[str, Any]) -> tuple[str, Any]:
    inner = _inner(part, frozenset({"name", "value"}))
    name, value = inner.get("name", {}).get("valueCode"), inner.get("value", {}).get("valueBoolean")
    if isinstance(name, str) and name in _UNSEEN:
        raise Malformed(f"`{name}` is about {_UNSEEN[name]}: no partner's system sees more or less by it")
    if name not in _SWITCHES or not isinstance(value, bool):
        text = (
            f"a `choice` has a `name` as `valueCode` and a `value` as `valueBoolean`: {', '.join(_SWITCHES)}"
        )
        raise Malformed(text, expression=_AT)
    return name, value


def _labelling(desk: Desk, part: Mapping[str, Any]) -> Labelling:
    inner = _inner(part, frozenset({"query", "add", "remove"}))
    query = inner.get("query", {}).get("valueString")
    codings = {name: _coding(inner[name]) for name in ("add", "remove") if name in inner}
    if not isinstance(query, str) or len(codings) != 1 or not all(codings.values()):
        text = "a `label` has a `query` as `Goal?category=x`, and a `valueCoding` to `add` or to `remove`"
        raise Malformed(text, expression=_AT)
    type_, _, criteria = query.partition("?")
    ((name, coding),) = codings.items()
    return Labelling(condition_of(desk, spec_of(type_), criteria), coding, name == "add")


def _coding(part: Mapping[str, Any]) -> Mapping[str, str]:
    """System and code of a `valueCoding`; empty where it lacks one."""
    given = part.get("valueCoding")
    stated = [(name, given.get(name)) for name in ("system", "code")] if isinstance(given, dict) else []
    found = {name: text for name, text in stated if isinstance(text, str) and text}
    return found if len(found) == 2 else {}


def _inner(part: Mapping[str, Any], known: frozenset[str]) -> Mapping[str, Mapping[str, Any]]:
    """The parts of a parameter by their names, each once."""
    given = part.get("part", [])
    named = given if isinstance(given, list) and all(isinstance(one, dict) for one in given) else []
    found = {str(one.get("name")): one for one in named}
    if len(found) != len(named) or not found.keys() <= known:
        raise Malformed(f"`{part['name']}` has each of {', '.join(sorted(known))} once", expression=_AT)
    return found


def _count(parts: Parts) -> int:
    given = [part.get("valueInteger") for part in parts if part.get("name") == "count"]
    if not given:
        return SHOWN
    if len(given) != 1 or type(given[0]) is not int or not 0 <= given[0] <= MOST_SHOWN:
        raise Malformed(f"`count` is one `valueInteger` from 0 to {MOST_SHOWN}", expression=_AT)
    return given[0]


def _named(parts: Parts) -> str:
    """The change for the audit row."""
    said = [f"profile={profile}"] if (profile := one_text(parts, "profile", _TEXTS)) else []
    for part in parts:
        for one in part["part"] if part.get("name") in ("choice", "label") else ():
            value = next(one[key] for key in one if key.startswith("value"))
            said.append(f"{one['name']}={value['code'] if isinstance(value, dict) else value}")
    return " ".join(said)
