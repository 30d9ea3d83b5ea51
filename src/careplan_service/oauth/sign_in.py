"""Signing in: a password, the code of the second factor where there is one, and a session.

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

from careplan_service.access.people import (
    ADDRESS_SECONDS,
    MOST_FROM_ADDRESS,
    Attempt,
    Entered,
    Offer,
    Session,
    User,
)
from careplan_service.errors import Fault, Invalid, TooMany, Unavailable
from careplan_service.oauth.passwords import Passwords
from careplan_service.oauth.people import folded, is_username
from careplan_service.oauth.people_audit import PeopleAudit
from careplan_service.oauth.people_kept import People, Sessions
from careplan_service.oauth.seal import Seal
from careplan_service.oauth.second_factor import new_secret, otpauth_uri, qr_code, step_of

_ID_BYTES = 32


@dataclass(frozen=True)
class SignIn:
    """The steps of signing in and out, and of setting the second factor. `clock` gives the moment.

    `address` is the sender's network address. Raises TooMany (429) when it failed too often, Busy (503)
    when too many sign in at this moment, Unavailable (503) when the database or the keys are gone.
    """

    people: People
    sessions: Sessions
    passwords: Passwords
    seal: Seal
    audit: PeopleAudit
    clock: Callable[[], datetime]

    def session(self, cookie: str) -> Session | None:
        """The session whose id is in the cookie, if it is not over."""
        return self.sessions.find(_digest(cookie), self._now())

    def signature(self, text: str) -> str:
        """What proves that a form was made here for that text."""
        return self.seal.signature(text)

    def with_password(self, username: str, password: str, address: str, cookie: str) -> Entered | None:
        """The first step; None when it is refused. The new session takes the place of the cookie's."""
        name = folded(username)
        user = self.people.named(name) if is_username(name) else None
        attempt, proven = self._compared(user, password, address)
        if proven is None:
            self.audit.failed("sign-in", user, address, attempt, _reason(user, attempt, "wrong password"))
            return None
        return self._entered(proven, address, cookie, complete=not proven.totp_secret)

    def with_code(self, session: Session, code: str, address: str, cookie: str) -> Entered | None:
        """The second step, in the session that the first one opened; None when it is refused."""
        user = session.user
        attempt = self._counted(user, address)
        step = step_of(self._secret(user), code, self._now(), user.totp_step)
        if not attempt.taken or step is None or not self.people.use_step(user.id, step):
            self.audit.failed("second-factor", user, address, attempt, _reason(user, attempt, "wrong code"))
            return None
        return self._entered(user, address, cookie, complete=True)

    def sign_out(self, session: Session, address: str) -> None:
        """End the session."""
        self.sessions.end(session.digest)
        self.audit.done("sign-out", session.user, address)

    def offer(self, session: Session) -> Offer:
        """The secret that this session may take as second factor, the same until it is taken."""
        if session.offered:
            secret = self.seal.opened(session.offered, session.user.id)
        else:
            secret = new_secret()
            self.sessions.offer(session.digest, self.seal.sealed(secret, session.user.id))
        return Offer(secret, qr_code(otpauth_uri(secret, session.user.username)))

    def take_offer(self, session: Session, password: str, code: str, address: str) -> Entered:
        """Make the offered secret the second factor, if the password and a code of it are right.

        Every session of the person ends; the one that is opened is all that is left. Raises Invalid with
        a fault at `password` or `code`.
        """
        user = session.user
        secret = self.seal.opened(session.offered, user.id) if session.offered else new_secret()
        step = step_of(secret, code, self._now(), 0)
        if step is None:
            raise _wrong("code", "this code does not fit; type the six digits that your app shows now")
        attempt, proven = self._compared(user, password, address)
        if proven is None:
            self.audit.failed(
                "second-factor", user, address, attempt, _reason(user, attempt, "wrong password")
            )
            raise _wrong(
                "password", "this is not your password, or too many attempts failed; try again later"
            )
        sealed = self.seal.sealed(secret, user.id)
        self.people.set_second_factor(user.id, sealed, step)
        self.audit.done("second-factor", user, address)
        changed = replace(proven, totp_secret=sealed, totp_step=step)
        entered = self._entered(changed, address, "", complete=True)
        if entered is None:
            raise Unavailable("your account was changed at this moment; sign in again")
        return entered

    def _compared(self, user: User | None, password: str, address: str) -> tuple[Attempt, User | None]:
        """An attempt, and the person if the password is right; whoever it is, one comparison is made."""
        with self.passwords.turn():
            attempt = self._counted(user, address)
            kept = user.password_hash if user and attempt.taken else None
            if not self.passwords.fits(kept, password) or user is None:
                return attempt, None
            if not self.passwords.is_dated(user.password_hash):
                return attempt, user
            newer = self.passwords.hashed(password)
        return attempt, replace(user, password_hash=newer) if self.people.rehash(user, newer) else user

    def _counted(self, user: User | None, address: str) -> Attempt:
        attempt = self.sessions.attempt(user.id if user else "", address, self._now())
        if attempt.from_address > MOST_FROM_ADDRESS:
            if attempt.from_address == MOST_FROM_ADDRESS + 1:  # not each: the log would be theirs to fill
                self.audit.failed("sign-in", None, address, attempt, "too many failures from this address")
            text = "too many attempts to sign in failed from your network; try again in ten minutes"
            raise TooMany(text, retry_after=ADDRESS_SECONDS - self._now() % ADDRESS_SECONDS)
        return attempt

    def _entered(self, user: User, address: str, cookie: str, *, complete: bool) -> Entered | None:
        id_ = secrets.token_urlsafe(_ID_BYTES)
        digest, previous, now = _digest(id_), _digest(cookie), self._now()
        if not self.sessions.open(user, digest, address, now, complete=complete, previous=previous):
            return None
        self.audit.done("sign-in" if complete else "password", user, address)
        return Entered(id_, complete)

    def _secret(self, user: User) -> str:
        return self.seal.opened(user.totp_secret, user.id)

    def _now(self) -> int:
        return int(self.clock().timestamp())


def _digest(cookie: str) -> str:
    """What is kept of an id: whoever reads the table cannot be anybody."""
    return sha256(cookie.encode()).hexdigest()


def _reason(user: User | None, attempt: Attempt, otherwise: str) -> str:
    if user is None:
        return "unknown user"
    if not user.enabled:
        return "disabled"
    return otherwise if attempt.taken else "locked"


def _wrong(field: str, text: str) -> Invalid:
    return Invalid(text, faults=[Fault("invalid", text, field)])
