"""Signing in: a password, the code of the second factor where there is one, and a session.

https://pages.nist.gov/800-63-4/sp800-63b.html
"""

from __future__ import annotations

from careplan_service.access.people import Entered, Session
from careplan_service.oauth.people import folded, is_username
from careplan_service.oauth.steps import Steps, digest_of, reason


class SignIn(Steps):
    """The steps of signing in and out."""

    def session(self, cookie: str) -> Session | None:
        """The session whose id is in the cookie, if it is not over."""
        return self.sessions.find(digest_of(cookie), self.now())

    def signature(self, text: str) -> str:
        """What proves that a form was made here for that text."""
        return self.seal.signature(text)

    def with_password(self, username: str, password: str, address: str, cookie: str) -> Entered | None:
        """The first step; None when it is refused. The new session takes the place of the cookie's."""
        name = folded(username)
        user = self.people.named(name) if is_username(name) else None
        attempt, proven = self.compared(user, password, address)
        if proven is None:
            self.audit.failed("sign-in", user, address, attempt, reason(user, attempt, "wrong password"))
            return None
        return self.entered(proven, address, digest_of(cookie), complete=not proven.totp_secret)

    def with_code(self, session: Session, code: str, address: str) -> Entered | None:
        """The second step, in the session that the first one opened; None when it is refused.

        The code is one of the authenticator app, or a recovery code.
        """
        user = session.user
        attempt = self.counted(user, address)
        if not attempt.taken or not self.is_code(user, code, address):
            self.audit.failed("second-factor", user, address, attempt, reason(user, attempt, "wrong code"))
            return None
        return self.entered(user, address, session.digest, complete=True)

    def sign_out(self, session: Session, address: str) -> None:
        """End the session."""
        self.sessions.end(session.digest)
        self.audit.done("sign-out", session.user, address)
