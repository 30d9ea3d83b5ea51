"""Which JSON names and data types an element may have. https://hl7.org/fhir/R4/json.html#choice"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from careplan_service.resources.r4.facts import FACTS
from careplan_service.resources.r4.tables import SHAPES, Element, Shape

_SPECIALIZATIONS: Mapping[str, tuple[str, ...]] = {
    "string": ("code", "id", "markdown"),
    "uri": ("canonical", "oid", "url", "uuid"),
    "integer": ("positiveInt", "unsignedInt"),
    "Quantity": ("Age", "Count", "Distance", "Duration"),
}
"""Types that may stand in the place of a more general one, https://hl7.org/fhir/R4/datatypes.html"""

_STAND_INS: Mapping[str, str] = {"elementId": "string", "xhtml": "string", "SimpleQuantity": "Quantity"}
"""Types that no value[x] of Parameters can have, and the one they are sent as."""


@cache
def named(shape: str, name: str) -> Mapping[str, str]:
    """The JSON names of the element with the FHIRPath name in the shape, each with its data type."""
    return {
        key: _kind(shape, key, element)
        for key, element in SHAPES[shape].elements.items()
        if element.path == name and not element.extends and key != "resourceType"
    }


def sent_as(kind: str) -> str:
    """The value[x] to send a type in: `valueQuantity`."""
    name = _STAND_INS.get(kind, kind)
    return f"value{name[0].upper()}{name[1:]}"


def is_sent_as(kind: str, value_x: str) -> bool:
    """Whether the value[x] is the one of the type itself."""
    return value_x == sent_as(kind)


def fits(kind: str, value_x: str) -> bool:
    """Whether what is sent as the value[x] may stand where the type `kind` is asked for."""
    return value_x in map(sent_as, (kind, *_SPECIALIZATIONS.get(kind, ())))


def holds_resource(element: Element) -> bool:
    """Whether a whole resource stands in the element, as in `contained`."""
    return element.shape is None and element.format is None


def shape_of(element: Element, value: Any) -> Shape:
    """The shape of what stands inside an element; for a primitive that of the object beside it."""
    if not holds_resource(element):
        return element.shape or SHAPES["Element"]
    kind = value.get("resourceType") if type(value) is dict else None
    # Of a contained resource that is none of ours, what all resources have can be named.
    return SHAPES.get(str(kind), SHAPES["DomainResource"])


def _kind(shape: str, key: str, element: Element) -> str:
    if element.shape is not None:
        return element.shape.name
    if key != element.path:
        return key[len(element.path)].lower() + key[len(element.path) + 1 :]
    base: str | None = shape
    while base is not None and key not in FACTS["shapes"][base]["elements"]:
        base = FACTS["shapes"][base]["base"]
    return str(FACTS["shapes"][base]["elements"][key]["types"][0])
