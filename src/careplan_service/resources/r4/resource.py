"""A whole resource with what it contains, dom-2 to dom-5. https://hl7.org/fhir/R4/domainresource.html"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from careplan_service.errors import Fault
from careplan_service.resources.r4.facts import RESOURCE_TYPES, SUPPORTED
from careplan_service.resources.r4.finding import Finding, below
from careplan_service.resources.r4.models import model_findings
from careplan_service.resources.r4.plain import plain_findings
from careplan_service.resources.r4.references import Around
from careplan_service.resources.r4.tables import SHAPES
from careplan_service.resources.r4.walk import object_findings
from careplan_service.resources.r4.wording import quoted

MOST_FAULTS = 100
"""How many faults are told at once; the rest would only make the answer larger than the question."""


def check(document: Mapping[str, Any], resource_type: str) -> tuple[Fault, ...]:
    """Every fault of the document as a FHIR R4 resource of the type; empty when it is valid.

    Answers for any JSON value as `parse` gives it, without raising or changing it. Types outside
    `SUPPORTED` are checked for structure only.
    """
    try:
        findings = _findings(dict(document), resource_type)
    except RecursionError:
        findings = [("structure", "is nested too deeply to be a resource", "")]
    faults = [_fault(finding, resource_type) for finding in findings[:MOST_FAULTS]]
    if len(findings) > MOST_FAULTS:
        text = f"{len(findings) - MOST_FAULTS} more faults are not listed"
        faults.append(Fault("incomplete", text, resource_type))
    return tuple(faults)


def _fault(finding: Finding, resource_type: str) -> Fault:
    """Sentences that do not begin with what was sent begin with the name of the element."""
    code, text, path = finding
    expression = resource_type + path
    subject = expression.rpartition(".")[2]
    return Fault(code, text if text.startswith("`") else f"`{subject}` {text}", expression)


def _findings(document: dict[str, Any], resource_type: str) -> list[Finding]:
    wrong_type = _type_findings(document, resource_type)
    if wrong_type:
        return wrong_type
    contained = document.get("contained")
    inside = contained if type(contained) is list else []
    around = Around(resource_type, _types_by_id(inside))
    findings = _alone(document, resource_type, around)
    mentioned = set(_local_literals(document)) if inside else set()
    for index, resource in enumerate(inside):
        findings += below(f".contained[{index}]", _contained_findings(resource, mentioned, around))
    return findings


def _type_findings(document: Mapping[str, Any], resource_type: str) -> list[Finding]:
    sent = document.get("resourceType")
    if sent == resource_type:
        return []
    if "resourceType" not in document:
        return [("required", f"`resourceType` is missing: it must be {quoted(resource_type)}", "")]
    return [("structure", f"`resourceType` must be {quoted(resource_type)}, not {quoted(sent)}", "")]


def _alone(resource: dict[str, Any], resource_type: str, around: Around) -> list[Finding]:
    """One resource without what it contains.

    Types without tables have their structure from fhir.resources; the tables of the others are held
    against it by a test, because asking it here costs more than all the rest of a request (ADR 9).
    """
    if resource_type in SUPPORTED:
        return object_findings(resource, SHAPES[resource_type], around)
    findings = plain_findings({name: value for name, value in resource.items() if name != "contained"})
    return findings or model_findings(resource, resource_type)


def _types_by_id(inside: list[Any]) -> dict[str, str]:
    resources = [item for item in inside if type(item) is dict]
    return {
        item["id"]: item["resourceType"]
        for item in resources
        if type(item.get("id")) is str and type(item.get("resourceType")) is str
    }


def _contained_findings(resource: Any, mentioned: set[str], around: Around) -> list[Finding]:
    if type(resource) is not dict:
        return [("structure", f"must be a resource, not {quoted(resource)}", "")]
    kind = resource.get("resourceType")
    if type(kind) is not str or kind not in RESOURCE_TYPES:
        return [("structure", f"must have a `resourceType` of FHIR R4, not {quoted(kind)}", "")]
    return _alone(resource, kind, around) + list(_dom_findings(resource, mentioned))


def _dom_findings(resource: dict[str, Any], mentioned: set[str]) -> Iterator[Finding]:
    if "contained" in resource:
        yield (
            "invariant",
            "must not be there: no resource contains one that contains others (dom-2)",
            ".contained",
        )
    meta = resource.get("meta")
    for name, key in (("versionId", "dom-4"), ("lastUpdated", "dom-4"), ("security", "dom-5")):
        if type(meta) is dict and name in meta:
            yield "invariant", f"must be left out of a contained resource ({key})", f".meta.{name}"
    if f"#{resource.get('id')}" not in mentioned and "#" not in _local_literals(resource):
        yield "invariant", "is referred to from nowhere: refer to its `id` as #id or leave it out (dom-3)", ""


def _local_literals(value: Any) -> Iterator[str]:
    """Every text inside that begins with #, as references within the resource do."""
    if type(value) is str:
        if value[:1] == "#":
            yield value
    elif type(value) is dict:
        for item in value.values():
            yield from _local_literals(item)
    elif type(value) is list:
        for item in value:
            yield from _local_literals(item)
