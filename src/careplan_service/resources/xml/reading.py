"""XML to JSON, strictly. https://hl7.org/fhir/R4/xml.html"""

from __future__ import annotations

from typing import NoReturn
from xml.parsers import expat

import orjson

from careplan_service.errors import Fault, Malformed
from careplan_service.resources.r4.finding import step
from careplan_service.resources.r4.resource import MOST_FAULTS
from careplan_service.resources.r4.wording import quoted
from careplan_service.resources.xml.frames import Frame, Root
from careplan_service.resources.xml.shapes import FHIR
from careplan_service.resources.xml.xhtml import XHTML, Refusal, Xhtml, parser

DEEPEST = 100
"""Levels of elements that a document may have."""

_LONGEST_NAME = 64
_SCHEMA_LOCATION = "http://www.w3.org/2001/XMLSchema-instance schemaLocation"


def from_xml(data: bytes) -> bytes:
    """A FHIR resource in XML as FHIR JSON, numbers in the digits they are written in.

    Comments are dropped. Raises Malformed (400) with all faults and their lines for what is not well-formed,
    not UTF-8 or no FHIR R4: other namespaces, unknown elements, attributes and text, values that JSON cannot
    hold; and at once for a DOCTYPE, a processing instruction or more than `DEEPEST` levels.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"not UTF-8: byte {error.start + 1} cannot be read") from None
    if not text.strip():
        raise Malformed("the body is empty: send a resource")
    if "\x00" in text:  # also UTF-16 without its mark, which the parser would guess
        raise Malformed("holds a NUL character: send XML 1.0 in UTF-8")
    reading = _Reading()
    try:
        reading.parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        at = f"line {error.lineno}, column {error.offset + 1}"
        raise Malformed(f"not well-formed XML: {expat.ErrorString(error.code)} at {at}") from None
    if reading.faults:
        reading.refuse()
    return orjson.dumps(reading.root.node)


class _Reading:
    """One pass over one document; a refused element is skipped with all that is in it."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.root = Root()
        self._open: list[Frame] = [self.root]
        self._skipped = 0
        self._div: Xhtml | None = None
        self.parser = parser()
        self.parser.XmlDeclHandler = self._declaration
        self.parser.ProcessingInstructionHandler = self._instruction
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def refuse(self) -> NoReturn:
        """Raise Malformed with every fault found."""
        raise Malformed(self.faults[0].text, faults=self.faults)

    def _declaration(self, version: str, encoding: str | None, _standalone: int) -> None:
        if version != "1.0" or (encoding or "utf-8").lower() not in ("utf-8", "utf8"):
            said = quoted(f"{version} {encoding or ''}")
            raise Malformed(f"XML {said} is not taken: send XML 1.0 in UTF-8")

    def _instruction(self, target: str, _data: str) -> None:
        raise Malformed(f"the processing instruction {quoted(target)} is not taken: leave it out")

    def _start(self, name: str, attributes: list[str]) -> None:
        if len(self._open) + self._skipped + (self._div.depth if self._div else 0) > DEEPEST:
            raise Malformed(f"nested deeper than {DEEPEST} levels")
        if self._skipped:
            self._skipped += 1
            return
        namespace, _, local = name.rpartition(" ")
        try:
            if self._div:
                self._div.start(name, attributes)
            elif namespace == XHTML:
                self._start_div(name, local, attributes)
            elif namespace == FHIR:
                named = dict(zip(attributes[::2], attributes[1::2], strict=True))
                if self._open[-1] is self.root:
                    named.pop(_SCHEMA_LOCATION, None)
                self._open.append(self._open[-1].open(local, named))
            else:
                raise Refusal(f'must have xmlns="{FHIR}", not {quoted(namespace)}')
        except Refusal as refusal:
            self._skipped = 1
            self._fault(str(refusal), local)

    def _start_div(self, name: str, local: str, attributes: list[str]) -> None:
        if self._open[-1].element(local).kind != "xhtml":
            raise Refusal(f'must have xmlns="{FHIR}", not `{XHTML}`')
        self._div = Xhtml()
        self._div.start(name, attributes)

    def _end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif self._div:
            self._div.end(name)
            if not self._div.depth:
                self._end_div(self._div.written)
        else:
            try:
                self._open[-1].close()
            except Refusal as refusal:
                self._fault(str(refusal))
            self._open.pop()

    def _end_div(self, written: str) -> None:
        self._div = None
        frame = self._open[-1]
        try:
            frame.put(frame.element("div"), written)
        except Refusal as refusal:
            self._fault(str(refusal), "div")

    def _text(self, data: str) -> None:
        if self._skipped:
            return
        if self._div:
            self._div.text(data)
        elif not data.isspace():
            self._fault(f"holds the text {quoted(data.strip())}: only a narrative holds text")

    def _fault(self, sentence: str, inside: str = "") -> None:
        path = ".".join(frame.step for frame in self._open if frame.step)
        named = f"{path}.{inside[:_LONGEST_NAME]}".strip(".") if inside else path
        at = f"line {self.parser.CurrentLineNumber}, column {self.parser.CurrentColumnNumber + 1}"
        expression = (path + step(inside)).removeprefix(".") or None
        self.faults.append(Fault("structure", f"`{named}` {sentence} ({at})", expression))
        self._open[-1].refused = True
        if len(self.faults) >= MOST_FAULTS:
            self.refuse()
