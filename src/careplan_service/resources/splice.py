"""Putting `id` and `meta.versionId/lastUpdated` into a resource's bytes and leaving every other byte alone.

A model or a parser would change number text, fractions of seconds and the order of elements.
https://hl7.org/fhir/R4/resource.html#Meta
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from careplan_service.errors import Malformed

_STRING = rb'"(?:[^"\\]|\\.)*"'
_TOKEN = re.compile(_STRING + rb"|[{}\[\],:]")
_TYPE_FIRST = re.compile(rb'\s*\{\s*"resourceType"\s*:\s*' + _STRING)
_KEYS = {b'"id"': "id", b'"meta"': "meta"}


class Member(NamedTuple):
    """Where a member of an object stands: from its key to the end of its value."""

    name: bytes
    start: int
    value: int
    end: int


def stamped(data: bytes, document: Mapping[str, Any], id_: str, version: int, updated: str) -> bytes:
    """The same bytes with the server's id, version and time in them; `document` is what they parse to."""
    stamp = f'"versionId":"{version}","lastUpdated":"{updated}"'.encode()
    if "id" not in document and "meta" not in document:
        return _insert(data, f'"id":"{id_}","meta":{{'.encode() + stamp + b"}")
    wanted = {key for key, name in _KEYS.items() if name in document}
    members = {m.name: m for m in _members(data, data.index(b"{"), wanted)}
    if len(members) < len(wanted):
        raise Malformed("write the names of `id` and `meta` plainly, without escapes")
    edits: list[tuple[int, int, bytes]] = []
    if b'"id"' in members:
        edits.append((members[b'"id"'].value, members[b'"id"'].end, f'"{id_}"'.encode()))
    else:
        edits.append((*_front(data), f'"id":"{id_}"'.encode()))
    if b'"meta"' in members:
        edits.append(_meta_edit(data, members[b'"meta"'], stamp))
    else:
        at = members[b'"id"'].end
        edits.append((at, at, b',"meta":{' + stamp + b"}"))
    return _edited(data, edits)


def _edited(data: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for start, end, new in sorted(edits, reverse=True):
        if start == end and not new.startswith(b","):
            data = _inserted_at(data, start, new)
        else:
            data = data[:start] + new + data[end:]
    return data


def _front(data: bytes) -> tuple[int, int]:
    """Where a new first member goes: after a leading resourceType, else after the brace."""
    found = _TYPE_FIRST.match(data)
    at = found.end() if found else data.index(b"{") + 1
    return at, at


def _insert(data: bytes, members: bytes) -> bytes:
    return _inserted_at(data, _front(data)[0], members)


def _inserted_at(data: bytes, at: int, members: bytes) -> bytes:
    if data[:at].rstrip().endswith(b"{"):
        rest = data[at:].lstrip()
        return data[:at] + members + (b"" if rest.startswith(b"}") else b",") + data[at:]
    return data[:at] + b"," + members + data[at:]


def _meta_edit(data: bytes, meta: Member, stamp: bytes) -> tuple[int, int, bytes]:
    """The meta object with the server's two members first and the client's own two taken out."""
    members = list(_members(data, meta.value, None))
    if any(b"\\" in m.name for m in members):
        raise Malformed("write the names of the elements of `meta` plainly, without escapes")
    kept = [
        data[m.start : m.end].strip() for m in members if m.name not in (b'"versionId"', b'"lastUpdated"')
    ]
    return meta.value, meta.end, b"{" + b",".join([stamp, *kept]) + b"}"


def _members(data: bytes, brace: int, wanted: set[bytes] | None) -> Iterator[Member]:
    """The members of the object that opens at `brace`; stops early once all wanted keys were seen."""
    depth, key, start, value = 0, b"", 0, 0
    missing = set(wanted or ())
    for token in _TOKEN.finditer(data, brace):
        text = token.group()
        first = text[:1]
        if depth == 1 and first == b'"' and not key:
            key, start = text, token.start()
        elif depth == 1 and first == b":":
            value = _after_space(data, token.end())
        elif depth == 1 and first in b",}" and key:
            if wanted is None or key in missing:
                yield Member(key, start, value, _before_space(data, value, token.start()))
                missing.discard(key)
                if wanted is not None and not missing:
                    return
            key = b""
        depth += (first in b"{[") - (first in b"}]")
        if depth == 0:
            return


def entry_resources(bundle: bytes) -> list[bytes | None]:
    """The bytes of each entry's resource in a Bundle that parsed, in order; None where there is none."""
    entries = next((m for m in _members(bundle, bundle.index(b"{"), {b'"entry"'})), None)
    if entries is None:
        return []
    return [_resource_in(bundle, start) for start in _objects(bundle, entries.value)]


def _resource_in(bundle: bytes, brace: int) -> bytes | None:
    found = next((m for m in _members(bundle, brace, {b'"resource"'})), None)
    return bundle[found.value : found.end] if found else None


def _objects(data: bytes, bracket: int) -> Iterator[int]:
    """Where each object of the array that opens at `bracket` begins."""
    depth = 0
    for token in _TOKEN.finditer(data, bracket):
        first = token.group()[:1]
        if depth == 1 and first == b"{":
            yield token.start()
        depth += (first in b"{[") - (first in b"}]")
        if depth == 0:
            return


def _after_space(data: bytes, at: int) -> int:
    while data[at] in b" \t\r\n":
        at += 1
    return at


def _before_space(data: bytes, start: int, end: int) -> int:
    return start + len(data[start:end].rstrip())
