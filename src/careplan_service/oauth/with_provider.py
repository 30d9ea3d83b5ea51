"""Signing in with an OpenID provider: out with a question, back with an answer, each question once.

https://www.rfc-editor.org/rfc/rfc9700#section-2.1 (state, nonce, PKCE, mix-up) and
https://openid.net/specs/openid-connect-core-1_0.html#AuthResponse
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from hmac import compare_digest

from careplan_service.access.people import Attempt, Back, Leaving, User
from careplan_service.errors import Forbidden
from careplan_service.oauth.id_token import NotSignedIn
from careplan_service.oauth.provider import Provider
from careplan_service.oauth.steps import Steps, digest_of

AWAY_SECONDS = 600
"""How long the answer is waited for."""

_BYTES = 32
_NOTED_AS = "~sign-in"  # beside the clients, none of which can have this id
_ERROR = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True)
class _Question:
    """What the browser keeps, sealed: `since` is in seconds since the epoch."""

    state: str
    nonce: str
    verifier: str
    following: str
    since: int


@dataclass(frozen=True)
class WithProvider(Steps):
    """The steps of signing in with `provider`.

    `remember(whose, id, until)` is False for an id that was remembered before; `until` in seconds since
    the epoch.
    """

    provider: Provider
    remember: Callable[[str, str, float], bool]

    @property
    def host(self) -> str:
        """How people know the provider."""
        return self.provider.host

    def leave(self, following: str, cookie: str) -> Leaving:
        """A question that only the browser with that cookie can come back with."""
        state, nonce, verifier = (secrets.token_urlsafe(_BYTES) for _ in range(3))
        made = _Question(state, nonce, verifier, following, self.now())
        url = self.provider.question(made.state, made.nonce, made.verifier)
        return Leaving(url, self.seal.carried(json.dumps(asdict(made)), cookie))

    def back(self, answer: Mapping[str, str], kept: str, cookie: str, address: str) -> Back:
        """The session of the person that the provider names, in place of the cookie's.

        Raises Forbidden for everything else. What this browser did not ask leaves no trace: any page could
        send people here with it.
        """
        text = self.seal.brought(kept, cookie)
        if text is None:
            raise self._refusal()
        question, attempt = _Question(**json.loads(text)), self.counted(None, address)
        try:
            subject = self._subject(answer, question)
        except NotSignedIn as wrong:
            self.audit.failed("sign-in", None, address, attempt, f"{self.host}: {wrong}")
            raise self._refusal() from wrong
        user = self._linked(subject, address, attempt)
        entered = self.entered(user, address, digest_of(cookie), complete=not user.totp_secret, by="provider")
        if entered is None:
            raise self._refusal()
        return Back(question.following, entered)

    def _subject(self, answer: Mapping[str, str], question: _Question) -> str:
        if not compare_digest(answer.get("state", "").encode(), question.state.encode()):
            raise NotSignedIn("wrong state")
        if self.now() >= question.since + AWAY_SECONDS:
            raise NotSignedIn("too late")
        issuer = answer.get("iss", None if self.provider.names_itself else self.provider.issuer)
        if issuer != self.provider.issuer:
            raise NotSignedIn("the answer is from another issuer")
        if not self.remember(_NOTED_AS, digest_of(question.state), question.since + AWAY_SECONDS):
            raise NotSignedIn("the answer was used before")
        if "error" in answer or not answer.get("code"):
            told = answer.get("error", "no code")
            raise NotSignedIn(told if _ERROR.fullmatch(told) else "no code")
        return self.provider.subject(answer["code"], question.nonce, question.verifier)

    def _linked(self, subject: str, address: str, attempt: Attempt) -> User:
        """The person; whoever is unknown or disabled is told the same."""
        user = self.people.linked(self.provider.issuer, subject)
        if user is None or not user.enabled:
            why = "disabled" if user else f"{self.host}: nobody is linked to subject `{subject}`"
            self.audit.failed("sign-in", user, address, attempt, why)
            text = f"{self.host} knows you, but no account here is linked to you; ask the people who run this"
            raise Forbidden(f"{text} service")
        return user

    def _refusal(self) -> Forbidden:
        return Forbidden(f"signing in with {self.host} did not work; go to the sign-in page and try again")
