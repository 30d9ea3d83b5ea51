"""A JSON object of somebody unknown, read strictly: what can be understood in two ways is refused.

https://www.rfc-editor.org/rfc/rfc8259#section-4 (names should be unique)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from careplan_service.resources.r4.reading import depth_of

LARGEST = 64 * 1024
"""Bytes of the longest document that is read."""

_DEEPEST = 8
_JSON = "application/json"


class NotJson(ValueError):
    """What was sent is no such object; the text says why and may be shown to the sender."""


def read_object(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The object in the body of a request, given its headers (any case); raises NotJson."""
    given = {name.lower(): value for name, value in headers.items()}
    if given.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise NotJson(f"send the metadata in the body as `{_JSON}`")
    if len(body) > LARGEST:
        raise NotJson(f"the body is longer than {LARGEST} bytes")
    if depth_of(body) > _DEEPEST:
        raise NotJson(f"the body is nested deeper than {_DEEPEST} levels")
    try:
        document = json.loads(body.decode("utf-8"), object_pairs_hook=_each_once, parse_constant=_no_number)
    except NotJson:
        raise
    except (ValueError, RecursionError) as error:
        raise NotJson("the body is not JSON in UTF-8") from error
    if not isinstance(document, dict):
        raise NotJson("the body is not a JSON object")
    return document


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotJson("an object names a field twice; send each once")
    return found


def _no_number(name: str) -> None:
    raise NotJson("a number in the body is none that JSON has")
