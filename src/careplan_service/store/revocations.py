"""The access tokens that were revoked, one by its `jti` or all of what a person took back.

https://www.rfc-editor.org/rfc/rfc7009#section-2.1
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import BigInteger, Column, ColumnElement, Table, bindparam, literal_column, select, union_all
from sqlalchemy.dialects import postgresql, sqlite

from careplan_service.store.authorization_tables import oauth_authorization
from careplan_service.store.database import Database
from careplan_service.store.purging import purge
from careplan_service.store.tables import Text, metadata

oauth_revoked = Table(
    "oauth_revoked",
    metadata,
    Column("jti", Text, primary_key=True),
    Column("expires", BigInteger, nullable=False, index=True),
)

_PURGE_EVERY = 60
_KEPT_LONGER = 3600
"""Seconds: another machine whose clock is behind still takes the token."""


class SqlRevocations:
    """What was revoked; `now` gives seconds since the epoch.

    Asked at every request, so on the connection of the thread: there SQLite answers in microseconds,
    and PostgreSQL has the statement prepared.
    """

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now
        self._purged = 0.0
        revoked, allowed = oauth_revoked.c, oauth_authorization.c
        one: ColumnElement[int] = literal_column("1")
        alone = select(one).select_from(oauth_revoked).where(revoked.jti == bindparam("jti"))
        with_all = select(one).select_from(oauth_authorization).where(allowed.id == bindparam("jti"))
        zero: ColumnElement[int] = literal_column("0")
        self._find = database.compiled(union_all(alone, with_all.where(allowed.revoked != zero)))
        insert = sqlite.insert if database.is_sqlite else postgresql.insert
        row = insert(oauth_revoked).values(jti=bindparam("jti"), expires=bindparam("expires"))
        self._insert = database.compiled(row.on_conflict_do_nothing())
        self._purge = database.compiled(purge(oauth_revoked, revoked.expires < bindparam("before")))

    def is_revoked(self, jti: str) -> bool:
        """Whether a token was revoked, by any process; raises Unavailable when that cannot be told.

        `jti` is its own id, or that of the authorization it is of.
        """
        return bool(self._database.rows(self._find, {"jti": jti}))

    def revoke(self, jti: str, expires: float) -> None:
        """Let a token in no more; `expires`, its own end in seconds since the epoch, ends the note too."""
        now = self._now()
        if now >= expires + _KEPT_LONGER:
            return
        with self._database.writing():
            self._database.run(self._insert, {"jti": jti, "expires": int(expires) + 1})
            if now - self._purged >= _PURGE_EVERY:
                self._database.run(self._purge, {"before": int(now) - _KEPT_LONGER})
                self._purged = now
