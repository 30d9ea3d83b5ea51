"""Links between the entries of a Bundle become references. https://hl7.org/fhir/R4/http.html#trules

References are changed in the bytes. Of other elements only those of type uri and url and the addresses in
narratives are links; they are rare, and then the resource is written anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from careplan_service.errors import Problem
from careplan_service.resources import r4
from careplan_service.resources.addresses import addresses_in
from careplan_service.resources.patching import patched

_REFERENCE = re.compile(rb'("reference"\s*:\s*")((?:[^"\\]|\\/)*)(?=")')
_CONDITIONAL = re.compile(r"[A-Z][A-Za-z]+\?.+", re.DOTALL)
_RESTFUL = re.compile(r"(https?://\S+/)[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")
_ADDRESS = re.compile(rb"(?:urn:(?:uuid|oid):|https?:)(?:[^\s\"\\<>']|\\/)+")
_IN_NARRATIVE = re.compile(r"""(<[^<>]*?\s(?:href|src)\s*=\s*)(?:"([^"]*)"|'([^']*)')""")
_MADE = re.compile(rb"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")


class Links:
    """The fullUrls of a Bundle's entries with the references that the entries get."""

    def __init__(self, links: Mapping[str, str]) -> None:
        self._links = {link: reference for link, reference in links.items() if link}
        self._made = {link.encode(): reference.encode() for link, reference in self._links.items()}

    def resolve(self, data: bytes, full_url: str = "") -> bytes:
        """The bytes with every link turned into its reference; other bytes stay.

        `full_url` is that of the entry they stand in: from a RESTful one relative references start.
        """
        if not self._made:
            return data
        made, root = self._made, _root(full_url)

        def reference(found: re.Match[bytes]) -> bytes:
            literal = _plain(found[2])
            return found[1] + (made.get(literal) or (root and made.get(root + literal)) or found[2])

        data = _REFERENCE.sub(reference, data)
        if any(_plain(address) in made for address in _ADDRESS.findall(data)):
            return _elsewhere(data, self._links)
        return data


def _plain(raw: bytes) -> bytes:
    """Some writers of JSON escape every slash."""
    return raw.replace(b"\\/", b"/")


def _root(full_url: str) -> bytes:
    found = _RESTFUL.fullmatch(full_url)
    return found[1].encode() if found else b""


def _elsewhere(data: bytes, links: Mapping[str, str]) -> bytes:
    try:
        changes = list(_changes(r4.parse(data), links))
        return patched(data, json.dumps(changes).encode(), "json-patch") if changes else data
    except Problem:
        return data  # what is wrong with it is told where it is checked


def _changes(document: Mapping[str, Any], links: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """A JSON Patch that puts the references into the elements that hold links."""
    for pointer, text, is_narrative in addresses_in(document):
        new = _narrative(text, links) if is_narrative else links.get(text, text)
        if new != text:
            yield {"op": "replace", "path": pointer, "value": new}


def _narrative(text: str, links: Mapping[str, str]) -> str:
    def address(found: re.Match[str]) -> str:
        reference = links.get(found[2] or found[3] or "")
        return f'{found[1]}"{reference}"' if reference else found[0]

    return _IN_NARRATIVE.sub(address, text)


def conditional_references(data: bytes) -> Iterator[str]:
    """The references that say a search: `Patient?identifier=http://x|1`."""
    for _, raw in _REFERENCE.findall(data):
        literal = _plain(raw).decode(errors="replace")
        if _CONDITIONAL.fullmatch(literal):
            yield literal


def replaced(data: bytes, keys: Mapping[str, str]) -> bytes:
    """The bytes with references made for this Bundle only (`Goal/<fresh id>`) exchanged for others."""
    made = {old.encode(): new.encode() for old, new in keys.items()}
    return _MADE.sub(lambda found: made.get(found[0], found[0]), data)
