"""Putting `id` and `meta.versionId/lastUpdated` into a resource's bytes and leaving every other byte alone.

A model or a parser would change number text, fractions of seconds and the order of elements.
https://hl7.org/fhir/R4/resource.html#Meta
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from careplan_service.errors import Malformed

_SPACE = re.compile(r"[ \t\r\n]*")
_COMMA, _COLON = re.compile(r"[ \t\r\n]*,?[ \t\r\n]*"), re.compile(r"[ \t\r\n]*:[ \t\r\n]*")
_TYPE_FIRST = re.compile(r'\s*\{\s*"resourceType"\s*:\s*"(?:[^"\\]|\\.)*"')
# Only where a value ends matters here, so numbers may stay texts.
_VALUE = json.JSONDecoder(parse_int=str, parse_float=str)

Edit = tuple[int, int, str]
"""What to put in place of the text from the first position to the second."""


class Member(NamedTuple):
    """A member of an object: its name as written and where it stands, its value from `start` to `end`."""

    name: str
    at: int
    start: int
    end: int


def stamped(data: bytes, document: Mapping[str, Any], id_: str, version: int, updated: str) -> bytes:
    """The same bytes with the server's id, version and time in them; `document` is what they parse to.

    Raises Malformed (400) where the names that the stamp must replace are written with escapes.
    """
    text = data.decode()
    stamp = f'"versionId":"{version}","lastUpdated":"{updated}"'
    wanted = {name for name in ("id", "meta") if name in document}
    members = _named(text, text.index("{"), wanted)
    if len(members) < len(wanted):
        raise Malformed("write the names of `id` and `meta` plainly, without escapes")
    edits = _edits(text, members.get("id"), members.get("meta"), id_, stamp)
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text.encode()


def secured(data: bytes, document: Mapping[str, Any], security: Sequence[Mapping[str, Any]]) -> bytes:
    """The same bytes with other security labels in them; `document` is what they parse to."""
    text = data.decode()
    written = json.dumps(security, ensure_ascii=False, separators=(",", ":"))
    meta = _named(text, text.index("{"), {"meta"}).get("meta") if "meta" in document else None
    if meta is None:
        edit = _at_front(text, f'"meta":{{"security":{written}}}')
    elif held := _named(text, meta.start, {"security"}).get("security"):
        edit = (held.start, held.end, written)
    else:
        comma = "" if text[_after(_SPACE, text, meta.start + 1)] == "}" else ","
        edit = (meta.start + 1, meta.start + 1, f'"security":{written}{comma}')
    start, end, new = edit
    return (text[:start] + new + text[end:]).encode()


def _edits(text: str, id_at: Member | None, meta: Member | None, id_: str, stamp: str) -> Iterator[Edit]:
    """The id and the meta in place of those that were sent; where there is no meta, it follows the id."""
    new = f'"id":"{id_}"' if meta else f'"id":"{id_}","meta":{{{stamp}}}'
    if meta:
        yield meta.start, meta.end, _stamped_meta(text, meta, stamp)
    if id_at:
        yield id_at.start, id_at.end, new.partition(":")[2]
    else:
        yield _at_front(text, new)


def _at_front(text: str, members: str) -> Edit:
    """Puts in new members: after a leading resourceType, else before all others."""
    found = _TYPE_FIRST.match(text)
    if found:
        return found.end(), found.end(), f",{members}"
    at = text.index("{") + 1
    return at, at, members if text[_after(_SPACE, text, at)] == "}" else f"{members},"


def _stamped_meta(text: str, meta: Member, stamp: str) -> str:
    """The meta object with the server's two members first and the client's own two taken out."""
    members = list(_members(text, meta.start))
    if any("\\" in member.name for member in members):
        raise Malformed("write the names of the elements of `meta` plainly, without escapes")
    kept = [text[m.at : m.end] for m in members if m.name not in ("versionId", "lastUpdated")]
    return "{" + ",".join([stamp, *kept]) + "}"


def entry_resources(bundle: bytes) -> list[bytes | None]:
    """The bytes of each entry's resource in a Bundle that parsed, in order; None where there is none."""
    text = bundle.decode("utf-8-sig")
    entries = _named(text, text.index("{"), {"entry"}).get("entry")
    return [_resource_in(text, at) for at in _items(text, entries.start)] if entries else []


def _resource_in(text: str, brace: int) -> bytes | None:
    found = _named(text, brace, {"resource"}).get("resource")
    return text[found.start : found.end].encode() if found else None


def _named(text: str, brace: int, wanted: Collection[str]) -> dict[str, Member]:
    """The members of these names; the search ends with the last of them."""
    found: dict[str, Member] = {}
    if not wanted:
        return found
    for member in _members(text, brace):
        if member.name in wanted:
            found[member.name] = member
            if len(found) == len(wanted):
                break
    return found


def _members(text: str, brace: int) -> Iterator[Member]:
    """The members of the object that opens at `brace`, in a text that parsed."""
    at = _after(_SPACE, text, brace + 1)
    while text[at] != "}":
        _, named = _VALUE.raw_decode(text, at)
        start = _after(_COLON, text, named)
        _, end = _VALUE.raw_decode(text, start)
        yield Member(text[at + 1 : named - 1], at, start, end)
        at = _after(_COMMA, text, end)


def _items(text: str, bracket: int) -> Iterator[int]:
    """Where each item of the list that opens at `bracket` begins."""
    at = _after(_SPACE, text, bracket + 1)
    while text[at] != "]":
        yield at
        _, end = _VALUE.raw_decode(text, at)
        at = _after(_COMMA, text, end)


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    assert found is not None  # each of them also matches nothing, or what any JSON has there
    return found.end()
