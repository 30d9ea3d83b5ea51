"""What signing in needs of the store: people, sessions, attempts. Moments are seconds since the epoch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from careplan_service.access.people import Attempt, Session, User


class People(Protocol):
    """The register of people."""

    def named(self, username: str) -> User | None:
        """The person of that folded username."""

    def rehash(self, user: User, password_hash: str) -> bool:
        """Keep the same password under newer parameters; False when it was changed meanwhile."""

    def use_step(self, id_: str, step: int) -> bool:
        """Note a time step as used; False when it was before."""

    def linked(self, issuer: str, subject: str) -> User | None:
        """The person who is that subject to that issuer."""

    def change_password(self, user: User, password_hash: str) -> bool:
        """Replace the password and end every session; False when it was changed meanwhile."""

    def set_second_factor(self, id_: str, totp_secret: str, step: int = 0, codes: Iterable[str] = ()) -> None:
        """Replace the sealed secret and the digests of the recovery codes; every session ends."""

    def set_recovery_codes(self, id_: str, codes: Iterable[str]) -> None:
        """Replace the digests of the recovery codes."""

    def recovery_codes(self, id_: str) -> tuple[str, ...]:
        """The digests of the recovery codes that are not used."""

    def use_recovery_code(self, id_: str, code: str) -> bool:
        """Note a recovery code as used; False when it was before."""


class Sessions(Protocol):
    """Sessions and attempts."""

    def attempt(self, user_id: str, address: str, now: int) -> Attempt:
        """Count an attempt as failed before it is judged; an empty `user_id` is nobody's."""

    def open(self, user: User, digest: str, address: str, now: int, *, complete: bool, previous: str) -> bool:
        """Open a session and take the attempt back; False when the person was changed meanwhile."""

    def find(self, digest: str, now: int) -> Session | None:
        """The session of that digest if it is not over."""

    def of(self, user: User, now: int) -> tuple[Session, ...]:
        """The sessions of a person that are not over, the one used last first."""

    def end_others(self, session: Session) -> None:
        """End every other session of its person."""

    def end(self, digest: str) -> None:
        """End a session."""

    def offer(self, digest: str, sealed: str) -> None:
        """Keep a sealed secret that is shown in this session."""
