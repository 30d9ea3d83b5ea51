"""The token endpoint: a form with a signed assertion in, an access token out.

Authlib runs the grant; what it is given and gives back is plain values, so no web framework is needed.
https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html#obtain-access-token
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidRequestError, InvalidScopeError, UnsupportedGrantTypeError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant

from careplan_service.access.scope_text import OF_SYSTEMS, Judges, ScopeError, is_v1, parse_scopes
from careplan_service.access.scopes import Scopes, narrowed
from careplan_service.oauth.assertions import Assertions, Authenticated
from careplan_service.oauth.form import Form, spoken
from careplan_service.oauth.issuing import TokenIssuer
from careplan_service.oauth.server import AUTH_METHOD, GRANT_TYPE, Response, Server

TTL = 300
"""Seconds an access token is valid."""


class TokenEndpoint:
    """Answers token requests; `judges` say which scopes there are."""

    def __init__(self, assertions: Assertions, issuer: TokenIssuer, judges: Judges) -> None:
        self._server = _TokenServer(assertions, issuer, judges)

    def __call__(self, headers: Mapping[str, str], body: bytes) -> Response:
        """Answer one POST, given its headers (any case) and its body; errors are answers too."""
        return self._server.answer(headers, body, self._carry_out)

    def _carry_out(self, form: Form) -> Response:
        if "grant_type" not in form.fields:
            raise InvalidRequestError(f"`grant_type` is missing; send `{GRANT_TYPE}`")
        answer: Any = self._server.create_token_response(form)
        return answer  # type: ignore[no-any-return]


class _BackendServicesGrant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = (AUTH_METHOD,)

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
    def __init__(self, assertions: Assertions, issuer: TokenIssuer, judges: Judges) -> None:
        super().__init__(assertions)
        self._issuer = issuer
        self._judges = judges
        self.register_grant(_BackendServicesGrant)

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
        return self._issuer.issue(authenticated.client, scope, authenticated.purposes, TTL)

    def get_token_grant(self, request: OAuth2Request) -> Any:
        """The grant a form asks for, or an error that says which there are."""
        try:
            return super().get_token_grant(request)
        except UnsupportedGrantTypeError as error:
            error.description = f"`grant_type` must be `{GRANT_TYPE}`"
            raise
