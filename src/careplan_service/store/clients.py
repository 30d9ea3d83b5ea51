"""The client directory and the assertions already used, in SQL.

Replay: https://www.rfc-editor.org/rfc/rfc7523#section-3 (`jti`)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Engine,
    RowMapping,
    Table,
    exc,
    false,
    insert,
    select,
    update,
)

from careplan_service.access.clients import PRIVATE_KEY_JWT, Client
from careplan_service.errors import Conflict
from careplan_service.store.database import Database
from careplan_service.store.purging import purge
from careplan_service.store.tables import Text, metadata

oauth_client = Table(
    "oauth_client",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("organization", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("further_purposes", Text, nullable=False),
    Column("jwks", Text),
    Column("jwks_url", Text),
    Column("enabled", Boolean, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("may_introspect", Boolean, nullable=False, server_default=false()),
    Column("issuer", Text, nullable=False, server_default=""),
    Column("redirect_uris", Text, nullable=False, server_default=""),
    Column("launch_uri", Text, nullable=False, server_default=""),
    Column("auth_method", Text, nullable=False, server_default=PRIVATE_KEY_JWT),
    Column("secret_hash", Text, nullable=False, server_default=""),
    Column("pending", Boolean, nullable=False, server_default=false()),
)

oauth_jti = Table(
    "oauth_jti",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("jti", Text, primary_key=True),
    Column("expires", BigInteger, nullable=False, index=True),
)

_PURGE_EVERY = 60
_LISTS = ("further_purposes", "redirect_uris")
"""What is several values, none with a blank in it."""


class SqlAgencies:
    """Whose staff run the service, where no setting says so: asked for by whatever connection is at work."""

    def __init__(self, database: Database) -> None:
        row = oauth_client.c
        wanted = select(row.organization).where(row.kind == "agency", row.enabled, ~row.pending).distinct()
        self._database, self._asked = database, database.compiled(wanted)

    def organizations(self) -> frozenset[str]:
        """The organisations of the agency clients that are let in."""
        return frozenset(organization for (organization,) in self._database.rows(self._asked, {}))


class SqlClients:
    """The client directory; `now` gives seconds since the epoch."""

    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self._engine = engine
        self._now = now
        self._purged = 0.0

    def add(self, client: Client) -> None:
        """Register a client; raises Conflict when its id is taken."""
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(oauth_client).values(row_of(client)))
        except exc.IntegrityError as error:
            raise Conflict(f"client `{client.id}` is already registered; choose another id") from error

    def get(self, client_id: str) -> Client | None:
        """The client of that id, disabled or not, or None."""
        query = select(oauth_client).where(oauth_client.c.id == client_id)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return client_of(row) if row else None

    def list(self) -> tuple[Client, ...]:
        """Every client, disabled ones too, by id."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(oauth_client).order_by(oauth_client.c.id)).mappings().all()
        return tuple(client_of(row) for row in rows)

    def disable(self, client_id: str) -> bool:
        """Refuse the client from now on; False when there is none of that id."""
        change = update(oauth_client).where(oauth_client.c.id == client_id).values(enabled=False)
        with self._engine.begin() as connection:
            return connection.execute(change).rowcount == 1

    def set_secret(self, client_id: str, secret_hash: str) -> None:
        """Replace the digest of a client's secret: the old one proves nothing from now on."""
        change = update(oauth_client).where(oauth_client.c.id == client_id).values(secret_hash=secret_hash)
        with self._engine.begin() as connection:
            connection.execute(change)

    def redirect_uris(self) -> tuple[str, ...]:
        """Those of every client that is let in."""
        row = oauth_client.c
        wanted = select(row.redirect_uris).where(row.enabled, ~row.pending, row.redirect_uris != "")
        with self._engine.connect() as connection:
            return tuple(uri for text in connection.execute(wanted).scalars() for uri in text.split())

    def remember_jti(self, client_id: str, jti: str, expires: float) -> bool:
        """Note an assertion's id as used; False when this client used it before.

        The primary key decides, so of two requests in two processes exactly one hears True.
        `expires`, in seconds since the epoch, says from when on the note may be forgotten.
        """
        self._purge()
        note = {"client_id": client_id, "jti": jti, "expires": int(expires) + 1}
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(oauth_jti).values(note))
        except exc.IntegrityError:
            return False
        return True

    def _purge(self) -> None:
        now = self._now()
        if now - self._purged < _PURGE_EVERY:
            return
        self._purged = now
        with self._engine.begin() as connection:
            connection.execute(purge(oauth_jti, oauth_jti.c.expires < now))


def row_of(client: Client) -> dict[str, Any]:
    """A client as values of its row."""
    fields = asdict(client)
    return fields | {name: " ".join(fields[name]) for name in _LISTS}


def client_of(row: Mapping[str, Any] | RowMapping) -> Client:
    """The client of a row."""
    fields: dict[str, Any] = dict(row)
    return Client(**fields | {name: tuple(fields[name].split()) for name in _LISTS})
