"""Sessions and attempts to sign in, in SQL, so that they hold across workers and restarts.

https://pages.nist.gov/800-63-4/sp800-63b.html#throttle
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    and_,
    case,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from careplan_service.access.people import (
    ABSOLUTE_SECONDS,
    ADDRESS_SECONDS,
    BETWEEN_STEPS_SECONDS,
    IDLE_SECONDS,
    LOCK_SECONDS,
    LONGEST_LOCK_SECONDS,
    MOST_FROM_ADDRESS,
    Attempt,
    Session,
    User,
)
from careplan_service.store.people_tables import oauth_attempt, oauth_session, oauth_user, transaction
from careplan_service.store.purging import purge

_INSERTS: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_PURGE_SECONDS = 60
_SEEN_SECONDS = 60  # so that not every page writes
_once_more = oauth_user.c.failures + 1
_next_lock = case(
    (_once_more < min(LOCK_SECONDS), 0),
    *((_once_more == failures, seconds) for failures, seconds in LOCK_SECONDS.items()),
    else_=LONGEST_LOCK_SECONDS,
)


class SqlSessions:
    """Sessions and attempts. Moments are seconds since the epoch."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._purged = 0

    def attempt(self, user_id: str, address: str, now: int) -> Attempt:
        """Count an attempt as failed before it is judged: any number at once cannot outrun the lock.

        One transaction whoever it is for; an empty `user_id` is nobody's.
        """
        self._purge(now)
        with transaction(self._engine) as connection:
            from_address = self._count(connection, address, now)
            if from_address > MOST_FROM_ADDRESS:
                return Attempt(from_address, taken=False)
            change = (
                update(oauth_user)
                .where(oauth_user.c.id == user_id, oauth_user.c.enabled, oauth_user.c.locked_until <= now)
                .values(failures=_once_more, locked_until=case((_next_lock > 0, _next_lock + now), else_=0))
                .returning(oauth_user.c.locked_until)
            )
            locked_until = connection.execute(change).scalar_one_or_none()
        return Attempt(from_address, locked_until is not None, locked_until or 0)

    def _count(self, connection: Connection, address: str, now: int) -> int:
        row = {"address": address, "since": _window(now), "failures": 1}
        counting = (
            _INSERTS[self._engine.dialect.name](oauth_attempt)
            .values(row)
            .on_conflict_do_update(
                index_elements=[oauth_attempt.c.address, oauth_attempt.c.since],
                set_={"failures": oauth_attempt.c.failures + 1},
            )
            .returning(oauth_attempt.c.failures)
        )
        return int(connection.execute(counting).scalar_one())

    def open(self, user: User, digest: str, address: str, now: int, *, complete: bool, previous: str) -> bool:
        """Open a session in place of the `previous` one and take the attempt back.

        Failures are forgotten when it is complete. False, and no session is opened, when the person was
        disabled, or got another password, second factor or subject, since `user` was read.
        """
        unchanged = and_(
            oauth_user.c.id == user.id,
            oauth_user.c.enabled,
            oauth_user.c.password_hash == user.password_hash,
            oauth_user.c.totp_secret == user.totp_secret,
            oauth_user.c.issuer == user.issuer,
            oauth_user.c.subject == user.subject,
        )
        fewer = case((oauth_user.c.failures > 0, oauth_user.c.failures - 1), else_=0)
        forgiven = update(oauth_user).values(failures=0 if complete else fewer, locked_until=0)
        with transaction(self._engine) as connection:
            # In the order of `attempt`: the address, then the person, or two of them wait in a ring.
            connection.execute(
                update(oauth_attempt)
                .where(oauth_attempt.c.address == address, oauth_attempt.c.since == _window(now))
                .where(oauth_attempt.c.failures > 0)
                .values(failures=oauth_attempt.c.failures - 1)
            )
            if connection.execute(forgiven.where(unchanged)).rowcount != 1:
                return False
            connection.execute(delete(oauth_session).where(oauth_session.c.digest == previous))
            row = {"digest": digest, "user_id": user.id, "created": now, "seen": now, "complete": complete}
            connection.execute(insert(oauth_session).values({**row, "offered": "", "address": address}))
        return True

    def find(self, digest: str, now: int) -> Session | None:
        """The session of that digest if it is not over and its person is enabled."""
        row_of = oauth_session.c
        wanted = (
            select(oauth_session, oauth_user)
            .join(oauth_user, oauth_user.c.id == row_of.user_id)
            .where(row_of.digest == digest, _is_open(now))
        )
        with transaction(self._engine) as connection:
            row = connection.execute(wanted).mappings().one_or_none()
            if row is None:
                return None
            if now - row[row_of.seen] >= _SEEN_SECONDS:
                connection.execute(update(oauth_session).where(row_of.digest == digest).values(seen=now))
        return _session(row)

    def of(self, user: User, now: int) -> tuple[Session, ...]:
        """The sessions of a person that are not over, the one used last first."""
        wanted = (
            select(oauth_session, oauth_user)
            .join(oauth_user, oauth_user.c.id == oauth_session.c.user_id)
            .where(oauth_user.c.id == user.id, _is_open(now))
            .order_by(oauth_session.c.seen.desc(), oauth_session.c.created.desc(), oauth_session.c.digest)
        )
        with transaction(self._engine) as connection:
            return tuple(map(_session, connection.execute(wanted).mappings()))

    def is_open(self, digest: str, now: int) -> bool:
        """Whether the session of that digest is there and not over; asking does not keep it open."""
        row_of = oauth_session.c
        standing = and_(row_of.digest == digest, row_of.complete)
        wanted = select(row_of.digest).where(
            standing, row_of.seen > now - IDLE_SECONDS, row_of.created > now - ABSOLUTE_SECONDS
        )
        with transaction(self._engine) as connection:
            return connection.execute(wanted).one_or_none() is not None

    def end(self, digest: str) -> None:
        """End a session; the id means nothing any more."""
        with transaction(self._engine) as connection:
            connection.execute(delete(oauth_session).where(oauth_session.c.digest == digest))

    def end_others(self, session: Session) -> None:
        """End every other session of its person."""
        of = oauth_session.c
        others = (of.user_id == session.user.id) & (of.digest != session.digest)
        with transaction(self._engine) as connection:
            connection.execute(delete(oauth_session).where(others))

    def offer(self, digest: str, sealed: str) -> None:
        """Keep a sealed secret that is shown in this session, until it is taken as second factor."""
        offered = update(oauth_session).where(oauth_session.c.digest == digest).values(offered=sealed)
        with transaction(self._engine) as connection:
            connection.execute(offered)

    def _purge(self, now: int) -> None:
        if now - self._purged < _PURGE_SECONDS:
            return
        self._purged = now
        over = or_(
            oauth_session.c.created <= now - ABSOLUTE_SECONDS, oauth_session.c.seen <= now - IDLE_SECONDS
        )
        with transaction(self._engine) as connection:
            connection.execute(purge(oauth_session, over))
            connection.execute(purge(oauth_attempt, oauth_attempt.c.since < now - ADDRESS_SECONDS))


def _is_open(now: int) -> ColumnElement[bool]:
    of = oauth_session.c
    return and_(
        oauth_user.c.enabled,
        of.seen > now - IDLE_SECONDS,
        of.created > now - ABSOLUTE_SECONDS,
        or_(of.complete, of.created > now - BETWEEN_STEPS_SECONDS),
    )


def _session(row: RowMapping) -> Session:
    user = User(**{column.name: row[column] for column in oauth_user.c})
    told = {column.name: row[column] for column in oauth_session.c if column.name != "user_id"}
    return Session(**told, user=user)


def _window(now: int) -> int:
    return now - now % ADDRESS_SECONDS
