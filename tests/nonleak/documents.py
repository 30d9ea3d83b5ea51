"""Valid resources of every served type that have a value for as many search parameters as they can.

https://hl7.org/fhir/R4/searchparameter-registry.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

from builders import Document, an_example
from careplan_service.resources import r4
from careplan_service.resources.r4.facts import FACTS
from careplan_service.resources.registry import SERVED
from resources.r4.samples import elements, spelled

Refer = Callable[[list[str]], str]
"""Gives a reference to something of one of the types, or nothing."""

SYSTEMS = ("http://example.org/codes", "http://example.org/numbers", "urn:example:list")
CODES = tuple(f"code-{letter}" for letter in "abcdefgh")
WORDS = ("Rivera", "Doe", "harbour street", "Springfield", "letter", "Ng")
DATES = ("2024", "2025-03", "2025-11-30", "2026-01-15", "2026-05-31T08:30:00Z", "2026-06-01T00:00:00+02:00")
NUMBERS = (1, 2, 7, 120, 3000)
_DEEPEST = 4
_LEFT_OUT = {"id", "meta", "contained", "extension", "modifierExtension", "implicitRules", "language"}
_WHOLE_DAYS = {"date": 10}
_PLAIN: Mapping[str, Callable[[Random], Any]] = {
    "boolean": lambda rng: rng.random() < 0.5,
    "integer": lambda rng: rng.randrange(1, 9),
    "positiveInt": lambda rng: rng.randrange(1, 9),
    "unsignedInt": lambda rng: rng.randrange(9),
    "decimal": lambda rng: rng.choice(NUMBERS),
    "date": lambda rng: rng.choice(DATES)[:10],
    "dateTime": lambda rng: rng.choice(DATES),
    "instant": lambda rng: rng.choice(DATES[4:]),
    "time": lambda rng: "10:00:00",
    "code": lambda rng: rng.choice(CODES),
    "base64Binary": lambda rng: "aGVsbG8=",
    "uri": lambda rng: f"http://example.org/{rng.choice(CODES)}",
    "url": lambda rng: f"http://example.org/{rng.choice(CODES)}",
    "canonical": lambda rng: f"http://example.org/{rng.choice(CODES)}|1.0",
    "oid": lambda rng: "urn:oid:1.2.840",
    "uuid": lambda rng: "urn:uuid:c757873d-ec9a-1326-a141-556f43239520",
    "id": lambda rng: rng.choice(CODES),
    "Period": lambda rng: dict(zip(("start", "end"), sorted(rng.sample(DATES[:4], 2)), strict=True)),
    "Coding": lambda rng: {"system": rng.choice(SYSTEMS), "code": rng.choice(CODES)},
    "CodeableConcept": lambda rng: {"coding": [_PLAIN["Coding"](rng)], "text": rng.choice(WORDS)},
    "Identifier": lambda rng: {"system": rng.choice(SYSTEMS), "value": rng.choice(CODES)},
    "Quantity": lambda rng: {"value": rng.choice(NUMBERS), "unit": "d"},
    "Annotation": lambda rng: {"text": rng.choice(WORDS)},
    "Narrative": lambda rng: {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{rng.choice(WORDS)}</div>',
    },
}


def _by_hand(type_: str, rng: Random, refer: Refer) -> Document:
    """What a walk through the elements does not meet."""
    concept, target = _PLAIN["CodeableConcept"], refer(["ServiceRequest", "Task"])
    detail = {"status": "scheduled", "code": concept(rng), "scheduledString": "weekly"}
    table: Mapping[str, Document] = {
        "CarePlan": {
            "activity": [{"detail": detail}, *([{"reference": {"reference": target}}] if target else [])]
        },
        "Goal": {"description": concept(rng), "target": [{"dueDate": rng.choice(DATES[:4])}]},
        "Observation": {"code": concept(rng), "valueQuantity": _PLAIN["Quantity"](rng)},
        "Patient": {"name": [{"family": rng.choice(WORDS), "given": [rng.choice(WORDS)]}]},
    }
    return table.get(type_, {})


def a_document(type_: str, patient: str, rng: Random, refer: Refer) -> Document:
    """A valid resource of a type about a patient; what it refers to comes from `refer`."""
    document = {**an_example(type_, patient), **_by_hand(type_, rng, refer)}
    roots = {root.removesuffix("[x]") for param in SERVED[type_].params for root in param.roots}
    roots |= {"text", "identifier"} - {SERVED[type_].patient.split(".")[0], "target"}
    for name, fact in elements(type_).items():
        if (
            name in _LEFT_OUT
            or name in document
            or (name.removesuffix("[x]") not in roots and "[x]" not in name)
        ):
            continue
        kind = rng.choice([k for k in _kinds(fact) if k != "Resource"] or ["string"])
        value = _value(fact, kind, rng, refer, 0)
        if value is not None and not r4.check(tried := {**document, spelled(name, kind): value}, type_):
            document = tried
    return document


def _kinds(fact: Mapping[str, Any]) -> list[str]:
    return ["string", "CodeableConcept", "Quantity", "dateTime"] if fact["types"] == ["*"] else fact["types"]


def _value(fact: Mapping[str, Any], kind: str, rng: Random, refer: Refer, depth: int) -> Any:
    one = _one(fact, kind, rng, refer, depth)
    return [one] if fact.get("many") and one is not None else one


def _one(fact: Mapping[str, Any], kind: str, rng: Random, refer: Refer, depth: int) -> Any:
    value_set = FACTS["valueSets"].get(fact.get("valueSet"))
    if isinstance(value_set, list):
        return rng.choice(value_set)
    if value_set:
        return {"coding": [{"system": value_set["system"], "code": rng.choice(value_set["codes"])}]}
    if kind == "Reference":
        reference = refer(list(fact.get("targets") or []))
        return {"reference": reference} if reference else None
    if kind in _PLAIN:
        return _PLAIN[kind](rng)
    if kind not in FACTS["shapes"]:
        return rng.choice(WORDS)
    return dict(_inside(kind, rng, refer, depth + 1)) if depth < _DEEPEST else None


def _inside(shape: str, rng: Random, refer: Refer, depth: int) -> Iterator[tuple[str, Any]]:
    """Elements of a data type or a part of a resource: what it must have, and most of the rest."""
    for name, fact in elements(shape).items():
        if name in _LEFT_OUT or not (fact.get("min") or rng.random() < 0.8):
            continue
        kind = rng.choice([k for k in _kinds(fact) if k != "Resource"] or ["string"])
        value = _value(fact, kind, rng, refer, depth)
        if value is not None:
            yield spelled(name, kind), value
