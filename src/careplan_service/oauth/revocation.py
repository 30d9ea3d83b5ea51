"""The revocation endpoint: a client gives back a token that it does not need any more.

https://www.rfc-editor.org/rfc/rfc7009#section-2
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from authlib.oauth2 import OAuth2Error, rfc7009
from authlib.oauth2.rfc6749.errors import InvalidRequestError

from careplan_service.access.clients import AUTH_METHODS, Client
from careplan_service.errors import Unauthenticated
from careplan_service.oauth.app_tokens import Authorizations
from careplan_service.oauth.assertions import Assertions
from careplan_service.oauth.client_secrets import digest_of
from careplan_service.oauth.form import spoken
from careplan_service.oauth.server import FormRequest, OAuthClient, Response, Server

Claims = Mapping[str, Any]
Revocation = Callable[[], str]
"""Revokes, and tells what."""


class RevocationEndpoint:
    """Revokes a client's own tokens: an access token alone, a refresh token with all that is of it.

    `claims_of` gives the claims of a token of ours or raises Unauthenticated; `revoke(jti, expires)`
    lets it in no more (seconds since the epoch); `note(client, what)` leaves the audit row.
    """

    def __init__(
        self,
        assertions: Assertions,
        claims_of: Callable[[str], Claims],
        revoke: Callable[[str, float], None],
        authorizations: Authorizations,
        note: Callable[[Client, str], None],
    ) -> None:
        self._server = Server(assertions)
        self._server.register_endpoint(_Revocation(claims_of, revoke, authorizations, assertions.now, note))

    def __call__(self, headers: Mapping[str, str], body: bytes) -> Response:
        """Answer one POST, given its headers (any case) and its body; errors are answers too."""
        name = _Revocation.ENDPOINT_NAME
        return self._server.answer(headers, body, lambda form: self._server.endpoint_response(name, form))


class _UnsupportedTokenType(OAuth2Error):
    error = "unsupported_token_type"


class _Revocation(rfc7009.RevocationEndpoint):
    CLIENT_AUTH_METHODS = AUTH_METHODS

    def __init__(
        self,
        claims_of: Callable[[str], Claims],
        revoke: Callable[[str, float], None],
        authorizations: Authorizations,
        now: Callable[[], float],
        note: Callable[[Client, str], None],
    ) -> None:
        super().__init__()
        self._note = note
        self._claims_of = claims_of
        self._revoke = revoke
        self._authorizations = authorizations
        self._now = now

    def check_params(self, request: FormRequest, client: OAuthClient) -> None:
        """Raise an error of RFC 7009 for a token that is missing or a type that there is not.

        A hint of the other type is no error: both are looked through, as one look tells them apart.
        """
        if "token" not in request.form:
            raise InvalidRequestError("`token` is missing; send the token to be revoked")
        hint = request.form.get("token_type_hint")
        if hint and hint not in self.SUPPORTED_TOKEN_TYPES:
            known = " or ".join(f"`{one}`" for one in self.SUPPORTED_TOKEN_TYPES)
            raise _UnsupportedTokenType(spoken(f"`token_type_hint` must be {known}, not `{hint[:80]}`"))

    def authenticate_token(self, request: FormRequest, client: OAuthClient) -> Revocation | None:
        """What revokes the client's own token; None, and so nothing happens, for anything else."""
        self.check_params(request, client)
        token, id_ = request.form["token"], client.client.id
        return self._of_refresh_token(token, id_) or self._of_access_token(token, id_)

    def _of_refresh_token(self, token: str, client_id: str) -> Revocation | None:
        found = self._authorizations.refresh_token(digest_of(token))
        authorization = self._authorizations.get(found.authorization) if found else None
        if authorization is None or authorization.client_id != client_id:
            return None
        return lambda: self._end(authorization.id)

    def _end(self, authorization: str) -> str:
        self._authorizations.revoke(authorization, int(self._now()))
        return f"authorization {authorization}"

    def _of_access_token(self, token: str, client_id: str) -> Revocation | None:
        try:
            claims = self._claims_of(token)
        except Unauthenticated:
            return None
        if claims["client_id"] != client_id:
            return None
        return lambda: self._revoke_alone(claims)

    def _revoke_alone(self, claims: Claims) -> str:
        self._revoke(claims["jti"], claims["exp"])
        return f"token {claims['jti']}"

    def revoke_token(self, token: Revocation, request: FormRequest) -> None:
        """Carry it out, and leave the audit row."""
        self._note(cast(OAuthClient, request.client).client, token())
