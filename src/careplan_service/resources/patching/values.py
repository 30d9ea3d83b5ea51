"""The values in a FHIRPath Patch under the names they get in JSON. https://hl7.org/fhir/R4/fhirpatch.html"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from careplan_service.errors import Invalid
from careplan_service.resources.patching import kinds
from careplan_service.resources.patching.places import Node, Pair, pairs, store
from careplan_service.resources.r4.tables import Element, Shape
from careplan_service.resources.r4.wording import quoted


def typed(shape: Shape, name: str, part: Node) -> tuple[str, Pair]:
    """The JSON name and the pair that a `part` gives for the element with the FHIRPath name in the shape.

    The part carries a value[x], a group of parts for an element whose type no value[x] has, or a resource.
    Raises `Invalid` where the shape has no such element or the value is of another type.
    """
    names = kinds.named(shape.name, name)
    if not names:
        raise Invalid(f"{quoted(name)} is no element of {shape.name}")
    sent = _content(part)
    if len(sent) != 1:
        raise Invalid(f"send exactly one of a value[x], a resource and parts for {quoted(name)}")
    if sent == {"part"}:
        return _group(shape, names, name, part["part"])
    if sent == {"resource"}:
        return _resource(shape, names, name, part["resource"])
    return _value(shape, names, name, part, *sent)


def add(holder: Node, shape: Shape, name: str, part: Node) -> None:
    """Adds the element to the object; a list grows at its end. Raises `Invalid` for what is there already."""
    key, pair = typed(shape, name, part)
    many = shape.elements[key].many
    if not many and any(pairs(holder, other, many) for other in kinds.named(shape.name, name)):
        raise Invalid(f"{quoted(name)} is there already: use the operation `replace`")
    store(holder, key, [*pairs(holder, key, many), pair], many)


def _content(part: Node) -> set[str]:
    """What the part carries: `valueString` (also for `_valueString` alone), `part` or `resource`."""
    names = {name.removeprefix("_") for name in part}
    return {name for name in names if name.startswith("value") or name in ("part", "resource")}


def _value(shape: Shape, names: Mapping[str, str], name: str, part: Node, sent: str) -> tuple[str, Pair]:
    # A type of its own goes before one that it may stand in for.
    for fits in (kinds.is_sent_as, kinds.fits):
        for key in (key for key, kind in names.items() if fits(kind, sent)):
            pair = part.get(sent), part.get(f"_{sent}")
            if not _may_be(shape.elements[key], pair):
                raise Invalid(f"{quoted(sent)} does not hold what its name says")
            return key, pair
    wanted = " or ".join(sorted({f"`{kinds.sent_as(kind)}`" for kind in names.values()})[:4])
    raise Invalid(f"{quoted(name)} takes {wanted}, not {quoted(sent)}")


def _may_be(element: Element, pair: Pair) -> bool:
    """Whether the pair has the form of an object or primitive; the content is checked with the resource."""
    value, beside = pair
    if element.shape is not None:
        return type(value) is dict and beside is None
    is_primitive = value is None or isinstance(value, str | bool | int | Decimal)
    return is_primitive and (beside is None or type(beside) is dict) and pair != (None, None)


def _group(shape: Shape, names: Mapping[str, str], name: str, parts: list[Node]) -> tuple[str, Pair]:
    keys = [key for key in names if shape.elements[key].shape is not None]
    if len(keys) != 1:
        raise Invalid(f"parts cannot make the value of {quoted(name)}: send a value[x]")
    inner = shape.elements[keys[0]].shape
    assert inner is not None
    made: Node = {}
    for part in parts:
        add(made, inner, part["name"], part)
    return keys[0], (made, None)


def _resource(shape: Shape, names: Mapping[str, str], name: str, resource: object) -> tuple[str, Pair]:
    for key in names:
        if kinds.holds_resource(shape.elements[key]):
            return key, (resource, None)
    raise Invalid(f"{quoted(name)} takes no resource")
