"""Reception: who calls, what they want, and the audit row that is durable before the answer leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Request, Response

from careplan_service.access.instants import microseconds
from careplan_service.errors import Problem
from careplan_service.interactions.desk import Desk, Records
from careplan_service.web.auth import Verifier, caller_of
from careplan_service.web.clock import Clock

_LONGEST_ASKED = 2000


@dataclass(frozen=True)
class Reception:
    """What every authenticated route needs; made once by `app.py`."""

    verifier: Verifier
    records: Records
    clock: Clock
    new_id: Callable[[], str]

    def serve(self, request: Request, interaction: str, carry_out: Callable[[Desk], Response]) -> Response:
        """Carry out an interaction for a verified caller; a refusal leaves its audit row too."""
        desk = self._desk(request, interaction)
        try:
            response = carry_out(desk)
        except Problem as problem:
            desk.note(problem.status, problem.text)
            raise
        desk.note(response.status_code)
        return response

    def _desk(self, request: Request, interaction: str) -> Desk:
        query = request.query_string.decode("latin-1")
        asked = f"{request.method} {request.path}{'?' if query else ''}{query}"[:_LONGEST_ASKED]
        return Desk(
            caller=caller_of(request, self.verifier),
            records=self.records,
            now=microseconds(self.clock()),
            asked=asked.replace("\x00", ""),
            new_id=self.new_id,
            interaction=interaction,
        )
