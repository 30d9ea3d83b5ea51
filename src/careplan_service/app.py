"""The composition root: the only module that knows every floor. Read it from top to bottom."""

from __future__ import annotations

import functools
import hashlib
import time
import uuid
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, Response
from joserfc.jwk import RSAKey
from sqlalchemy.exc import InterfaceError, OperationalError

from careplan_service import errors
from careplan_service.access.clients import Client
from careplan_service.access.consent.rules import Door
from careplan_service.access.instants import microseconds
from careplan_service.interactions.desk import AuditEntry
from careplan_service.interactions.granular import judges
from careplan_service.interactions.metadata import own_addresses
from careplan_service.interactions.policy import Policy
from careplan_service.log import configure_log
from careplan_service.oauth import discovery, outgoing, redirects, registering
from careplan_service.oauth.account import Account
from careplan_service.oauth.allowed_apps import AllowedApps
from careplan_service.oauth.app_tokens import AppTokens
from careplan_service.oauth.assertions import Assertions, Way
from careplan_service.oauth.authorize import AuthorizationRequests
from careplan_service.oauth.authorize_audit import AuthorizeAudit
from careplan_service.oauth.authorizing import Authorizing
from careplan_service.oauth.foreign import Foreign, no_smart_configuration
from careplan_service.oauth.in_person import Sight
from careplan_service.oauth.introspection import IntrospectionEndpoint
from careplan_service.oauth.issuer_metadata import IssuerMetadata
from careplan_service.oauth.issuing import TokenIssuer, audience
from careplan_service.oauth.keys import SigningKeys
from careplan_service.oauth.launch_context import Contexts
from careplan_service.oauth.launching import Launching
from careplan_service.oauth.passwords import Passwords
from careplan_service.oauth.people_audit import PeopleAudit
from careplan_service.oauth.provider import Provider, by_key, by_secret
from careplan_service.oauth.recent import Recent
from careplan_service.oauth.registration_endpoint import REGISTRATION
from careplan_service.oauth.remote_jwks import RemoteJwks
from careplan_service.oauth.revocation import RevocationEndpoint
from careplan_service.oauth.seal import Seal
from careplan_service.oauth.server import GRANT_TYPES
from careplan_service.oauth.sign_in import SignIn
from careplan_service.oauth.tickets import Tickets
from careplan_service.oauth.token_endpoint import TokenEndpoint
from careplan_service.oauth.tokens import TokenVerifier
from careplan_service.oauth.trusted import TrustedIssuers
from careplan_service.oauth.udap_certificates import Anchors
from careplan_service.oauth.with_provider import WithProvider
from careplan_service.resources.registry import SERVED
from careplan_service.settings import Settings
from careplan_service.store import migrate
from careplan_service.store.authorizations import SqlAuthorizations
from careplan_service.store.clients import SqlClients
from careplan_service.store.database import Database
from careplan_service.store.launches import SqlLaunches
from careplan_service.store.people import SqlPeople
from careplan_service.store.records import SqlRecords
from careplan_service.store.registrations import SqlRegistrations
from careplan_service.store.revocations import SqlRevocations
from careplan_service.store.sessions import SqlSessions
from careplan_service.web import cors, incoming, presenting, problems
from careplan_service.web.authorize import authorize_blueprint
from careplan_service.web.authorize.asking import Asking
from careplan_service.web.clock import Clock
from careplan_service.web.cursors import Cursors
from careplan_service.web.docs import docs_blueprint
from careplan_service.web.fhir import Face, fhir_blueprint
from careplan_service.web.launches import launches_blueprint
from careplan_service.web.oauth import Document, Endpoint, oauth_blueprint
from careplan_service.web.openapi import openapi_document
from careplan_service.web.operation import operation_blueprint
from careplan_service.web.people import people_blueprint
from careplan_service.web.people.elsewhere import BACK
from careplan_service.web.people.visits import Visits
from careplan_service.web.plans import plans_blueprint
from careplan_service.web.reception import Reception
from careplan_service.web.registration import Registering, registration_blueprint

Addresses = Callable[[], Mapping[str, str]]


def utc_now() -> datetime:
    """The moment, aware."""
    return datetime.now(UTC)


def new_uuid() -> str:
    """A random id that tells nothing of time or order."""
    return str(uuid.uuid4())


