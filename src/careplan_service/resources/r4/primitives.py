"""The formats of FHIR's primitive types. https://hl7.org/fhir/R4/datatypes.html#primitive

Each function looks at one JSON value and answers the sentence that says what is wrong with it,
or None. `FORMATS` maps the type names to these functions.
"""

from __future__ import annotations

import math
import re
from calendar import monthrange
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from careplan_service.resources.r4.narrative import xhtml
from careplan_service.resources.r4.wording import quoted

Format = Callable[[Any], str | None]

LONGEST_STRING = 1024 * 1024
"""Characters that a FHIR string may have."""

_YEAR = r"(?:[0-9](?:[0-9](?:[0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)"
_DAY = rf"({_YEAR})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12][0-9]|3[01]))?)?"
_FULL_DAY = rf"({_YEAR})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")
_BLANK = re.compile(r"\s", re.ASCII)
_CODE = re.compile(r"\S+(?: \S+)*", re.ASCII)
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


def text_fault(value: str) -> str | None:
    """What no FHIR string may hold: nothing at all, control characters, halves of characters, over 1 MB."""
    if not value:
        return "is empty: leave the element out"
    if len(value) > LONGEST_STRING:
        return f"has {len(value)} characters: {LONGEST_STRING} are the most a string may have"
    if value.isprintable():
        return None
    if _CONTROL.search(value):
        return "holds a control character: only tab, line feed and carriage return are allowed"
    if _HALF_CHARACTER.search(value):
        return "holds half of a surrogate pair: send whole characters"
    return None


def string(value: Any) -> str | None:
    """Any text of at least one character."""
    if type(value) is not str:
        return f"must be text in quotes, not {quoted(value)}"
    # The same answer as text_fault for the usual case, without the call.
    if value and len(value) <= LONGEST_STRING and value.isprintable():
        return None
    return text_fault(value)


def boolean(value: Any) -> str | None:
    """JSON true or false."""
    return None if value is True or value is False else f"must be true or false, not {quoted(value)}"


def decimal(value: Any) -> str | None:
    """A finite JSON number."""
    kind = type(value)
    if kind is int or (kind is Decimal and value.is_finite()) or (kind is float and math.isfinite(value)):
        return None
    return f"must be a number without quotes, not {quoted(value)}"


def _whole(lowest: int) -> Format:
    def whole(value: Any) -> str | None:
        if type(value) is int and lowest <= value <= 2147483647:
            return None
        return f"must be a whole number from {lowest} to 2147483647, not {quoted(value)}"

    return whole


def _pattern(expression: str, wanted: str) -> Format:
    matches = re.compile(expression).fullmatch

    def format_of(value: Any) -> str | None:
        if type(value) is not str:
            return f"must be text in quotes, not {quoted(value)}"
        if matches(value) and len(value) <= LONGEST_STRING:
            return text_fault(value)
        return f"{quoted(value)} is not {wanted}"

    return format_of


def _calendar(expression: str, wanted: str) -> Format:
    matches = re.compile(expression).fullmatch

    def format_of(value: Any) -> str | None:
        if type(value) is not str:
            return f"must be text in quotes, not {quoted(value)}"
        found = matches(value)
        if found is None:
            return f"{quoted(value)} is not {wanted}"
        year, month, day = found.groups()
        if day is not None and day > "28" and int(day) > monthrange(int(year), int(month))[1]:
            return f"{quoted(value)} names a day that month does not have"
        return None

    return format_of


def code(value: Any) -> str | None:
    """Text without blanks at its ends, and only single ones inside."""
    if type(value) is not str:
        return f"must be text in quotes, not {quoted(value)}"
    # The usual case without the regular expression.
    if value.isalnum() or _CODE.fullmatch(value):
        return text_fault(value)
    return text_fault(value) or f"{quoted(value)} is not a code: use single blanks, and only inside"


def uri(value: Any) -> str | None:
    """A URI: text without white space."""
    if type(value) is not str:
        return f"must be text in quotes, not {quoted(value)}"
    if value and value.isprintable() and " " not in value:
        return None
    if _BLANK.search(value):
        return f"{quoted(value)} is not a URI: it holds white space"
    return text_fault(value)


def base64_binary(value: Any) -> str | None:
    """Base64 with padding; white space between the characters is allowed."""
    if type(value) is not str:
        return f"must be text in quotes, not {quoted(value)}"
    if not value:
        return "is empty: leave the element out"
    packed = "".join(value.split()) if not value.isalnum() else value
    if packed and len(packed) % 4 == 0 and _BASE64.fullmatch(packed):
        return None
    return "is not base64: use A-Z, a-z, 0-9, + and /, padded with = to a multiple of four"


FORMATS: dict[str, Format] = {
    "base64Binary": base64_binary,
    "boolean": boolean,
    "canonical": uri,
    "code": code,
    "date": _calendar(_DAY, "a date: write YYYY, YYYY-MM or YYYY-MM-DD"),
    "dateTime": _calendar(
        rf"{_DAY}(?:(?<=-[0-9]{{2}}-[0-9]{{2}})T{_TIME}{_ZONE})?",
        "a dateTime: write YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz",
    ),
    "decimal": decimal,
    "elementId": _pattern(r"[^\s]+", "an element id: it holds white space"),
    "id": _pattern(r"[A-Za-z0-9\-.]{1,64}", "an id: use 1 to 64 of A-Z, a-z, 0-9, - and ."),
    "instant": _calendar(rf"{_FULL_DAY}T{_TIME}{_ZONE}", "an instant: write YYYY-MM-DDThh:mm:ss+zz:zz"),
    "integer": _whole(-2147483648),
    "markdown": string,
    "oid": _pattern(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+", "an OID: write urn:oid:1.2.3"),
    "positiveInt": _whole(1),
    "string": string,
    "time": _pattern(_TIME, "a time of day: write hh:mm:ss"),
    "unsignedInt": _whole(0),
    "uri": uri,
    "url": uri,
    "uuid": _pattern(
        r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "a UUID: write urn:uuid: and 32 hexadecimal digits in lower case",
    ),
    "xhtml": xhtml,
}
