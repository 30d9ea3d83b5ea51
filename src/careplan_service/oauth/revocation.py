"""The revocation endpoint: a client gives back an access token that it does not need any more.

https://www.rfc-editor.org/rfc/rfc7009#section-2
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from authlib.oauth2 import OAuth2Error, rfc7009
from authlib.oauth2.rfc6749.errors import InvalidRequestError

from careplan_service.access.clients import Client
from careplan_service.errors import Unauthenticated
from careplan_service.oauth.assertions import Assertions
from careplan_service.oauth.form import spoken
from careplan_service.oauth.server import AUTH_METHOD, FormRequest, OAuthClient, Response, Server

Claims = Mapping[str, Any]


class RevocationEndpoint:
    """Revokes a client's own tokens.

    `claims_of` gives the claims of a token of ours or raises Unauthenticated; `revoke(jti, expires)`
    lets it in no more (seconds since the epoch); `note(client, jti)` leaves the audit row.
    """

    def __init__(
        self,
        assertions: Assertions,
        claims_of: Callable[[str], Claims],
        revoke: Callable[[str, float], None],
        note: Callable[[Client, str], None],
    ) -> None:
        self._server = Server(assertions)
        self._server.register_endpoint(_Revocation(claims_of, revoke, note))

    def __call__(self, headers: Mapping[str, str], body: bytes) -> Response:
        """Answer one POST, given its headers (any case) and its body; errors are answers too."""
        name = _Revocation.ENDPOINT_NAME
        return self._server.answer(headers, body, lambda form: self._server.endpoint_response(name, form))


class _UnsupportedTokenType(OAuth2Error):
    error = "unsupported_token_type"


class _Revocation(rfc7009.RevocationEndpoint):
    CLIENT_AUTH_METHODS = (AUTH_METHOD,)

    def __init__(
        self,
        claims_of: Callable[[str], Claims],
        revoke: Callable[[str, float], None],
        note: Callable[[Client, str], None],
    ) -> None:
        super().__init__()
        self._note = note
        self._claims_of = claims_of
        self._revoke = revoke

    def check_params(self, request: FormRequest, client: OAuthClient) -> None:
        """Raise an error of RFC 7009 for a token that is missing or a type that there is not.

        No refresh tokens are issued, but a hint may be wrong: then the access tokens are looked through.
        """
        if "token" not in request.form:
            raise InvalidRequestError("`token` is missing; send the access token to be revoked")
        hint = request.form.get("token_type_hint")
        if hint and hint not in self.SUPPORTED_TOKEN_TYPES:
            known = " or ".join(f"`{one}`" for one in self.SUPPORTED_TOKEN_TYPES)
            raise _UnsupportedTokenType(spoken(f"`token_type_hint` must be {known}, not `{hint[:80]}`"))

    def authenticate_token(self, request: FormRequest, client: OAuthClient) -> Claims | None:
        """The claims of the client's own token; None, and so nothing happens, for anything else."""
        self.check_params(request, client)
        try:
            claims = self._claims_of(request.form["token"])
        except Unauthenticated:
            return None
        return claims if claims["client_id"] == client.client.id else None

    def revoke_token(self, token: Claims, request: FormRequest) -> None:
        self._revoke(token["jti"], token["exp"])
        self._note(cast(OAuthClient, request.client).client, token["jti"])
