"""What signing in needs of the store: people, sessions, attempts. Moments are seconds since the epoch."""

from __future__ import annotations

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

    def set_second_factor(self, id_: str, totp_secret: str, step: int = 0) -> None:
        """Replace the sealed secret; every session ends."""


class Sessions(Protocol):
    """Sessions and attempts."""

    def attempt(self, user_id: str, address: str, now: int) -> Attempt:
        """Count an attempt as failed before it is judged; an empty `user_id` is nobody's."""

    def open(self, user: User, digest: str, address: str, now: int, *, complete: bool, previous: str) -> bool:
        """Open a session and take the attempt back; False when the person was changed meanwhile."""

    def find(self, digest: str, now: int) -> Session | None:
        """The session of that digest if it is not over."""

    def end(self, digest: str) -> None:
        """End a session."""

    def offer(self, digest: str, sealed: str) -> None:
        """Keep a sealed secret that is shown in this session."""
