"""The dimensions a provision can state, read from FHIR into one Part: who, why, what, how secret.

https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from careplan_service.access.consent.terminology import (
    PART2,
    RANK,
    RESTRICTED,
    covered_labels,
    label_key,
    purpose_key,
)
from careplan_service.errors import Fault

_REFERENCE = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
_ROLE_SYSTEMS = ("v3-ParticipationType", "v3-RoleCode", "v3/ParticipationType", "v3/RoleCode")
_RECIPIENTS = frozenset({"IRCP", "PRCP", "GRANTEE", "DELEGATEE", "POWATT", "DPOWATT", "HPOWATT", "SPOWATT"})
_CONDITIONS = frozenset(
    {"CST", "AUT", "INF"}
)  # custodian, author, informant: other conditions than `to whom`
_TYPE_SYSTEMS = frozenset({"http://hl7.org/fhir/resource-types", "http://hl7.org/fhir/fhir-types"})
_PROFILE_SYSTEMS = frozenset({"urn:ietf:rfc:3986", "http://hl7.org/fhir/StructureDefinition"})
_TYPE = re.compile(r"(?!(?:Domain)?Resource$)[A-Z][A-Za-z]+")  # no record is of an abstract type


@dataclass(frozen=True)
class ActorReach:
    """The actors a list names: as recipients (`narrow`, what a permit needs) and in any role (`wide`)."""

    narrow: frozenset[str]
    wide: frozenset[str]


@dataclass(frozen=True)
class LabelReach:
    """How far a list of security labels reaches: a permit up to `high`, a deny from `low` on.

    Both are None when the list names no confidentiality; `narrow` and `wide` are the covered
    sensitivity codes for a permit and for a deny; `part2` whether Part 2 data is named.
    """

    low: int | None
    high: int | None
    narrow: frozenset[str]
    wide: frozenset[str]
    part2: bool

    @property
    def ceiling(self) -> int:
        """The highest confidentiality a permit of named sensitivities reaches."""
        return RESTRICTED if self.high is None else max(self.high, RESTRICTED)


@dataclass(frozen=True)
class Part:
    """The dimensions one provision states; None where it states nothing.

    `deny` tells which reading applies: a permit is matched narrowly, a deny widely.
    """

    actors: ActorReach | None = None
    purposes: frozenset[str] | None = None
    classes: frozenset[str] | None = None
    codes: frozenset[str] | None = None
    labels: LabelReach | None = None
    deny: bool = False

    @property
    def actor_keys(self) -> frozenset[str]:
        """The actors that count: a role we do not know never helps a permit, and always counts in a deny."""
        if self.actors is None:
            return frozenset()
        return self.actors.wide if self.deny else self.actors.narrow

    def without(self, other: Part) -> Part:
        """This part less every dimension that `other` states itself."""
        stated = {
            f.name: None for f in fields(other) if f.name != "deny" and getattr(other, f.name) is not None
        }
        return replace(self, **stated) if stated else self  # type: ignore[arg-type]

    @property
    def states_anything(self) -> bool:
        """Whether any dimension is stated."""
        return any(getattr(self, f.name) is not None for f in fields(self) if f.name != "deny")


def local(reference: str, base_url: str) -> str:
    """A reference as `Type/id`: our own base and a version are taken off, foreign ones stay whole."""
    own = base_url.rstrip("/") + "/fhir/"
    found = _REFERENCE.fullmatch(reference.removeprefix(own))
    return f"{found[1]}/{found[2]}" if found else reference


def local_reference(reference: object, resource_type: str) -> bool:
    """Whether it is a literal `Type/id` of the type."""
    found = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
    return bool(found and found[1] == resource_type)


def _role(actor: Mapping[str, Any]) -> str:
    for coding in actor.get("role", {}).get("coding", ()):
        if str(coding.get("system", "")).endswith(_ROLE_SYSTEMS):
            return str(coding.get("code", ""))
    return ""


def _actors(values: Sequence[Any], where: str, base_url: str, faults: list[Fault]) -> ActorReach:
    narrow, wide = set(), set()
    for i, actor in enumerate(values):
        role, at = _role(actor), f"{where}[{i}]"
        reference = local(str(actor.get("reference", {}).get("reference", "")), base_url)
        if role in _CONDITIONS:
            faults.append(
                Fault("not-supported", f"cannot enforce an actor in the role `{role}`", f"{at}.role")
            )
        elif not local_reference(reference, "Organization"):
            shown = reference or "an actor without a literal reference"
            text = f"cannot enforce `{shown}`: only organisations are told apart, as `Organization/id`"
            faults.append(Fault("not-supported", text, f"{at}.reference"))
        else:
            wide.add(reference)
            if role in _RECIPIENTS:
                narrow.add(reference)
    return ActorReach(frozenset(narrow), frozenset(wide))


def _purposes(values: Sequence[Any], where: str, base_url: str, faults: list[Fault]) -> frozenset[str]:
    return frozenset(purpose_key(*pair) for pair in _pairs(values, where, faults))


def _classes(values: Sequence[Any], where: str, base_url: str, faults: list[Fault]) -> frozenset[str]:
    keys = set()
    for i, (system, code) in enumerate(_pairs(values, where, faults)):
        known = (system in _TYPE_SYSTEMS and _TYPE.fullmatch(code)) or system in _PROFILE_SYSTEMS
        if known:
            keys.add(code)
        else:
            text = (
                f"cannot enforce the class `{system}|{code}`: only resource types and profile addresses are"
            )
            faults.append(Fault("not-supported", text, f"{where}[{i}]"))
    return frozenset(keys)


def _codes(values: Sequence[Any], where: str, base_url: str, faults: list[Fault]) -> frozenset[str]:
    keys: set[str] = set()
    for i, concept in enumerate(values):
        pairs = _pairs(concept.get("coding", ()), f"{where}[{i}].coding", faults)
        if not concept.get("coding"):
            text = "cannot enforce a code that is only text; give a coding with system and code"
            faults.append(Fault("not-supported", text, f"{where}[{i}]"))
        keys.update(f"{system}|{code}" for system, code in pairs)
    return frozenset(keys)


def _labels(values: Sequence[Any], where: str, base_url: str, faults: list[Fault]) -> LabelReach:
    codes = {label_key(*pair) for pair in _pairs(values, where, faults)}
    ranks = [RANK[code] for code in codes if code in RANK]
    named = codes - RANK.keys()
    wide, narrow = covered_labels(named, widely=True), covered_labels(named, widely=False)
    return LabelReach(min(ranks, default=None), max(ranks, default=None), narrow, wide, bool(narrow & PART2))


Reader = Callable[[Sequence[Any], str, str, list[Fault]], Any]
READERS: Mapping[str, Reader] = {
    "actor": _actors,
    "purpose": _purposes,
    "class": _classes,
    "code": _codes,
    "securityLabel": _labels,
}
_FIELDS = {
    "actor": "actors",
    "purpose": "purposes",
    "class": "classes",
    "code": "codes",
    "securityLabel": "labels",
}


def read(node: Mapping[str, Any], where: str, base_url: str, faults: list[Fault]) -> Part:
    """The dimensions of one provision; what cannot be enforced is added to `faults`."""
    found = {
        _FIELDS[name]: reader(node[name], f"{where}.{name}", base_url, faults)
        for name, reader in READERS.items()
        if name in node
    }
    return Part(**found)


def _pairs(values: Sequence[Any], where: str, faults: list[Fault]) -> list[tuple[str, str]]:
    pairs = []
    for i, coding in enumerate(values):
        system, code = coding.get("system"), coding.get("code")
        if not system or not code:
            text = "cannot enforce a coding without both system and code; give both"
            faults.append(Fault("not-supported", text, f"{where}[{i}]"))
        pairs.append((str(system or ""), str(code or "")))
    return pairs
