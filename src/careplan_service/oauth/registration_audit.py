"""Audit rows of clients that register themselves: who came, changed and went; never a secret.

https://www.rfc-editor.org/rfc/rfc7591#section-5
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from careplan_service.access.clients import Client
from careplan_service.access.instants import microseconds
from careplan_service.interactions.desk import LONGEST_ASKED
from careplan_service.interactions.records import AuditEntry


@dataclass(frozen=True)
class RegistrationAudit:
    """Leaves the rows: `note` does it, `clock` gives the moment."""

    note: Callable[[AuditEntry], None]
    clock: Callable[[], datetime]

    def registered(self, client: Client) -> None:
        """A client registered itself."""
        self._row("register", client, _about(client), 201)

    def changed(self, client: Client) -> None:
        """A client changed its registration; it is told whether it waits again for that."""
        waits = " waits" if client.pending else ""
        self._row("change-registration", client, f"{_about(client)}{waits}", 200)

    def ended(self, client: Client) -> None:
        """A client ended its registration."""
        self._row("end-registration", client, _about(client), 204)

    def _row(self, interaction: str, client: Client, asked: str, status: int) -> None:
        at = microseconds(self.clock())
        text = asked[:LONGEST_ASKED]
        self.note(AuditEntry(at, client.id, client.organization, "", interaction, text, status))


def _about(client: Client) -> str:
    return f"{client.kind} {client.name!a} for {client.scopes}"