@dataclass(frozen=True)
class Service:
    """The parts that the server and the command line share."""

    settings: Settings
    database: Database
    records: SqlRecords
    clients: SqlClients
    revocations: SqlRevocations
    registrations: SqlRegistrations
    people: SqlPeople
    authorizations: SqlAuthorizations
    keys: SigningKeys
    seal: Seal
    clock: Clock
    new_id: Callable[[], str]

    def custodians(self) -> frozenset[str]:
        """The organisations whose staff run this service; by default those of the agency clients."""
        if self.settings.custodians:
            return frozenset(self.settings.custodians)
        return frozenset(c.organization for c in self.clients.list() if c.kind == "agency" and c.is_let_in)

    def door(self) -> Door:
        """What a Consent is compiled with."""
        return Door(self.settings.base_url, _Custodians(self))

    @property
    def policy(self) -> Policy:
        """How requests are taken."""
        settings = self.settings
        return Policy(
            base_url=settings.base_url,
            references_enforced=settings.references == "enforced",
            most_entries=settings.max_entries,
            most_parameters=settings.max_parameters,
            most_values=settings.max_values,
            most_included=settings.max_included,
        )

    def seconds(self) -> float:
        """The moment in seconds since the epoch, for tokens."""
        return self.clock().timestamp()


