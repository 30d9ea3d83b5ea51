"""What is wrong with a file that cannot be read as text, JSON or TOML: the line, and what to look for there.

JSON: https://www.rfc-editor.org/rfc/rfc8259 ; TOML: https://toml.io/en/v1.0.0

What a parser says names its grammar and differs by version; here is what a person would look for.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from careplan_service.errors import Fault, Invalid

_JSON: Mapping[str, str] = {
    "Expecting property name": "write a name in double quotation marks here, or take out the comma before it",
    "Expecting value": "write a value here: text in double quotation marks, or take out the comma before it",
    "Expecting ',' delimiter": "put a comma between two values, or the bracket that closes them",
    "Expecting ':' delimiter": "put a colon between name and value",
    "Extra data": "take out what follows the closing bracket of the whole",
    "Unterminated string": "give the text that begins here its closing quotation mark",
    "Invalid control character": "write a line break inside a text as `\\n`, a tab as `\\t`",
    "Invalid \\": "write a backslash inside a text as `\\\\`",
}
_TOML: Mapping[str, str] = {
    "Expected newline": "end the line after the value: is there a quotation mark too many?",
    "Expected ']": "give the name of the section its closing bracket",
    "Expected '='": "write `name = value`; a name with blanks or accents is in quotation marks",
    'Expected "': "give the text its closing quotation mark",
    "Cannot overwrite": "this name comes twice: say it once",
    "Cannot declare": "this section comes twice: say it once",
    "Cannot mutate": "this name comes twice: say it once",
    "Cannot redefine": "this name comes twice: say it once",
    "Duplicate": "this name comes twice: say it once",
    "Unclosed": "give the list or table that is open here its closing bracket",
    "Unterminated": "give the text its closing quotation mark",
    "Illegal character '\\n'": "give the text its closing quotation mark in the same line",
    "Unescaped": "write a backslash inside a text as `\\\\`",
    "Invalid value": "write a value here: text in quotation marks",
    "Invalid statement": "write `name = value`; a name with blanks or accents is in quotation marks",
    "Invalid initial": "write `name = value`; a name with blanks or accents is in quotation marks",
    "Invalid date": "write a date as text in quotation marks",
}
"""What to do by how the parser's own sentence begins."""

_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def decoded(data: bytes, encoding: str, advice: str) -> str:
    """The text of a file. Raises Invalid with the line of the first byte that is not of the encoding."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        # of the object that the decoder had: a byte-order mark is not in it
        byte, row = error.object[error.start], error.object[: error.start].count(b"\n") + 1
        told = encoding.removesuffix("-sig")
        raise _refused(f"byte 0x{byte:02X} in line {row} is not {told}: {advice}") from None


def json_in(data: bytes, what: str = "the file", **parse: Any) -> Any:
    """What `what` says as JSON; `parse` is for `json.loads`. Raises Invalid with the line."""
    text = decoded(data, "utf-8-sig", f"save {what} as UTF-8")
    try:
        return json.loads(text, **parse)
    except (ValueError, RecursionError) as error:
        raise _not_json(what, error) from None


def _not_json(what: str, error: ValueError | RecursionError) -> Invalid:
    """Why `what` ("the file") is no JSON, by what the parser raised."""
    if not isinstance(error, json.JSONDecodeError):
        return _refused(f"{what} cannot be read as JSON: {_beyond(error)}")
    if not error.doc.strip():
        return _refused(f"{what} is empty: there is no JSON in it")
    return _refused(f"{what} cannot be read as JSON: {_advice(_JSON, error.msg)}", f"line {error.lineno}")


def not_toml(what: str, error: ValueError | RecursionError, text: str) -> Invalid:
    """Why `what`, which says `text`, is no TOML, by what the parser raised."""
    if not isinstance(error, tomllib.TOMLDecodeError):
        return _refused(f"{what} cannot be read as TOML: {_beyond(error)}")
    place = _PLACE.search(str(error))
    line = place[1] if place and place[1] else text.rstrip().count("\n") + 1
    return _refused(f"{what} cannot be read as TOML: {_advice(_TOML, str(error))}", f"line {line}")


def _beyond(error: Exception) -> str:
    """Python itself bounds how deep a text nests, and how many digits a number has."""
    return "it is nested too deeply" if isinstance(error, RecursionError) else "a number has too many digits"


def _advice(table: Mapping[str, str], said: str) -> str:
    return next(
        (told for begins, told in table.items() if said.startswith(begins)), "look for a typing error"
    )


def _refused(text: str, expression: str | None = None) -> Invalid:
    return Invalid(text, faults=[Fault("invalid", text, expression)])
