"""The wire: how resources, Bundles and problems look as FHIR JSON over HTTP.

https://hl7.org/fhir/R4/http.html and https://hl7.org/fhir/R4/operationoutcome.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from email.utils import formatdate
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Response

from careplan_service.access.instants import instant
from careplan_service.errors import Fault, Problem
from careplan_service.interactions.feed import Ended
from careplan_service.interactions.records import Stored
from careplan_service.web.notices import security_of

FHIR_JSON = "application/fhir+json"
_CONTENT_TYPE = f"{FHIR_JSON}; charset=utf-8"


def resource(stored: Stored, base_url: str, status: int = 200, *, located: bool = False) -> Response:
    """One version, its bytes untouched. https://hl7.org/fhir/R4/http.html#versions"""
    headers = [("Content-Type", _CONTENT_TYPE), *_version_headers(stored)]
    if located:
        headers.append(("Location", f"{base_url}/fhir/{versioned(stored)}"))
    return Response(stored.body, status, headers)


def etag(stored: Stored) -> str:
    """`W/"3"`; a redacted copy has one of its own. https://hl7.org/fhir/R4/http.html#versioning"""
    return f'W/"{stored.tag}"'


def _version_headers(stored: Stored) -> list[tuple[str, str]]:
    headers = [("ETag", etag(stored)), ("Cache-Control", "private, no-cache")]
    if not stored.projection:  # what a redacted copy holds changes with consents, too
        headers.insert(1, ("Last-Modified", formatdate(stored.updated // 1_000_000, usegmt=True)))
    return headers


def versioned(stored: Stored) -> str:
    """`Goal/1/_history/2`."""
    return f"{stored.type}/{stored.id}/_history/{stored.version}"


def document(value: Any, status: int = 200) -> Response:
    """A document that this service itself makes."""
    return Response(orjson.dumps(value), status, content_type=_CONTENT_TYPE)


def outcome(problem: Problem) -> Response:
    """The one place where a Problem becomes an OperationOutcome."""
    response = told(problem.faults)
    response.status_code = problem.status
    response.headers.update(problem.headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def told(faults: Sequence[Fault]) -> Response:
    """An OperationOutcome."""
    return document({"resourceType": "OperationOutcome", "issue": [_issue(fault) for fault in faults]})


def _issue(fault: Fault) -> dict[str, Any]:
    issue: dict[str, Any] = {"severity": fault.severity, "code": fault.code, "diagnostics": fault.text}
    if fault.expression:
        issue["expression"] = [fault.expression]
    return issue


def not_modified(stored: Stored) -> Response:
    """The caller has this version already. https://hl7.org/fhir/R4/http.html#cread"""
    return Response(status=304, headers=_version_headers(stored))


def searchset(
    matches: Sequence[Stored],
    included: Sequence[Stored],
    total: int | None,
    links: Sequence[tuple[str, str]],
    base_url: str,
    ignored: Sequence[str] = (),
    notices: Sequence[Fault] = (),
) -> Response:
    """A page of a search: bytes joined, never parsed; `ignored` are parameters nobody looked at.

    `notices` are told in an entry of their own.
    """
    entries = [_entry(match, b"match", base_url) for match in matches]
    entries += [_entry(one, b"include", base_url) for one in included]
    if told := [*([_left_out(ignored)] if ignored else []), *notices]:
        entries.append(_outcome_entry(told))
    return _bundle("searchset", total, links, entries, security_of([*matches, *included]))


def _entry(stored: Stored, mode: bytes, base_url: str) -> bytes:
    address = f"{base_url}/fhir/{stored.type}/{stored.id}".encode()
    return b'{"fullUrl":"%s","resource":%s,"search":{"mode":"%s"}}' % (address, stored.body, mode)


def _left_out(ignored: Sequence[str]) -> Fault:
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(ignored))
    text = f"{names} was left out of this search: it is not known here"
    return Fault("not-supported", text, None, "warning")


def _outcome_entry(faults: Sequence[Fault]) -> bytes:
    outcome = {"resourceType": "OperationOutcome", "issue": [_issue(fault) for fault in faults]}
    return orjson.dumps({"resource": outcome, "search": {"mode": "outcome"}})


def historic(
    entries: Sequence[Stored | Ended], total: int | None, links: Sequence[tuple[str, str]], base_url: str
) -> Response:
    """A page of a history. https://hl7.org/fhir/R4/http.html#history"""
    versions = [entry for entry in entries if isinstance(entry, Stored)]
    told = (
        _version(entry, base_url) if isinstance(entry, Stored) else _tombstone(entry, base_url)
        for entry in entries
    )
    return _bundle("history", total, links, told, security_of(versions))


_STOP_USING = Fault("suppressed", "no longer shared with you, or deleted: stop using your copies", None,
                    "information")  # fmt: skip


def _tombstone(ended: Ended, base_url: str) -> bytes:
    """What was received and may be used no longer: nothing but the reference that the caller has."""
    reference = f"{ended.type}/{ended.id}"
    outcome = {"resourceType": "OperationOutcome", "issue": [_issue(_STOP_USING)]}
    return orjson.dumps(
        {
            "fullUrl": f"{base_url}/fhir/{reference}",
            "request": {"method": "DELETE", "url": reference},
            "response": {"status": "204", "lastModified": instant(ended.moment), "outcome": outcome},
        }
    )


def _version(stored: Stored, base_url: str) -> bytes:
    status = "204" if stored.deleted else "201" if stored.version == 1 else "200"
    url = stored.type if stored.method == "POST" else f"{stored.type}/{stored.id}"
    rest = {
        "request": {"method": stored.method, "url": url},
        "response": {
            "status": status,
            "etag": etag(stored),
            "lastModified": instant(stored.updated),
        },
    }
    full_url = f'{{"fullUrl":"{base_url}/fhir/{stored.type}/{stored.id}",'.encode()
    body = b"" if stored.deleted else b'"resource":' + stored.body + b","
    return full_url + body + orjson.dumps(rest)[1:]


def _bundle(
    kind: str,
    total: int | None,
    links: Sequence[tuple[str, str]],
    entries: Iterable[bytes],
    security: Sequence[dict[str, Any]],
) -> Response:
    head = {
        "resourceType": "Bundle",
        **({"meta": {"security": security}} if security else {}),
        "type": kind,
        **({} if total is None else {"total": total}),
        "link": [{"relation": relation, "url": url} for relation, url in links],
    }
    joined = b",".join(entries)
    tail = b',"entry":[' + joined + b"]}" if joined else b"}"
    response = Response(orjson.dumps(head)[:-1] + tail, content_type=_CONTENT_TYPE)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def links(url: str, used: Sequence[tuple[str, str]], following: str | None) -> list[tuple[str, str]]:
    """The self link with the parameters that were really used, and the next one where there is more."""
    made = [("self", _url(url, used))]
    if following is not None:
        made.append(("next", _url(url, [*used, ("_cursor", following)])))
    return made


def _url(url: str, pairs: Sequence[tuple[str, str]]) -> str:
    return f"{url}?{urlencode(pairs, safe='/:|,*')}" if pairs else url
