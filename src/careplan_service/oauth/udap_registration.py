"""Registering by certificate: whoever owns the URI in it registers, changes and cancels by sending again.

https://hl7.org/fhir/us/udap-security/STU1/registration.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc7591 import InvalidClientMetadataError

from careplan_service.access.clients import PRIVATE_KEY_JWT
from careplan_service.access.registrations import Registration
from careplan_service.errors import Conflict
from careplan_service.oauth.client_metadata import Metadata, metadata_of, refusal
from careplan_service.oauth.registrar import KnownBy, Registrar, document_of
from careplan_service.oauth.registration_endpoint import NO_STORE, Document
from careplan_service.oauth.server import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, Response
from careplan_service.oauth.software_statements import unapproved
from careplan_service.oauth.udap_statements import Said, UdapStatements

UDAP = "1"
"""The version of UDAP that requests name."""

_KEPT = (
    "redirect_uris",
    "grant_types",
    "response_types",
    "client_name",
    "scope",
    "contacts",
    "token_endpoint_auth_method",
)
"""What a statement may say of a client."""
_REQUIRED = ("client_name", "contacts", "scope", "token_endpoint_auth_method")


@dataclass(frozen=True)
class UdapRegistration:
    """Answers a document `{"udap": "1", "software_statement": ...}`; certifications are not looked at."""

    registrar: Registrar
    statements: UdapStatements

    def __call__(self, document: Document) -> Response:
        """201 for a new client, 200 for a change or its end; raises an OAuth2Error or Busy."""
        if document.get("udap") != UDAP:
            raise InvalidClientMetadataError("`udap` must be '1'")
        statement = document.get("software_statement")
        said = self.statements.read(statement)
        known = self.registrar.kept.of_uri(said.uri)
        if known is not None and not known.client.enabled:
            raise unapproved("the client with this certificate was disabled; ask the operator")
        if said.claims.get("grant_types") == []:
            return self._cancelled(known)
        metadata = _metadata(said.claims) | {"software_statement": statement}
        if known is None:
            try:
                return self._registered(said, metadata)
            except Conflict:
                known = self.registrar.kept.of_uri(said.uri)
                if known is None:
                    raise unapproved("the registration was ended at the same moment") from None
        changed = self.registrar.change(known, metadata, secret_hash="", certificate=said.leaf.pem)
        return 200, document_of(changed), NO_STORE

    def _registered(self, said: Said, metadata: Metadata) -> Response:
        client_id = self.registrar.new_id()
        self.registrar.add(client_id, metadata, KnownBy(uri=said.uri, certificate=said.leaf.pem))
        issued = int(self.registrar.now())
        return 201, {"client_id": client_id, "client_id_issued_at": issued, **metadata}, NO_STORE

    def _cancelled(self, known: Registration | None) -> Response:
        if known is None:
            raise InvalidClientMetadataError(
                "`grant_types` is empty, and no client with this certificate is here"
            )
        self.registrar.end(known)
        return 200, {**document_of(known), "grant_types": []}, NO_STORE


def _metadata(claims: Mapping[str, Any]) -> Metadata:
    if faults := list(_faults(claims)):
        raise refusal(faults)
    return metadata_of({name: claims[name] for name in _KEPT if name in claims}, keys_elsewhere=True)


def _faults(claims: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in _REQUIRED:
        if not claims.get(name):
            yield name, f"`{name}` is missing in the software statement"
    if claims.get("token_endpoint_auth_method") not in (None, PRIVATE_KEY_JWT):
        yield "token_endpoint_auth_method", f"`token_endpoint_auth_method` must be {PRIVATE_KEY_JWT}"
    grants, contacts = claims.get("grant_types"), claims.get("contacts")
    if not isinstance(grants, list):
        yield "grant_types", f"`grant_types` must be a list: {AUTHORIZATION_CODE} or {CLIENT_CREDENTIALS}"
    elif AUTHORIZATION_CODE in grants and claims.get("response_types") != ["code"]:
        yield "response_types", "`response_types` must be `code`"
    if isinstance(contacts, list) and not any(str(one).startswith("mailto:") for one in contacts):
        yield "contacts", "one of `contacts` must be a `mailto:` address"
