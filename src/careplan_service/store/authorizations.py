"""What people allowed apps, in SQL: a code and a refresh token can each be used once, by one process.

https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2 and https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from sqlalchemy import Connection, Engine, RowMapping, Table, and_, insert, select, update

from careplan_service.access.authorizations import Authorization, Code, RefreshToken
from careplan_service.store.authorization_tables import oauth_authorization, oauth_code, oauth_refresh
from careplan_service.store.people_tables import transaction
from careplan_service.store.purging import purge

KEPT_SECONDS = 91 * 24 * 60 * 60
"""An authorization is forgotten this long after it was given: a day after its longest refresh token ends."""

_PURGE_SECONDS = 60
_CODES_KEPT_SECONDS = 60 * 60
"""How long a code that nobody used is kept after its end."""


class SqlAuthorizations:
    """What people allowed apps. Moments are seconds since the epoch; raises Unavailable without a database.

    The column `revoked` of an authorization is the one source of what was taken back: whatever is of it,
    codes, refresh tokens and access tokens, is judged by it. `reused(client_id, id, what)` hears once of an
    authorization that was taken back because a `code` or `refresh token` of it came a second time.
    """

    def __init__(self, engine: Engine, reused: Callable[[str, str, str], None] = lambda *_: None) -> None:
        self._engine, self._reused = engine, reused
        self._purged = 0

    def begin(self, authorization: Authorization, code: Code) -> None:
        """Keep what a person allowed, with the code for it, both or neither."""
        self._purge(authorization.created)
        with transaction(self._engine) as connection:
            connection.execute(insert(oauth_authorization).values(asdict(authorization)))
            connection.execute(insert(oauth_code).values({**asdict(code), "used": 0}))

    def redeem(self, digest: str, now: int) -> tuple[Authorization, Code] | None:
        """What a code stands for, once: of two who ask at the same moment the second one gets None.

        A second use revokes the authorization and with it what the first one got. None as well for an
        unknown code, one that is over, and one of what was revoked.
        """
        row = oauth_code.c
        unused = and_(row.digest == digest, row.used == 0)
        taken = update(oauth_code).where(unused).values(used=now).returning(oauth_code)
        with transaction(self._engine) as connection:
            found = connection.execute(taken).mappings().one_or_none()
            if found is not None:
                code = Code(**{name: value for name, value in found.items() if name != "used"})
                authorization = self._use(connection, code.authorization, now) if now < code.expires else None
                return (authorization, code) if authorization else None
        self._end_reused(oauth_code, "code", digest, now)
        return None

    def get(self, id_: str) -> Authorization | None:
        """The authorization of that id, revoked or not, or None."""
        wanted = select(oauth_authorization).where(oauth_authorization.c.id == id_)
        with transaction(self._engine) as connection:
            return _authorization(connection.execute(wanted).mappings().one_or_none())

    def of_user(self, user_id: str) -> tuple[Authorization, ...]:
        """What a person allowed and did not take back, as far as an app made use of it; the newest first."""
        row = oauth_authorization.c
        wanted = (
            select(oauth_authorization)
            .where(row.user_id == user_id, row.revoked == 0, row.used > 0)
            .order_by(row.created.desc(), row.id)
        )
        with transaction(self._engine) as connection:
            return tuple(Authorization(**found) for found in connection.execute(wanted).mappings())

    def revoke(self, id_: str, now: int) -> bool:
        """Take back what was allowed, and all that is of it; False when it was before, or is not there."""
        row = oauth_authorization.c
        standing = and_(row.id == id_, row.revoked == 0)
        with transaction(self._engine) as connection:
            return (
                connection.execute(update(oauth_authorization).where(standing).values(revoked=now)).rowcount
                == 1
            )

    def add_refresh_token(self, token: RefreshToken) -> None:
        """Keep the first refresh token of an authorization."""
        with transaction(self._engine) as connection:
            connection.execute(insert(oauth_refresh).values(asdict(token)))

    def refresh_token(self, digest: str) -> RefreshToken | None:
        """The refresh token of that digest, used or over or not, or None."""
        wanted = select(oauth_refresh).where(oauth_refresh.c.digest == digest)
        with transaction(self._engine) as connection:
            found = connection.execute(wanted).mappings().one_or_none()
        return RefreshToken(**found) if found else None

    def rotate(self, digest: str, following: RefreshToken, now: int) -> Authorization | None:
        """Use a refresh token and keep the `following` one: of two at the same moment the second gets None.

        A second use revokes the authorization, there is no grace. None as well for an unknown token, one
        that is over, and one of what was revoked; the following one is not kept then.
        """
        row = oauth_refresh.c
        unused = and_(row.digest == digest, row.used == 0)
        taken = update(oauth_refresh).where(unused).values(used=now).returning(row.authorization, row.expires)
        with transaction(self._engine) as connection:
            found = connection.execute(taken).one_or_none()
            if found is not None:
                authorization = (
                    self._use(connection, found.authorization, now) if now < found.expires else None
                )
                if authorization is not None:
                    connection.execute(insert(oauth_refresh).values(asdict(following)))
                return authorization
        self._end_reused(oauth_refresh, "refresh token", digest, now)
        return None

    def _end_reused(self, table: Table, what: str, digest: str, now: int) -> None:
        row = oauth_authorization.c
        of = select(table.c.authorization).where(table.c.digest == digest).scalar_subquery()
        standing = and_(row.id == of, row.revoked == 0)
        ended = update(oauth_authorization).where(standing).values(revoked=now)
        with transaction(self._engine) as connection:
            found = connection.execute(ended.returning(row.client_id, row.id)).one_or_none()
        if found is not None:
            self._reused(found.client_id, found.id, what)

    def _use(self, connection: Connection, id_: str, now: int) -> Authorization | None:
        row = oauth_authorization.c
        standing = and_(row.id == id_, row.revoked == 0)
        used = update(oauth_authorization).where(standing).values(used=now).returning(oauth_authorization)
        return _authorization(connection.execute(used).mappings().one_or_none())

    def _purge(self, now: int) -> None:
        if now - self._purged < _PURGE_SECONDS:
            return
        self._purged = now
        code, row = oauth_code.c, oauth_authorization.c
        with transaction(self._engine) as connection:
            over = and_(code.used == 0, code.expires < now - _CODES_KEPT_SECONDS)
            connection.execute(purge(oauth_code, over))
            connection.execute(purge(oauth_authorization, row.created < now - KEPT_SECONDS))


def _authorization(row: RowMapping | None) -> Authorization | None:
    return Authorization(**row) if row else None
