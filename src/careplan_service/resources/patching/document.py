"""JSON read and written with every number in the digits it was sent in. https://hl7.org/fhir/R4/json.html#decimal"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, NoReturn

import orjson

from careplan_service.errors import Invalid, Malformed
from careplan_service.resources.r4.reading import DEEPEST, parse


class Number(Decimal):
    """A number that remembers how it was written: `1E2` is not written back as `1E+2`."""

    text: str

    def __new__(cls, text: str) -> Number:
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __deepcopy__(self, memo: object) -> Number:
        return self


def _integer(text: str) -> int | Number:
    return Number(text) if text == "-0" else int(text)


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=Number)
_WORDS = {True: "true", False: "false", None: "null"}


def read(data: bytes) -> dict[str, Any]:
    """The JSON object in the bytes, under the same rules as a resource. Raises `Malformed`."""
    parse(data)
    document: dict[str, Any] = _decoded(data)
    return document


def read_stored(data: bytes) -> dict[str, Any]:
    """`read` of what was found to be valid when it was stored."""
    document: dict[str, Any] = _decoded(data)
    return document


def read_list(data: bytes) -> list[Any]:
    """The JSON list in the bytes, under the same rules as a resource. Raises `Malformed`."""
    plain = data.removeprefix(b"\xef\xbb\xbf")
    if not plain.lstrip().startswith(b"["):
        raise Malformed("a JSON Patch is a list of operations: begin it with `[`")
    # The rules are those of a document, which is an object: the list is read as the only member of one.
    if list(parse(b'{"patch":' + plain + b"}")) != ["patch"]:
        raise Malformed("a JSON Patch is one list of operations: nothing may follow it")
    values: list[Any] = _decoded(plain)
    return values


def _decoded(data: bytes) -> Any:
    return _DECODER.decode(data.decode("utf-8-sig"))


def written(value: Any) -> str:
    """The value as JSON without white space. Raises `Invalid` where it is nested deeper than allowed."""
    parts: list[str] = []
    _write(value, parts.append, DEEPEST)
    return "".join(parts)


def rewritten(document: dict[str, Any]) -> bytes:
    """`written`, as UTF-8, of what `read_stored` gave and what has become no deeper since."""
    try:
        return orjson.dumps(document, default=_refuse_number)
    except TypeError:  # a number came whose digits only `written` keeps
        return written(document).encode()


def _refuse_number(value: Any) -> NoReturn:
    raise TypeError


def _write(value: Any, add: Callable[[str], None], deepest: int) -> None:
    kind = type(value)
    if kind is str:
        add(encode_basestring(value))
    elif kind is dict:
        _refuse_depth(deepest)
        mark = "{"
        for name, inner in value.items():
            add(f"{mark}{encode_basestring(name)}:")
            _write(inner, add, deepest - 1)
            mark = ","
        add("}" if value else "{}")
    elif kind is list:
        _refuse_depth(deepest)
        mark = "["
        for inner in value:
            add(mark)
            _write(inner, add, deepest - 1)
            mark = ","
        add("]" if value else "[]")
    elif value is None or kind is bool:
        add(_WORDS[value])
    else:
        add(value.text if kind is Number else str(value))


def _refuse_depth(deepest: int) -> None:
    if deepest < 1:
        raise Invalid(f"the patch nests the document deeper than {DEEPEST} levels")
