"""What signing in and changing one's account have in common: attempts that are counted, and a new session.

Whatever is wrong, whoever asks hears and waits the same; the audit row alone says what it was.
https://pages.nist.gov/800-63-4/sp800-63b.html and
https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest

from careplan_service.access.people import ADDRESS_SECONDS, MOST_FROM_ADDRESS, Attempt, Entered, User
from careplan_service.errors import TooMany
from careplan_service.oauth.passwords import Passwords
from careplan_service.oauth.people_audit import PeopleAudit
from careplan_service.oauth.people_kept import People, Sessions
from careplan_service.oauth.recovery import plain_code
from careplan_service.oauth.seal import Seal
from careplan_service.oauth.second_factor import step_of

_ID_BYTES = 32


@dataclass(frozen=True)
class Steps:
    """What the steps need; `clock` gives the moment.

    `address` is the sender's network address. Each step raises TooMany (429) when it failed too often,
    Busy (503) when too many sign in at this moment, Unavailable (503) when the database or the keys are gone.
    """

    people: People
    sessions: Sessions
    passwords: Passwords
    seal: Seal
    audit: PeopleAudit
    clock: Callable[[], datetime]

    def now(self) -> int:
        """The moment in seconds since the epoch."""
        return int(self.clock().timestamp())

    def counted(self, user: User | None, address: str) -> Attempt:
        """An attempt, counted as failed before anything is judged."""
        attempt = self.sessions.attempt(user.id if user else "", address, self.now())
        if attempt.from_address > MOST_FROM_ADDRESS:
            if attempt.from_address == MOST_FROM_ADDRESS + 1:  # not each: the log would be theirs to fill
                self.audit.failed("sign-in", None, address, attempt, "too many failures from this address")
            text = "too many attempts to sign in failed from your network; try again in ten minutes"
            raise TooMany(text, retry_after=ADDRESS_SECONDS - self.now() % ADDRESS_SECONDS)
        return attempt

    def compared(self, user: User | None, password: str, address: str) -> tuple[Attempt, User | None]:
        """An attempt, and the person if the password is right; whoever it is, one comparison is made."""
        with self.passwords.turn():
            attempt = self.counted(user, address)
            kept = user.password_hash if user and attempt.taken else None
            if not self.passwords.fits(kept, password) or user is None:
                return attempt, None
            if not self.passwords.is_dated(user.password_hash):
                return attempt, user
            newer = self.passwords.hashed(password)
        return attempt, replace(user, password_hash=newer) if self.people.rehash(user, newer) else user

    def is_code(self, user: User, code: str, address: str) -> bool:
        """Whether it is a code of the second factor, or a recovery code; either works once."""
        if (plain := plain_code(code)) is not None:
            return self._is_recovery_code(user, plain, address)
        step = step_of(self.seal.opened(user.totp_secret, user.id), code, self.now(), user.totp_step)
        return step is not None and self.people.use_step(user.id, step)

    def _is_recovery_code(self, user: User, plain: str, address: str) -> bool:
        wanted, all_kept = self.seal.digests(plain, user.id), self.people.recovery_codes(user.id)
        fitting = [kept for kept in all_kept if any(compare_digest(kept, one) for one in wanted)]
        if not fitting or not self.people.use_recovery_code(user.id, fitting[0]):
            return False
        self.audit.done("recovery-code", user, address)
        return True

    def entered(
        self, user: User, address: str, previous: str, *, complete: bool, by: str = "password"
    ) -> Entered | None:
        """A session in place of the one with the digest `previous`; None when the person was changed.

        `by` says how the first step was taken, where another one is left.
        """
        id_ = secrets.token_urlsafe(_ID_BYTES)
        digest, now = digest_of(id_), self.now()
        if not self.sessions.open(user, digest, address, now, complete=complete, previous=previous):
            return None
        self.audit.done("sign-in" if complete else by, user, address)
        return Entered(id_, complete)


def digest_of(cookie: str) -> str:
    """What is kept of an id: whoever reads the table cannot be anybody."""
    return sha256(cookie.encode()).hexdigest()


def reason(user: User | None, attempt: Attempt, otherwise: str) -> str:
    """Why an attempt with a password or a code failed, for the audit row."""
    if user is None:
        return "unknown user"
    if not user.enabled:
        return "disabled"
    return otherwise if attempt.taken else "locked"
