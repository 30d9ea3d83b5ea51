"""Our own authorization server put together: its endpoints, its documents, registration.

https://www.rfc-editor.org/rfc/rfc6749 and those that build on it; one module each in `oauth/`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Flask

from careplan_service.access.clients import Client
from careplan_service.access.instants import microseconds
from careplan_service.app.others import Addresses
from careplan_service.app.people import allowed_apps, authorizing_of, visits_of
from careplan_service.app.service import Service
from careplan_service.interactions.granular import judges
from careplan_service.interactions.metadata import own_addresses
from careplan_service.interactions.records import AuditEntry
from careplan_service.oauth import discovery, redirects, registering
from careplan_service.oauth.app_tokens import AppTokens
from careplan_service.oauth.assertions import Assertions, Way
from careplan_service.oauth.introspection import IntrospectionEndpoint
from careplan_service.oauth.issuing import TokenIssuer
from careplan_service.oauth.keys import SigningKeys
from careplan_service.oauth.launching import Launching
from careplan_service.oauth.recent import Recent
from careplan_service.oauth.registration_audit import RegistrationAudit
from careplan_service.oauth.registration_endpoint import REGISTRATION
from careplan_service.oauth.revocation import RevocationEndpoint
from careplan_service.oauth.server import GRANT_TYPES
from careplan_service.oauth.token_endpoint import TokenEndpoint
from careplan_service.oauth.tokens import TokenVerifier
from careplan_service.oauth.udap_certificates import Anchors
from careplan_service.resources.registry import SERVED
from careplan_service.settings import Settings
from careplan_service.store.launches import SqlLaunches
from careplan_service.store.sessions import SqlSessions
from careplan_service.web.authorize import authorize_blueprint
from careplan_service.web.authorize.asking import Asking
from careplan_service.web.cursors import Cursors
from careplan_service.web.launches import launches_blueprint
from careplan_service.web.oauth import Document, Endpoint, oauth_blueprint
from careplan_service.web.people import people_blueprint
from careplan_service.web.reception import Reception
from careplan_service.web.registration import Registering, registration_blueprint


def add_own_server(
    app: Flask,
    service: Service,
    verifier: TokenVerifier,
    remote_jwks: Callable[[str, str], str],
    reception: Reception,
    cursors: Cursors,
) -> Addresses:
    """Add all of it to the application; gives the addresses that the CapabilityStatement names."""
    settings, base_url = service.settings, service.settings.base_url
    parts, udap = _registering(service, remote_jwks), _udap(settings)
    endpoints = _endpoints(service, verifier, remote_jwks, registering.way(parts, udap))
    app.register_blueprint(oauth_blueprint(endpoints, _documents(settings, service.keys)))
    app.register_blueprint(registration_blueprint(_offered(settings, parts, udap), settings.proxies))
    visits = visits_of(service)
    app.register_blueprint(people_blueprint(visits, allowed_apps(service)))
    app.register_blueprint(authorize_blueprint(Asking(authorizing_of(service), visits, cursors)))
    launches = SqlLaunches(service.database.engine)
    launching = Launching(base_url, service.clients.get, launches, service.seconds)
    app.register_blueprint(launches_blueprint(reception, launching.prepare))
    return functools.partial(own_addresses, base_url, registers=settings.registration != "off")


def _endpoints(
    service: Service,
    verifier: TokenVerifier,
    remote_jwks: Callable[[str, str], str],
    by_certificate: Way | None,
) -> dict[str, Endpoint]:
    """Those of the authorization server, by path."""
    base_url = service.settings.base_url
    assertions = Assertions(
        discovery.token_endpoint_url(base_url),
        service.clients.get,
        service.clients.remember_jti,
        remote_jwks,
        service.seconds,
        issuer=base_url,
        by_certificate=by_certificate,
    )
    app_tokens = AppTokens(
        TokenIssuer(base_url, service.keys, service.seconds, service.new_id),
        service.authorizations,
        service.people.get,
        SqlSessions(service.database.engine).is_open,
        service.settings.app_token_seconds,
    )

    def sent_to(path: str) -> Assertions:
        return replace(assertions, itself=f"{base_url}{path}")

    return {
        discovery.TOKEN: TokenEndpoint(assertions, judges(base_url), app_tokens),
        discovery.INTROSPECTION: IntrospectionEndpoint(
            sent_to(discovery.INTROSPECTION), verifier, service.clients.get, service.authorizations.get
        ),
        discovery.REVOCATION: RevocationEndpoint(
            sent_to(discovery.REVOCATION),
            verifier.claims,
            service.revocations.revoke,
            service.authorizations,
            functools.partial(_note_revoked, service),
        ),
    }


def _note_revoked(service: Service, client: Client, what: str) -> None:
    at = microseconds(service.clock())
    service.records.note(AuditEntry(at, client.id, client.organization, "", "revoke", what, 200))


def _documents(settings: Settings, keys: SigningKeys) -> dict[str, Document]:
    base_url = settings.base_url
    more: dict[str, Any] = {}
    if settings.registration != "off":
        more["registration_endpoint"] = f"{base_url}{REGISTRATION}"
    return {
        discovery.SMART: lambda: discovery.smart_configuration(base_url, SERVED) | more,
        discovery.OAUTH: lambda: discovery.server_metadata(base_url, SERVED) | more,
        discovery.OPENID_CONNECT: lambda: discovery.openid_configuration(base_url, SERVED) | more,
        discovery.JWKS: keys.public_jwks,
    }


def _registering(service: Service, remote_jwks: Callable[[str, str], str]) -> registering.Parts:
    """What registering needs, whether it is offered or not."""
    return registering.Parts(
        base_url=service.settings.base_url,
        kept=service.registrations,
        judges=judges(service.settings.base_url),
        remote_jwks=remote_jwks,
        remember_jti=service.clients.remember_jti,
        now=service.seconds,
        new_id=service.new_id,
        audit=RegistrationAudit(service.records.note, service.clock),
    )


def _udap(settings: Settings) -> registering.Udap | None:
    """Trust by certificate, where it is set."""
    if not settings.udap_anchors:
        return None
    files = Path(settings.udap_certificate), Path(settings.udap_key)
    return registering.Udap(Anchors(Path(settings.udap_anchors)), *files)


def _offered(settings: Settings, parts: registering.Parts, udap: registering.Udap | None) -> Registering:
    """What of registering is offered."""
    if settings.registration == "off":
        return Registering()
    required = settings.registration == "statement"
    issuers = settings.software_statement_issuers
    register, manage = registering.endpoints(parts, issuers, statement_required=required, udap=udap)
    where = f"{settings.base_url}{discovery.AUTHORIZE}"
    metadata = registering.metadata(parts, udap, GRANT_TYPES, where) if udap else None
    return Registering(register, manage, metadata)


def registered_origin(service: Service) -> Callable[[str], bool]:
    """Whether pages of an origin are those of an app that is let in, as of a second ago."""
    known = Recent(lambda _: redirects.origins(service.clients.redirect_uris()), service.seconds)
    return lambda origin: origin in known.get("")
