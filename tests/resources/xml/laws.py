"""Whether two JSON documents say the same: numbers by their digits, narratives as XML, all else exactly."""

from __future__ import annotations

import json
import re
from html.entities import name2codepoint
from typing import Any
from xml.etree.ElementTree import canonicalize

from careplan_service.resources.xml import from_xml, to_xml

XHTML = "http://www.w3.org/1999/xhtml"
FHIR = "http://hl7.org/fhir"

_DIGITS = json.JSONDecoder(parse_int=lambda text: ("number", text), parse_float=lambda text: ("number", text))


def there_and_back(data: bytes) -> bytes:
    return from_xml(to_xml(data))


def same(one: bytes, other: bytes) -> bool:
    """Whether the two say the same, in whichever order of names."""
    return said(one) == said(other)


def said(data: bytes) -> Any:
    return _plain(_DIGITS.decode(data.decode("utf-8-sig")))


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _canonical(one) if name == "div" else _plain(one) for name, one in value.items()}


def _canonical(div: str) -> str:
    def character(entity: re.Match[str]) -> str:
        known = entity[1] in name2codepoint and entity[1] not in ("amp", "lt", "gt", "quot")
        return chr(name2codepoint[entity[1]]) if known else entity[0]

    return canonicalize(re.sub(r"&(\w+);", character, div))
