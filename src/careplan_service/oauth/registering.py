"""The parts of registration put together as the settings say.

https://www.rfc-editor.org/rfc/rfc7591 and https://hl7.org/fhir/us/udap-security/STU1/
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from careplan_service.access.scope_text import Judges
from careplan_service.oauth.assertions import Way
from careplan_service.oauth.configuration_endpoint import ConfigurationEndpoint
from careplan_service.oauth.registrar import Registrar, Registrations
from careplan_service.oauth.registration_audit import RegistrationAudit
from careplan_service.oauth.registration_endpoint import REGISTRATION, RegistrationEndpoint, Stated
from careplan_service.oauth.software_statements import SoftwareStatements
from careplan_service.oauth.udap_authentication import by_certificate
from careplan_service.oauth.udap_certificates import Anchors
from careplan_service.oauth.udap_metadata import UdapMetadata, read_identity
from careplan_service.oauth.udap_registration import UdapRegistration
from careplan_service.oauth.udap_statements import UdapStatements


@dataclass(frozen=True)
class Parts:
    """What registering needs from outside; times are in seconds since the epoch."""

    base_url: str
    kept: Registrations
    judges: Judges
    remote_jwks: Callable[[str, str], str]
    remember_jti: Callable[[str, str, float], bool]
    now: Callable[[], float]
    new_id: Callable[[], str]
    audit: RegistrationAudit


@dataclass(frozen=True)
class Udap:
    """Trust by certificate: whom we trust, and who we are."""

    anchors: Anchors
    certificate: Path
    key: Path


def endpoints(
    parts: Parts, issuers: Collection[str], *, statement_required: bool, udap: Udap | None
) -> tuple[RegistrationEndpoint, ConfigurationEndpoint]:
    """Where clients register, and where each comes back to its registration."""
    where = f"{parts.base_url}{REGISTRATION}"
    registrar = Registrar(parts.kept, parts.judges, parts.now, parts.new_id, parts.audit)
    statements = SoftwareStatements(issuers, where, parts.remote_jwks, parts.now)
    stated = Stated(statements, statement_required)
    certified = None
    if udap:
        signed = UdapStatements(udap.anchors, where, parts.remember_jti, parts.now)
        certified = UdapRegistration(registrar, signed)
    return (
        RegistrationEndpoint(registrar, stated, parts.base_url, certified),
        ConfigurationEndpoint(registrar, stated, parts.base_url),
    )


def way(parts: Parts, udap: Udap | None) -> Way | None:
    """How clients prove with a certificate who they are, where that is offered."""
    if udap is None:
        return None

    def uri_of(client_id: str) -> str:
        found = parts.kept.get(client_id)
        return found.uri if found else ""

    return by_certificate(udap.anchors, uri_of, parts.now)


def metadata(
    parts: Parts, udap: Udap, grant_types: Collection[str], authorization_endpoint: str
) -> UdapMetadata:
    """What is offered, signed by us. Raises Malformed for a certificate that is not ours."""
    identity = read_identity(udap.certificate, udap.key, parts.base_url)
    return UdapMetadata(
        identity, parts.base_url, tuple(grant_types), authorization_endpoint, parts.now, parts.new_id
    )
