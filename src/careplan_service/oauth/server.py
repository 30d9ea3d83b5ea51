"""What the endpoints of the authorization server share: Authlib without a framework, and who is asking.

A request is a parsed form, an answer plain values. https://www.rfc-editor.org/rfc/rfc6749#section-2.3 and
https://www.rfc-editor.org/rfc/rfc7523#section-2.2
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import AuthorizationServer, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from careplan_service.access.clients import (
    AUTH_METHODS,
    PRIVATE_KEY_JWT,
    PUBLIC,
    SECRET_BASIC,
    SECRET_POST,
    Client,
)
from careplan_service.oauth import client_authentication
from careplan_service.oauth.assertions import ASSERTION_TYPE, AssertionRefused, Assertions, Authenticated
from careplan_service.oauth.client_authentication import InvalidClient
from careplan_service.oauth.form import Form, read_form, spoken
from careplan_service.oauth.purposes import PurposeRefused

CLIENT_CREDENTIALS, AUTHORIZATION_CODE, REFRESH_TOKEN = (
    "client_credentials",
    "authorization_code",
    "refresh_token",
)
GRANT_TYPES = (AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS)
PROVING = tuple(method for method in AUTH_METHODS if method != PUBLIC)
"""The methods that prove anything."""

Response = tuple[int, dict[str, Any], dict[str, str]]
"""Status, JSON document, headers."""


@dataclass(frozen=True)
class OAuthClient(ClientMixin):
    """The authenticated client in the shape Authlib asks, and the method by which it was."""

    authenticated: Authenticated
    method: str = PRIVATE_KEY_JWT

    @property
    def client(self) -> Client:
        return self.authenticated.client

    def get_client_id(self) -> str:
        return self.client.id

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.method

    def check_grant_type(self, grant_type: str) -> bool:
        """Apps act for people, all others for themselves."""
        return (self.client.kind == "app") is (grant_type != CLIENT_CREDENTIALS)


class FormRequest(OAuth2Request):
    """A form sent to an endpoint at `url`, which must be https or loopback."""

    def __init__(self, url: str, sent: Form) -> None:
        super().__init__("POST", url)
        self._fields = dict(sent.fields)
        self.payload = BasicOAuth2Payload(self._fields)
        self.authorization = sent.authorization

    @property
    def form(self) -> dict[str, str]:
        """The parameters by name."""
        return self._fields


class Server(AuthorizationServer):
    """Authlib's server, for one endpoint: its requests are forms, its responses tuples."""

    def __init__(self, assertions: Assertions) -> None:
        super().__init__()
        self._assertions = assertions
        for method, authenticate in {
            PRIVATE_KEY_JWT: self._by_assertion,
            SECRET_BASIC: self._by_header,
            SECRET_POST: self._by_form,
            PUBLIC: self._by_name,
        }.items():
            self.register_client_auth_method(method, authenticate)

    def answer(
        self, headers: Mapping[str, str], body: bytes, carry_out: Callable[[Form], Response]
    ) -> Response:
        """The answer to one POST, given its headers (any case) and its body; errors are answers too."""
        try:
            return carry_out(read_form(headers, body))
        except OAuth2Error as error:
            return self.handle_response(*error())

    def endpoint_response(self, name: str, form: Form) -> Response:
        """What the registered endpoint of that name answers."""
        answer: Response = self.create_endpoint_response(name, form)  # type: ignore[no-untyped-call]
        return answer

    def authenticate_client(self, request: Any, methods: Collection[str], endpoint: str = "token") -> Any:
        """The client that asks, by the one method it makes use of, if it is one of those."""
        method = client_authentication.method_of(request.form, request.authorization, tuple(methods))
        return super().authenticate_client(request, (method,), endpoint)

    def _by_assertion(self, _query_client: object, request: FormRequest) -> OAuthClient:
        form = request.form
        if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
            raise InvalidClient(
                f"authenticate with `client_assertion` and `client_assertion_type` `{ASSERTION_TYPE}`",
                PRIVATE_KEY_JWT,
            )
        try:
            named = form.get("client_id"), form.get("udap")
            return OAuthClient(self._assertions.verify(form["client_assertion"], *named))
        except AssertionRefused as error:
            raise InvalidClient(spoken(str(error)), PRIVATE_KEY_JWT) from error
        except PurposeRefused as error:
            raise InvalidRequestError(spoken(str(error))) from error

    def _by_header(self, _query_client: object, request: FormRequest) -> OAuthClient:
        client_id, secret = client_authentication.in_header(request.form, request.authorization or "")
        return self._with_secret(SECRET_BASIC, client_id, secret)

    def _by_form(self, _query_client: object, request: FormRequest) -> OAuthClient:
        form = request.form
        return self._with_secret(SECRET_POST, form.get("client_id", ""), form["client_secret"])

    def _with_secret(self, method: str, client_id: str, secret: str) -> OAuthClient:
        find_client = self._assertions.find_client
        return OAuthClient(client_authentication.with_secret(find_client, method, client_id, secret), method)

    def _by_name(self, _query_client: object, request: FormRequest) -> OAuthClient:
        found = client_authentication.named(self._assertions.find_client, request.form["client_id"])
        return OAuthClient(found, PUBLIC)

    def create_oauth2_request(self, request: Form) -> FormRequest:
        """A form as Authlib's request; refused where the endpoint is neither https nor loopback."""
        return FormRequest(self._assertions.token_endpoint, request)

    def handle_response(self, status: int, body: Mapping[str, Any], headers: Any) -> Response:
        """Authlib's answer as a Response."""
        return status, dict(body), dict(headers)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def save_token(self, token: object, request: object) -> None:
        """Access tokens are not kept, and refresh tokens were when they were made."""
