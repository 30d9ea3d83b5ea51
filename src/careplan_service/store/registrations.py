"""Clients that registered themselves, in SQL, so that counts hold over all workers.

https://www.rfc-editor.org/rfc/rfc7591#section-5
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    delete,
    exc,
    func,
    insert,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from careplan_service.access.registrations import (
    MOST_FROM_ADDRESS,
    MOST_WAITING,
    WAITING_SECONDS,
    WINDOW_SECONDS,
    Registration,
)
from careplan_service.errors import Busy, Conflict
from careplan_service.store.clients import client_of, oauth_client, row_of
from careplan_service.store.people_tables import transaction
from careplan_service.store.purging import purge
from careplan_service.store.registration_tables import oauth_registering, oauth_registration

_INSERTS: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_GATE = ""  # no network address
_RETRY_FULL = 3600
_CHANGED = ("name", "kind", "scopes", "jwks", "jwks_url", "redirect_uris", "auth_method", "secret_hash")
"""What a client changes of itself; whether it is let in at all never is."""
_APPROVED = ("kind", "organization", "purpose", "further_purposes", "pending")
_candidate = and_(oauth_client.c.pending, oauth_client.c.organization == "")


class SqlRegistrations:
    """Registrations. Moments are seconds since the epoch; whoever writes waits at one gate, one by one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def attempt(self, address: str, now: int) -> bool:
        """Count an attempt to register before it is judged; False when the address had too many."""
        window = now - now % WINDOW_SECONDS
        over = and_(oauth_registering.c.address != _GATE, oauth_registering.c.since < window)
        with transaction(self._engine) as connection:
            counted = self._count(connection, address, window)
            connection.execute(purge(oauth_registering, over))
        return counted <= MOST_FROM_ADDRESS

    def _count(self, connection: Connection, address: str, since: int) -> int:
        counting = (
            _INSERTS[self._engine.dialect.name](oauth_registering)
            .values(address=address, since=since, attempts=1)
            .on_conflict_do_update(
                index_elements=[oauth_registering.c.address, oauth_registering.c.since],
                set_={"attempts": oauth_registering.c.attempts + 1},
            )
            .returning(oauth_registering.c.attempts)
        )
        return int(connection.execute(counting).scalar_one())

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """A transaction that begins when the one before it is over: its row is written first."""
        with transaction(self._engine) as connection:
            self._count(connection, _GATE, 0)
            yield connection

    def add(self, registration: Registration, now: int) -> None:
        """Keep a client that waits for its approval, and forget those that waited too long.

        Raises Conflict when another one has its URI, Busy when too many wait.
        """
        row = {**_fields(registration), "client_id": registration.client.id, "version": 1}
        try:
            with self._alone() as connection:
                _forget(connection, and_(_candidate, oauth_client.c.created <= now - WAITING_SECONDS))
                waiting = select(func.count()).select_from(oauth_client).where(_candidate)
                if int(connection.execute(waiting).scalar_one()) >= MOST_WAITING:
                    text = "too many clients wait for their approval; try again later"
                    raise Busy(text, retry_after=_RETRY_FULL)
                connection.execute(insert(oauth_client).values(row_of(registration.client)))
                connection.execute(insert(oauth_registration).values(row))
        except exc.IntegrityError as error:
            raise Conflict("a client with that certificate registered at the same moment") from error

    def get(self, client_id: str) -> Registration | None:
        """The registration of a client, or None."""
        return self._one(oauth_registration.c.client_id == client_id)

    def of_uri(self, uri: str) -> Registration | None:
        """The registration of the client with that URI in its certificate, or None."""
        return self._one(oauth_registration.c.uri == uri)

    def _one(self, condition: ColumnElement[bool]) -> Registration | None:
        joined = select(oauth_registration, oauth_client).join(oauth_client).where(condition)
        with transaction(self._engine) as connection:
            row = connection.execute(joined).mappings().one_or_none()
        if row is None:
            return None
        about: dict[str, Any] = {column.name: row[column] for column in oauth_registration.c}
        del about["client_id"]
        client = client_of({column.name: row[column] for column in oauth_client.c})
        return Registration(**about | {"client": client, "uri": about["uri"] or ""})

    def change(self, registration: Registration) -> bool:
        """Replace what a client registered; it waits again where its `client` is pending.

        False, and nothing is changed, unless the version is still that of `registration`.
        """
        client = row_of(registration.client)
        values = {name: client[name] for name in _CHANGED}
        pending = true() if registration.client.pending else oauth_client.c.pending
        with self._alone() as connection:
            if not _next_version(connection, registration):
                return False
            this = oauth_client.c.id == registration.client.id
            connection.execute(update(oauth_client).where(this).values(values | {"pending": pending}))
        return True

    def approve(self, registration: Registration) -> bool:
        """Let a client in, as its `client` says; False unless the version is still that."""
        client = row_of(registration.client)
        with self._alone() as connection:
            if not _next_version(connection, registration):
                return False
            this = oauth_client.c.id == registration.client.id
            values = {name: client[name] for name in _APPROVED}
            connection.execute(update(oauth_client).where(this).values(values))
        return True

    def withdraw(self, client_id: str) -> None:
        """End a registration: who was never approved is forgotten, another one is disabled."""
        this = oauth_client.c.id == client_id
        with self._alone() as connection:
            _forget(connection, and_(_candidate, this))
            mine = oauth_registration.c.client_id == client_id
            connection.execute(delete(oauth_registration).where(mine))
            connection.execute(update(oauth_client).where(this).values(enabled=False))


def _fields(registration: Registration) -> dict[str, Any]:
    return {
        "metadata": registration.metadata,
        "token_digest": registration.token_digest,
        "uri": registration.uri or None,
        "certificate": registration.certificate,
    }


def _next_version(connection: Connection, registration: Registration) -> bool:
    this = oauth_registration.c.client_id == registration.client.id
    version = oauth_registration.c.version
    change = update(oauth_registration).where(this, version == registration.version)
    return connection.execute(change.values(_fields(registration) | {"version": version + 1})).rowcount == 1


def _forget(connection: Connection, which: ColumnElement[bool]) -> None:
    ids = select(oauth_client.c.id).where(which)
    connection.execute(delete(oauth_registration).where(oauth_registration.c.client_id.in_(ids)))
    connection.execute(delete(oauth_client).where(which))
