"""References: is the literal plausible, and may it point there. https://hl7.org/fhir/R4/references.html"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from careplan_service.resources.r4.facts import RESOURCE_TYPES
from careplan_service.resources.r4.finding import Finding
from careplan_service.resources.r4.wording import quoted

_RESTFUL = re.compile(
    r"(https?://\S+/)?([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?"
).fullmatch
_ABSOLUTE = re.compile(r"(?!(?i:javascript|data|vbscript|file):)[A-Za-z][A-Za-z0-9+.\-]*:\S+").fullmatch


@dataclass(frozen=True, slots=True)
class Around:
    """The resource that a reference stands in: its type, and the types of what it contains by their ids."""

    resource_type: str
    contained: Mapping[str, str] = field(default_factory=dict)


def literal_type(reference: str) -> str | None:
    """The resource type that a literal reference names (`Patient` for `Patient/ann`), None without one."""
    found = _RESTFUL(reference)
    return found[2] if found and found[2] in RESOURCE_TYPES else None


def _local(reference: str, around: Around) -> tuple[str | None, str | None]:
    if reference == "#":
        return around.resource_type, None
    kind = around.contained.get(reference[1:])
    return kind, None if kind else f"{quoted(reference)} is not the id of a contained resource (ref-1)"


def _target(reference: str, around: Around) -> tuple[str | None, str | None]:
    """The type that the literal points at, as far as known, and what is wrong with the literal."""
    found = _RESTFUL(reference)
    if found is not None and found[2] in RESOURCE_TYPES:
        return found[2], None
    if reference[:1] == "#":
        return _local(reference, around)
    if _ABSOLUTE(reference):
        return None, None
    if found is not None:
        return None, f"{quoted(reference)} names {quoted(found[2])}, which is no resource type of FHIR R4"
    return None, f"{quoted(reference)} is not a reference: write Type/id, #id, urn:uuid: or an address"


def reference_findings(node: Mapping[str, Any], targets: frozenset[str], around: Around) -> list[Finding]:
    """What is wrong with where a Reference points; identifier-only and display-only ones pass.

    `targets` are the resource types allowed here; empty means any.
    """
    literal, declared = node.get("reference"), node.get("type")
    findings: list[Finding] = []
    kind = None
    if type(literal) is str and literal:
        kind, wrong = _target(literal, around)
        if wrong:
            findings.append(("value", wrong, ".reference"))
        elif kind and targets and kind not in targets:
            findings.append(("value", _not_allowed(literal, kind, targets), ".reference"))
    if type(declared) is str and declared in RESOURCE_TYPES:
        if kind and kind != declared:
            text = f"{quoted(declared)} is not the type of {quoted(literal)}: the two must agree"
            findings.append(("value", text, ".type"))
        elif not kind and targets and declared not in targets:
            findings.append(("value", _not_allowed(declared, declared, targets), ".type"))
    return findings


def _not_allowed(sent: str, kind: str, targets: frozenset[str]) -> str:
    return f"{quoted(sent)} points at {kind}: only {', '.join(sorted(targets))} may stand here"
