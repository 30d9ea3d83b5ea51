"""A refresh token becomes the next tokens of an app, once.

There is no grace for a second use: whoever asks twice at once, or did not get the answer, sends the person
to the authorization endpoint again. Nobody can tell such an app from two that hold the same stolen token.
https://www.rfc-editor.org/rfc/rfc6749#section-6 and https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import TokenMixin
from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant

from careplan_service.access.authorizations import Authorization, RefreshToken
from careplan_service.access.clients import AUTH_METHODS
from careplan_service.access.granted import resource_scopes, split
from careplan_service.access.people import User
from careplan_service.access.scope_text import ScopeError
from careplan_service.access.scopes import narrowed
from careplan_service.oauth.client_secrets import digest_of
from careplan_service.oauth.form import spoken

_REFUSED = (
    "the refresh token is unknown, over, used before, taken back, or was given to another client; "
    "send the person to the authorization endpoint again"
)


@dataclass(frozen=True)
class Presented(TokenMixin):
    """A refresh token and what it is of, in the shape Authlib asks."""

    token: RefreshToken
    authorization: Authorization

    def check_client(self, client: Any) -> bool:
        """Whether it is this client's; raises InvalidGrantError otherwise."""
        if self.authorization.client_id != client.client.id:
            raise InvalidGrantError(_REFUSED)
        return True

    def get_scope(self) -> str:
        return self.authorization.scope


class RefreshGrant(RefreshTokenGrant):
    """Authlib's grant; each token gives way to the next one, of the same authorization and with its end."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def authenticate_refresh_token(self, refresh_token: str) -> Presented:
        """What it is of, be it used or over: that is judged once the client is known to be the right one."""
        kept = self.server.app_tokens.authorizations
        token = kept.refresh_token(digest_of(refresh_token))
        authorization = kept.get(token.authorization) if token else None
        if token is None or authorization is None:
            raise InvalidGrantError(_REFUSED)
        return Presented(token, authorization)

    def _validate_token_scope(self, token: Presented) -> None:
        """In place of Authlib's, which compares words: `patient/Goal.r` is within `patient/*.rs`."""
        asked = self.request.form.get("scope")
        if not asked:
            return
        words, rest = split(asked)
        granted_words, granted = split(token.get_scope())
        try:
            scopes = resource_scopes(rest)
        except ScopeError as error:
            raise InvalidScopeError(spoken(str(error))) from error
        if not set(words) <= set(granted_words) or narrowed(scopes, resource_scopes(granted)) != scopes:
            raise InvalidScopeError("`scope` asks for more than was allowed; leave it out, or ask for less")

    def authenticate_user(self, refresh_token: Presented) -> User:
        """Who allowed it, if that still holds; nothing was changed so far."""
        apps, authorization = self.server.app_tokens, refresh_token.authorization
        user: User | None = apps.person(authorization)
        if user is None or not apps.lasts(authorization):
            raise InvalidGrantError(_REFUSED)
        return user

    def issue_token(self, user: User, refresh_token: Any) -> dict[str, Any]:
        """The token response; of two requests with the same token one gets it, the other one ends both."""
        apps = self.server.app_tokens
        asked = self.request.form.get("scope") or refresh_token.get_scope()
        document = apps.document(self.client.authenticated, refresh_token.authorization, user, asked)
        # Last, so that nothing that fails before has used the token up.
        following = apps.next_refresh_token(refresh_token.token)
        if following is None:
            raise InvalidGrantError(_REFUSED)
        return {**document, **following}

    def revoke_old_credential(self, refresh_token: Any) -> None:
        """It was used up when the next one was made."""
