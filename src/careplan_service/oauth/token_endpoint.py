"""The token endpoint: a form in, an access token out, for systems by themselves and for apps of people.

Authlib runs the grants; what it is given and gives back is plain values, so no web framework is needed.
https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html#obtain-access-token and
https://www.rfc-editor.org/rfc/rfc6749#section-3.2
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from authlib.oauth2 import OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749.errors import (
    InvalidRequestError,
    InvalidScopeError,
    UnauthorizedClientError,
    UnsupportedGrantTypeError,
)
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant

from careplan_service.access.clients import AUTH_METHODS, PUBLIC
from careplan_service.access.scope_text import OF_SYSTEMS, Judges, ScopeError, is_v1, parse_scopes
from careplan_service.access.scopes import Scopes, narrowed
from careplan_service.oauth.app_tokens import AppTokens
from careplan_service.oauth.assertions import Assertions, Authenticated
from careplan_service.oauth.authorization_code import CodeChallenge, CodeGrant
from careplan_service.oauth.client_authentication import names_nobody
from careplan_service.oauth.client_secrets import digest_of
from careplan_service.oauth.form import Form, spoken
from careplan_service.oauth.openid import IdTokens
from careplan_service.oauth.refreshing import RefreshGrant
from careplan_service.oauth.server import GRANT_TYPES, REFRESH_TOKEN, FormRequest, Response, Server

TTL = 300
"""Seconds an access token of a system is valid."""

_NOT_ITS_GRANT = (
    "this client may not use that `grant_type`: apps send `authorization_code` or `refresh_token`, "
    "systems `client_credentials`"
)
_GRANT_TYPES = " or ".join(f"`{one}`" for one in GRANT_TYPES)


class TokenEndpoint:
    """Answers token requests; `judges` say which scopes there are, `app_tokens` makes those of apps."""

    def __init__(self, assertions: Assertions, judges: Judges, app_tokens: AppTokens) -> None:
        self._server = _TokenServer(assertions, judges, app_tokens)

    def __call__(self, headers: Mapping[str, str], body: bytes) -> Response:
        """Answer one POST, given its headers (any case) and its body; errors are answers too."""
        return self._server.answer(headers, body, self._carry_out)

    def _carry_out(self, form: Form) -> Response:
        if "grant_type" not in form.fields:
            raise InvalidRequestError(f"`grant_type` is missing; send {_GRANT_TYPES}")
        answer: Any = self._server.create_token_response(form)
        return answer  # type: ignore[no-any-return]


class _BackendServicesGrant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def validate_requested_scope(self) -> None:
        requested = self.request.form.get("scope")
        self.granted = self.server.granted(self.client.authenticated, requested)

    def create_token_response(self) -> Any:
        """Status, document and headers of the answer to a request that was validated."""
        requested = self.request.form["scope"]
        words = (is_v1(requested) and self.granted.as_v1()) or str(self.granted)
        document = {
            "access_token": self.server.token(self.client.authenticated, words),
            "token_type": "Bearer",
            "expires_in": TTL,
            "scope": words,
        }
        return 200, document, self.TOKEN_RESPONSE_HEADER


class _TokenServer(Server):
    def __init__(self, assertions: Assertions, judges: Judges, app_tokens: AppTokens) -> None:
        super().__init__(assertions)
        self._judges = judges
        self.app_tokens = app_tokens
        self.register_grant(_BackendServicesGrant)
        self.register_grant(CodeGrant, [CodeChallenge(), IdTokens(app_tokens.issuer, app_tokens.seconds)])
        self.register_grant(RefreshGrant)

    def granted(self, authenticated: Authenticated, requested: str | None) -> Scopes:
        """What of the requested scopes is registered for the client; InvalidScopeError if nothing is."""
        if requested is None:
            raise InvalidScopeError("`scope` is missing; name what is asked for, such as `system/Goal.rs`")
        try:
            scopes = parse_scopes(requested, self._judges, OF_SYSTEMS)
        except ScopeError as error:
            raise InvalidScopeError(spoken(str(error))) from error
        granted = narrowed(scopes, parse_scopes(authenticated.client.scopes))
        if not granted:
            raise InvalidScopeError("none of the requested scopes is registered for this client")
        return granted

    def token(self, authenticated: Authenticated, scope: str) -> str:
        """The access token for what was granted, in the words of the answer."""
        return self.app_tokens.issuer.issue(authenticated.client, scope, authenticated.purposes, TTL)

    def create_oauth2_request(self, request: Form) -> FormRequest:
        """A form as Authlib's request; the public client of a refresh token need not be named.

        Neither RFC 6749 section 6 nor SMART has it send `client_id`, and stock clients do not.
        """
        fields = request.fields
        if fields.get("grant_type") == REFRESH_TOKEN and names_nobody(fields, request.authorization):
            named = self._public_client_of(fields.get("refresh_token", ""))
            request = replace(request, fields={**fields, **named})
        return super().create_oauth2_request(request)

    def _public_client_of(self, refresh_token: str) -> dict[str, str]:
        """`client_id`, or nothing where another kind of client has to prove that it is that client."""
        kept = self.app_tokens.authorizations
        token = kept.refresh_token(digest_of(refresh_token))
        authorization = kept.get(token.authorization) if token else None
        client = self._assertions.find_client(authorization.client_id) if authorization else None
        return {"client_id": client.id} if client and client.auth_method == PUBLIC else {}

    def handle_error_response(self, request: OAuth2Request, error: OAuth2Error) -> Any:
        """The error as an answer; Authlib's words for a grant of another kind of client do not say whose."""
        if isinstance(error, UnauthorizedClientError):
            error.description = _NOT_ITS_GRANT
        return super().handle_error_response(request, error)

    def get_token_grant(self, request: OAuth2Request) -> Any:
        """The grant a form asks for, or an error that says which there are."""
        try:
            return super().get_token_grant(request)
        except UnsupportedGrantTypeError as error:
            error.description = f"`grant_type` must be {_GRANT_TYPES}"
            raise
