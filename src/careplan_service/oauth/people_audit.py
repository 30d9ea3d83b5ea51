"""Audit rows of people: who signed in or out, failed or was locked; never a password or a code.

https://pages.nist.gov/800-63-4/sp800-63b.html#records
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from careplan_service.access.instants import microseconds
from careplan_service.access.people import Attempt, User
from careplan_service.interactions.records import AuditEntry

_REFUSED = 422
_SEEN = 303


@dataclass(frozen=True)
class PeopleAudit:
    """Leaves the rows: `note` does it, `clock` gives the moment."""

    note: Callable[[AuditEntry], None]
    clock: Callable[[], datetime]

    def done(self, interaction: str, user: User, address: str) -> None:
        """What a person did."""
        self._row(interaction, user, f"from {address}", _SEEN)

    def failed(self, interaction: str, user: User | None, address: str, attempt: Attempt, why: str) -> None:
        """What was refused; another row if that locked the account.

        A name that nobody has is not kept: people type passwords there.
        """
        self._row(interaction, user, f"from {address}", _REFUSED, why)
        if user is not None and attempt.taken and attempt.locked_until:
            until = datetime.fromtimestamp(attempt.locked_until, self.clock().tzinfo)
            self._row("lock", user, f"from {address}", _REFUSED, f"locked until {until.isoformat()}")

    def _row(self, interaction: str, user: User | None, asked: str, status: int, refusal: str = "") -> None:
        client = f"user:{user.id}" if user else "user:unknown"
        organization = user.organization if user else ""
        at = microseconds(self.clock())
        self.note(AuditEntry(at, client, organization, "", interaction, asked, status, refusal=refusal))
