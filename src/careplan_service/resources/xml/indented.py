"""XML with a line for each element, for people. https://hl7.org/fhir/R4/xml.html"""

from __future__ import annotations

import re

_TAG = re.compile(rb"<([?/]?)([A-Za-z]+)[^>]*?(/?)>")
_DIV = re.compile(rb"<(/?)div(?:\s[^>]*)?>")


def indented(data: bytes) -> bytes:
    """What `to_xml` wrote, with lines and indents everywhere but in narratives, where blanks are text."""
    lines: list[bytes] = []
    depth = at = 0
    while tag := _TAG.match(data, at):
        before, name, closed = tag.groups()
        end = _end_of_div(data, at) if name == b"div" else tag.end()
        depth -= before == b"/"
        lines.append(b"  " * depth + data[at:end])
        depth += not before and not closed and name != b"div"
        at = end
    return b"\n".join(lines)


def _end_of_div(data: bytes, start: int) -> int:
    depth = 0
    for tag in _DIV.finditer(data, start):
        depth += -1 if tag[1] else 1
        if not depth:
            return tag.end()
    return len(data)
