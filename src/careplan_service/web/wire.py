"""The wire: how resources, Bundles and problems look as FHIR JSON over HTTP.

https://hl7.org/fhir/R4/http.html and https://hl7.org/fhir/R4/operationoutcome.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from email.utils import formatdate
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Request, Response

from careplan_service.access.instants import instant
from careplan_service.errors import Fault, Malformed, NotAcceptable, Problem, UnsupportedMediaType
from careplan_service.interactions.desk import Cursor, Stored

FHIR_JSON = "application/fhir+json"
_TAKEN = frozenset({FHIR_JSON, "application/json", "text/json"})
_GIVEN = frozenset({"json", "text/json", "application/json", FHIR_JSON})
_ANY = frozenset({"*/*", "application/*"})
_CONTENT_TYPE = f"{FHIR_JSON}; charset=utf-8"


def require_json_wanted(request: Request) -> None:
    """Raise NotAcceptable (406) when neither `_format` nor Accept takes JSON."""
    wanted = request.args.get("_format")
    if wanted is not None:
        if wanted.split(";")[0].replace(" ", "+").strip() not in _GIVEN:
            raise NotAcceptable(f"`_format={wanted}` is not served; ask for `json`")
        return
    accept = request.headers.get("Accept", "*/*")
    if accept in _ANY or accept in _GIVEN:
        return
    kinds = {part.split(";")[0].strip().lower() for part in accept.split(",")}
    if not kinds & (_TAKEN | _ANY):
        raise NotAcceptable(f"`Accept: {accept}` is not served; ask for `{FHIR_JSON}`")


def body_of(request: Request) -> bytes:
    """The bytes of a FHIR JSON body. Raises UnsupportedMediaType (415), Malformed (400) when empty."""
    given = (request.content_type or "").split(";")[0].strip().lower()
    if given not in _TAKEN:
        shown = f"`Content-Type: {given}`" if given else "a body without Content-Type"
        raise UnsupportedMediaType(f"{shown} is not taken here; send `{FHIR_JSON}`")
    data = request.get_data(cache=False)
    if not data:
        raise Malformed("the body is empty; send a resource as JSON")
    return data


def resource(stored: Stored, base_url: str, status: int = 200, *, located: bool = False) -> Response:
    """One version, its bytes untouched. https://hl7.org/fhir/R4/http.html#versions"""
    response = Response(stored.body, status, content_type=_CONTENT_TYPE)
    response.headers["ETag"] = f'W/"{stored.version}"'
    response.headers["Last-Modified"] = formatdate(stored.updated // 1_000_000, usegmt=True)
    response.headers["Cache-Control"] = "private, no-cache"
    if located:
        response.headers["Location"] = f"{base_url}/fhir/{versioned(stored)}"
    return response


def versioned(stored: Stored) -> str:
    """`Goal/1/_history/2`."""
    return f"{stored.type}/{stored.id}/_history/{stored.version}"


def document(value: Any, status: int = 200) -> Response:
    """A document that this service itself makes."""
    return Response(orjson.dumps(value), status, content_type=_CONTENT_TYPE)


def outcome(problem: Problem) -> Response:
    """The one place where a Problem becomes an OperationOutcome."""
    response = document({"resourceType": "OperationOutcome", "issue": [_issue(f) for f in problem.faults]})
    response.status_code = problem.status
    response.headers.update(problem.headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def _issue(fault: Fault) -> dict[str, Any]:
    issue: dict[str, Any] = {"severity": fault.severity, "code": fault.code, "diagnostics": fault.text}
    if fault.expression:
        issue["expression"] = [fault.expression]
    return issue


def searchset(
    matches: Sequence[Stored], total: int, links: Sequence[tuple[str, str]], base_url: str
) -> Response:
    """A page of a search: stored bytes joined, never parsed."""
    entries = (
        b'{"fullUrl":"%s/fhir/%s/%s","resource":%s,"search":{"mode":"match"}}'
        % (base_url.encode(), match.type.encode(), match.id.encode(), match.body)
        for match in matches
    )
    return _bundle("searchset", total, links, entries)


def historic(
    versions: Sequence[Stored], total: int, links: Sequence[tuple[str, str]], base_url: str
) -> Response:
    """A page of a history. https://hl7.org/fhir/R4/http.html#history"""
    return _bundle("history", total, links, (_version(version, base_url) for version in versions))


def _version(stored: Stored, base_url: str) -> bytes:
    status = {"POST": "201", "DELETE": "204"}.get(stored.method, "200")
    url = stored.type if stored.method == "POST" else f"{stored.type}/{stored.id}"
    rest = {
        "request": {"method": stored.method, "url": url},
        "response": {
            "status": status,
            "etag": f'W/"{stored.version}"',
            "lastModified": instant(stored.updated),
        },
    }
    full_url = f'{{"fullUrl":"{base_url}/fhir/{stored.type}/{stored.id}",'.encode()
    body = b"" if stored.deleted else b'"resource":' + stored.body + b","
    return full_url + body + orjson.dumps(rest)[1:]


def _bundle(kind: str, total: int, links: Sequence[tuple[str, str]], entries: Iterable[bytes]) -> Response:
    head = {
        "resourceType": "Bundle",
        "type": kind,
        "total": total,
        "link": [{"relation": relation, "url": url} for relation, url in links],
    }
    joined = b",".join(entries)
    tail = b',"entry":[' + joined + b"]}" if joined else b"}"
    response = Response(orjson.dumps(head)[:-1] + tail, content_type=_CONTENT_TYPE)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def links(url: str, used: Sequence[tuple[str, str]], following: Cursor | None) -> list[tuple[str, str]]:
    """The self link with the parameters that were really used, and the next one where there is more."""
    made = [("self", _url(url, used))]
    if following is not None:
        made.append(("next", _url(url, [*used, ("_cursor", f"{following.key}.{following.origin}")])))
    return made


def _url(url: str, pairs: Sequence[tuple[str, str]]) -> str:
    return f"{url}?{urlencode(pairs, safe='/:|,')}" if pairs else url


def cursor_of(text: str) -> Cursor:
    """Where a page begins: a place, never a permission. Raises Malformed (400)."""
    key, _, origin = text.partition(".")
    if not (key.isdecimal() and origin.isdecimal() and len(text) < 40):
        raise Malformed(f"`_cursor={text}` was not made here; start again from the first page")
    return Cursor(int(key), int(origin))
