"""How a write is answered: with the resource, with nothing, or with an outcome; `Prefer: return=...`.

https://hl7.org/fhir/R4/http.html#ops and https://www.rfc-editor.org/rfc/rfc7240
"""

from __future__ import annotations

import re
from typing import Any

import orjson
from flask import Request, Response

from careplan_service.interactions.once import Written
from careplan_service.interactions.records import Stored
from careplan_service.web import wire

REPRESENTATION, MINIMAL, OUTCOME = "representation", "minimal", "OperationOutcome"
_RETURNS = {name.lower(): name for name in (REPRESENTATION, MINIMAL, OUTCOME)}
_RETURN = re.compile(r'\s*return\s*=\s*"?(\w+)"?\s*(?:;.*)?', re.IGNORECASE)
_DONE = {200: "is stored as", 201: "was made as", 204: "was deleted as"}


def preferred(request: Request) -> str:
    """What the caller wants back: one of the three, or empty. One that is unknown is none (RFC 7240)."""
    for header in request.headers.getlist("Prefer"):
        for part in header.split(","):
            if found := _RETURN.fullmatch(part):
                return _RETURNS.get(found[1].lower(), "")
    return ""


def written(made: Written, base_url: str, preference: str) -> Response:
    """The answer to a create, an update or a patch."""
    response = wire.resource(made.stored, base_url, made.status, located=True)
    if preference == MINIMAL:
        response.set_data(b"")
        del response.headers["Content-Type"]
    elif preference == OUTCOME:
        response.set_data(orjson.dumps(outcome(made)))
    return applied(response, preference)


def deleted(stored: Stored) -> Response:
    """The answer to a delete."""
    return Response(status=204, headers={"ETag": f'W/"{stored.version}"'})


def applied(response: Response, preference: str) -> Response:
    """The response, saying which preference was followed."""
    if preference:
        response.headers["Preference-Applied"] = f"return={preference}"
    return response


def outcome(made: Written) -> dict[str, Any]:
    """An OperationOutcome that says what was done."""
    stored = made.stored
    text = f"`{stored.type}/{stored.id}` {_DONE[made.status]} version {stored.version}"
    issue = {"severity": "information", "code": "informational", "diagnostics": text}
    return {"resourceType": "OperationOutcome", "issue": [issue]}
