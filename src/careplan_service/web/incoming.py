"""What a request must be before anything is done with it: formats, parameters, conditions, body.

https://hl7.org/fhir/R4/http.html#mime-type
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl

from flask import Request, current_app
from werkzeug.exceptions import RequestEntityTooLarge

from careplan_service.access.instants import microseconds
from careplan_service.errors import (
    Malformed,
    NotImplementedHere,
    TooLarge,
    UnsupportedMediaType,
)
from careplan_service.interactions.read import Known
from careplan_service.resources.r4.reading import depth_of
from careplan_service.resources.xml import from_xml
from careplan_service.web.formats import FHIR_XML, FORMATS, is_r4, media
from careplan_service.web.unpacking import unzipped
from careplan_service.web.wire import FHIR_JSON

MAX_DEPTH = "CAREPLAN_MAX_DEPTH"
"""Where the application keeps the most levels of a body, as Flask does `MAX_CONTENT_LENGTH`."""

FORM = "application/x-www-form-urlencoded"
_LONGEST_FORM = 64 * 1024
_CHARSETS = frozenset({"utf-8", "utf8"})
_ZIPPED = frozenset({"gzip", "x-gzip"})
_ETAG = re.compile(r'(?:W/)?"([^"]{1,64})"')


def require_parameters(request: Request, known: frozenset[str]) -> None:
    """Raise Malformed (400) for a query parameter that would have no effect."""
    for name in sorted(request.args.keys() - known) if request.query_string else ():
        raise Malformed(f"`{name}` is not a parameter of this interaction; leave it out")


def known_of(request: Request) -> Known | None:
    """What the caller has already, by `If-None-Match` or `If-Modified-Since`; None when it does not say.

    https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 (a header that cannot be read is none).
    """
    tags = request.headers.get("If-None-Match")
    if tags is not None:
        return Known(frozenset(_ETAG.findall(tags)) or frozenset({"*"} if tags.strip() == "*" else {""}))
    since = request.headers.get("If-Modified-Since")
    try:
        return Known(since=microseconds(parsedate_to_datetime(since).astimezone(UTC))) if since else None
    except ValueError:
        return None


def is_lenient(request: Request) -> bool:
    """Whether the caller wants a search to leave out what is not known: `Prefer: handling=lenient`."""
    return any(
        part.strip().lower() == "handling=lenient"
        for header in request.headers.getlist("Prefer")
        for part in re.split("[,;]", header)
    )


def require_preconditions(request: Request, looked_at: Collection[str] = ()) -> None:
    """Raise NotImplementedHere (501) for a condition on a write that nobody would look at."""
    for name in ("If-None-Exist", "If-None-Match", "If-Unmodified-Since"):
        if name in request.headers and name not in looked_at:
            raise NotImplementedHere(f"`{name}` is not offered here; use `If-Match`, or search first")


def body_of(request: Request) -> bytes:
    """A FHIR body as JSON: the bytes as sent, or made from XML.

    Raises UnsupportedMediaType (415), TooLarge (413), Malformed (400) when it is empty or no FHIR XML.
    """
    kind, named = media(request.content_type or "")
    if kind not in FORMATS or not is_r4(named) or named.get("charset", "utf-8") not in _CHARSETS:
        shown = f"`Content-Type: {request.content_type}`" if kind else "a body without Content-Type"
        raise UnsupportedMediaType(f"{shown} is not taken here; send `{FHIR_JSON}` or `{FHIR_XML}`")
    if FORMATS[kind] == "json":
        return json_of(request)
    data = bytes_of(request)
    return _not_too_deep(from_xml(data) if data else data)


def json_of(request: Request) -> bytes:
    """A body of JSON. Raises as `bytes_of`, and Malformed (400) when it is empty or nested too deeply."""
    return _not_too_deep(bytes_of(request))


def _not_too_deep(data: bytes) -> bytes:
    if not data:
        raise Malformed("the body is empty; send a resource as JSON or XML")
    most = current_app.config[MAX_DEPTH]
    if depth_of(data) > most:
        raise Malformed(f"the body is nested deeper than {most} levels")
    return data


def bytes_of(request: Request) -> bytes:
    """The body, opened where it is gzip. Raises UnsupportedMediaType, TooLarge (413) or Malformed."""
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if encoding != "identity" and encoding not in _ZIPPED:
        raise UnsupportedMediaType(f"`Content-Encoding: {encoding}` is not taken here; send `gzip` or none")
    most = request.max_content_length
    try:
        data = request.get_data(cache=False)
        # werkzeug cuts a chunked body off at the limit; asking for more makes it say so
        request.stream.read(1)
    except RequestEntityTooLarge:
        raise TooLarge(f"a body has at most {most} bytes") from None
    return unzipped(data, most or len(data)) if encoding in _ZIPPED else data


def form_of(request: Request) -> list[tuple[str, str]]:
    """The parameters of a form body, in order. Raises UnsupportedMediaType, TooLarge or Malformed."""
    kind, _ = media(request.content_type or "")
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
