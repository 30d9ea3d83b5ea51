"""Who a provision names: recipients, and as conditions on the data its custodian, author and informant.

https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision.actor
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from functools import lru_cache
from typing import Any

from careplan_service.access.consent.parts import Reach

_REFERENCE = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
_ROLE_SYSTEMS = ("v3-ParticipationType", "v3-RoleCode", "v3/ParticipationType", "v3/RoleCode")
_HELPING = frozenset({"IRCP", "PRCP", "GRANTEE", "DELEGATEE", "POWATT", "DPOWATT", "HPOWATT", "SPOWATT"})
_CONDITIONS: Mapping[str, str] = {"CST": "custodian", "AUT": "author", "INF": "informant"}
_TYPES = frozenset(
    "Device Practitioner PractitionerRole Organization Group CareTeam Patient RelatedPerson".split()
)
_ORGANIZATION = frozenset({"Organization"})
_SHORT = 512
"""Characters of references whose reading is kept, so that what is kept stays small."""
Unread = list[tuple[str, str]]


def local(reference: str, base_url: str) -> str:
    """A reference as `Type/id`: our own base and a version are taken off, foreign ones stay whole."""
    return (_local if len(reference) <= _SHORT else _local.__wrapped__)(reference, base_url)


@lru_cache(maxsize=8192)  # the same few are named by most of what a client's record holds
def _local(reference: str, base_url: str) -> str:
    own = base_url.rstrip("/") + "/fhir/"
    found = _REFERENCE.fullmatch(reference.removeprefix(own))
    return f"{found[1]}/{found[2]}" if found else reference


def local_reference(reference: object, resource_type: str) -> bool:
    """Whether it is a literal `Type/id` of the type."""
    found = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
    return bool(found and found[1] == resource_type)


def identifier_key(identifier: object) -> str:
    """An Identifier as an actor's key; empty without a system or a value."""
    if not isinstance(identifier, Mapping):
        return ""
    system, value = identifier.get("system"), identifier.get("value")
    return f"identifier {system}|{value}" if system and value else ""


def actors(
    values: Sequence[Any], base_url: str, custodians: Container[str]
) -> tuple[Mapping[str, Reach], Unread]:
    """The fields of a Part that a list of actors states, and what of it nobody can tell."""
    recipients, unread = Reach(frozenset(), frozenset()), Unread()
    conditions: dict[str, Reach] = {}
    for i, actor in enumerate(values):
        role, at = _role(actor), f"actor[{i}]"
        if role in _CONDITIONS:
            mark = _CONDITIONS[role]
            key = _literal(actor, base_url, _ORGANIZATION if role == "CST" else _TYPES)
            if not key:
                unread.append((f"{at}.reference", f"cannot enforce `{_shown(actor)}` as the {mark}; {_GIVE}"))
            else:
                already = conditions.get(f"{mark}s", Reach(frozenset(), frozenset()))
                conditions[f"{mark}s"] = _more(already, *_marks(mark, key, custodians))
            continue
        key = _literal(actor, base_url, _TYPES) or identifier_key(_reference(actor).get("identifier"))
        if not key:
            unread.append(
                (f"{at}.reference", f"cannot enforce `{_shown(actor)}` as an actor; {_GIVE_EITHER}")
            )
        else:
            recipients = _more(recipients, {key} if role in _HELPING else set(), {key})
    if recipients.wide or not conditions:
        conditions["actors"] = recipients
    return conditions, unread


_GIVE = "give a reference `Type/id`"
_GIVE_EITHER = "give a reference `Type/id` or an identifier with system and value"


def _more(reach: Reach, narrow: set[str], wide: set[str]) -> Reach:
    return Reach(reach.narrow | narrow, reach.wide | wide)


def _marks(mark: str, key: str, custodians: Container[str]) -> tuple[set[str], set[str]]:
    """Data that names no custodian is kept by ours; whose it might be a deny need not know."""
    named = {f"{mark} {key}"}
    if mark != "custodian":
        return named, named | ({f"attested {key}"} if mark == "author" else set())
    return (named | {mark} if key in custodians else named), named | {mark}


def _literal(actor: Mapping[str, Any], base_url: str, types: frozenset[str]) -> str:
    key = local(str(_reference(actor).get("reference", "")), base_url)
    return key if any(local_reference(key, type_) for type_ in types) else ""


def _reference(actor: Mapping[str, Any]) -> Mapping[str, Any]:
    found = actor.get("reference", {})
    return found if isinstance(found, Mapping) else {}


def _shown(actor: Mapping[str, Any]) -> str:
    return str(_reference(actor).get("reference") or "an actor without a literal reference")


def _role(actor: Mapping[str, Any]) -> str:
    for coding in actor.get("role", {}).get("coding", ()):
        if str(coding.get("system", "")).endswith(_ROLE_SYSTEMS):
            return str(coding.get("code", ""))
    return ""
