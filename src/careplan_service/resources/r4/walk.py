"""The one walk over a resource: structure, formats, bindings, targets, invariants. https://hl7.org/fhir/R4/json.html

Every function answers the findings of what it was given, so that nothing is spent on paths while all is well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from careplan_service.resources.r4.finding import Finding, below, step
from careplan_service.resources.r4.invariants.reading import has_coding
from careplan_service.resources.r4.references import Around, reference_findings
from careplan_service.resources.r4.tables import Element, Shape
from careplan_service.resources.r4.wording import quoted

_Node = dict[str, Any]
_ALONE = "is null with nothing beside it: leave it out"


def object_findings(node: _Node, shape: Shape, around: Around) -> list[Finding]:
    """Everything wrong with one object that should have the shape."""
    findings: list[Finding] = []
    elements = shape.elements
    for key, value in node.items():
        element = elements.get(key)
        if element is None:
            findings.append(_unknown(key, shape))
        elif element.many:
            found = _list_findings(key, value, element, node, around)
            if found:
                findings += found
        elif element.format is not None:
            wrong = element.format(value)
            if wrong is not None:
                findings.append((element.issue, wrong, f".{element.path}"))
        else:
            beside_value = element.extends and node.get(key[1:]) is not None
            found = _findings(value, element, around, beside_value)
            if found:
                findings += below(f".{element.path}", found)
    for name, keys in shape.required:
        if not any(key in node for key in keys):
            findings += _missing(name, keys, node)
    for name, exclusive in shape.choices:
        if len(exclusive.intersection(node)) > 1:
            findings += _several(name, exclusive, node)
    for invariant in shape.invariants:
        if invariant.broken(node):
            findings.append(("invariant", invariant.text, invariant.at))
    return findings


def _findings(value: Any, element: Element, around: Around, beside_value: bool = False) -> list[Finding]:
    """One value that is not a primitive; `beside_value` marks the extension of a primitive that has one."""
    if element.shape is None:
        return []  # a contained resource: looked at as a resource of its own
    if type(value) is not dict:
        return [("structure", f"must be an object, not {quoted(value)}", "")]
    if not value or (len(value) == 1 and "id" in value and not beside_value):
        return [("invariant", "has no content: give a value or leave it out (ele-1)", "")]
    findings = object_findings(value, element.shape, around)
    if element.is_reference:
        findings += reference_findings(value, element.targets, around)
    if element.codes:
        findings += _concept_findings(value, element)
    return findings


def _list_findings(key: str, value: Any, element: Element, node: _Node, around: Around) -> list[Finding]:
    path = f".{element.path}"
    if type(value) is not list:
        return [("structure", f"may repeat: send a list, not {quoted(value)}", path)]
    if not value:
        return [("invariant", "is an empty list: leave it out (ele-1)", path)]
    findings: list[Finding] = []
    for index, item in enumerate(value):
        if item is None and (element.format is not None or element.extends):
            if not _has_sibling(key, index, node):
                findings.append(("structure", _ALONE, f"{path}[{index}]"))
        elif element.format is not None:
            wrong = element.format(item)
            if wrong is not None:
                findings.append((element.issue, wrong, f"{path}[{index}]"))
        else:
            beside_value = element.extends and _has_sibling(key, index, node)
            found = _findings(item, element, around, beside_value)
            if found:
                findings += below(f"{path}[{index}]", found)
    return findings


def _has_sibling(key: str, index: int, node: _Node) -> bool:
    """In lists of primitives and of their extensions null holds the place of what only the other has."""
    other = node.get(key[1:] if key[0] == "_" else "_" + key)
    return type(other) is list and index < len(other) and other[index] is not None


def _unknown(key: Any, shape: Shape) -> Finding:
    return "structure", f"{quoted(key)} is not an element of {shape.name} in FHIR R4: remove it", step(key)


def _missing(name: str, keys: Sequence[str], node: _Node) -> list[Finding]:
    """A required primitive may be replaced by an extension that says why it is not there."""
    stem = name.removesuffix("[x]")
    if any(_explained(node.get("_" + key)) for key in keys):
        return []
    return [("required", f"`{name}` is missing: it must be given", f".{stem}")]


def _explained(sibling: Any) -> bool:
    if type(sibling) is list:
        return any(_explained(item) for item in sibling)
    return type(sibling) is dict and bool(sibling.get("extension"))


def _several(name: str, exclusive: frozenset[str], node: _Node) -> list[Finding]:
    sent = sorted({key.removeprefix("_") for key in exclusive.intersection(node)})
    if len(sent) < 2:
        return []
    text = f"`{name}` is given as {' and '.join(sent)}: keep one"
    return [("structure", text, f".{name.removesuffix('[x]')}")]


def _concept_findings(concept: _Node, element: Element) -> list[Finding]:
    """A required binding: one coding must be of the value set, unless an extension says why not."""
    if "extension" in concept or has_coding(concept, element.system, element.codes):
        return []
    wanted = ", ".join(sorted(element.codes))
    return [("code-invalid", f"must have a coding of {element.system}: use {wanted}", "")]
