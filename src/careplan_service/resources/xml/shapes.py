"""Elements in the order of their definition, which XML asks for. https://hl7.org/fhir/R4/xml.html

Served types and data types come from the facts that validate them, all others from `elements.txt`. There a
line is `name base element:types ...`: `*` after a name marks a list, `|` parts the types of a choice, `*`
stands for all open types and `.` for the backbone element of that name.

Not there are the drafts about medicinal products and substances that were given up after R4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from careplan_service.resources.r4.facts import FACTS, SUPPORTED

FHIR = "http://hl7.org/fhir"

_KINDS: Mapping[str, str] = {
    "boolean": "boolean",
    "decimal": "decimal",
    "integer": "whole",
    "positiveInt": "whole",
    "unsignedInt": "whole",
    "xhtml": "xhtml",
    "Resource": "resource",
}
"""How a type is written where that is neither `text` (all other primitives) nor `object`."""

_ROOTS = frozenset({"Resource", "DomainResource"})


@dataclass(frozen=True, slots=True)
class Element:
    """One element under its name in JSON and XML (`valueQuantity`), `rank` its place among its neighbours.

    `kind` is `object`, `text`, `boolean`, `decimal`, `whole`, `xhtml`, `resource` or `attribute`, `type` its
    FHIR type.
    """

    name: str
    rank: int
    kind: str
    many: bool
    type: str


@dataclass(frozen=True, slots=True)
class Shape:
    """What a type may hold, by name and in order; `attributes` are the elements that XML writes as such."""

    name: str
    elements: Mapping[str, Element]
    attributes: tuple[str, ...]


@cache
def shape(name: str) -> Shape:
    """The shape of a resource type, backbone element or data type. Raises KeyError for other names."""
    bases, fields = _lineage(name)
    attributes = () if _ROOTS & bases else ("id", "url") if name == "Extension" else ("id",)
    elements: dict[str, Element] = {}
    for rank, (field, many, types) in enumerate(fields):
        for key, kind in _names(field, types):
            written = "attribute" if key in attributes else _KINDS.get(kind, _default(kind))
            elements[key] = Element(key, rank, written, many, kind)
    return Shape(name, elements, attributes)


def is_resource(name: str) -> bool:
    """Whether the name is a resource type that can be written as XML."""
    return name in _resource_types()


@cache
def _resource_types() -> frozenset[str]:
    lines = _lines()
    described = frozenset(name for name, line in lines.items() if line.split(" ", 2)[1] in _ROOTS)
    return described | SUPPORTED


def _default(type_: str) -> str:
    return "text" if type_[0].islower() else "object"


def _names(field: str, types: list[str]) -> Iterator[tuple[str, str]]:
    """The names of an element with their types: `detail[x]` has one per type."""
    if not field.endswith("[x]"):
        yield field, types[0]
        return
    for kind in FACTS["openTypes"] if types == ["*"] else types:
        suffix = "Quantity" if kind == "SimpleQuantity" else kind[0].upper() + kind[1:]
        yield field[:-3] + suffix, kind


def _lineage(name: str) -> tuple[frozenset[str], list[tuple[str, bool, list[str]]]]:
    """The name with those of its bases, and the elements of all of them: name, whether a list, types."""
    base, own = _described(name)
    bases, inherited = _lineage(base) if base else (frozenset(), [])
    return bases | {name}, [*inherited, *own]


def _described(name: str) -> tuple[str | None, list[tuple[str, bool, list[str]]]]:
    line = _lines().get(name)
    if line is None:
        fact = FACTS["shapes"][name]
        return fact["base"], [(n, e.get("many", False), e["types"]) for n, e in fact["elements"].items()]
    _, base, *fields = line.split(" ")
    return None if base == "-" else base, [_field(name, text) for text in fields]


def _field(holder: str, text: str) -> tuple[str, bool, list[str]]:
    marked, _, types = text.partition(":")
    name = marked.removesuffix("*")
    return name, marked != name, [f"{holder}.{name}" if type_ == "." else type_ for type_ in types.split("|")]


@cache
def _lines() -> Mapping[str, str]:
    text = files(__package__).joinpath("elements.txt").read_text(encoding="utf-8")
    return {line.split(" ", 1)[0]: line for line in text.splitlines()}
