"""Characters that XML can hold, and how text is written in it. https://www.w3.org/TR/xml/#charsets"""

from __future__ import annotations

import re

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_NOT_IN_ATTRIBUTE = re.compile('[&<>"\x00-\x1f\ufffe\uffff\ud800-\udfff]')
_NOT_IN_TEXT = re.compile("[&<>\r]")

_WRITTEN = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}


def in_attribute(text: str) -> str:
    """The text between the quotes of an attribute; what XML cannot hold becomes U+FFFD."""
    return _NOT_IN_ATTRIBUTE.sub(_reference, text) if _NOT_IN_ATTRIBUTE.search(text) else text


def in_text(text: str) -> str:
    """The text between two tags, of characters that XML can hold."""
    return _NOT_IN_TEXT.sub(_reference, text)


def only_xml(text: str) -> str:
    """The same with U+FFFD for each character that XML cannot hold."""
    return _NOT_IN_XML.sub("\ufffd", text)


def _reference(found: re.Match[str]) -> str:
    return _WRITTEN.get(found[0], "\ufffd")
