"""What the endpoints of the authorization server share: Authlib without a framework, and who is asking.

A request is a parsed form, an answer plain values. Clients prove who they are with `private_key_jwt`.
https://www.rfc-editor.org/rfc/rfc6749#section-2.3 and https://www.rfc-editor.org/rfc/rfc7523#section-2.2
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import AuthorizationServer, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from careplan_service.access.clients import Client
from careplan_service.oauth.assertions import ASSERTION_TYPE, AssertionRefused, Assertions, Authenticated
from careplan_service.oauth.form import Form, read_form, spoken
from careplan_service.oauth.purposes import PurposeRefused

AUTH_METHOD = "private_key_jwt"
GRANT_TYPE = "client_credentials"

CHALLENGE = f'{AUTH_METHOD} realm="careplan"'

Response = tuple[int, dict[str, Any], dict[str, str]]
"""Status, JSON document, headers."""


class InvalidClient(InvalidClientError):
    """The client did not prove who it is; `challenge` says how it can."""

    status_code = 401
    challenge = CHALLENGE

    def get_headers(self) -> list[tuple[str, str]]:
        """Without the `Basic` challenge of the parent: a secret is not what is asked for here."""
        return [*OAuth2Error.get_headers(self), ("WWW-Authenticate", self.challenge)]


@dataclass(frozen=True)
class OAuthClient(ClientMixin):
    """The authenticated client in the shape Authlib asks, and the method by which it was."""

    authenticated: Authenticated
    method: str = AUTH_METHOD

    @property
    def client(self) -> Client:
        return self.authenticated.client

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.method

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == GRANT_TYPE


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
        self.register_client_auth_method(AUTH_METHOD, self._authenticate)

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

    def _authenticate(self, _query_client: object, request: FormRequest) -> OAuthClient:
        if request.authorization is not None:
            raise InvalidClient("authenticate with `client_assertion` only, without an Authorization header")
        form = request.form
        if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
            raise InvalidClient(
                f"authenticate with `client_assertion` and `client_assertion_type` `{ASSERTION_TYPE}`"
            )
        try:
            named = form.get("client_id"), form.get("udap")
            return OAuthClient(self._assertions.verify(form["client_assertion"], *named))
        except AssertionRefused as error:
            raise InvalidClient(spoken(str(error))) from error
        except PurposeRefused as error:
            raise InvalidRequestError(spoken(str(error))) from error

    def create_oauth2_request(self, request: Form) -> FormRequest:
        """A form as Authlib's request; refused where the endpoint is neither https nor loopback."""
        return FormRequest(self._assertions.token_endpoint, request)

    def handle_response(self, status: int, body: Mapping[str, Any], headers: Any) -> Response:
        """Authlib's answer as a Response."""
        return status, dict(body), dict(headers)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""
