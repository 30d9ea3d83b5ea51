"""Whom a request is about, by its address alone. https://hl7.org/fhir/R4/http.html#general

Nothing is looked up: for the audit row of what showed nothing.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

_ID = r"[A-Za-z0-9\-.]{1,64}"
_IN_PATH = re.compile(rf"(?:^\S+ /fhir/|^\S+ )(Patient/{_ID})(?=[/?\s]|$)")
_IN_QUERY = re.compile(rf"[?& ](?:patient|subject)(?::Patient)?=(?:\S*?/)?(?:Patient/)?({_ID})(?=[&\s]|$)")
_TARGET = re.compile(rf"^\S+ (?:/fhir/)?([A-Z][A-Za-z]+/{_ID})(?=[/?\s]|$)")


def patients_in(asked: str) -> tuple[str, ...]:
    """The patient that the address of a request names (`Goal?patient=ann`): one reference, or none."""
    text = unquote(asked)
    found = _IN_PATH.search(text)
    if found:
        return (found[1],)
    named = _IN_QUERY.search(text)
    return (f"Patient/{named[1]}",) if named else ()


def target_in(asked: str) -> str:
    """The resource that the address names (`Goal/1`), or empty."""
    found = _TARGET.search(unquote(asked))
    return found[1] if found else ""
