"""The literal references of a resource to others on this server. https://hl7.org/fhir/R4/references.html#literal"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from careplan_service.access.consent.dimensions import local
from careplan_service.access.facts import Fact
from careplan_service.resources.r4.tables import SHAPES, Shape

REFERS = "~refers"
"""The parameter of facts that stand for references no search parameter covers."""

_WITHIN_BUNDLES = ("urn:uuid:", "urn:oid:")
_REFERENCE = re.compile(rb'"reference"\s*:\s*"((?:[^"\\]|\\.)*)"')


class Target(NamedTuple):
    """What a literal on this server points to: `Goal/1`, and the version where it names one."""

    key: str
    version: str = ""


def targets_in(data: bytes, base_url: str) -> dict[str, Target]:
    """The targets on this server of all references in a valid document's bytes, by their literals.

    A urn that no Bundle has resolved is among them: it can be nowhere else.
    """
    read = _local(base_url)
    found: dict[str, Target] = {}
    for raw in _REFERENCE.findall(data):
        literal = json.loads(b'"' + raw + b'"') if b"\\" in raw else raw.decode()
        parts = read.fullmatch(literal)
        if parts:
            found[literal] = Target(parts[1], parts[2] or "")
        elif literal.startswith(_WITHIN_BUNDLES):
            found[literal] = Target(literal)
    return found


@lru_cache(maxsize=4)
def _local(base_url: str) -> re.Pattern[str]:
    own = re.escape(base_url.rstrip("/") + "/fhir/")
    id_ = r"[A-Za-z0-9\-.]{1,64}"
    return re.compile(rf"(?:{own})?([A-Z][A-Za-z]+/{id_})(?:/_history/({id_}))?")


def places(document: Mapping[str, Any], literals: Collection[str]) -> Iterator[tuple[str, str]]:
    """Where the literals stand in a valid document, as FHIRPath (`Goal.subject`), and which."""
    type_ = str(document.get("resourceType", ""))
    yield from _places(document, SHAPES.get(type_), type_, literals)


def _places(
    node: Any, shape: Shape | None, where: str, literals: Collection[str]
) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        literal = node.get("reference")
        if isinstance(literal, str) and literal in literals:
            yield where, literal
        shape = SHAPES.get(str(node["resourceType"])) if "resourceType" in node else shape
        for name, value in node.items():
            element = shape.elements.get(name) if shape else None
            inner = f"{where}.{element.path if element else name}"
            yield from _places(value, element.shape if element else None, inner, literals)
    elif isinstance(node, list):
        for i, item in enumerate(node):
            yield from _places(item, shape, f"{where}[{i}]", literals)


def uncovered(literals: Iterable[str], base_url: str, covered: Collection[str]) -> Iterator[Fact]:
    """A fact for each target on this server that is not among the values of other facts."""
    told = set(covered)
    for literal in literals:
        if (key := local(literal, base_url)) not in told:
            told.add(key)
            if key.count("/") == 1 and ":" not in key:
                yield Fact(REFERS, key)
