"""Where a client that registered itself reads, changes and ends its registration.

https://www.rfc-editor.org/rfc/rfc7592#section-2
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc7592 import ClientConfigurationEndpoint

from careplan_service.access.bearer import bearer_token
from careplan_service.access.registrations import Registration
from careplan_service.oauth.client_metadata import Metadata, has_secret
from careplan_service.oauth.client_secrets import digest_of, is_secret, new_secret
from careplan_service.oauth.registrar import Registrar, document_of
from careplan_service.oauth.registration_endpoint import (
    NO_STORE,
    Document,
    RegistrationRequest,
    answered,
    document_in,
    management,
)
from careplan_service.oauth.server import Response


class ConfigurationEndpoint:
    """Answers GET, PUT and DELETE of the registration of one client."""

    def __init__(self, registrar: Registrar, metadata: Callable[[Document], Metadata], base_url: str) -> None:
        self._configuration = _Configuration(registrar, metadata, base_url)

    def __call__(self, method: str, client_id: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Answer one request, given its method, the id in its address, its headers (any case) and body."""
        return answered(lambda: self._answer(method, client_id, headers, body))

    def _answer(self, method: str, client_id: str, headers: Mapping[str, str], body: bytes) -> Response:
        given = {name.lower(): value for name, value in headers.items()}
        token = bearer_token(given.get("authorization", "")) or ""
        request = RegistrationRequest(_Later(headers, body), method, client_id, token)
        status, answer, _ = self._configuration(request)
        return status, answer or {}, NO_STORE


class _Later:
    """The object that was sent, read only once it is known who sent it."""

    def __init__(self, headers: Mapping[str, str], body: bytes) -> None:
        self._headers, self._body = headers, body

    @cached_property
    def data(self) -> Document:
        return document_in(self._headers, self._body)


class _InvalidToken(OAuth2Error):
    """The same for a client that is not there and for a token that is not its own."""

    error = "invalid_token"
    status_code = 401
    description = "the registration access token is not that of this client"

    def get_headers(self) -> list[tuple[str, str]]:
        challenge = 'Bearer realm="careplan", error="invalid_token"'
        return [*super().get_headers(), ("WWW-Authenticate", challenge)]


class _Configuration(ClientConfigurationEndpoint):
    def __init__(self, registrar: Registrar, metadata: Callable[[Document], Metadata], base_url: str) -> None:
        super().__init__()
        self._registrar, self._metadata, self._base_url = registrar, metadata, base_url

    def authenticate_token(self, request: RegistrationRequest) -> _Own:
        found = self._registrar.kept.get(request.client_id)
        kept = found.token_digest if found and found.client.enabled else ""
        if not is_secret(request.token, kept) or found is None:
            raise _InvalidToken()
        return _Own(found, request.token)

    def authenticate_client(self, request: RegistrationRequest) -> _Own:
        own: _Own = request.credential
        return own

    def check_permission(self, client: _Own, request: RegistrationRequest) -> bool:
        return True

    def extract_client_metadata(self, request: RegistrationRequest) -> Metadata:
        return self._metadata(request.payload.data)

    def update_client(self, client: _Own, client_metadata: Metadata, request: RegistrationRequest) -> _Own:
        secret, secret_hash = "", client.registration.client.secret_hash
        if not has_secret(client_metadata):
            secret_hash = ""
        elif not secret_hash:
            secret = new_secret()
            secret_hash = digest_of(secret)
        changed = self._registrar.change(client.registration, client_metadata, secret_hash=secret_hash)
        return _Own(changed, client.token, secret)

    def delete_client(self, client: _Own, request: RegistrationRequest) -> None:
        self._registrar.end(client.registration)

    def introspect_client(self, client: _Own) -> Document:
        made = {"client_secret": client.secret, "client_secret_expires_at": 0} if client.secret else {}
        return document_of(client.registration) | made

    def generate_client_registration_info(self, client: _Own, request: RegistrationRequest) -> Document:
        return management(self._base_url, client.registration.client.id, client.token)


class _Own:
    """A registration, its access token as it was sent, and a secret that was made just now."""

    def __init__(self, registration: Registration, token: str, secret: str = "") -> None:
        self.registration, self.token, self.secret = registration, token, secret

    def check_client(self, client: _Own) -> bool:
        """Whether the token is for that client: it was found by it."""
        return client.registration.client.id == self.registration.client.id

    def get_client_id(self) -> str:
        return self.registration.client.id

    def check_client_secret(self, secret: Any) -> bool:
        return isinstance(secret, str) and is_secret(secret, self.registration.client.secret_hash)
