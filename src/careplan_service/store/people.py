"""The people who sign in, in SQL. https://pages.nist.gov/800-63-4/sp800-63b.html#password"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Engine, delete, exc, insert, select, update

from careplan_service.access.people import User
from careplan_service.errors import Conflict
from careplan_service.store.people_tables import oauth_session, oauth_user, transaction


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
            raise Conflict(f"username `{user.username}` is taken; choose another one") from error

    def get(self, id_: str) -> User | None:
        """The person of that id, disabled or not, or None."""
        return self._one(oauth_user.c.id == id_)

    def named(self, username: str) -> User | None:
        """The person of that folded username, disabled or not, or None."""
        return self._one(oauth_user.c.username == username)

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

    def set_second_factor(self, id_: str, totp_secret: str, step: int = 0) -> None:
        """Replace the sealed secret, empty for none; codes up to `step` are used. Every session ends."""
        self._change(id_, ends_sessions=True, totp_secret=totp_secret, totp_step=step)

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
            # The person first: who signs in at this moment waits for that row, and then finds it changed.
            connection.execute(update(oauth_user).where(oauth_user.c.id == id_).values(values))
            if ends_sessions:
                connection.execute(delete(oauth_session).where(oauth_session.c.user_id == id_))
