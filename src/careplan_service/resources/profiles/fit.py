"""Whether one value is what a profile asks for. https://hl7.org/fhir/R4/elementdefinition.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from careplan_service.resources.profiles.profile import Codes
from careplan_service.resources.r4.invariants.reading import children, text
from careplan_service.resources.r4.references import literal_type


def is_fixed(value: Any, fixed: Any) -> bool:
    """Whether the value is exactly the one asked for; true is not 1."""
    return type(value) is type(fixed) and bool(value == fixed)


def has_pattern(value: Any, pattern: Any) -> bool:
    """Whether everything in the pattern is in the value, which may hold more."""
    if type(pattern) is dict:
        return type(value) is dict and all(
            has_pattern(value.get(name), part) for name, part in pattern.items()
        )
    if type(pattern) is list:
        return type(value) is list and all(any(has_pattern(item, part) for item in value) for part in pattern)
    return is_fixed(value, pattern)


def codings(value: Any) -> Codes:
    """The codes in a code, Coding or CodeableConcept."""
    if type(value) is str:
        return frozenset({("", value)})
    if type(value) is not dict:
        return frozenset()
    found = children(value, "coding") if "coding" in value else [value]
    return frozenset((text(coding, "system"), text(coding, "code")) for coding in found)


def target_type(reference: Mapping[str, Any], resource: Mapping[str, Any]) -> str | None:
    """The resource type that a reference in the resource points at; None where that cannot be told."""
    literal = text(reference, "reference")
    if literal == "#":
        return text(resource, "resourceType") or None
    if literal.startswith("#"):
        inside = [item for item in children(resource, "contained") if item.get("id") == literal[1:]]
        return text(inside[0], "resourceType") or None if inside else None
    return literal_type(literal) or text(reference, "type") or None
