"""Transaction. https://hl7.org/fhir/R4/http.html#transaction"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, request

from careplan_service.access.instants import instant
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.transaction import Outcome, transaction
from careplan_service.web import incoming, wire
from careplan_service.web.fhir.face import Face

_REASON = {200: "200 OK", 201: "201 Created", 204: "204 No Content"}


def register(routes: Blueprint, face: Face) -> None:
    """The route of the whole system."""

    @routes.post("", strict_slashes=False)
    def whole_system() -> Response:
        def carry_out(desk: Desk) -> Response:
            incoming.require_preconditions(request)
            return _transaction_response(transaction(desk, incoming.body_of(request), face.door()))

        return face.serve("transaction", carry_out)


def _transaction_response(outcomes: Sequence[Outcome]) -> Response:
    entries = [{"response": _response(outcome)} for outcome in outcomes]
    bundle = {"resourceType": "Bundle", "type": "transaction-response"}
    return wire.document({**bundle, "entry": entries} if entries else bundle)


def _response(outcome: Outcome) -> dict[str, str]:
    stored = outcome.stored
    answer = {
        "status": _REASON[outcome.status],
        "etag": f'W/"{stored.version}"',
        "lastModified": instant(stored.updated),
    }
    return answer if outcome.status == 204 else {**answer, "location": wire.versioned(stored)}
