"""What a request must be before anything is done with it: formats, parameters, conditions, body.

https://hl7.org/fhir/R4/http.html#mime-type
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from careplan_service.errors import (
    Malformed,
    NotAcceptable,
    NotImplementedHere,
    TooLarge,
    UnsupportedMediaType,
)
from careplan_service.web.wire import FHIR_JSON

FORM = "application/x-www-form-urlencoded"
_LONGEST_FORM = 64 * 1024
_TAKEN = frozenset({FHIR_JSON, "application/json", "text/json"})
_GIVEN = frozenset({"json", *_TAKEN})
_ANY = frozenset({"*/*", "application/*"})
_VERSIONS, _CHARSETS = frozenset({"4.0", "4.0.1"}), frozenset({"utf-8", "utf8"})
_NEVER = re.compile(r"0(?:\.0*)?")


def require_json_wanted(request: Request) -> None:
    """Raise NotAcceptable (406) when neither `_format` nor Accept takes FHIR R4 as JSON."""
    wanted = request.args.get("_format") if request.query_string else None
    if wanted is not None:
        require_format(wanted)
        return
    accept = request.headers.get("Accept", "")
    if accept and accept not in _ANY and accept not in _TAKEN and not _takes_json(accept):
        raise NotAcceptable(f"`Accept: {accept}` is not served; ask for `{FHIR_JSON}`")


def require_format(wanted: str) -> None:
    """Raise NotAcceptable (406) for a `_format` that is not served."""
    kind, named = _media(wanted.replace(" ", "+"))
    if kind not in _GIVEN or not _is_r4(named):
        raise NotAcceptable(f"`_format={wanted}` is not served; ask for `json`")


def _takes_json(accept: str) -> bool:
    """Whether some kind of JSON is accepted: the most exact range that names it decides."""
    ranges = {kind: named for kind, named in map(_media, accept.split(",")) if _is_r4(named)}
    taken = {kind: not _NEVER.fullmatch(named.get("q", "1")) for kind, named in ranges.items()}
    anything = taken.get("*/*", False)
    return any(taken.get(kind, taken.get(f"{kind.partition('/')[0]}/*", anything)) for kind in sorted(_TAKEN))


def _media(text: str) -> tuple[str, dict[str, str]]:
    """`application/json; q=0.5` as its kind and its parameters, in lower case."""
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    pairs = (parameter.partition("=") for parameter in parameters)
    return kind, {name.strip(): value.strip().strip('"') for name, _, value in pairs}


def _is_r4(named: dict[str, str]) -> bool:
    return named.get("fhirversion", "4.0") in _VERSIONS


def require_parameters(request: Request, known: frozenset[str]) -> None:
    """Raise Malformed (400) for a query parameter that would have no effect."""
    for name in sorted(request.args.keys() - known) if request.query_string else ():
        raise Malformed(f"`{name}` is not a parameter of this interaction; leave it out")


def require_preconditions(request: Request) -> None:
    """Raise NotImplementedHere (501) for a condition on a write that nobody would look at."""
    for name in ("If-None-Exist", "If-None-Match", "If-Unmodified-Since"):
        if name in request.headers:
            raise NotImplementedHere(f"`{name}` is not offered here; use `If-Match`, or search first")


def body_of(request: Request) -> bytes:
    """The bytes of a FHIR JSON body.

    Raises UnsupportedMediaType (415), TooLarge (413), Malformed (400) when it is empty.
    """
    kind, named = _media(request.content_type or "")
    if kind not in _TAKEN or not _is_r4(named) or named.get("charset", "utf-8") not in _CHARSETS:
        shown = f"`Content-Type: {request.content_type}`" if kind else "a body without Content-Type"
        raise UnsupportedMediaType(f"{shown} is not taken here; send `{FHIR_JSON}`")
    data = bytes_of(request)
    if not data:
        raise Malformed("the body is empty; send a resource as JSON")
    return data


def bytes_of(request: Request) -> bytes:
    """The body as sent. Raises UnsupportedMediaType (415) when it is compressed, TooLarge (413)."""
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        raise UnsupportedMediaType(f"`Content-Encoding: {encoding}` is not taken here; send it uncompressed")
    try:
        data = request.get_data(cache=False)
        # werkzeug cuts a chunked body off at the limit; asking for more makes it say so
        request.stream.read(1)
    except RequestEntityTooLarge:
        raise TooLarge(f"a body has at most {request.max_content_length} bytes") from None
    return data


def form_of(request: Request) -> list[tuple[str, str]]:
    """The parameters of a form body, in order. Raises UnsupportedMediaType, TooLarge or Malformed."""
    kind, _ = _media(request.content_type or "")
    if kind != FORM:
        raise UnsupportedMediaType(f"`Content-Type: {kind}` is not taken here; send `{FORM}`")
    data = bytes_of(request)
    if len(data) > _LONGEST_FORM:
        raise TooLarge(f"a search form has at most {_LONGEST_FORM} bytes")
    try:
        pairs = parse_qsl(data.decode(), keep_blank_values=True, errors="strict")
    except ValueError:
        raise Malformed("the form cannot be read; percent-encode its values as UTF-8") from None
    if any("\x00" in text for pair in pairs for text in pair):
        raise Malformed("the form holds a NUL character; leave it out")
    return pairs
