"""The XHTML of a narrative, written in one way only. https://hl7.org/fhir/R4/narrative.html

A parser and writer between the two formats keep what the text says, not its bytes: comments go, entities
become characters, and only elements that HTML knows as empty are closed at once, because browsers read
`<td/>` as an open tag.
"""

from __future__ import annotations

import re
from html.entities import name2codepoint
from typing import Any, NoReturn
from xml.parsers import expat

from careplan_service.errors import Malformed
from careplan_service.resources.r4.wording import quoted
from careplan_service.resources.xml.characters import in_attribute, in_text, only_xml

XHTML = "http://www.w3.org/1999/xhtml"
_XML = "http://www.w3.org/XML/1998/namespace"
_EMPTY = frozenset({"area", "br", "col", "hr", "img"})
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")


class Refusal(Exception):
    """What is wrong with one element; its text is a sentence that goes on after the name of the element."""


class Xhtml:
    """Takes the events of a parser with namespaces, whose names are `namespace local`, for one element."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self.depth = 0

    def start(self, name: str, attributes: list[str]) -> None:
        """A start tag; `attributes` are names and values in turn. Raises Refusal."""
        self._pieces.append(f"<{_local(name)}")
        if not self.depth:
            self._pieces.append(f' xmlns="{XHTML}"')
        for attribute, value in zip(attributes[::2], attributes[1::2], strict=True):
            self._pieces.append(f' {_attribute(attribute)}="{in_attribute(value)}"')
        self._pieces.append("/>" if name.rpartition(" ")[2] in _EMPTY else ">")
        self.depth += 1

    def end(self, name: str) -> None:
        """An end tag."""
        self.depth -= 1
        local = name.rpartition(" ")[2]
        if local not in _EMPTY:
            self._pieces.append(f"</{local}>")

    def text(self, data: str) -> None:
        """Text between tags."""
        self._pieces.append(in_text(data))

    @property
    def written(self) -> str:
        """All that was taken."""
        return "".join(self._pieces)


def _local(name: str) -> str:
    namespace, _, local = name.rpartition(" ")
    if namespace not in ("", XHTML):
        raise Refusal(f"is of the namespace {quoted(namespace)}: a narrative holds XHTML only")
    return local


def _attribute(name: str) -> str:
    namespace, _, local = name.rpartition(" ")
    if namespace not in ("", _XML):
        raise Refusal(f"has the attribute {quoted(local)} of the namespace {quoted(namespace)}: remove it")
    return f"xml:{local}" if namespace else local


def parser() -> expat.XMLParserType:
    """A parser of UTF-8 with namespaces that refuses a DOCTYPE, so that no entity is ever declared."""
    made = expat.ParserCreate("utf-8", " ")
    made.ordered_attributes = True
    made.buffer_text = True
    made.StartDoctypeDeclHandler = _refuse_doctype
    return made


def _refuse_doctype(*_: Any) -> NoReturn:
    raise Malformed("a DOCTYPE is not taken: leave it out, with all entities that it declares")


def div_of(text: str) -> str:
    """The `div` of a JSON narrative as XML. Raises Malformed when it is not well-formed XHTML."""
    xhtml, reader = Xhtml(), parser()
    reader.StartElementHandler = xhtml.start
    reader.EndElementHandler = xhtml.end
    reader.CharacterDataHandler = xhtml.text
    try:
        reader.Parse(_ENTITY.sub(_character, only_xml(text)).encode(), True)
    except expat.ExpatError as error:
        at = f"line {error.lineno}, column {error.offset + 1}"
        raise Malformed(f"a narrative is not well-formed XHTML: see its {at}") from None
    except Refusal as refusal:
        raise Malformed(f"an element of a narrative {refusal}") from None
    return xhtml.written


def _character(entity: re.Match[str]) -> str:
    point = name2codepoint.get(entity[1])
    return f"&#{point};" if point else entity[0]
