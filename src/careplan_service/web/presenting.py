"""How an answer leaves: in which format, on one line or many, whole or in part, compressed or not.

https://hl7.org/fhir/R4/http.html#parameters and https://hl7.org/fhir/R4/search.html#summary
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from flask import Flask, Request, Response, g, request

from careplan_service.errors import Malformed, NotAcceptable, Problem
from careplan_service.interactions.controls import PRESENTATION
from careplan_service.resources import narrowing, xml
from careplan_service.resources.narrowing import WHOLE, Narrowing
from careplan_service.resources.registry import SERVED
from careplan_service.web import wire
from careplan_service.web.formats import FHIR_XML, format_of
from careplan_service.web.wire import FHIR_JSON

_SWITCH: Mapping[str, bool] = {"true": True, "false": False}
_PATHS = ("/fhir", "/plans")  # not /oauth: what is secret is not compressed beside what a caller wrote
_COMPRESSED_FROM, _LEVEL = 1024, 1


@dataclass(frozen=True)
class Presentation:
    """How one answer is wanted; `format` is `json` or `xml`."""

    format: str = "json"
    pretty: bool = False
    narrowing: Narrowing = WHOLE


PLAIN = Presentation()
"""As it is stored."""


def note_wanted(sent: Request, interaction: str, form: Iterable[tuple[str, str]] = ()) -> None:
    """Keep for `register`'s answers how this one is wanted, by query, search form and Accept header.

    Raises NotAcceptable (406) for a format that is not served, Malformed (400) for what cannot be followed.
    """
    pairs = [*sent.args.items(multi=True), *form] if sent.query_string or form else []
    g.presentation = _wanted(sent, pairs, interaction.startswith("search"))


def _wanted(sent: Request, pairs: Iterable[tuple[str, str]], counts: bool) -> Presentation:
    given = _once(pairs)
    written = format_of(given.get("_format"), sent.headers.get("Accept", ""))
    if not given:
        return PLAIN if written == PLAIN.format else Presentation(written)
    pretty = given.get("_pretty", "false")
    if pretty not in _SWITCH:
        raise Malformed(f"`_pretty` takes `true` or `false`, not `{pretty}`")
    type_ = str((sent.view_args or {}).get("type_"))
    summary = given.get("_summary")
    part = narrowing.narrowing_of(
        None if counts and summary == "count" else summary,  # a search that counts has no resources
        given.get("_elements"),
        [type_] if type_ in SERVED else SERVED,
    )
    return Presentation(written, _SWITCH[pretty], part)


def _once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, text in pairs:
        if name in PRESENTATION:
            if name in given:
                raise Malformed(f"`{name}` stands here more than once; give it once")
            given[name] = text
    return given


def register(app: Flask) -> None:
    """Have every answer, also that of a problem, leave as it is wanted."""
    app.after_request(_presented)


def _presented(response: Response) -> Response:
    sent: Request = cast(Any, request)._get_current_object()  # the proxy looks it up at every use
    if not sent.path.startswith(_PATHS) or response.is_streamed:
        return response
    response.headers["Vary"] = "Accept, Accept-Encoding"
    if response.headers.get("Content-Type", "").startswith(FHIR_JSON):
        wanted: Presentation = g.get("presentation") or _wanted_of_problem(sent)
        if wanted is not PLAIN:
            response = _written(response, wanted)
    return _compressed(response, sent)


def _wanted_of_problem(sent: Request) -> Presentation:
    """What was refused before anybody looked is told in the format asked for, or in JSON."""
    try:
        written = format_of(sent.args.get("_format"), sent.headers.get("Accept", ""))
    except NotAcceptable:
        return PLAIN
    return PLAIN if written == PLAIN.format else Presentation(written)


def _written(response: Response, wanted: Presentation) -> Response:
    data = response.get_data()
    if not data:
        return response
    try:
        if wanted.narrowing != WHOLE:
            data = narrowing.narrowed(data, wanted.narrowing)
        if wanted.format == "xml":
            data = xml.to_xml(data)
            response.content_type = f"{FHIR_XML}; charset=utf-8"
    except Problem as problem:  # a contained resource of a type that has no XML here
        return wire.outcome(problem)
    response.set_data(_INDENTED[wanted.format](data) if wanted.pretty else data)
    return response


_INDENTED = {"json": narrowing.indented, "xml": xml.indented}


def _compressed(response: Response, sent: Request) -> Response:
    asked = sent.headers.get("Accept-Encoding")
    if not asked or "gzip" not in asked.lower() or not sent.accept_encodings["gzip"]:
        return response
    data = response.get_data()
    if len(data) >= _COMPRESSED_FROM and "Content-Encoding" not in response.headers:
        response.set_data(gzip.compress(data, _LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response
