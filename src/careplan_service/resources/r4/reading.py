"""Reading JSON from bytes, strictly. https://hl7.org/fhir/R4/json.html and https://www.rfc-editor.org/rfc/rfc8259"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NoReturn

import orjson

from careplan_service.errors import Malformed
from careplan_service.resources.r4.wording import quoted

DEEPEST = 50
"""Levels of objects and lists that a document may have at most; settings may allow fewer."""

LONGEST_NUMBER = 100
LARGEST_EXPONENT = 400
"""Bounds of a number as written: every double fits, nothing that would take memory to calculate with."""


class _NamedTwice(ValueError):
    """An object with the same name twice: every reader would keep another one of the two."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    node = dict(pairs)
    if len(node) != len(pairs):
        raise _NamedTwice
    return node


def _integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise Malformed(f"a number has {len(text)} digits: at most {LONGEST_NUMBER} are read")
    return int(text)


def _decimal(text: str) -> Decimal:
    _, _, exponent = text.lower().partition("e")
    if len(text) > LONGEST_NUMBER or (exponent and abs(int(exponent)) > LARGEST_EXPONENT):
        raise Malformed(f"the number {quoted(text)} is too long or too large to read")
    return Decimal(text)


def _constant(name: str) -> NoReturn:
    raise Malformed(f"{quoted(name)} is not a JSON number: leave the element out")


def _decoder(hook: Callable[[list[tuple[str, Any]]], Any]) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=hook, parse_int=_integer, parse_float=_decimal, parse_constant=_constant
    )


_DECODER = _decoder(_object)
_PAIRS_DECODER = _decoder(tuple)
"""Keeps every name, to say where one stands twice."""

_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


def parse(data: bytes) -> dict[str, Any]:
    """The JSON object in the bytes, with decimals as `Decimal` in the digits they were sent in.

    Raises `Malformed` for what is not UTF-8, not JSON, no object, names twice, is deeper than `DEEPEST`
    levels or holds numbers or text that nothing could store.
    """
    text = _text(data)
    try:
        document = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        reason = error.msg[0].lower() + error.msg[1:].removesuffix(" at")
        raise Malformed(f"not JSON: {reason} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise Malformed(_TOO_DEEP) from None
    except _NamedTwice:
        raise Malformed(f"{_named_twice(_PAIRS_DECODER.decode(text), '')}: keep one") from None
    if type(document) is not dict:
        raise Malformed(f"the body must be a JSON object, not {quoted(document)}")
    _refuse_depth(document)
    if "\\u" in text and _HALF_CHARACTER.search(text):
        _refuse_half_characters(document)
    return document


def depth_of(data: bytes) -> int:
    """The levels of objects and lists in JSON that may not be valid, without parsing it."""
    if b"\\" in data:
        data = _ESCAPE.sub(b"", data)
    deepest = depth = 0
    for mark in _STRING.sub(b"", data.translate(None, _NO_STRUCTURE)):
        depth += 1 if mark in b"{[" else -1
        deepest = max(deepest, depth)
    return deepest


_ESCAPE, _STRING = re.compile(rb"\\."), re.compile(rb'"[^"]*"?')
_NO_STRUCTURE = bytes(set(range(256)) - set(b'{}[]"'))
_TOO_DEEP = f"nested deeper than {DEEPEST} levels"


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"not UTF-8: byte {error.start + 1} cannot be read") from None
    if not text.strip():
        raise Malformed("the body is empty: send a JSON object")
    return text


def _refuse_depth(document: dict[str, Any]) -> None:
    level: list[Any] = [document]
    for _ in range(DEEPEST):
        level = [
            value
            for node in level
            for value in (node.values() if type(node) is dict else node)
            if type(value) is dict or type(value) is list
        ]
        if not level:
            return
    raise Malformed(_TOO_DEEP)


def _named_twice(value: Any, path: str) -> str:
    """Says which name stands twice, and where; objects are tuples of pairs here."""
    if type(value) is tuple:
        seen = set()
        for name, inner in value:
            if name in seen:
                return f"the name {quoted(name)} stands twice in the object at {quoted(path or '/')}"
            seen.add(name)
            if found := _named_twice(inner, f"{path}/{name}"):
                return found
    elif type(value) is list:
        for index, inner in enumerate(value):
            if found := _named_twice(inner, f"{path}/{index}"):
                return found
    return ""


def _refuse_half_characters(document: dict[str, Any]) -> None:
    try:
        json.dumps(document, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise Malformed("a text holds half of a surrogate pair: send whole characters") from None


_EXACT = re.compile(rb"[:\[,]\s*-?(?:[0-9]+[.eE][0-9.eE+-]*|[0-9]{18,})\s*[,\]}]")
"""A number that a double may not hold, and not the seconds of a time."""


def parse_stored(data: bytes) -> dict[str, Any]:
    """The document of bytes that were checked as they came in; numbers keep their digits."""
    if _EXACT.search(data):
        document: dict[str, Any] = json.loads(data, parse_float=Decimal)
    else:
        document = orjson.loads(data)
    return document
