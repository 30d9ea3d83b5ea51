"""What an app gets that acts for a person, be it for a code or for a refresh token.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-access-token
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from careplan_service.access.authorizations import Authorization, Code, RefreshToken
from careplan_service.access.granted import OFFLINE, ONLINE, split, within
from careplan_service.access.people import ABSOLUTE_SECONDS, User
from careplan_service.access.scope_text import parse_scopes
from careplan_service.oauth.assertions import Authenticated
from careplan_service.oauth.client_secrets import digest_of, new_secret
from careplan_service.oauth.issuing import ActsFor, TokenIssuer
from careplan_service.oauth.launch_parameters import launch_context

OFFLINE_SECONDS = 90 * 24 * 60 * 60
"""An app with offline access gets tokens for this long after the person allowed it."""


class Authorizations(Protocol):
    """What people allowed apps, as it is kept. Moments are seconds since the epoch."""

    def redeem(self, digest: str, now: int) -> tuple[Authorization, Code] | None:
        """What a code stands for, once; a second use revokes what the first one got."""

    def get(self, id_: str) -> Authorization | None:
        """The authorization of that id, revoked or not."""

    def revoke(self, id_: str, now: int) -> bool:
        """Take back all that is of an authorization."""

    def add_refresh_token(self, token: RefreshToken) -> None:
        """Keep the first refresh token."""

    def refresh_token(self, digest: str) -> RefreshToken | None:
        """The refresh token of that digest, used or over or not."""

    def rotate(self, digest: str, following: RefreshToken, now: int) -> Authorization | None:
        """Use one and keep the following one; a second use revokes the authorization."""


@dataclass(frozen=True)
class AppTokens:
    """Makes what the token endpoint answers to an app.

    `find_user` gives the registered person of an id, `is_open` tells whether a browser session, by its
    digest, still is at a moment, `seconds` is how long an access token is valid.
    """

    issuer: TokenIssuer
    authorizations: Authorizations
    find_user: Callable[[str], User | None]
    is_open: Callable[[str, int], bool]
    seconds: int

    def now(self) -> int:
        """The moment in seconds since the epoch."""
        return int(self.issuer.now())

    def person(self, authorization: Authorization) -> User | None:
        """Who allowed it, unless the person was disabled meanwhile."""
        user = self.find_user(authorization.user_id)
        return user if user and user.enabled else None

    def document(
        self, authenticated: Authenticated, authorization: Authorization, user: User, asked: str
    ) -> dict[str, Any]:
        """The token response with what of the scopes asked for is registered by now; no refresh token yet."""
        client = authenticated.client
        scope = within(asked, parse_scopes(client.scopes))
        acts_for = ActsFor(user.id, user.fhir_user, authorization.id, authorization.patient)
        return {
            **launch_context(authorization),
            "access_token": self.issuer.issue(client, scope, authenticated.purposes, self.seconds, acts_for),
            "token_type": "Bearer",
            "expires_in": self.seconds,
            "scope": scope,
        }

    def first_refresh_token(self, authorization: Authorization) -> dict[str, str]:
        """`refresh_token` where the person allowed access that lasts, otherwise nothing."""
        lasts = _seconds_of(authorization)
        if not lasts:
            return {}
        text, expires = new_secret(), authorization.created + lasts
        self.authorizations.add_refresh_token(RefreshToken(digest_of(text), authorization.id, expires))
        return {"refresh_token": text}

    def next_refresh_token(self, used: RefreshToken) -> dict[str, str] | None:
        """The `refresh_token` that follows one, with the same end; None when another request was first."""
        text = new_secret()
        following = RefreshToken(digest_of(text), used.authorization, used.expires)
        rotated = self.authorizations.rotate(used.digest, following, self.now())
        return {"refresh_token": text} if rotated else None

    def lasts(self, authorization: Authorization) -> bool:
        """Whether access goes on: online access ends with the session in the browser."""
        if OFFLINE in split(authorization.scope)[0]:
            return True
        return bool(authorization.session) and self.is_open(authorization.session, self.now())


def ends(authorization: Authorization, seconds: int) -> int:
    """From when on nothing can be done with it any more, given how long an access token is valid."""
    return authorization.created + _seconds_of(authorization) + seconds


def _seconds_of(authorization: Authorization) -> int:
    words = split(authorization.scope)[0]
    if OFFLINE in words:
        return OFFLINE_SECONDS
    return ABSOLUTE_SECONDS if ONLINE in words else 0
