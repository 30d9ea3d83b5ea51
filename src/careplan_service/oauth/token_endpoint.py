"""The token endpoint: a form with a signed assertion in, an access token out.

Authlib runs the grant; what it is given and gives back is plain values, so no web framework is needed.
https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html#obtain-access-token
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from authlib.oauth2 import AuthorizationServer, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.errors import (
    InvalidClientError,
    InvalidRequestError,
    InvalidScopeError,
    UnsupportedGrantTypeError,
)
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from careplan_service.access.scope_text import Judges, ScopeError, is_v1, parse_scopes
from careplan_service.access.scopes import Scopes, narrowed
from careplan_service.oauth.assertions import ASSERTION_TYPE, AssertionRefused, Assertions, Authenticated
from careplan_service.oauth.purposes import PurposeRefused
from careplan_service.oauth.tokens import TokenIssuer

AUTH_METHOD = "private_key_jwt"
GRANT_TYPE = "client_credentials"

LARGEST_FORM = 64 * 1024
"""Bytes of the longest form that is read."""

TTL = 300
"""Seconds an access token is valid."""

_FORM_TYPE = "application/x-www-form-urlencoded"
_MOST_FIELDS = 20
_LONGEST_DESCRIPTION = 1000

Response = tuple[int, dict[str, Any], dict[str, str]]
"""Status, JSON document, headers."""


class TokenEndpoint:
    """Answers token requests; `judges` say which scopes there are."""

    def __init__(self, assertions: Assertions, issuer: TokenIssuer, judges: Judges) -> None:
        self._server = _Server(assertions, issuer, judges)

    def __call__(self, headers: Mapping[str, str], body: bytes) -> Response:
        """Answer one POST, given its headers (any case) and its body; errors are answers too."""
        try:
            form = _form({name.lower(): value for name, value in headers.items()}, body)
            answer: Any = self._server.create_token_response(form)
        except OAuth2Error as error:
            answer = self._server.handle_response(*error())
        return answer  # type: ignore[no-any-return]


class _InvalidClient(InvalidClientError):
    status_code = 401

    def get_headers(self) -> list[tuple[str, str]]:
        """Without the `Basic` challenge of the parent: a secret is not what is asked for here."""
        return [*OAuth2Error.get_headers(self), ("WWW-Authenticate", f'{AUTH_METHOD} realm="careplan"')]


@dataclass(frozen=True)
class _OAuthClient(ClientMixin):
    """The authenticated client in the shape Authlib asks."""

    authenticated: Authenticated

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == AUTH_METHOD

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == GRANT_TYPE


class _BackendServicesGrant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = (AUTH_METHOD,)

    def validate_requested_scope(self) -> None:
        requested = _form_of(self.request).get("scope")
        self.granted = self.server.granted(self.client.authenticated, requested)

    def create_token_response(self) -> Any:
        """Status, document and headers of the answer to a request that was validated."""
        authenticated, requested = self.client.authenticated, _form_of(self.request)["scope"]
        document = {
            "access_token": self.server.token(authenticated, self.granted),
            "token_type": "Bearer",
            "expires_in": TTL,
            "scope": (is_v1(requested) and self.granted.as_v1()) or str(self.granted),
        }
        return 200, document, self.TOKEN_RESPONSE_HEADER


class _Server(AuthorizationServer):
    """Authlib's server without a framework: its request is the parsed form, its response a tuple."""

    def __init__(self, assertions: Assertions, issuer: TokenIssuer, judges: Judges) -> None:
        super().__init__()
        self._assertions = assertions
        self._issuer = issuer
        self._judges = judges
        self.register_client_auth_method(AUTH_METHOD, self._authenticate)
        self.register_grant(_BackendServicesGrant)

    def granted(self, authenticated: Authenticated, requested: str | None) -> Scopes:
        """What of the requested scopes is registered for the client; InvalidScopeError if nothing is."""
        if requested is None:
            raise InvalidScopeError("`scope` is missing; name what is asked for, such as `system/Goal.rs`")
        try:
            scopes = parse_scopes(requested, self._judges)
        except ScopeError as error:
            raise InvalidScopeError(_spoken(str(error))) from error
        granted = narrowed(scopes, parse_scopes(authenticated.client.scopes))
        if not granted:
            raise InvalidScopeError("none of the requested scopes is registered for this client")
        return granted

    def token(self, authenticated: Authenticated, granted: Scopes) -> str:
        """The access token for what was granted."""
        return self._issuer.issue(authenticated.client, granted, authenticated.purposes, TTL)

    def _authenticate(self, _query_client: object, request: OAuth2Request) -> _OAuthClient:
        form = _form_of(request)
        if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
            raise _InvalidClient(
                f"authenticate with `client_assertion` and `client_assertion_type` `{ASSERTION_TYPE}`"
            )
        try:
            return _OAuthClient(self._assertions.verify(form["client_assertion"], form.get("client_id")))
        except AssertionRefused as error:
            raise _InvalidClient(_spoken(str(error))) from error
        except PurposeRefused as error:
            raise InvalidRequestError(_spoken(str(error))) from error

    def get_token_grant(self, request: OAuth2Request) -> Any:
        """The grant a form asks for, or an error that says which there are."""
        try:
            return super().get_token_grant(request)
        except UnsupportedGrantTypeError as error:
            error.description = f"`grant_type` must be `{GRANT_TYPE}`"
            raise

    def create_oauth2_request(self, request: dict[str, str]) -> OAuth2Request:
        """A parsed form as Authlib's request; refused where the endpoint is neither https nor loopback."""
        made = OAuth2Request("POST", self._assertions.token_endpoint)
        made.payload = BasicOAuth2Payload(request)
        return made

    def handle_response(self, status: int, body: Mapping[str, Any], headers: Any) -> Response:
        """Authlib's answer as a Response."""
        return status, dict(body), dict(headers)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""


def _form_of(request: OAuth2Request) -> dict[str, str]:
    assert request.payload is not None
    return request.payload.data


def _form(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """The parameters, none of them twice, without those that are empty (RFC 6749 section 3.2)."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM_TYPE:
        raise InvalidRequestError(f"send the parameters in the body as `{_FORM_TYPE}`")
    if len(body) > LARGEST_FORM:
        raise InvalidRequestError(f"the form is longer than {LARGEST_FORM} bytes")
    if "authorization" in headers:
        raise _InvalidClient("authenticate with `client_assertion` only, without an Authorization header")
    try:
        fields = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise InvalidRequestError("the form cannot be read; percent-encode its values") from error
    repeated = sorted(name for name, count in Counter(name for name, _ in fields).items() if count > 1)
    if repeated:
        raise InvalidRequestError(_spoken(f"send each parameter once; repeated: {', '.join(repeated)}"))
    form = {name: value for name, value in fields if value}
    if "grant_type" not in form:
        raise InvalidRequestError(f"`grant_type` is missing; send `{GRANT_TYPE}`")
    return form


def _spoken(text: str) -> str:
    """Only the characters an `error_description` may have (RFC 6749 section 5.2), and not too many."""
    plain = text.replace('"', "'").replace("\\", "/")[:_LONGEST_DESCRIPTION]
    return "".join(character if " " <= character <= "~" else "?" for character in plain)
