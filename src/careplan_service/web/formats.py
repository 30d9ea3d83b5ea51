"""Media types: which of them is JSON or XML, and which one a caller likes best.

https://hl7.org/fhir/R4/http.html#mime-type and https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from careplan_service.errors import NotAcceptable
from careplan_service.web.wire import FHIR_JSON

FHIR_XML = "application/fhir+xml"
FORMATS: Mapping[str, str] = {
    FHIR_JSON: "json",
    "application/json": "json",
    "text/json": "json",
    FHIR_XML: "xml",
    "application/xml": "xml",
    "text/xml": "xml",
}
"""Media types that are read and written; of two that are liked as much, the first one is written."""

_NAMED: Mapping[str, str] = {"json": "json", "xml": "xml", **FORMATS}
_VERSIONS = frozenset({"4.0", "4.0.1"})


def media(text: str) -> tuple[str, dict[str, str]]:
    """`application/json; q=0.5` as its kind and its parameters, in lower case."""
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    pairs = (parameter.partition("=") for parameter in parameters)
    return kind, {name.strip(): value.strip().strip('"') for name, _, value in pairs}


def is_r4(named: Mapping[str, str]) -> bool:
    """Whether the parameters of a media type leave R4 as the version."""
    return named.get("fhirversion", "4.0") in _VERSIONS


def format_of(named: str | None, accept: str) -> str:
    """`json` or `xml`, by `_format` where it is given, else by the Accept header.

    Raises NotAcceptable (406) when neither is wanted.
    """
    if named is None:
        found = _accepted(accept)
        if found is None:
            raise NotAcceptable(f"`Accept: {accept}` is not served; ask for `{FHIR_JSON}` or `{FHIR_XML}`")
        return found
    kind, parameters = media(named.replace(" ", "+"))
    if kind not in _NAMED or not is_r4(parameters):
        raise NotAcceptable(f"`_format={named}` is not served; ask for `json` or `xml`")
    return _NAMED[kind]


@lru_cache(maxsize=256)
def _accepted(accept: str) -> str | None:
    """The format that is liked best, then the one that is named most exactly, then JSON; None for neither."""
    if not accept.strip():
        return "json"
    ranges = {kind: _quality(named) for kind, named in map(media, accept.split(",")) if is_r4(named)}
    liked = {kind: _liked(kind, ranges) for kind in FORMATS}
    best = max(liked, key=lambda kind: liked[kind])
    return FORMATS[best] if liked[best][0] else None


def _liked(kind: str, ranges: Mapping[str, float]) -> tuple[float, int]:
    """How much a media type is liked, by the most exact range that names it, and how exact that is."""
    for exactness, name in ((2, kind), (1, f"{kind.partition('/')[0]}/*"), (0, "*/*")):
        if name in ranges:
            return ranges[name], exactness
    return 0.0, 0


def _quality(named: Mapping[str, str]) -> float:
    try:
        quality = float(named.get("q", "1"))
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
