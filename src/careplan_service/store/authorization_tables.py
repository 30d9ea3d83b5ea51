"""The tables of what people allowed apps; `migrations/` creates them.

Codes and refresh tokens stand there by their SHA-256 only: who reads the database cannot use them.
https://www.rfc-editor.org/rfc/rfc9700#section-4.14
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table

from careplan_service.store.tables import Text, metadata

oauth_authorization = Table(
    "oauth_authorization",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("oauth_client.id"), nullable=False),
    Column("user_id", Text, ForeignKey("oauth_user.id"), nullable=False),
    Column("scope", Text, nullable=False),
    Column("patient", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("signed_in", BigInteger, nullable=False),
    Column("session", Text, nullable=False),
    Column("revoked", BigInteger, nullable=False),
    Column("used", BigInteger, nullable=False),
)
Index("oauth_authorization_user", oauth_authorization.c.user_id)
Index("oauth_authorization_created", oauth_authorization.c.created)

oauth_code = Table(
    "oauth_code",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("authorization", Text, ForeignKey("oauth_authorization.id", ondelete="CASCADE"), nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("challenge", Text, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("used", BigInteger, nullable=False),
)
Index("oauth_code_authorization", oauth_code.c.authorization)

oauth_refresh = Table(
    "oauth_refresh",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("authorization", Text, ForeignKey("oauth_authorization.id", ondelete="CASCADE"), nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("used", BigInteger, nullable=False),
)
Index("oauth_refresh_authorization", oauth_refresh.c.authorization)
