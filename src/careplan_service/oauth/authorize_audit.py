"""Audit rows of what people allow apps, and deny them.

https://www.rfc-editor.org/rfc/rfc9700#section-4.1
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from careplan_service.access.clients import Client
from careplan_service.access.instants import microseconds
from careplan_service.access.people import User
from careplan_service.interactions.desk import LONGEST_ASKED
from careplan_service.interactions.records import AuditEntry

_SEEN, _DENIED = 303, 403


@dataclass(frozen=True)
class AuthorizeAudit:
    """Leaves the rows: `note` does it, `clock` gives the moment."""

    note: Callable[[AuditEntry], None]
    clock: Callable[[], datetime]

    def allowed(self, user: User, client: Client, scope: str, patient: str, address: str) -> None:
        """A person allowed an app these scopes, for a patient (a plain id, empty for none)."""
        self._row("allow-app", user, client, f"{_about(client, patient, address)}: {scope}", _SEEN)

    def denied(self, user: User, client: Client, scope: str, patient: str, address: str) -> None:
        """A person denied an app all that it asked for."""
        asked = f"{_about(client, patient, address)}: {scope}"
        self._row("deny-app", user, client, asked, _DENIED, "the person did not allow it")

    def _row(self, what: str, user: User, client: Client, asked: str, status: int, refusal: str = "") -> None:
        entry = AuditEntry(
            at=microseconds(self.clock()),
            client=f"user:{user.id}",
            organization=user.organization,
            purpose=client.purpose,
            interaction=what,
            asked=asked[:LONGEST_ASKED],
            status=status,
            refusal=refusal,
        )
        self.note(entry)


def _about(client: Client, patient: str, address: str) -> str:
    whose = f" for Patient/{patient}" if patient else ""
    where = f" from {address}" if address else " unasked"
    return f"app {client.id}{whose}{where}"
