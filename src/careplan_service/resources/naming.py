"""Which resources of clients' records a document names. https://hl7.org/fhir/R4/references.html#literal

Any text that is an address here counts, not only references: a uri in an extension names as much.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from careplan_service.resources.registry import SERVED

GUARDED = frozenset(name for name, spec in SERVED.items() if spec.patient or spec.other_patients)
"""The types of which some may be hidden; people at work, organisations and places are not."""

_ID = r"[A-Za-z0-9\-.]{1,64}"


def named_in(data: bytes, base_url: str) -> frozenset[str]:
    """The resources (`Goal/1`) of guarded types that a valid document's bytes name."""
    if b"\\u" in data or b"\\/" in data:
        # What is written with escapes is the same address; no other escape is part of one.
        return frozenset(key for text in _texts(json.loads(data)) if (key := named_by(text, base_url)))
    found = {key.decode() for key in _in_bytes(base_url).findall(data)}
    return frozenset(key for key in found if key.partition("/")[0] in GUARDED)


def named_by(text: str, base_url: str) -> str:
    """The resource of a guarded type that a text is the address of; empty for any other text."""
    found = _whole(base_url).fullmatch(text)
    return found[1] if found and found[1].partition("/")[0] in GUARDED else ""


def _pattern(base_url: str) -> str:
    own = re.escape(base_url.rstrip("/") + "/fhir/")
    return rf"(?:{own})?([A-Z][A-Za-z]+/{_ID})(?:/_history/{_ID})?"


@lru_cache(maxsize=4)
def _whole(base_url: str) -> re.Pattern[str]:
    return re.compile(_pattern(base_url))


@lru_cache(maxsize=4)
def _in_bytes(base_url: str) -> re.Pattern[bytes]:
    return re.compile(f'"{_pattern(base_url)}"'.encode())


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        held = waiting.pop()
        if isinstance(held, str):
            yield held
        elif isinstance(held, dict):
            waiting.extend(held.values())
        elif isinstance(held, list):
            waiting.extend(held)
