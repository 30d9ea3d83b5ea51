"""The registration endpoint: metadata in, a client out that waits for an operator's approval.

https://www.rfc-editor.org/rfc/rfc7591#section-3
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc7591 import ClientRegistrationEndpoint, InvalidClientMetadataError

from careplan_service.access.registrations import WINDOW_SECONDS
from careplan_service.errors import Busy, TooMany
from careplan_service.oauth.client_metadata import Metadata, has_secret, metadata_of
from careplan_service.oauth.client_secrets import new_secret
from careplan_service.oauth.form import spoken
from careplan_service.oauth.registrar import KnownBy, Registrar
from careplan_service.oauth.server import Response
from careplan_service.oauth.software_statements import SoftwareStatements, invalid
from careplan_service.oauth.strict_json import NotJson, read_object

REGISTRATION = "/oauth/register"
"""Where clients register; what is said of one of them is below it, by its id."""

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
Document = dict[str, Any]


class Sent(Protocol):
    """The JSON object that was sent."""

    @property
    def data(self) -> Document: ...


@dataclass(frozen=True)
class Payload:
    """One that was read already."""

    data: Document


@dataclass
class RegistrationRequest:
    """A request in the shape Authlib asks; `client` and `credential` are set by it."""

    payload: Sent
    method: str = "POST"
    client_id: str = ""
    token: str = ""
    client: Any = None
    credential: Any = None


class RegistrationEndpoint:
    """Answers requests to register.

    `by_certificate` answers a document that names UDAP, None where that is not offered.
    """

    def __init__(
        self,
        registrar: Registrar,
        metadata: Stated,
        base_url: str,
        by_certificate: Callable[[Document], Response] | None = None,
    ) -> None:
        self._registrar, self._by_certificate = registrar, by_certificate
        self._registration = _Registration(registrar, metadata, base_url)

    def __call__(self, headers: Mapping[str, str], body: bytes, address: str) -> Response:
        """Answer one POST, given its headers (any case), its body and its sender's network address."""
        return answered(lambda: self._answer(headers, body, address))

    def _answer(self, headers: Mapping[str, str], body: bytes, address: str) -> Response:
        if not self._registrar.kept.attempt(address, int(self._registrar.now())):
            text = "too many registrations from this address; try again in an hour"
            raise TooMany(text, retry_after=WINDOW_SECONDS)
        document = document_in(headers, body)
        if self._by_certificate and "udap" in document:
            return self._by_certificate(document)
        status, answer, _ = self._registration(RegistrationRequest(Payload(document)))
        return status, answer, NO_STORE


@dataclass(frozen=True)
class Stated:
    """Reads metadata; what a software statement says goes before what the client says itself.

    `required`: without a statement nobody registers.
    """

    statements: SoftwareStatements
    required: bool

    def __call__(self, sent: Document) -> Metadata:
        """The metadata that are kept; raises an OAuth2Error."""
        statement = sent.get("software_statement")
        if statement is None:
            if self.required:
                raise invalid("`software_statement` is missing; clients register here with one only")
            return metadata_of(sent)
        if not isinstance(statement, str):
            raise invalid("`software_statement` must be a signed JWT")
        return metadata_of({**sent, **self.statements.claims(statement), "software_statement": statement})


class _Registration(ClientRegistrationEndpoint):
    def __init__(self, registrar: Registrar, metadata: Stated, base_url: str) -> None:
        super().__init__()
        self._registrar, self._metadata, self._base_url = registrar, metadata, base_url

    def authenticate_token(self, request: RegistrationRequest) -> bool:
        """Anybody may ask; nothing is granted by it."""
        return True

    def extract_client_metadata(self, request: RegistrationRequest) -> Metadata:
        request.client = self._metadata(request.payload.data)
        return dict(request.client)

    def generate_client_info(self, request: RegistrationRequest) -> Document:
        info: Document = {
            "client_id": self._registrar.new_id(),
            "client_id_issued_at": int(self._registrar.now()),
        }
        if has_secret(request.client):
            info |= {"client_secret": new_secret(), "client_secret_expires_at": 0}
        return info

    def save_client(self, client_info: Document, client_metadata: Metadata, request: Any) -> str:
        token, client_id = new_secret(), str(client_info["client_id"])
        secret = client_info.get("client_secret", "")
        self._registrar.add(client_id, client_metadata, KnownBy(secret, token))
        request.credential = token
        return client_id

    def generate_client_registration_info(self, client: str, request: RegistrationRequest) -> Document:
        return management(self._base_url, client, str(request.credential))


def management(base_url: str, client_id: str, token: str) -> Document:
    """How a client comes back to its registration. https://www.rfc-editor.org/rfc/rfc7592#section-3"""
    url = f"{base_url}{REGISTRATION}/{client_id}"
    return {"registration_access_token": token, "registration_client_uri": url}


def document_in(headers: Mapping[str, str], body: bytes) -> Document:
    """The JSON object of a request; raises InvalidClientMetadataError."""
    try:
        return read_object(headers, body)
    except NotJson as error:
        raise InvalidClientMetadataError(spoken(str(error))) from error


def answered(carry_out: Callable[[], Response]) -> Response:
    """What is answered; errors are answers too."""
    try:
        return carry_out()
    except OAuth2Error as error:
        status, body, headers = error()
        return status, dict(body), {**dict(headers), **NO_STORE}
    except Busy as busy:
        told = {"error": "temporarily_unavailable", "error_description": busy.text}
        return busy.status, told, {**busy.headers, **NO_STORE}
