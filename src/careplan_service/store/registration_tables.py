"""The tables of clients that registered themselves, and of attempts to; `migrations/` creates them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table

from careplan_service.store.tables import Text, metadata

oauth_registration = Table(
    "oauth_registration",
    metadata,
    Column("client_id", Text, ForeignKey("oauth_client.id"), primary_key=True),
    Column("metadata", Text, nullable=False),
    Column("token_digest", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("uri", Text),
    Column("certificate", Text, nullable=False),
)
Index("oauth_registration_uri", oauth_registration.c.uri, unique=True)

oauth_registering = Table(
    "oauth_registering",
    metadata,
    Column("address", Text, primary_key=True),
    Column("since", BigInteger, primary_key=True, autoincrement=False),
    Column("attempts", BigInteger, nullable=False),
)
Index("oauth_registering_since", oauth_registering.c.since)
