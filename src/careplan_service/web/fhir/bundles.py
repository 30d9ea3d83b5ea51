"""Batch and transaction. https://hl7.org/fhir/R4/http.html#transaction"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from flask import Blueprint, Response, request

from careplan_service.access.consent.rules import Door
from careplan_service.access.instants import instant
from careplan_service.interactions.batch import Refused, batch
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.entries import Frame, Reader, Shown, frames_of
from careplan_service.interactions.once import Written
from careplan_service.interactions.transaction import transaction
from careplan_service.web import incoming, wire
from careplan_service.web.fhir import answers
from careplan_service.web.fhir.face import Face
from careplan_service.web.fhir.inside import Reading
from careplan_service.web.fhir.writes import note_once

Answered = Written | Shown | Refused
_CARRY_OUT: Mapping[str, Callable[[Desk, Sequence[Frame], Door, Reader], Sequence[Answered]]] = {
    "batch": batch,
    "transaction": transaction,
}


def register(routes: Blueprint, face: Face, reading: Reading) -> None:
    """The route of the whole system; `reading` answers the entries that read."""

    @routes.post("", strict_slashes=False)
    def whole_system() -> Response:
        def carry_out(desk: Desk) -> Response:
            incoming.require_preconditions(request)
            data = incoming.body_of(request)
            note_once(desk, request, data)
            kind, frames = frames_of(desk, data)
            desk.interaction = kind
            answered = _CARRY_OUT[kind](desk, frames, face.door(), reading.read)
            preference = answers.preferred(request)
            return answers.applied(bundle_of(f"{kind}-response", answered, preference), preference)

        return face.serve("transaction", carry_out)


def bundle_of(kind: str, answered: Iterable[Answered], preference: str) -> Response:
    """What became of every entry, in their order."""
    entries = b",".join(_ENTRY[type(one)](one, preference) for one in answered)
    head = orjson.dumps({"resourceType": "Bundle", "type": kind})
    response = wire.document(None)
    response.set_data(head[:-1] + b',"entry":[' + entries + b"]}" if entries else head)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _written(made: Written, preference: str) -> bytes:
    stored = made.stored
    answer: dict[str, Any] = {
        "status": _status(made.status),
        "etag": wire.etag(stored),
        "lastModified": instant(stored.updated),
    }
    if made.status != 204:
        answer["location"] = wire.versioned(stored)
    if preference == answers.OUTCOME:
        answer["outcome"] = answers.outcome(made)
    whole = preference == answers.REPRESENTATION and made.status != 204
    return _entry(stored.body if whole else b"", orjson.dumps(answer))


def _shown(shown: Shown, preference: str) -> bytes:
    answer = {"status": _status(shown.status), "etag": shown.etag, "lastModified": shown.modified}
    return _entry(shown.body, orjson.dumps({name: text for name, text in answer.items() if text}))


def _refused(refused: Refused, preference: str) -> bytes:
    outcome = wire.outcome(refused.problem).get_data()
    status = orjson.dumps(_status(refused.problem.status))
    return _entry(b"", b'{"status":' + status + b',"outcome":' + outcome + b"}")


def _entry(resource: bytes, response: bytes) -> bytes:
    held = b'"resource":' + resource + b"," if resource else b""
    return b"{" + held + b'"response":' + response + b"}"


def _status(code: int) -> str:
    return f"{code} {HTTPStatus(code).phrase}"


_ENTRY: Mapping[type, Callable[[Any, str], bytes]] = {Written: _written, Shown: _shown, Refused: _refused}
