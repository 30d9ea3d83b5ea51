"""Security labels of single elements, which nothing here enforces.

https://build.fhir.org/ig/HL7/fhir-security-label-ds4p/inline_security_labels.html
What cannot be enforced is not stored: the whole resource is labelled, or the element kept in one of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from careplan_service.errors import Fault

_EXTENSION = "extension-inline-sec-label"
_PROCESS = "PROCESSINLINELABEL"
_SUSPECT = re.compile(rf"{_EXTENSION}|{_PROCESS}|\\".encode())
_TEXT = "labels of single elements are not enforced here; label the whole resource in `meta.security`"


def inline_label_faults(data: bytes, document: Mapping[str, Any], type_: str) -> tuple[Fault, ...]:
    """A fault for each label of an element, and for the tag that tells of them."""
    if not _SUSPECT.search(data):
        return ()
    return tuple(Fault("not-supported", _TEXT, where) for where in _places(document, type_))


def _places(value: Any, where: str) -> Iterator[str]:
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from _places(item, f"{where}[{i}]")
    elif isinstance(value, dict):
        if str(value.get("url", "")).endswith(f"/{_EXTENSION}") or value.get("code") == _PROCESS:
            yield where
        for name, inner in value.items():
            yield from _places(inner, f"{where}.{name}")
