"""FHIR R4's elements, bindings and reference targets as lookup tables. https://hl7.org/fhir/R4/resourcelist.html

One `Shape` per resource type, backbone element and data type, made from the facts once at import, with its
elements under the names they have in JSON (`detailQuantity`, `_status`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from careplan_service.resources.r4.facts import FACTS
from careplan_service.resources.r4.invariants import INVARIANTS, Invariant
from careplan_service.resources.r4.primitives import FORMATS, Format
from careplan_service.resources.r4.wording import quoted

# Plain text in FHIR's definition, so without a `_sibling`: ids, `div` and the url of an extension.
_PLAIN_TYPES = frozenset({"elementId", "xhtml"})
_PLAIN_ELEMENTS = frozenset({("Extension", "url")})


@dataclass(frozen=True, slots=True)
class Element:
    """One JSON property of a shape.

    `path` is its name in FHIRPath (`detail` for `detailQuantity`). A primitive has a `format`, a contained
    resource neither, everything else a `shape`. `targets` are the resource types a reference may point at
    (empty: any), `system` and `codes` the value set of a bound CodeableConcept. `extends` marks the
    `_sibling` of a primitive.
    """

    path: str
    many: bool
    format: Format | None = None
    shape: Shape | None = None
    targets: frozenset[str] = frozenset()
    system: str = ""
    codes: frozenset[str] = frozenset()
    issue: str = "value"
    extends: bool = False
    is_reference: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """What an object may hold: elements by JSON name, which must be there, which exclude each other."""

    name: str
    elements: dict[str, Element] = field(default_factory=dict)
    required: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    choices: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    invariants: tuple[Invariant, ...] = ()


def one_of(codes: frozenset[str]) -> Format:
    """The format of a code from a required value set."""
    wanted = ", ".join(sorted(codes)) if len(codes) <= 20 else "a code of the value set in FHIR R4"

    def format_of(value: Any) -> str | None:
        if type(value) is str and value in codes:
            return None
        if type(value) is not str:
            return f"must be text in quotes, not {quoted(value)}"
        return f"{quoted(value)} is not allowed: use {wanted}"

    return format_of


def _json_names(name: str, types: list[str]) -> list[tuple[str, str]]:
    """The property names of an element with their types: `detail[x]` has one per type."""
    if not name.endswith("[x]"):
        return [(name, types[0])]
    stem = name[:-3]
    suffixes = ["Quantity" if kind == "SimpleQuantity" else kind[0].upper() + kind[1:] for kind in types]
    return [(stem + suffix, kind) for suffix, kind in zip(suffixes, types, strict=True)]


class _Compiler:
    """Reads the facts once and links the shapes, which refer to each other in circles."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.open_types: list[str] = facts["openTypes"]
        self.value_sets: Mapping[str, Any] = facts["valueSets"]
        self.facts: Mapping[str, Any] = facts["shapes"]
        self.shapes = {
            name: Shape(name, invariants=tuple(i for i in INVARIANTS if self._lineage(name) & i.shapes))
            for name in self.facts
        }
        for name in self.facts:
            self._fill(self.shapes[name])

    def _lineage(self, name: str | None) -> frozenset[str]:
        names = set()
        while name:
            names.add(name)
            name = self.facts[name]["base"]
        return frozenset(names)

    def _all_facts(self, name: str | None) -> dict[str, Any]:
        return {**self._all_facts(self.facts[name]["base"]), **self.facts[name]["elements"]} if name else {}

    def _fill(self, shape: Shape) -> None:
        if self.facts[shape.name]["base"] == "DomainResource":
            shape.elements["resourceType"] = Element(
                "resourceType", False, format=one_of(frozenset({shape.name})), issue="structure"
            )
        for name, fact in self._all_facts(shape.name).items():
            types = self.open_types if fact["types"] == ["*"] else fact["types"]
            names = _json_names(name, types)
            for key, kind in names:
                self._add(shape, key, kind, fact, name.removesuffix("[x]"))
            if fact.get("min"):
                shape.required.append((name, tuple(key for key, _ in names)))
            if len(names) > 1:
                keys = {key for key, _ in names} | {"_" + key for key, kind in names if kind in FORMATS}
                shape.choices.append((name, frozenset(keys)))

    def _add(self, shape: Shape, key: str, kind: str, fact: Mapping[str, Any], path: str) -> None:
        many = fact.get("many", False)
        value_set = self.value_sets.get(fact.get("valueSet", ""))
        if kind in FORMATS:
            bound = value_set is not None
            form = one_of(frozenset(value_set)) if value_set is not None else FORMATS[kind]
            shape.elements[key] = Element(path, many, format=form, issue="code-invalid" if bound else "value")
            if kind not in _PLAIN_TYPES and (shape.name, key) not in _PLAIN_ELEMENTS and key != "id":
                shape.elements["_" + key] = Element(path, many, shape=self.shapes["Element"], extends=True)
            return
        shape.elements[key] = Element(
            path,
            many,
            shape=self.shapes.get(kind),
            targets=frozenset(fact.get("targets", ())),
            system=value_set["system"] if value_set else "",
            codes=frozenset(value_set["codes"]) if value_set else frozenset(),
            is_reference=kind == "Reference",
        )


SHAPES: Mapping[str, Shape] = _Compiler(FACTS).shapes
"""Every shape by its FHIR name."""
