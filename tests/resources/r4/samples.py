"""Small valid resources and a plain value for every element of the tables."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from careplan_service.resources.r4 import check
from careplan_service.resources.r4.facts import FACTS

SHAPES: dict[str, Any] = FACTS["shapes"]

PRIMITIVES: dict[str, Any] = {
    "base64Binary": "aGVsbG8=",
    "boolean": True,
    "canonical": "http://example.org/thing|1.0",
    "code": "some-code",
    "date": "2024-05",
    "dateTime": "2024-05-01T10:00:00+02:00",
    "decimal": Decimal("1.50"),
    "elementId": "e1",
    "id": "an-id.1",
    "instant": "2024-05-01T10:00:00.123Z",
    "integer": -3,
    "markdown": "*text*\r\n\tmore",
    "oid": "urn:oid:1.2.840",
    "positiveInt": 1,
    "string": "some text",
    "time": "10:00:00",
    "unsignedInt": 0,
    "uri": "urn:example:1",
    "url": "https://example.org/file",
    "uuid": "urn:uuid:c757873d-ec9a-1326-a141-556f43239520",
    "xhtml": '<div xmlns="http://www.w3.org/1999/xhtml">text</div>',
}

EXTENSION = {"url": "http://example.org/why", "valueCode": "unknown"}


def careplan(**changes: Any) -> dict[str, Any]:
    return _with(
        {
            "resourceType": "CarePlan",
            "status": "active",
            "intent": "plan",
            "subject": {"reference": "Patient/ann"},
        },
        changes,
    )


def goal(**changes: Any) -> dict[str, Any]:
    return _with(
        {
            "resourceType": "Goal",
            "lifecycleStatus": "active",
            "description": {"text": "stay in the flat"},
            "subject": {"reference": "Patient/ann"},
        },
        changes,
    )


def patient(**changes: Any) -> dict[str, Any]:
    return _with({"resourceType": "Patient"}, changes)


def extended(**value: Any) -> dict[str, Any]:
    """A Patient whose one extension carries the value, for data types that no served type uses."""
    return patient(extension=[{"url": "http://example.org/x", **value}])


def found(document: dict[str, Any], resource_type: str = "") -> list[tuple[str, str | None, str]]:
    """Code, expression and text of every fault of the document."""
    return [
        (fault.code, fault.expression, fault.text)
        for fault in check(document, resource_type or document["resourceType"])
    ]


def _with(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = {**document, **changes}
    return {name: value for name, value in merged.items() if value is not ...}


def elements(shape: str) -> dict[str, Any]:
    """The facts of every element of the shape, its base's included."""
    base = SHAPES[shape]["base"]
    return {**(elements(base) if base else {}), **SHAPES[shape]["elements"]}


def spelled(name: str, kind: str) -> str:
    """The JSON name of one type of an element: `detail[x]` as Quantity is `detailQuantity`."""
    suffix = "Quantity" if kind == "SimpleQuantity" else kind[0].upper() + kind[1:]
    return name.replace("[x]", suffix)


def kinds(fact: dict[str, Any]) -> list[str]:
    """The types of an element."""
    return list(FACTS["openTypes"]) if fact["types"] == ["*"] else list(fact["types"])


def minimal(shape: str) -> dict[str, Any]:
    """An object with what the shape requires, or with its first element where it requires nothing."""
    facts = elements(shape)
    wanted = [name for name, fact in facts.items() if fact.get("min")]
    if not wanted and shape not in SHAPES["CarePlan"]["base"]:
        wanted = [
            next(name for name in SHAPES[shape]["elements"] or facts if name not in ("id", "extension"))
        ]
    if shape == "Extension":
        wanted = ["url", "value[x]"]
    return {
        spelled(name, kinds(facts[name])[0]): sample(facts[name], kinds(facts[name])[0]) for name in wanted
    }


def sample(fact: dict[str, Any], kind: str) -> Any:
    """A plain value for one type of the element, in a list where it repeats."""
    value = _one(fact, kind)
    return [value] if fact.get("many") else value


def _one(fact: dict[str, Any], kind: str) -> Any:
    value_set = FACTS["valueSets"].get(fact.get("valueSet"))
    if isinstance(value_set, list):
        return value_set[0]
    if value_set:
        return {"coding": [{"system": value_set["system"], "code": value_set["codes"][0]}]}
    if fact is SHAPES["Reference"]["elements"]["reference"]:
        return "Patient/1"
    if kind in PRIMITIVES:
        return PRIMITIVES[kind]
    if kind == "Reference":
        return {"reference": f"{(fact.get('targets') or ['Patient'])[0]}/1"}
    return minimal(kind)


def with_each_element(shape: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each element of the shape in an object that has what is required beside it."""
    for name, fact in elements(shape).items():
        for kind in kinds(fact):
            if kind == "Resource":
                continue
            rest = {key: value for key, value in minimal(shape).items() if not _same(key, name)}
            yield spelled(name, kind), {**rest, spelled(name, kind): sample(fact, kind)}


def _same(key: str, name: str) -> bool:
    return key.startswith(name[:-3]) if name.endswith("[x]") else key == name
