"""What people change about their own account: the password, the second factor, recovery codes, sessions.

https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#require-re-authentication-for-sensitive-features
"""

from __future__ import annotations

from dataclasses import replace

from careplan_service.access.people import Attempt, Changed, Offer, Session, User
from careplan_service.errors import Fault, Invalid, Unavailable
from careplan_service.oauth.passwords import checked_password
from careplan_service.oauth.recovery import new_codes, plain_code
from careplan_service.oauth.second_factor import new_secret, otpauth_uri, qr_code, step_of
from careplan_service.oauth.steps import Steps, reason


class Account(Steps):
    """The steps of changing one's account; each needs the password, and leaves a new session.

    Each raises Invalid with a fault at the field that is wrong: `password`, `new` or `code`.
    """

    def offer(self, session: Session) -> Offer:
        """The secret that this session may take as second factor, the same until it is taken."""
        if session.offered:
            secret = self.seal.opened(session.offered, session.user.id)
        else:
            secret = new_secret()
            self.sessions.offer(session.digest, self.seal.sealed(secret, session.user.id))
        return Offer(secret, qr_code(otpauth_uri(secret, session.user.username)))

    def take_offer(self, session: Session, password: str, code: str, address: str) -> Changed:
        """Make the offered secret the second factor, with new recovery codes; every other session ends."""
        user = session.user
        secret = self.seal.opened(session.offered, user.id) if session.offered else new_secret()
        step = step_of(secret, code, self.now(), 0)
        if step is None:
            raise _wrong("code", "this code does not fit; type the six digits that your app shows now")
        _, proven = self._proven("second-factor", user, password, address)
        sealed, codes = self.seal.sealed(secret, user.id), new_codes()
        self.people.set_second_factor(user.id, sealed, step, self._digests(user, codes))
        self.audit.done("second-factor", user, address)
        return self._left(replace(proven, totp_secret=sealed, totp_step=step), address, "", codes)

    def remove_second_factor(self, session: Session, password: str, code: str, address: str) -> Changed:
        """Sign in by password only from now on; every other session ends."""
        user = session.user
        attempt, proven = self._proven("second-factor-off", user, password, address)
        if not self.is_code(user, code, address):
            self.audit.failed("second-factor-off", user, address, attempt, "wrong code")
            raise _wrong("code", "this code does not fit; each works once")
        self.people.set_second_factor(user.id, "")
        self.audit.done("second-factor-off", user, address)
        return self._left(replace(proven, totp_secret="", totp_step=0), address, "")

    def renew_recovery_codes(self, session: Session, password: str, address: str) -> Changed:
        """New recovery codes; those from before work no more."""
        user, codes = session.user, new_codes()
        _, proven = self._proven("recovery-codes", user, password, address)
        self.people.set_recovery_codes(user.id, self._digests(user, codes))
        self.audit.done("recovery-codes", user, address)
        return self._left(proven, address, session.digest, codes)

    def recovery_codes_left(self, session: Session) -> int:
        """How many recovery codes are not used."""
        return len(self.people.recovery_codes(session.user.id))

    def change_password(self, session: Session, password: str, new: str, address: str) -> Changed:
        """Replace the password; every other session ends."""
        user = session.user
        self._require_good(new, password, user)
        _, proven = self._proven("password-change", user, password, address)
        with self.passwords.turn():
            newer = self.passwords.hashed(new)
        if not self.people.change_password(proven, newer):
            raise _changed()
        self.audit.done("password-change", user, address)
        return self._left(replace(proven, password_hash=newer), address, "")

    def sessions_of(self, session: Session) -> tuple[Session, ...]:
        """Every session of the person, this one too."""
        return self.sessions.of(session.user, self.now())

    def sign_out_elsewhere(self, session: Session, address: str) -> None:
        """End every other session of the person."""
        self.sessions.end_others(session)
        self.audit.done("sign-out-elsewhere", session.user, address)

    def _require_good(self, new: str, password: str, user: User) -> None:
        try:
            checked_password(new, user.username)
        except Invalid as wrong:
            faults = [Fault(fault.code, fault.text, "new") for fault in wrong.faults]
            raise Invalid(wrong.text, faults=faults) from wrong
        if new == password:
            raise _wrong("new", "this is the password you have; choose another one")

    def _proven(self, interaction: str, user: User, password: str, address: str) -> tuple[Attempt, User]:
        attempt, proven = self.compared(user, password, address)
        if proven is None:
            self.audit.failed(interaction, user, address, attempt, reason(user, attempt, "wrong password"))
            raise _wrong(
                "password", "this is not your password, or too many attempts failed; try again later"
            )
        return attempt, proven

    def _digests(self, user: User, codes: tuple[str, ...]) -> list[str]:
        return [self.seal.digest(plain_code(code) or "", user.id) for code in codes]

    def _left(self, user: User, address: str, previous: str, codes: tuple[str, ...] = ()) -> Changed:
        entered = self.entered(user, address, previous, complete=True)
        if entered is None:
            raise _changed()
        return Changed(entered.cookie, codes)


def _changed() -> Unavailable:
    return Unavailable("your account was changed at this moment; sign in again")


def _wrong(field: str, text: str) -> Invalid:
    return Invalid(text, faults=[Fault("invalid", text, field)])
