"""Passwords: which are taken, how they are kept, and how many are compared at once.

https://www.rfc-editor.org/rfc/rfc9106 (Argon2id), https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver
"""

from __future__ import annotations

import unicodedata
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from careplan_service.errors import Busy, Fault, Invalid
from careplan_service.oauth.common_passwords import COMMON

SHORTEST, LONGEST = 12, 256

_PASSES, _KIBIBYTES, _LANES = 1, 47_104, 1  # 50 to 100 ms on one core, 46 MiB
_SALT_BYTES, _HASH_BYTES = 16, 32
_AT_ONCE, _WAITING = 2, 1  # of a worker's threads: the others are left for the API
_PATIENCE_SECONDS = 2.0


def _encoded(size: int) -> str:
    return b64encode(bytes(size)).decode().rstrip("=")


_DECOY = (
    f"$argon2id$v=19$m={_KIBIBYTES},t={_PASSES},p={_LANES}${_encoded(_SALT_BYTES)}${_encoded(_HASH_BYTES)}"
)
"""No password's hash, with the same work to find that out."""


class Passwords:
    """Argon2id of a worker."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(_PASSES, _KIBIBYTES, _LANES, _HASH_BYTES, _SALT_BYTES, type=Type.ID)
        self._places = BoundedSemaphore(_AT_ONCE + _WAITING)
        self._running = BoundedSemaphore(_AT_ONCE)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A turn to compute. Raises Busy when too many are at it, or it takes too long."""
        busy = Busy("too many people sign in at this moment; try again in a few seconds", retry_after=5)
        if not self._places.acquire(blocking=False):
            raise busy
        try:
            if not self._running.acquire(timeout=_PATIENCE_SECONDS):
                raise busy
            try:
                yield
            finally:
                self._running.release()
        finally:
            self._places.release()

    def hashed(self, password: str) -> str:
        """The encoded hash with a fresh salt."""
        return self._hasher.hash(_normal(password))

    def fits(self, password_hash: str | None, password: str) -> bool:
        """Whether it is that password; for none the same work is done, and it never is."""
        try:
            return self._hasher.verify(password_hash or _DECOY, _normal(password)) and bool(password_hash)
        except (VerificationError, InvalidHashError):
            return False

    def is_dated(self, password_hash: str) -> bool:
        """Whether it was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(password_hash)


def checked_password(password: str, username: str) -> str:
    """The password itself if it may be set. Raises Invalid with what to do."""
    faults = [Fault("invalid", text, "password") for text in _faults(password, username)]
    if faults:
        raise Invalid("; ".join(fault.text for fault in faults), faults=faults)
    return password


def _faults(password: str, username: str) -> Iterator[str]:
    plain = _normal(password).casefold()
    if len(_normal(password)) < SHORTEST:
        yield f"the password is too short; use {SHORTEST} characters or more that nobody would guess"
    if len(password) > LONGEST:
        yield f"the password is too long; use {LONGEST} characters or fewer"
    if username in plain:
        yield "the password holds the username; leave that out"
    if plain in COMMON:
        yield "the password is one of the most common ones; choose another"


def _normal(password: str) -> str:
    """As NIST asks, so that each keyboard gives the same; what is too long to be one is cut."""
    return unicodedata.normalize("NFKC", password[: LONGEST + 1])
