"""The answers of `$preview` and `$what-if` as Parameters. https://hl7.org/fhir/R4/parameters.html"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from typing import Any

from careplan_service.errors import Fault
from careplan_service.interactions.preview_consent import Preview, Sight
from careplan_service.interactions.what_if import Difference, Found

Parameter = dict[str, Any]
_CHANGED = ("gained", "lost")


def told(found: Preview) -> dict[str, Any]:
    """Parameters: who is asked about, whether it can be filed, what it would see, gain and lose."""
    parameters = [
        *found.eyes.told(),
        {"name": "fileable", "valueBoolean": found.fileable},
        *({"name": "contradicts", "valueReference": {"reference": one}} for one in found.contradicts),
        *(_sight(found.sight) if found.sight else ()),
        *([{"name": "outcome", "resource": _outcome(found.faults)}] if found.faults else []),
    ]
    return {"resourceType": "Parameters", "parameter": parameters}


def differences(found: Found) -> dict[str, Any]:
    """Parameters: what was looked at, and for each partner what it would gain and lose."""
    parameters: list[Parameter] = [
        {"name": "consents", "valueInteger": found.judged},
        {"name": "labelled", "valueInteger": found.labelled},
        *({"name": "difference", "part": _difference(one, found.count)} for one in found.differences),
    ]
    return {"resourceType": "Parameters", "parameter": parameters}


def _difference(one: Difference, most: int) -> list[Parameter]:
    totals = [{"name": f"{name}-total", "valueInteger": len(getattr(one, name))} for name in _CHANGED]
    listed = [part for name in _CHANGED for part in by_type(name, getattr(one, name), most)]
    return [*one.eyes.told(), *totals, *listed]


def _sight(sight: Sight) -> Iterator[Parameter]:
    for name in ("visible", *_CHANGED):
        references: frozenset[str] = getattr(sight, name)
        yield {"name": f"{name}-total", "valueInteger": len(references)}
        yield from by_type(name, references)
    for name, some in (("changed", sight.changed), ("in-part", sight.in_part)):
        for one in sorted(some):
            yield {"name": name, "valueReference": {"reference": one}}
    for one in sight.drafts:
        yield {"name": "draft-visible", "valueCode": one}


def by_type(name: str, references: Collection[str], most: int | None = None) -> Iterator[Parameter]:
    """For each type the exact number of the references and, in their order, the first `most` of them."""
    for type_, some in groupby(sorted(references), lambda one: one.partition("/")[0]):
        members = list(some)
        shown = ({"name": "resource", "valueReference": {"reference": one}} for one in members[:most])
        counted = [{"name": "type", "valueCode": type_}, {"name": "total", "valueInteger": len(members)}]
        yield {"name": name, "part": [*counted, *shown]}


def _outcome(faults: Iterable[Fault]) -> dict[str, Any]:
    return {"resourceType": "OperationOutcome", "issue": [_issue(fault) for fault in faults]}


def _issue(fault: Fault) -> dict[str, Any]:
    issue: dict[str, Any] = {"severity": fault.severity, "code": fault.code, "diagnostics": fault.text}
    return {**issue, **({"expression": [fault.expression]} if fault.expression else {})}
