"""JSON to XML. https://hl7.org/fhir/R4/xml.html and https://hl7.org/fhir/R4/json.html"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import Any

from careplan_service.errors import Malformed, NotAcceptable
from careplan_service.resources.r4.wording import quoted
from careplan_service.resources.xml.characters import in_attribute
from careplan_service.resources.xml.shapes import FHIR, Element, Shape, is_resource, shape
from careplan_service.resources.xml.xhtml import div_of

_Write = Callable[[str], None]
_Node = Mapping[str, Any]

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_NAMESPACE = f' xmlns="{FHIR}"'


# XML writes numbers as text, so that no digit of theirs is looked at here.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


def to_xml(data: bytes) -> bytes:
    """A FHIR resource in JSON as FHIR XML in UTF-8, numbers as they are written.

    Characters that XML cannot hold (controls, halves of characters) become U+FFFD. Raises Malformed (400) for
    what is no FHIR R4 resource in JSON, NotAcceptable (406) for a type that is not written as XML here.
    """
    try:
        document = _DECODER.decode(data.decode("utf-8-sig"))
        pieces = [_HEAD]
        _resource(pieces.append, document, _NAMESPACE)
    except RecursionError:
        raise Malformed("nested too deeply to be a resource") from None
    except ValueError:
        raise Malformed("not JSON in UTF-8") from None
    return "".join(pieces).encode()


def _resource(write: _Write, node: _Node, namespace: str = "") -> None:
    kind = _object_of(node).get("resourceType")
    if type(kind) is not str or not is_resource(kind):
        raise NotAcceptable(f"{quoted(kind)} is not written as XML here; ask for JSON")
    _object(write, kind, node, shape(kind), namespace)


def _object(write: _Write, tag: str, node: _Node, kind: Shape, attributes: str = "") -> None:
    for name in kind.attributes:
        if name in node:
            attributes += f' {name}="{in_attribute(_text_of(node[name]))}"'
    present = _in_order(_object_of(node), kind)
    if not present:
        write(f"<{tag}{attributes}/>")
        return
    write(f"<{tag}{attributes}>")
    for element in present:
        _WRITERS[element.kind](write, element, node)
    write(f"</{tag}>")


def _in_order(node: _Node, kind: Shape) -> list[Element]:
    """The elements that are there, without attributes, in the order of the definition."""
    elements = kind.elements
    present: list[Element] = []
    for key in node:
        if key[:1] == "_":
            if key[1:] in node:
                continue
            key = key[1:]
        element = elements.get(key)
        if element is not None:
            if element.kind != "attribute":
                present.append(element)
        elif key != "resourceType":
            raise Malformed(f"{quoted(key)} is not an element of {kind.name} in FHIR R4")
    present.sort(key=_rank)
    return present


def _rank(element: Element) -> int:
    return element.rank


def _values(element: Element, value: Any) -> list[Any]:
    if not element.many:
        return [value]
    if type(value) is not list:
        raise Malformed(f"`{element.name}` must be a list")
    return value


def _object_element(write: _Write, element: Element, node: _Node) -> None:
    inner = shape(element.type)
    for value in _values(element, node.get(element.name)):
        _object(write, element.name, _object_of(value), inner)


def _resource_element(write: _Write, element: Element, node: _Node) -> None:
    for value in _values(element, node.get(element.name)):
        write(f"<{element.name}>")
        _resource(write, value)
        write(f"</{element.name}>")


def _div(write: _Write, element: Element, node: _Node) -> None:
    write(div_of(_text_of(node.get(element.name))))


def _primitive_element(write: _Write, element: Element, node: _Node) -> None:
    name = element.name
    value, sibling = node.get(name), node.get("_" + name)
    if not element.many:
        _primitive(write, name, value, sibling)
        return
    values = _values(element, [] if value is None else value)
    for one, beside in zip_longest(values, _values(element, [] if sibling is None else sibling)):
        if one is not None or beside is not None:
            _primitive(write, name, one, beside)


def _primitive(write: _Write, tag: str, value: Any, sibling: Any) -> None:
    said = "" if value is None else f' value="{in_attribute(_text_of(value))}"'
    if sibling is None:
        write(f"<{tag}{said}/>")
    else:
        _object(write, tag, _object_of(sibling), shape("Element"), said)


def _object_of(value: Any) -> _Node:
    if type(value) is not dict:
        raise Malformed(f"must be an object, not {quoted(value)}")
    return value


def _text_of(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    raise Malformed(f"must be a plain value, not {quoted(value)}")


_WRITERS: Mapping[str, Callable[[_Write, Element, _Node], None]] = {
    "object": _object_element,
    "text": _primitive_element,
    "boolean": _primitive_element,
    "decimal": _primitive_element,
    "whole": _primitive_element,
    "resource": _resource_element,
    "xhtml": _div,
}
