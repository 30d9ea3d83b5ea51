"""A code becomes the first tokens of an app, if the app that got it can show what it asked with.

https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3 and https://www.rfc-editor.org/rfc/rfc7636#section-4.5
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import OAuth2Error, rfc7636
from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant

from careplan_service.access.authorizations import Authorization, Code
from careplan_service.access.clients import AUTH_METHODS
from careplan_service.access.people import User
from careplan_service.oauth.client_secrets import digest_of

METHOD = "S256"
"""The only `code_challenge_method`."""

_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
_REFUSED = (
    "the code is unknown, over, used before, or was given to another client; "
    "send the person to the authorization endpoint again"
)


@dataclass(frozen=True)
class Redeemed:
    """What a code stood for, in the shape Authlib asks."""

    authorization: Authorization
    code: Code

    @property
    def code_challenge(self) -> str:
        return self.code.challenge

    @property
    def code_challenge_method(self) -> str:
        return METHOD

    def get_redirect_uri(self) -> str:
        return self.code.redirect_uri

    def get_scope(self) -> str:
        return self.authorization.scope

    def get_nonce(self) -> str:
        return self.code.nonce

    def get_auth_time(self) -> int:
        return self.authorization.signed_in

    def get_acr(self) -> None:
        """None is stated: people may sign in without a second factor."""

    def get_amr(self) -> None:
        """None is stated."""


class CodeChallenge(rfc7636.CodeChallenge):
    """Proof of possession by S256 alone, asked of every client, public or not."""

    DEFAULT_CODE_CHALLENGE_METHOD = METHOD
    SUPPORTED_CODE_CHALLENGE_METHOD = [METHOD]  # noqa: RUF012 - as Authlib has it
    CODE_CHALLENGE_METHODS = {METHOD: rfc7636.CodeChallenge.CODE_CHALLENGE_METHODS[METHOD]}  # noqa: RUF012

    def validate_code_verifier(self, grant: Any, result: object) -> None:
        """Raise InvalidRequestError for one that is malformed, InvalidGrantError for a wrong one."""
        verifier = grant.request.form.get("code_verifier")
        if verifier is None or not _VERIFIER.fullmatch(verifier):
            raise InvalidRequestError(
                "`code_verifier` must be what the `code_challenge` was made of: 43 to 128 of `A-Za-z0-9-._~`"
            )
        if not grant.request.authorization_code.code_challenge:
            raise InvalidGrantError(_REFUSED)
        super().validate_code_verifier(grant, result)


class CodeGrant(AuthorizationCodeGrant):
    """Authlib's grant; a code is worth nothing after the first try, whoever tried and however it went."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    _redeemed: Redeemed | None = None

    def validate_token_request(self) -> None:
        """Raise the error of RFC 6749 section 5.2; then all that the code stood for is revoked."""
        try:
            super().validate_token_request()
        except OAuth2Error:
            if self._redeemed is not None:
                apps = self.server.app_tokens
                apps.authorizations.revoke(self._redeemed.authorization.id, apps.now())
            raise

    def query_authorization_code(self, code: str, client: Any) -> Redeemed:
        """What the code stands for, if it is this client's and was not tried before."""
        apps = self.server.app_tokens
        found = apps.authorizations.redeem(digest_of(code), apps.now())
        if found is None:
            raise InvalidGrantError(_REFUSED)
        self._redeemed = Redeemed(*found)
        if self._redeemed.authorization.client_id != client.client.id:
            raise InvalidGrantError(_REFUSED)
        return self._redeemed

    def authenticate_user(self, authorization_code: Redeemed) -> User:
        """Who allowed it; raises InvalidGrantError where that person was disabled meanwhile."""
        user: User | None = self.server.app_tokens.person(authorization_code.authorization)
        if user is None:
            raise InvalidGrantError(_REFUSED)
        return user

    def generate_token(self, user: Any = None, scope: Any = None, **_: Any) -> dict[str, Any]:  # type: ignore[override]
        """The token response, without the ID token."""
        redeemed: Any = self.request.authorization_code
        authorization: Authorization = redeemed.authorization
        apps = self.server.app_tokens
        return {
            **apps.document(self.client.authenticated, authorization, user, scope),
            **apps.first_refresh_token(authorization),
        }

    def delete_authorization_code(self, authorization_code: Redeemed) -> None:
        """It was used when it was looked up."""
