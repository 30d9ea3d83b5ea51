"""The introspection endpoint: what an access token is worth at this moment.

https://www.rfc-editor.org/rfc/rfc7662#section-2 and
https://hl7.org/fhir/smart-app-launch/STU2.2/token-introspection.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import OAuth2Error, rfc7662
from authlib.oauth2.rfc6749.errors import InvalidRequestError

from careplan_service.access.authorizations import Authorization
from careplan_service.access.bearer import bearer_token
from careplan_service.access.caller import Caller
from careplan_service.access.clients import Client
from careplan_service.access.granted import within
from careplan_service.errors import Unauthenticated
from careplan_service.oauth.assertions import Assertions, Authenticated
from careplan_service.oauth.client_authentication import BEARER
from careplan_service.oauth.form import spoken
from careplan_service.oauth.launch_parameters import launch_context
from careplan_service.oauth.server import PROVING, FormRequest, OAuthClient, Response, Server
from careplan_service.oauth.tokens import TokenVerifier

_STATED = ("client_id", "exp", "iat", "iss", "aud", "sub", "jti", "fhirUser")
_INACTIVE = {"active": False}


class IntrospectionEndpoint:
    """Tells of a client's own tokens, and of any other to a client that may introspect.

    `find_client` gives the registered client of an id, `find_authorization` what a person allowed.
    """

    def __init__(
        self,
        assertions: Assertions,
        verifier: TokenVerifier,
        find_client: Callable[[str], Client | None],
        find_authorization: Callable[[str], Authorization | None],
    ) -> None:
        self._server = _IntrospectionServer(assertions, verifier, find_client)
        self._server.register_endpoint(_Introspection(verifier, find_authorization))

    def __call__(self, headers: Mapping[str, str], body: bytes) -> Response:
        """Answer one POST, given its headers (any case) and its body; errors are answers too."""
        name = _Introspection.ENDPOINT_NAME
        return self._server.answer(headers, body, lambda form: self._server.endpoint_response(name, form))


class _InvalidToken(OAuth2Error):
    """https://www.rfc-editor.org/rfc/rfc6750#section-3.1"""

    error = "invalid_token"
    status_code = 401

    def get_headers(self) -> list[tuple[str, str]]:
        challenge = 'Bearer realm="careplan", error="invalid_token"'
        return [*super().get_headers(), ("WWW-Authenticate", challenge)]


@dataclass(frozen=True)
class _Active:
    """A token that is taken at this moment: what it says, and whom it stands for."""

    claims: Mapping[str, Any]
    caller: Caller


class _IntrospectionServer(Server):
    def __init__(
        self, assertions: Assertions, verifier: TokenVerifier, find_client: Callable[[str], Client | None]
    ) -> None:
        super().__init__(assertions)
        self._verifier = verifier
        self._find_client = find_client
        self.register_client_auth_method(BEARER, self._bearer)

    def _bearer(self, _query_client: object, request: FormRequest) -> OAuthClient:
        token = bearer_token(request.authorization or "")
        if token is None:
            raise _InvalidToken("the Authorization header must be sent once, as `Bearer` and an access token")
        try:
            caller = self._verifier.verify(token)
        except Unauthenticated as error:
            raise _InvalidToken(spoken(error.text)) from error
        client = self._find_client(caller.client_id)
        if client is None or not client.is_let_in:
            raise _InvalidToken("the access token belongs to a client that is not registered any more")
        return OAuthClient(Authenticated(client, caller.purposes), BEARER)


class _Introspection(rfc7662.IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = (BEARER, *PROVING)

    def __init__(
        self, verifier: TokenVerifier, find_authorization: Callable[[str], Authorization | None]
    ) -> None:
        super().__init__()
        self._verifier = verifier
        self._find_authorization = find_authorization

    def check_params(self, request: FormRequest, client: OAuthClient) -> None:
        """Raise InvalidRequestError for a token that is missing; `token_type_hint` may say what it will."""
        if "token" not in request.form:
            raise InvalidRequestError("`token` is missing; send the access token to be introspected")

    def query_token(self, token_string: str, token_type_hint: str | None) -> _Active | None:
        """The token, or None for one that the service itself would refuse."""
        try:
            return _Active(self._verifier.claims(token_string), self._verifier.verify(token_string))
        except Unauthenticated:
            return None

    def check_permission(self, token: _Active, client: OAuthClient, request: FormRequest) -> bool:
        """Whether this client may be told of this token."""
        return client.client.may_introspect or token.caller.client_id == client.client.id

    def create_introspection_payload(self, token: _Active | None) -> dict[str, Any]:
        """The answer; it does not tell why a token is not active."""
        return dict(_INACTIVE) if token is None else self.introspect_token(token)

    def introspect_token(self, token: _Active) -> dict[str, Any]:
        """What the token says, as far as it is worth that by now."""
        claims = token.claims
        authorization = self._find_authorization(claims["grant"]) if "grant" in claims else None
        return {
            **(launch_context(authorization) if authorization else {}),
            "active": True,
            "token_type": BEARER,
            "scope": within(claims["scope"], token.caller.scopes),
            **{name: claims[name] for name in _STATED if name in claims},
            "extensions": {"ihe_iua": {"purpose_of_use": _purposes(claims, token.caller)}},
        }


def _purposes(claims: Mapping[str, Any], caller: Caller) -> list[dict[str, str]]:
    asserted = claims["extensions"]["ihe_iua"]["purpose_of_use"]
    return [coding for coding in asserted if coding["code"] in caller.purposes]
