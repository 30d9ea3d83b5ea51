"""Which resources of clients' records a document names. https://hl7.org/fhir/R4/references.html#literal

Any text that is an address here counts, not only references: a uri in an extension names as much.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from careplan_service.resources.registry import SERVED

GUARDED = frozenset(name for name, spec in SERVED.items() if spec.patient or spec.other_patients)
"""The types of which some may be hidden; people at work, organisations and places are not."""
_IN_NO_RECORD = frozenset(name for name, spec in SERVED.items() if not spec.patient)

_SHORT = 4096
"""Bytes of documents whose names are kept, so that what is kept stays small."""
_ID = r"[A-Za-z0-9\-.]{1,64}"


class Named(NamedTuple):
    """The resources (`Goal/1`) that a document names: of guarded types, and of those that stand in no record.

    A household is both. `otherwise` are texts that name one otherwise (by address, with a version).
    """

    guarded: frozenset[str]
    beside: frozenset[str]
    otherwise: tuple[tuple[str, str], ...] = ()

    def texts(self, names: frozenset[str]) -> frozenset[str]:
        """All texts of the document that name one of these."""
        return names.union(text for text, name in self.otherwise if name in names)


def named_in(data: bytes, base_url: str) -> Named:
    """What a valid document's bytes name."""
    return (_named if len(data) <= _SHORT else _named.__wrapped__)(data, base_url)


@lru_cache(maxsize=4096)  # what is read once is mostly read again
def _named(data: bytes, base_url: str) -> Named:
    if b"\\u" in data or b"\\/" in data:
        # What is written with escapes is the same address; no other escape is part of one.
        read = (_whole(base_url).fullmatch(text) for text in _texts(json.loads(data)))
        found = {one[0]: one[1] for one in read if one}
    else:
        found = {text.decode(): key.decode() for text, key in _in_bytes(base_url).findall(data)}
    types = [(key, key.partition("/")[0]) for key in set(found.values())]
    return Named(
        frozenset(key for key, type_ in types if type_ in GUARDED),
        frozenset(key for key, type_ in types if type_ in _IN_NO_RECORD),
        tuple((text, key) for text, key in found.items() if text != key),
    )


def _pattern(base_url: str) -> str:
    own = re.escape(base_url.rstrip("/") + "/fhir/")
    return rf"(?:{own})?((?:{'|'.join(SERVED)})/{_ID})(?:/_history/{_ID})?"


@lru_cache(maxsize=4)
def _whole(base_url: str) -> re.Pattern[str]:
    return re.compile(_pattern(base_url))


@lru_cache(maxsize=4)
def _in_bytes(base_url: str) -> re.Pattern[bytes]:
    return re.compile(f'"({_pattern(base_url)})"'.encode())


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
