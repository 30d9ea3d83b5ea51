"""The elements as other libraries read R4: names, lists and kinds by fhirclient, order by fhir.resources."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from careplan_service.resources.r4.facts import FACTS, RESOURCE_TYPES
from careplan_service.resources.xml.shapes import Shape, is_resource, shape

GIVEN_UP = {
    name
    for name in RESOURCE_TYPES
    if name.startswith(("MedicinalProduct", "EffectEvidence", "RiskEvidence"))
    or (name.startswith("Substance") and name != "Substance")
}
WRITTEN = sorted(RESOURCE_TYPES - GIVEN_UP)
CHANGED_IN_R4B = {"Evidence", "EvidenceVariable"}


def shapes_of(name: str, seen: dict[str, Shape] | None = None) -> dict[str, Shape]:
    """The shape of a type with those of its backbone elements."""
    seen = {} if seen is None else seen
    if name not in seen:
        seen[name] = shape(name)
        for element in seen[name].elements.values():
            if element.kind == "object" and "." in element.type:
                shapes_of(element.type, seen)
    return seen


def class_name(path: str) -> str:
    return "".join(part[0].upper() + part[1:] for part in path.split("."))


def fhirclient_elements(path: str) -> Mapping[str, tuple[str, bool]] | None:
    module = importlib.import_module(f"fhirclient.models.{path.split('.')[0].lower()}")
    model: Any = getattr(module, class_name(path), None)
    if model is None:
        return None
    with warnings.catch_warnings(action="ignore"):
        properties = object.__new__(model).elementProperties()
    return {name: (kind.__name__, many) for _, name, kind, many, _, _ in properties}


_KIND_OF_CLASS = {"bool": "boolean", "int": "whole", "float": "decimal", "Resource": "resource"}


def test_every_resource_type_is_written_but_the_drafts_that_were_given_up() -> None:
    assert [name for name in WRITTEN if not is_resource(name)] == []
    assert [name for name in GIVEN_UP if is_resource(name)] == []
    assert len(GIVEN_UP) == 18
    assert not any(map(is_resource, ("Resource", "DomainResource", "Period", "Goal.target", "", "x")))


@pytest.mark.parametrize("name", [*WRITTEN, *sorted(n for n in FACTS["openTypes"] if n[0].isupper())])
def test_names_lists_and_kinds_are_those_of_another_reading_of_r4(name: str) -> None:
    compared = 0
    for path, found in shapes_of(name).items():
        wanted = fhirclient_elements({"Reference": "FHIRReference"}.get(path, path))
        if wanted is None:
            continue
        compared += 1
        have = {n: e for n, e in found.elements.items() if e.type != "Narrative"}
        assert have.keys() == {n for n, (kind, _) in wanted.items() if kind != "Narrative"}, path
        assert {n: e.many for n, e in have.items()} == {n: wanted[n][1] for n in have}, path
        for key, element in have.items():
            kind = wanted[key][0]
            primitive = kind in ("str", "FHIRDate", "FHIRDateTime", "FHIRInstant", "FHIRTime")
            expected = "text" if primitive else _KIND_OF_CLASS.get(kind, "object")
            assert (element.kind if element.kind != "attribute" else "text") == expected, (path, key)
    assert compared


def ordered(found: Shape) -> list[str]:
    return [element.name for element in sorted(found.elements.values(), key=lambda e: e.rank)]


@pytest.mark.parametrize(
    "name", [*sorted({*WRITTEN} - CHANGED_IN_R4B)[::4], "Questionnaire", "Patient", "Bundle"]
)
def test_the_order_is_that_of_the_definition(name: str) -> None:
    compared = 0
    for path, found in shapes_of(name).items():
        module = importlib.import_module(f"fhir.resources.R4B.{name.lower()}")
        model: Any = getattr(module, class_name(path), None)
        if model is None:
            continue
        compared += 1
        wanted = model.elements_sequence()
        have = [n for n in ordered(found) if n in wanted]
        # Types of one choice have one place: their order among themselves is of no matter.
        assert _by_rank(found, have) == _by_rank(found, [n for n in wanted if n in found.elements]), path
    assert compared


def _by_rank(found: Shape, names: list[str]) -> list[int]:
    return [found.elements[name].rank for name in names]


def _lines() -> Iterator[str]:
    from careplan_service.resources.xml import shapes

    yield from shapes._lines().values()


def test_every_type_named_in_the_table_is_there() -> None:
    for line in _lines():
        for element in shape(line.split(" ")[0]).elements.values():
            assert element.kind != "object" or shape(element.type).elements