class _Custodians(Container[str]):
    """The custodians, looked up once, and only when a Consent names its manager: most writes need none."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def __contains__(self, reference: object) -> bool:
        return reference in self._all

    @functools.cached_property
    def _all(self) -> frozenset[str]:
        return self._service.custodians()


def assemble(
    settings: Settings, clock: Clock = utc_now, new_id: Callable[[], str] = new_uuid, *, migrated: bool = True
) -> Service:
    """Open the database (bringing it to the present schema) and the keys."""
    database = Database(settings.database_url, settings.max_seconds)
    if migrated:
        migrate.upgrade(database)
    return Service(
        settings=settings,
        database=database,
        records=SqlRecords(database, audited=settings.audit),
        clients=SqlClients(database.engine, now=lambda: clock().timestamp()),
        revocations=SqlRevocations(database, now=lambda: clock().timestamp()),
        registrations=SqlRegistrations(database.engine),
        people=SqlPeople(database.engine),
        authorizations=SqlAuthorizations(database.engine),
        keys=SigningKeys(settings.keys_dir, now=time.monotonic),
        seal=Seal(settings.keys_dir),
        clock=clock,
        new_id=new_id,
    )


def create_app(settings: Settings, clock: Clock = utc_now, new_id: Callable[[], str] = new_uuid) -> Flask:
    """The WSGI application."""
    configure_log(settings.log_level)
    return app_of(assemble(settings, clock, new_id))


def app_of(service: Service) -> Flask:
    """The WSGI application on a service that is assembled already."""
    settings = service.settings
    base_url = settings.base_url
    app = Flask("careplan_service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body
    app.config[incoming.MAX_DEPTH] = settings.max_depth
    app.url_map.strict_slashes = app.url_map.merge_slashes = False  # no redirects to where Host says
    app.extensions["careplan"] = service

    remote_jwks = RemoteJwks(service.seconds).text
    trusted = TrustedIssuers(
        settings.trusted_issuers,
        audience(base_url),
        remote_jwks,
        service.seconds,
        dict(claim.split("=", 1) for claim in settings.trusted_claims),
    )
    is_revoked = service.revocations.is_revoked
    own = settings.authorization_server
    verifier = TokenVerifier(
        base_url,
        service.keys,
        service.clients.get if own else functools.partial(_client_of_others, service),
        service.seconds,
        is_revoked,
        trusted,
        find_user=service.people.get,
        custodians=service.custodians,
    )
    reception = Reception(verifier, service.records, service.clock, service.new_id, service.policy)
    cursors = Cursors(_cursor_secrets(service))
    if own:
        parts, udap = _registering(service, remote_jwks), _udap(settings)
        endpoints = _endpoints(service, verifier, remote_jwks, registering.way(parts, udap))
        documents = _documents(settings, service.keys)
        app.register_blueprint(registration_blueprint(_offered(settings, parts, udap), settings.proxies))
        addresses: Addresses = functools.partial(own_addresses, base_url)
        visits = _visits(service)
        app.register_blueprint(people_blueprint(visits, _allowed(service)))
        app.register_blueprint(authorize_blueprint(Asking(_authorizing(service), visits, cursors)))
        launches = SqlLaunches(service.database.engine)
        launching = Launching(base_url, service.clients.get, launches, service.seconds)
        app.register_blueprint(launches_blueprint(reception, launching.prepare))
    else:
        endpoints, (documents, addresses) = {}, _of_another(service, trusted.metadata)
    app.register_blueprint(oauth_blueprint(endpoints, documents))
    app.register_blueprint(fhir_blueprint(Face(reception, service.door, cursors, base_url, addresses)))
    app.register_blueprint(plans_blueprint(reception, service.door, base_url))
    app.register_blueprint(operation_blueprint(lambda: _ready(service)))
    app.register_blueprint(docs_blueprint(base_url, functools.partial(openapi_document, own=own)))
    problems.register(app)
    cors.register(app, settings.cors_origins, _registered_origin(service))
    presenting.register(app)
    app.register_error_handler(OperationalError, _unreachable)
    app.register_error_handler(InterfaceError, _unreachable)
    return app


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


def _client_of_others(service: Service, id_: str) -> Client | None:
    """A client that gets its tokens elsewhere; where we issue none there is no other."""
    client = service.clients.get(id_)
    return client if client and client.issuer else None


def _of_another(service: Service, metadata: IssuerMetadata) -> tuple[dict[str, Document], Addresses]:
    """What is told where another server issues the tokens: with several, none is ours to choose."""
    issuers = service.settings.trusted_issuers
    if len(issuers) != 1:
        return {discovery.SMART: no_smart_configuration}, dict
    foreign = Foreign(functools.partial(metadata.of, issuers[0]))
    return {discovery.SMART: foreign.smart_configuration}, foreign.addresses


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


def _allowed(service: Service) -> AllowedApps:
    audit = PeopleAudit(service.records.note, service.clock)
    seconds = service.settings.app_token_seconds
    return AllowedApps(service.authorizations, service.clients.get, audit, seconds)


def _registered_origin(service: Service) -> Callable[[str], bool]:
    """Whether pages of an origin are those of an app that is let in, as of a second ago."""
    known = Recent(lambda _: redirects.origins(service.clients.redirect_uris()), service.seconds)
    return lambda origin: origin in known.get("")


def _visits(service: Service) -> Visits:
    settings = service.settings
    sessions = SqlSessions(service.database.engine)
    audit = PeopleAudit(service.records.note, service.clock)
    parts = (service.people, sessions, Passwords(), service.seal, audit, service.clock)
    remember = service.clients.remember_jti
    return Visits(
        settings.base_url,
        SignIn(*parts),
        Account(*parts),
        settings.proxies,
        WithProvider(*parts, provider_of(service), remember) if settings.sign_in_issuer else None,
        settings.local_passwords,
    )


def provider_of(service: Service) -> Provider:
    """The OpenID provider of the settings."""
    settings, now = service.settings, service.seconds
    client, file = settings.sign_in_client, settings.sign_in_secret_file
    return Provider(
        settings.sign_in_issuer,
        client,
        f"{settings.base_url}{BACK}",
        IssuerMetadata(now, outgoing.fetch).of,
        RemoteJwks(now, outgoing.fetch).text,
        by_secret(client, Path(file)) if file else by_key(client, service.keys, now, service.new_id),
        now,
    )


def _authorizing(service: Service) -> Authorizing:
    base_url = service.settings.base_url
    sight = Sight(service.records, service.policy, service.clock, service.new_id, service.custodians)
    return Authorizing(
        requests=AuthorizationRequests(base_url, service.clients.get, judges(base_url)),
        sight=sight,
        contexts=Contexts(sight, SqlLaunches(service.database.engine), service.seconds),
        tickets=Tickets(service.seal.signature, service.clients.remember_jti, service.seconds),
        authorizations=service.authorizations,
        audit=AuthorizeAudit(service.records.note, service.clock),
        now=service.seconds,
        new_id=service.new_id,
    )


def _cursor_secrets(service: Service) -> Callable[[], tuple[bytes, ...]]:
    """64 bytes each that every worker has and nobody else: they follow from the signing keys."""
    made: dict[str, bytes] = {}

    def secret(key: RSAKey) -> bytes:
        kid = str(key.kid)
        if kid not in made:
            made[kid] = hashlib.blake2b(key.as_pem(private=True), person=b"cursors").digest()
        return made[kid]

    return lambda: tuple(secret(key) for key in service.keys.newest_first())


def _ready(service: Service) -> str | None:
    """Why this service cannot answer, or None."""
    try:
        at = migrate.current(service.database)
    except (OperationalError, InterfaceError):
        return "the database cannot be reached"
    return (
        None if at == migrate.newest() else f"the database is at revision `{at}`; run `careplan db upgrade`"
    )


def _unreachable(error: Exception) -> Response:
    """The database is gone where SQLAlchemy asks it: the register of clients."""
    problem = errors.Unavailable("the database cannot be reached for now; try again")
    problem.__cause__ = error
    return problems.told(problem)
