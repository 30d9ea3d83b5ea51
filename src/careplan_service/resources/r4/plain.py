"""What holds for every FHIR object, also in types without tables. https://hl7.org/fhir/R4/json.html"""

from __future__ import annotations

from typing import Any

from careplan_service.resources.r4.finding import Finding, below, step
from careplan_service.resources.r4.narrative import xhtml
from careplan_service.resources.r4.primitives import text_fault


def plain_findings(value: Any) -> list[Finding]:
    """Empty objects, lists and texts, null outside a list, control characters, unsafe narrative."""
    if type(value) is str:
        wrong = text_fault(value)
        return [("value", wrong, "")] if wrong else []
    if type(value) is dict:
        return _object(value)
    if type(value) is list:
        return _list(value)
    return [("structure", "is null: leave it out", "")] if value is None else []


def _object(node: dict[str, Any]) -> list[Finding]:
    if not node:
        return [("invariant", "is an empty object: leave it out (ele-1)", "")]
    findings: list[Finding] = []
    for key, value in node.items():
        found = _narrative(value) if key == "div" else plain_findings(value)
        findings += below(step(key), found) if step(key) else [(code, text, "") for code, text, _ in found]
    return findings


def _narrative(value: Any) -> list[Finding]:
    wrong = xhtml(value)
    return [("value", wrong, "")] if wrong else []


def _list(values: list[Any]) -> list[Finding]:
    if not values:
        return [("invariant", "is an empty list: leave it out (ele-1)", "")]
    return [
        finding
        for index, value in enumerate(values)
        if value is not None
        for finding in below(f"[{index}]", plain_findings(value))
    ]
