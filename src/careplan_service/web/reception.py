"""Reception: who calls, what they want, and the audit row that is durable before the answer leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import unquote_to_bytes

from flask import Request, Response

from careplan_service.access.barring import barred_from
from careplan_service.access.caller import Caller
from careplan_service.access.instants import microseconds
from careplan_service.access.viewing import VIEW_AS
from careplan_service.errors import Malformed, Problem
from careplan_service.interactions.break_glass import open_to
from careplan_service.interactions.desk import LONGEST_ASKED, Desk
from careplan_service.interactions.policy import Policy
from careplan_service.interactions.records import Records
from careplan_service.web.auth import Verifier, caller_of
from careplan_service.web.clock import Clock
from careplan_service.web.notices import noticed
from careplan_service.web.rechecks import Rechecks

_READING = frozenset({"GET", "HEAD"})
_LONGEST_ID = 128


@dataclass(frozen=True)
class Reception:
    """What every authenticated route needs; made once by `app/`."""

    verifier: Verifier
    records: Records
    clock: Clock
    new_id: Callable[[], str]
    policy: Policy
    seen_as: Callable[[Caller, str], Caller]
    rechecks: Rechecks | None = None

    def serve(self, request: Request, interaction: str, carry_out: Callable[[Desk], Response]) -> Response:
        """Carry out an interaction for a verified caller; a refusal leaves its audit row too."""
        desk = self._desk(request, interaction)
        try:
            require_text(request)
            with self._judged_twice(desk):
                response = noticed(carry_out(desk), desk)
        except Problem as problem:
            desk.note(problem.status, problem.text)
            raise
        except Exception:
            desk.note(Problem.status, "unexpected")
            raise
        desk.note(response.status_code)
        return response

    @contextmanager
    def _judged_twice(self, desk: Desk) -> Iterator[None]:
        """Of a share of the requests what leaves is judged again, as of the moment at which it was found."""
        if self.rechecks is None or not self.rechecks.wants(desk):
            yield
            return
        desk.recheck = self.rechecks
        with self.records.snapshot():
            yield

    def _caller(self, request: Request) -> Caller:
        """Who is verified, or whom an administrator asks as. Nobody writes in another's name."""
        caller = caller_of(request, self.verifier)
        asked = request.headers.get(VIEW_AS)
        if asked is None:
            return caller
        if request.method not in _READING and not request.path.endswith("/_search"):
            raise Malformed(f"`{VIEW_AS}` is for reading and searching; leave it out of `{request.method}`")
        return self.seen_as(caller, asked)

    def _desk(self, request: Request, interaction: str) -> Desk:
        query = request.query_string.decode("latin-1")
        asked = f"{request.method} {request.path}{'?' if query else ''}{query}"[:LONGEST_ASKED]
        caller, now = self._caller(request), microseconds(self.clock())
        if barred := barred_from(caller, self.records.edges):
            caller = replace(caller, barred=barred)
        if caller.emergencies:
            glasses = open_to(caller, interaction, self.records.glasses, self.policy, now)
            caller = replace(caller, glasses=glasses)
        return Desk(
            caller=caller,
            records=self.records,
            now=now,
            asked=asked.replace("\x00", ""),
            new_id=self.new_id,
            interaction=interaction,
            policy=self.policy,
            address=request.remote_addr or "",
            request_id=_plain(request.headers.get("X-Request-Id", "")),
        )


def _plain(text: str) -> str:
    """What of an id for the log can be kept: FHIR has at most 64 characters of an id, others more."""
    return "".join(one for one in text if one.isascii() and one.isprintable())[:_LONGEST_ID]


def require_text(request: Request) -> None:
    """Raise Malformed (400) for an address that is not UTF-8 or holds a NUL, which no database takes."""
    if not request.query_string and request.path.isascii() and request.path.isprintable():
        return
    try:
        query = unquote_to_bytes(request.query_string).decode()
    except UnicodeDecodeError:
        raise Malformed("the query is not UTF-8; percent-encode its values as UTF-8") from None
    if "\ufffd" in request.path or "\x00" in request.path or "\x00" in query:
        raise Malformed("the address holds what is no text; percent-encode it as UTF-8, without NUL")
