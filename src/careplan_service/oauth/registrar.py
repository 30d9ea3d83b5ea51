"""What registering needs of the store, and what every way of registering shares: checked, kept, and waiting.

https://www.rfc-editor.org/rfc/rfc7591#section-3
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from careplan_service.access.clients import Client
from careplan_service.access.registrations import Registration
from careplan_service.access.scope_text import Judges
from careplan_service.errors import Busy, Invalid
from careplan_service.oauth.client_metadata import Metadata, client_of, refusal, widens
from careplan_service.oauth.client_secrets import digest_of
from careplan_service.oauth.registration import checked
from careplan_service.oauth.registration_audit import RegistrationAudit
from careplan_service.oauth.server import CLIENT_CREDENTIALS

APP, PARTNER = "app", "partner"
_UNDECIDED = ("organization", "purpose")


class Registrations(Protocol):
    """The clients that registered themselves. Moments are seconds since the epoch."""

    def attempt(self, address: str, now: int) -> bool:
        """Count an attempt; False when the address had too many."""

    def add(self, registration: Registration, now: int) -> None:
        """Keep one that waits; raises Conflict when its URI is taken, Busy when too many wait."""

    def get(self, client_id: str) -> Registration | None:
        """The registration of a client."""

    def of_uri(self, uri: str) -> Registration | None:
        """The registration of the client with that URI in its certificate."""

    def change(self, registration: Registration) -> bool:
        """Replace it; False unless it is still of that version."""

    def withdraw(self, client_id: str) -> None:
        """End it."""


@dataclass(frozen=True)
class KnownBy:
    """How a new client is known again: by secrets made for it, or by the URI in a certificate."""

    secret: str = ""
    token: str = ""
    uri: str = ""
    certificate: str = ""


@dataclass(frozen=True)
class Registrar:
    """Keeps what clients say of themselves; `judges` say which scopes there are, `now` gives seconds."""

    kept: Registrations
    judges: Judges
    now: Callable[[], float]
    new_id: Callable[[], str]
    audit: RegistrationAudit

    def add(self, client_id: str, metadata: Metadata, known_by: KnownBy) -> None:
        """Keep a new client as pending; raises an OAuth2Error for what may not be, Conflict, Busy."""
        now = int(self.now())
        client = client_of(metadata, client_id, _kind(metadata), now, _kept(known_by.secret))
        client = self._checked(client)
        about = known_by.uri, known_by.certificate
        self.kept.add(
            Registration(client, json.dumps(metadata), _kept(known_by.token), 1, *about),
            now,
        )
        self.audit.registered(client)

    def change(
        self, before: Registration, metadata: Metadata, *, secret_hash: str, certificate: str = ""
    ) -> Registration:
        """Replace what a client registered; it waits again where that is more than was approved.

        Raises an OAuth2Error for what may not be registered, Busy when it was changed meanwhile.
        """
        old = before.client
        kind = _kind(metadata)
        kind = old.kind if old.kind != APP and kind != APP else kind
        client = self._checked(client_of(metadata, old.id, kind, old.created, secret_hash))
        client = replace(client, pending=widens(metadata, json.loads(before.metadata)))
        after = replace(before, client=client, metadata=json.dumps(metadata), certificate=certificate)
        if not self.kept.change(after):
            raise Busy("the registration was changed at the same moment; read it again", retry_after=1)
        self.audit.changed(
            replace(client, pending=client.pending or old.pending, organization=old.organization)
        )
        return after

    def end(self, registration: Registration) -> None:
        """Forget who was never approved, disable who was."""
        self.kept.withdraw(registration.client.id)
        self.audit.ended(registration.client)

    def _checked(self, client: Client) -> Client:
        try:
            return checked(client, self.judges, left_open=_UNDECIDED)
        except Invalid as error:
            raise refusal((fault.expression, fault.text) for fault in error.faults) from error


def _kind(metadata: Metadata) -> str:
    return PARTNER if CLIENT_CREDENTIALS in metadata["grant_types"] else APP


def _kept(secret: str) -> str:
    return digest_of(secret) if secret else ""


def document_of(registration: Registration) -> dict[str, Any]:
    """The metadata as registered, with the client id and when that was issued."""
    client = registration.client
    return {
        "client_id": client.id,
        "client_id_issued_at": client.created,
        **json.loads(registration.metadata),
    }
