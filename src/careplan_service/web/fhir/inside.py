"""Reading entries of a batch or transaction, by the routes themselves: the same rules, the same answers.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate, parsedate_to_datetime
from io import BytesIO
from typing import Any, cast
from urllib.parse import unquote_to_bytes

import orjson
from flask import Blueprint, Flask, Request, Response, g
from werkzeug.exceptions import HTTPException

from careplan_service.access.instants import instant, microseconds, span
from careplan_service.errors import Malformed, NotAcceptable, NotAllowed, NotFound, Problem
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.entries import Frame, Shown
from careplan_service.resources.r4.wording import quoted
from careplan_service.web import presenting
from careplan_service.web.fhir.face import Face
from careplan_service.web.reception import Reception, require_text
from careplan_service.web.wire import FHIR_JSON

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_HEADERS = {"ifNoneMatch": "HTTP_IF_NONE_MATCH", "ifModifiedSince": "HTTP_IF_MODIFIED_SINCE"}


class _Inside(Reception):
    """Serves who is at a desk already: no token is asked for, no audit row left."""

    def serve(self, request: Request, interaction: str, carry_out: Callable[[Desk], Response]) -> Response:
        """Carry out an interaction at the desk of the Bundle."""
        require_text(request)
        response: Response = carry_out(g.desk)
        return response


class Reading:
    """The reading routes, asked from inside; `routes` makes them for a face."""

    def __init__(self, face: Face, routes: Callable[[Face], Blueprint]) -> None:
        outside = face.reception
        inside = _Inside(**vars(outside))
        self._app = Flask("careplan_service.inside", static_folder=None)
        self._app.url_map.strict_slashes = self._app.url_map.merge_slashes = False
        self._app.register_blueprint(routes(replace(face, reception=inside)))
        presenting.register(self._app)
        self._base = f"{face.base_url}/fhir/"

    def read(self, desk: Desk, frame: Frame) -> Shown:
        """Carry out the GET or HEAD of an entry. Raises what its route raises."""
        method = frame.request["method"]
        with self._app.request_context(self._environ(method, frame)) as context:
            g.desk = desk
            sent = context.request
            if sent.routing_exception is not None:
                raise _not_served(sent.routing_exception, frame)
            view = self._app.view_functions[str(sent.endpoint)]
            made = cast(Response, view(**(sent.view_args or {})))
            response = self._app.process_response(made)
        return _shown(response, method)

    def _environ(self, method: str, frame: Frame) -> dict[str, Any]:
        url = str(frame.request.get("url", "")).removeprefix(self._base)
        if url.startswith("/") or "#" in url or _ABSOLUTE.match(url):
            raise Malformed("`request.url` is relative to the base of this server, as `Goal/1`")
        path, _, query = url.partition("?")
        conditions = {
            header: str(frame.request[name]) for name, header in _HEADERS.items() if name in frame.request
        }
        if "HTTP_IF_MODIFIED_SINCE" in conditions:
            conditions["HTTP_IF_MODIFIED_SINCE"] = _http_date(conditions["HTTP_IF_MODIFIED_SINCE"])
        return {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(f"/fhir/{path}").decode("latin-1"),
            "QUERY_STRING": query.encode().decode("latin-1"),
            "SERVER_NAME": "inside",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_ACCEPT": FHIR_JSON,
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
            "wsgi.errors": None,
            **conditions,
        }


def _not_served(error: HTTPException, frame: Frame) -> Problem:
    kind = NotAllowed if error.code == 405 else NotFound
    return kind(f"nothing is served at {quoted(frame.request.get('url'))} for {frame.request['method']}")


def _http_date(text: str) -> str:
    return formatdate(span(text)[0] // 1_000_000, usegmt=True)


def _shown(response: Response, method: str) -> Shown:
    data = response.get_data()
    if data and response.mimetype != FHIR_JSON:
        raise NotAcceptable("an entry is answered in the format of its Bundle; leave out `_format`")
    etag = response.headers.get("ETag", "")
    modified = _modified(response, data) if etag else ""
    return Shown(response.status_code, b"" if method == "HEAD" else data, etag, modified)


def _modified(response: Response, data: bytes) -> str:
    """`meta.lastUpdated`, which a header has to the second only."""
    stamped = orjson.loads(data).get("meta", {}).get("lastUpdated") if data else None
    if stamped:
        return str(stamped)
    header = response.headers.get("Last-Modified")
    return instant(microseconds(parsedate_to_datetime(header))) if header else ""
