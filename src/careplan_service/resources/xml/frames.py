"""The open elements of an XML document on their way to JSON. https://hl7.org/fhir/R4/json.html"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from careplan_service.resources.r4.reading import LARGEST_EXPONENT, LONGEST_NUMBER
from careplan_service.resources.r4.wording import quoted
from careplan_service.resources.xml.shapes import Element, Shape, is_resource, shape
from careplan_service.resources.xml.xhtml import Refusal

Attributes = dict[str, str]


class Frame:
    """An element that may hold others: `kind` says which, `node` is what it becomes in JSON.

    `step` is its place below its parent in FHIRPath (`target[1]`), empty for what needs none; `refused` says
    that something inside was refused.
    """

    def __init__(self, step: str, kind: Shape, node: dict[str, Any]) -> None:
        self.step, self.kind, self.node = step, kind, node
        self.refused = False
        self._beside: set[str] = set()

    def element(self, name: str) -> Element:
        """The element of that name. Raises Refusal for an unknown one."""
        found = self.kind.elements.get(name)
        if found is None or found.kind == "attribute":
            raise Refusal(f"is not an element of {self.kind.name} in FHIR R4: remove it")
        return found

    def open(self, name: str, attributes: Attributes) -> Frame:
        """The frame of an element inside. Raises Refusal for an unknown or a second one."""
        element = self.element(name)
        if element.kind == "xhtml":
            raise Refusal('must have xmlns="http://www.w3.org/1999/xhtml"')
        if element.kind == "resource":
            return Holder(self, element, attributes)
        if element.kind != "object":
            return Primitive(self, element, attributes)
        node: dict[str, Any] = {}
        frame = Frame(self.put(element, node), shape(element.type), node)
        frame.take(attributes)
        return frame

    def take(self, attributes: Attributes) -> None:
        """The attributes of this element. Raises Refusal for unknown ones."""
        for name, value in attributes.items():
            if name not in self.kind.attributes:
                raise Refusal(f"has the attribute {quoted(name)}: remove it")
            self.node[name] = value

    def put(self, element: Element, value: Any) -> str:
        """Keep a value, None of a primitive without one, and tell its step. Raises Refusal for a second."""
        name = element.name
        if element.many:
            values = self.node.setdefault(name, [])
            values.append(value)
            return f"{name}[{len(values) - 1}]"
        if name in self.node or name in self._beside:
            raise Refusal("stands here twice: keep one")
        if value is not None:
            self.node[name] = value
        return name

    def put_beside(self, element: Element, extended: dict[str, Any]) -> None:
        """Keep the id and extensions of the primitive that was put last."""
        self._beside.add(element.name)
        if not element.many:
            self.node["_" + element.name] = extended
            return
        others = self.node.setdefault("_" + element.name, [])
        missing = len(self.node[element.name]) - 1 - len(others)
        others += [None] * missing + [extended]

    def close(self) -> None:
        """The end of the element. Raises Refusal when it was empty."""
        if not self.node and not self.refused:
            raise Refusal("is empty: give a value or leave it out")
        for name in self._beside:
            values = self.node.get(name)
            if type(values) is list:
                others = self.node["_" + name]
                others += [None] * (len(values) - len(others))
                if not any(value is not None for value in values):
                    del self.node[name]


class Root(Frame):
    """Around the one resource of the document, which becomes its node."""

    def __init__(self) -> None:
        super().__init__("", Shape("a document", {}, ()), {})

    def open(self, name: str, attributes: Attributes) -> Frame:
        """The frame of the resource. Raises Refusal for what is none."""
        self.node = {"resourceType": name}
        return _resource(name, name, self.node, attributes)


class Holder(Frame):
    """An element with a whole resource in it: `contained`, `Bundle.entry.resource`."""

    def __init__(self, parent: Frame, element: Element, attributes: Attributes) -> None:
        resource: dict[str, Any] = {}
        super().__init__(parent.put(element, resource), Shape("an element with a resource", {}, ()), resource)
        self.take(attributes)

    def open(self, name: str, attributes: Attributes) -> Frame:
        """The frame of the resource. Raises Refusal for what is none, and for a second one."""
        if self.node:
            raise Refusal("is a second resource: repeat the element around it instead")
        self.node["resourceType"] = name
        return _resource("", name, self.node, attributes)


def _resource(step: str, name: str, node: dict[str, Any], attributes: Attributes) -> Frame:
    if not is_resource(name):
        raise Refusal("is not a resource type of FHIR R4 that is taken as XML: send it as JSON")
    frame = Frame(step, shape(name), node)
    frame.take(attributes)
    return frame


class Primitive(Frame):
    """An element with a value; what it holds beside it (id, extensions) is its node."""

    def __init__(self, parent: Frame, element: Element, attributes: Attributes) -> None:
        text = attributes.pop("value", None)
        self._value = None if text is None else _VALUES[element.kind](text)
        super().__init__(parent.put(element, self._value), shape("Element"), {})
        self._parent, self._element = parent, element
        self.take(attributes)

    def close(self) -> None:
        """The end of the element. Raises Refusal when it said nothing."""
        if self.node:
            super().close()
            self._parent.put_beside(self._element, self.node)
        elif self._value is None and not self.refused:
            raise Refusal("has no value: give one or leave it out")


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise Refusal(f"must be true or false, not {quoted(text)}")
    return text == "true"


_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE]([+-]?[0-9]+))?")
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)")


def _number(text: str, form: re.Pattern[str], wanted: str) -> orjson.Fragment:
    """The digits as they are: their bounds are those of numbers in JSON."""
    found = form.fullmatch(text) if len(text) <= LONGEST_NUMBER else None
    if not found or (found.lastindex and abs(int(found[1])) > LARGEST_EXPONENT):
        raise Refusal(f"must be {wanted} of at most {LONGEST_NUMBER} characters, not {quoted(text)}")
    return orjson.Fragment(text)


_VALUES: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "boolean": _boolean,
    "decimal": lambda text: _number(text, _DECIMAL, "a number"),
    # R4 allows `+5` in XML, which JSON has no form for.
    "whole": lambda text: _number(text.removeprefix("+"), _WHOLE, "a whole number"),
}
