"""The dimensions a provision can state, read from FHIR into one Part: who, why, what, how secret.

https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, NamedTuple

from careplan_service.access import instants
from careplan_service.access.consent.choices import STRICT, Choices
from careplan_service.access.consent.parts import LabelReach, Part, Reach
from careplan_service.access.consent.recipients import actors, identifier_key, local, local_reference
from careplan_service.access.consent.terminology import PART2, RANK, covered_labels, label_key, purpose_key
from careplan_service.errors import Fault

__all__ = ["READERS", "Part", "Place", "identifier_key", "local", "local_reference", "read"]

_TYPE_SYSTEMS = frozenset({"http://hl7.org/fhir/resource-types", "http://hl7.org/fhir/fhir-types"})
_PROFILE_SYSTEMS = frozenset({"urn:ietf:rfc:3986", "http://hl7.org/fhir/StructureDefinition"})
_TYPE = re.compile(r"(?!(?:Domain)?Resource$)[A-Z][A-Za-z]+")  # no record is of an abstract type
_ACTION_SYSTEMS = frozenset(
    {"http://terminology.hl7.org/CodeSystem/consentaction", "http://hl7.org/fhir/consentaction"}
)
_ACTIONS = frozenset({"collect", "access", "use", "disclose", "correct"})
_ONE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")


class Place(NamedTuple):
    """Where a provision stands and how it is read.

    `faults` collects what cannot be enforced; `custodians` are references of our own organisations.
    """

    where: str
    base_url: str
    faults: list[Fault]
    custodians: Container[str] = frozenset()
    choices: Choices = STRICT

    def fault(self, at: str, text: str) -> None:
        """Something below cannot be enforced; `at` follows the path of the provision."""
        self.faults.append(Fault("not-supported", text, f"{self.where}.{at}"))


Found = dict[str, Any]


def _actors(values: Sequence[Any], place: Place) -> Found:
    found, unread = actors(values, place.base_url, place.custodians)
    for at, text in unread:
        place.fault(at, text)
    return dict(found)


def _purposes(values: Sequence[Any], place: Place) -> Found:
    return {"purposes": frozenset(purpose_key(*pair) for pair in _pairs(values, "purpose", place))}


def _actions(values: Sequence[Any], place: Place) -> Found:
    codes: set[str] = set()
    for i, concept in enumerate(values):
        known = {c.get("code") for c in concept.get("coding", ()) if c.get("system") in _ACTION_SYSTEMS}
        if not known & _ACTIONS:
            place.fault(f"action[{i}]", "cannot enforce an action that is no code of `consentaction`")
        codes.update(known & _ACTIONS)
    # Who may change a record may read it: https://terminology.hl7.org/CodeSystem-consentaction.html
    implied = codes | ({"access"} if "correct" in codes else set())
    return {"actions": Reach(frozenset(implied), frozenset(codes))}


def _classes(values: Sequence[Any], place: Place) -> Found:
    keys = set()
    for i, (system, code) in enumerate(_pairs(values, "class", place)):
        known = (system in _TYPE_SYSTEMS and _TYPE.fullmatch(code)) or system in _PROFILE_SYSTEMS
        if known:
            keys.add(code)
        else:
            only = "only resource types and profile addresses are"
            place.fault(f"class[{i}]", f"cannot enforce the class `{system}|{code}`: {only}")
    return {"classes": frozenset(keys)}


def _codes(values: Sequence[Any], place: Place) -> Found:
    keys: set[str] = set()
    for i, concept in enumerate(values):
        if not concept.get("coding"):
            text = "cannot enforce a code that is only text; give a coding with system and code"
            place.fault(f"code[{i}]", text)
        pairs = _pairs(concept.get("coding", ()), f"code[{i}].coding", place)
        keys.update(f"{system}|{code}" for system, code in pairs)
    return {"codes": frozenset(keys)}


def _labels(values: Sequence[Any], place: Place) -> Found:
    codes = {label_key(*pair) for pair in _pairs(values, "securityLabel", place)}
    ranks = [RANK[code] for code in codes if code in RANK]
    named = codes - RANK.keys()
    wide, narrow = covered_labels(named, widely=True), covered_labels(named, widely=False)
    part2 = bool(narrow & PART2) or not place.choices.part2_named
    return {"labels": LabelReach(min(ranks, default=None), max(ranks, default=None), narrow, wide, part2)}


def _data_period(value: Mapping[str, Any], place: Place) -> Found:
    return {"dates": instants.period(value.get("start"), value.get("end"))}


_MEANINGS: Mapping[str, tuple[str, ...]] = {
    "instance": ("self",),
    "related": ("self", "within"),
    "dependents": ("self", "refers"),
    "authoredby": ("author",),
}
"""The marks of data that a meaning asks for: https://hl7.org/fhir/R4/valueset-consent-data-meaning.html"""
_ATTESTED = {"authoredby": ("attested",)}  # anybody can write a Provenance: it never helps a permit
_EITHER_WAY = ("self", "within", "refers")


def _data(values: Sequence[Any], place: Place) -> Found:
    narrow: set[str] = set()
    wide: set[str] = set()
    for i, value in enumerate(values):
        key = local(str(value.get("reference", {}).get("reference", "")), place.base_url)
        meaning = str(value.get("meaning", ""))
        if meaning not in _MEANINGS or not _ONE.fullmatch(key):
            text = "cannot enforce data that is not given as a meaning and a reference `Type/id`"
            place.fault(f"data[{i}]", text)
            continue
        marks = _MEANINGS[meaning]
        both = _EITHER_WAY if len(marks) > 1 else marks
        read = both if meaning == "related" and place.choices.both_ways else marks
        narrow.update(f"{mark} {key}" for mark in read)
        wide.update(f"{mark} {key}" for mark in (*both, *_ATTESTED.get(meaning, ())))
    return {"data": Reach(frozenset(narrow), frozenset(wide))}


Reader = Callable[[Any, Place], Found]
READERS: Mapping[str, Reader] = {
    "actor": _actors,
    "purpose": _purposes,
    "action": _actions,
    "class": _classes,
    "code": _codes,
    "securityLabel": _labels,
    "dataPeriod": _data_period,
    "data": _data,
}


def read(node: Mapping[str, Any], place: Place) -> Part:
    """The dimensions of one provision; what cannot be enforced is added to the faults of the place."""
    found: Found = {}
    for name, reader in READERS.items():
        if name in node:
            found.update(reader(node[name], place))
    return Part(**found)


def _pairs(values: Sequence[Any], name: str, place: Place) -> list[tuple[str, str]]:
    pairs = []
    for i, coding in enumerate(values):
        system, code = coding.get("system"), coding.get("code")
        if not system or not code:
            place.fault(f"{name}[{i}]", "cannot enforce a coding without both system and code; give both")
        pairs.append((str(system or ""), str(code or "")))
    return pairs
