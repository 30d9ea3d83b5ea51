"""What only this service can have put into a form or an address, for one session and a short while.

https://www.rfc-editor.org/rfc/rfc9700#section-4.16 and
https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest

from careplan_service.access.people import Session
from careplan_service.errors import Forbidden

TICKET_SECONDS = 15 * 60
"""How long a page may be looked at before it is answered."""

_TICKET = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9_-]{22})\.([0-9a-f]{64})")
_MARK = re.compile(r"([0-9]{1,12})\.([0-9a-f]{64})")
_BYTES = 16


@dataclass(frozen=True)
class Tickets:
    """Makes and takes them. `signature` signs a text, `use` notes an id as used (client, id, end) and hears
    False when it was, `now` gives seconds since the epoch.
    """

    signature: Callable[[str], str]
    use: Callable[[str, str, float], bool]
    now: Callable[[], float]

    def made(self, session: Session, about: str) -> str:
        """A ticket of a session for what is said about it."""
        at, once = str(int(self.now())), secrets.token_urlsafe(_BYTES)
        return f"{at}.{once}.{self._signed(session, about, at, once)}"

    def require(self, session: Session, about: str, ticket: str) -> str:
        """What tells the ticket from others, if it is good. Raises Forbidden."""
        found = _TICKET.fullmatch(ticket)
        if found is None or not compare_digest(found[3], self._signed(session, about, found[1], found[2])):
            raise Forbidden("this form is not the one that you were shown; open the app again")
        if self.now() - int(found[1]) > TICKET_SECONDS:
            raise Forbidden("this form was open for too long; open the app again")
        return found[2]

    def spend(self, client_id: str, session: Session, about: str, ticket: str) -> None:
        """Use it, once. Raises Forbidden."""
        once = self.require(session, about, ticket)
        if not self.use(client_id, f"form {once}", self.now() + TICKET_SECONDS):
            raise Forbidden("this form was sent before; open the app again")

    def mark(self, query: str) -> str:
        """What comes back from signing in: the moment it was asked for."""
        at = str(int(self.now()))
        return f"{at}.{self.signature(_mark(at, query))}"

    def is_after(self, session: Session, query: str, mark: str) -> bool:
        """Whether the person signed in since then, not long ago."""
        found = _MARK.fullmatch(mark)
        if found is None or not compare_digest(found[2], self.signature(_mark(found[1], query))):
            return False
        return session.created >= int(found[1]) > self.now() - TICKET_SECONDS

    def _signed(self, session: Session, about: str, at: str, once: str) -> str:
        return self.signature("\n".join(("ticket", session.digest, at, once, about)))


def _mark(at: str, query: str) -> str:
    return f"mark\n{at}\n{query}"
