"""The people who sign in, in SQL. https://pages.nist.gov/800-63-4/sp800-63b.html#password"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, delete, exc, insert, select, update

from careplan_service.access.people import User
from careplan_service.errors import Conflict
from careplan_service.store.people_tables import oauth_recovery, oauth_session, oauth_user, transaction


class SqlPeople:
    """The register of people; what makes a session worthless ends it in the same transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, user: User) -> None:
        """Register a person; raises Conflict when the username or the id is taken."""
        try:
            with transaction(self._engine) as connection:
                connection.execute(insert(oauth_user).values(asdict(user)))
        except exc.IntegrityError as error:
            text = f"username `{user.username}` is taken; choose another one"
            raise _linked_already(error) or Conflict(text) from error

    def get(self, id_: str) -> User | None:
        """The person of that id, disabled or not, or None."""
        return self._one(oauth_user.c.id == id_)

    def named(self, username: str) -> User | None:
        """The person of that folded username, disabled or not, or None."""
        return self._one(oauth_user.c.username == username)

    def linked(self, issuer: str, subject: str) -> User | None:
        """The person who is that subject to that issuer, disabled or not, or None."""
        return self._one(
            (oauth_user.c.issuer == issuer) & (oauth_user.c.subject == subject) & (subject != "")
        )

    def _one(self, condition: ColumnElement[bool]) -> User | None:
        with transaction(self._engine) as connection:
            row = connection.execute(select(oauth_user).where(condition)).mappings().one_or_none()
        return User(**row) if row else None

    def list(self) -> tuple[User, ...]:
        """Everybody, disabled ones too, by username."""
        with transaction(self._engine) as connection:
            rows = connection.execute(select(oauth_user).order_by(oauth_user.c.username)).mappings().all()
        return tuple(User(**row) for row in rows)

    def enable(self, id_: str) -> None:
        """Let the person sign in again."""
        self._change(id_, enabled=True)

    def disable(self, id_: str) -> None:
        """Let the person in no more; every session ends."""
        self._change(id_, ends_sessions=True, enabled=False)

    def unlock(self, id_: str) -> None:
        """Forget the failures, so that the person can try at once."""
        self._change(id_, failures=0, locked_until=0)

    def set_password(self, id_: str, password_hash: str) -> None:
        """Replace the password; every session ends."""
        self._change(id_, ends_sessions=True, password_hash=password_hash, failures=0, locked_until=0)

    def change_password(self, user: User, password_hash: str) -> bool:
        """Replace the password and end every session; False when it was changed meanwhile."""
        same = (oauth_user.c.id == user.id) & (oauth_user.c.password_hash == user.password_hash)
        with transaction(self._engine) as connection:
            change = update(oauth_user).where(same).values(password_hash=password_hash)
            if connection.execute(change).rowcount != 1:
                return False
            connection.execute(delete(oauth_session).where(oauth_session.c.user_id == user.id))
        return True

    def link(self, id_: str, issuer: str, subject: str) -> None:
        """Make the person that subject to that issuer, both empty for none; every session ends.

        Raises Conflict when somebody else is.
        """
        try:
            self._change(id_, ends_sessions=True, issuer=issuer, subject=subject)
        except exc.IntegrityError as error:
            raise _linked_already(error) or error from error

    def set_second_factor(self, id_: str, totp_secret: str, step: int = 0, codes: Iterable[str] = ()) -> None:
        """Replace the sealed secret, empty for none, and the digests of the recovery codes.

        Time steps up to `step` are used. Every session ends.
        """
        with transaction(self._engine) as connection:
            self._write(connection, id_, ends_sessions=True, totp_secret=totp_secret, totp_step=step)
            _keep_codes(connection, id_, codes)

    def reseal(self, id_: str, before: str, after: str) -> bool:
        """Keep the same secret sealed anew; False when it was changed meanwhile."""
        same = (oauth_user.c.id == id_) & (oauth_user.c.totp_secret == before)
        with transaction(self._engine) as connection:
            return connection.execute(update(oauth_user).where(same).values(totp_secret=after)).rowcount == 1

    def set_recovery_codes(self, id_: str, codes: Iterable[str]) -> None:
        """Replace the digests of the recovery codes."""
        with transaction(self._engine) as connection:
            _keep_codes(connection, id_, codes)

    def recovery_codes(self, id_: str) -> tuple[str, ...]:
        """The digests of the recovery codes that are not used."""
        wanted = select(oauth_recovery.c.code).where(oauth_recovery.c.user_id == id_)
        with transaction(self._engine) as connection:
            return tuple(connection.execute(wanted).scalars())

    def use_recovery_code(self, id_: str, code: str) -> bool:
        """Note the recovery code of that digest as used; False when it was before."""
        this = (oauth_recovery.c.user_id == id_) & (oauth_recovery.c.code == code)
        with transaction(self._engine) as connection:
            return connection.execute(delete(oauth_recovery).where(this)).rowcount == 1

    def rehash(self, user: User, password_hash: str) -> bool:
        """Keep the same password under newer parameters; False when it was changed meanwhile."""
        same = (oauth_user.c.id == user.id) & (oauth_user.c.password_hash == user.password_hash)
        newer = update(oauth_user).where(same).values(password_hash=password_hash)
        with transaction(self._engine) as connection:
            return connection.execute(newer).rowcount == 1

    def use_step(self, id_: str, step: int) -> bool:
        """Note a time step as used; False when it, or a later one, was used before."""
        unused = (oauth_user.c.id == id_) & (oauth_user.c.totp_step < step)
        with transaction(self._engine) as connection:
            return connection.execute(update(oauth_user).where(unused).values(totp_step=step)).rowcount == 1

    def _change(self, id_: str, *, ends_sessions: bool = False, **values: Any) -> None:
        with transaction(self._engine) as connection:
            self._write(connection, id_, ends_sessions=ends_sessions, **values)

    def _write(self, connection: Connection, id_: str, *, ends_sessions: bool, **values: Any) -> None:
        # The person first: who signs in at this moment waits for that row, and then finds it changed.
        connection.execute(update(oauth_user).where(oauth_user.c.id == id_).values(values))
        if ends_sessions:
            connection.execute(delete(oauth_session).where(oauth_session.c.user_id == id_))


def _keep_codes(connection: Connection, id_: str, codes: Iterable[str]) -> None:
    connection.execute(delete(oauth_recovery).where(oauth_recovery.c.user_id == id_))
    if rows := [{"user_id": id_, "code": code} for code in codes]:
        connection.execute(insert(oauth_recovery), rows)


def _linked_already(error: exc.IntegrityError) -> Conflict | None:
    """For the index of subjects, which either database names in its own way."""
    if "subject" not in str(error.orig):
        return None
    return Conflict("somebody else is linked to this subject; see `careplan user list`")
