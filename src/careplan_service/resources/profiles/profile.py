"""The profiles that can be checked here, read from `tables.json`: facts of two published guides.

US Core 6.1.0, https://hl7.org/fhir/us/core/STU6.1/, and SDOH Clinical Care 3.0.0,
https://hl7.org/fhir/us/sdoh-clinicalcare/. Per element the tables hold only what a profile asks for
beyond FHIR R4 itself: `min`, `max`, `types` of a choice, `targets` of a reference, `codes` of a required
binding that can be listed, `fixed`, `pattern`, the `elements` inside, and `slices` with what they `match` by.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

Codes = frozenset[tuple[str, str]]
"""System and code; the system of a plain `code` is empty."""


@dataclass(frozen=True)
class Rule:
    """What a profile asks of one element; `elements` are keyed by FHIRPath name.

    `fixed` and `pattern` are JSON values, None where there is none.
    """

    min: int = 0
    max: int | None = None
    types: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    codes: Codes = frozenset()
    fixed: Any = None
    pattern: Any = None
    elements: Mapping[str, Rule] = field(default_factory=dict)
    slices: Mapping[str, Slice] = field(default_factory=dict)


@dataclass(frozen=True)
class Slice:
    """Some of the items of a list: those that fit every rule of `match`, keyed by element or `$this`."""

    match: Mapping[str, Rule]
    rule: Rule


@dataclass(frozen=True)
class Profile:
    """One profile; `url` is its canonical address without the version, `type` the resource type it is for."""

    url: str
    version: str
    title: str
    type: str
    rule: Rule


def _rule(facts: Mapping[str, Any]) -> Rule:
    return Rule(
        min=facts.get("min", 0),
        max=facts.get("max"),
        types=frozenset(facts.get("types", ())),
        targets=frozenset(facts.get("targets", ())),
        codes=_codes(facts.get("codes", ())),
        fixed=facts.get("fixed"),
        pattern=facts.get("pattern"),
        elements=_rules(facts.get("elements", {})),
        slices={
            name: Slice(_rules(inner["match"]), _rule(inner))
            for name, inner in facts.get("slices", {}).items()
        },
    )


def _rules(facts: Mapping[str, Any]) -> dict[str, Rule]:
    return {name: _rule(inner) for name, inner in facts.items()}


def _codes(facts: Any) -> Codes:
    by_system = facts if isinstance(facts, dict) else {"": facts}
    return frozenset((system, code) for system, codes in by_system.items() for code in codes)


def _profiles() -> dict[str, Profile]:
    text = files(__package__).joinpath("tables.json").read_text(encoding="utf-8")
    return {
        url: Profile(url, facts["version"], facts["title"], facts["type"], _rule(facts))
        for url, facts in json.loads(text).items()
    }


KNOWN: Mapping[str, Profile] = _profiles()
"""Every profile by its canonical address without a version."""


def known(canonical: str) -> Profile | None:
    """The profile that `url` or `url|version` names; None where it is unknown, also in that version."""
    url, _, version = canonical.partition("|")
    profile = KNOWN.get(url)
    return profile if profile is not None and version in ("", profile.version) else None


def supported_profiles(resource_type: str) -> tuple[str, ...]:
    """The canonical addresses of the profiles for the resource type, without versions, in their order."""
    return tuple(profile.url for profile in KNOWN.values() if profile.type == resource_type)
