"""The tables of people, their sessions and failed attempts; `migrations/` creates them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Index,
    Integer,
    Table,
    exc,
)

from careplan_service.errors import Unavailable
from careplan_service.store.tables import Text, metadata

oauth_user = Table(
    "oauth_user",
    metadata,
    Column("id", Text, primary_key=True),
    Column("username", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("fhir_user", Text, nullable=False),
    Column("organization", Text, nullable=False),
    Column("totp_secret", Text, nullable=False),
    Column("totp_step", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", BigInteger, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("issuer", Text, nullable=False, server_default=""),
    Column("subject", Text, nullable=False, server_default=""),
)
Index("oauth_user_username", oauth_user.c.username, unique=True)
_linked = oauth_user.c.subject != ""
Index(
    "oauth_user_subject",
    oauth_user.c.issuer,
    oauth_user.c.subject,
    unique=True,
    sqlite_where=_linked,
    postgresql_where=_linked,
)

oauth_recovery = Table(
    "oauth_recovery",
    metadata,
    Column("user_id", Text, ForeignKey("oauth_user.id"), primary_key=True),
    Column("code", Text, primary_key=True),
)

oauth_session = Table(
    "oauth_session",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("oauth_user.id"), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("offered", Text, nullable=False),
    Column("address", Text, nullable=False, server_default=""),
)
Index("oauth_session_user", oauth_session.c.user_id)
Index("oauth_session_created", oauth_session.c.created)

oauth_attempt = Table(
    "oauth_attempt",
    metadata,
    Column("address", Text, primary_key=True),
    Column("since", BigInteger, primary_key=True, autoincrement=False),
    Column("failures", Integer, nullable=False),
)
Index("oauth_attempt_since", oauth_attempt.c.since)


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction on a connection of the pool. Raises Unavailable when the database is gone."""
    try:
        with engine.begin() as connection:
            yield connection
    except (exc.OperationalError, exc.InterfaceError) as error:
        raise Unavailable("the database cannot be reached for now; try again") from error
