"""The elements of a resource that hold an address. https://hl7.org/fhir/R4/datatypes.html#uri

Those of type uri and url, and narratives. A canonical names something and is no address, and an oid or
uuid could not hold a reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from careplan_service.resources.r4.facts import FACTS
from careplan_service.resources.r4.tables import SHAPES, Shape

_TYPES = frozenset({"uri", "url"})
_SUFFIXES = ("Uri", "Url")


def addresses_in(document: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """The JSON Pointer and the text of each address, and of each narrative's `div` (True)."""
    yield from _below(document, SHAPES.get(str(document.get("resourceType"))), "")


def _below(node: Any, shape: Shape | None, pointer: str) -> Iterator[tuple[str, str, bool]]:
    if isinstance(node, list):
        for i, item in enumerate(node):
            yield from _below(item, shape, f"{pointer}/{i}")
    elif isinstance(node, dict):
        if "resourceType" in node:
            shape = SHAPES.get(str(node["resourceType"]))
        for name, value in node.items() if shape else ():
            yield from _at(name, value, shape, f"{pointer}/{name}")


def _at(name: str, value: Any, shape: Shape | None, pointer: str) -> Iterator[tuple[str, str, bool]]:
    if shape is None:
        return
    is_narrative = (shape.name, name) == ("Narrative", "div")
    if is_narrative or name in _address_names(shape.name):
        texts = value if isinstance(value, list) else [value]
        for i, text in enumerate(texts):
            if isinstance(text, str):
                yield (f"{pointer}/{i}" if isinstance(value, list) else pointer), text, is_narrative
    else:
        element = shape.elements.get(name)
        yield from _below(value, element.shape if element else None, pointer)


@cache
def _address_names(shape: str) -> frozenset[str]:
    """The JSON names of a shape's elements that are addresses; `value[x]` is `valueUri` and so on."""
    names: set[str] = set()
    lineage: str | None = shape
    while lineage:
        fact = FACTS["shapes"][lineage]
        for name, element in fact["elements"].items():
            if name.endswith("[x]"):
                names.update(name[:-3] + suffix for suffix in _SUFFIXES)
            elif element["types"][0] in _TYPES:
                names.add(name)
        lineage = fact["base"]
    return frozenset(names)
