"""The composition root: the only package that knows every floor. Read `app_of` from top to bottom."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable

from flask import Flask, Response
from joserfc.jwk import RSAKey
from prometheus_client import CollectorRegistry
from sqlalchemy.exc import InterfaceError, OperationalError

from careplan_service import errors
from careplan_service.access.viewing import seen_as
from careplan_service.app.authorization_server import add_own_server, registered_origin
from careplan_service.app.others import add_server_of_others, client_of_others
from careplan_service.app.people import provider_of
from careplan_service.app.service import Service, assemble, new_uuid, utc_now
from careplan_service.interventions.vocabulary import vocabulary
from careplan_service.log import configure_log
from careplan_service.oauth import outgoing
from careplan_service.oauth.issuing import audience
from careplan_service.oauth.remote_jwks import RemoteJwks
from careplan_service.oauth.tokens import TokenVerifier
from careplan_service.oauth.trusted import TrustedIssuers
from careplan_service.settings import Settings
from careplan_service.store import migrate
from careplan_service.web import additions, cors, incoming, presenting, problems
from careplan_service.web.clock import Clock
from careplan_service.web.consent_forms import consents_blueprint
from careplan_service.web.cursors import Cursors
from careplan_service.web.docs import docs_blueprint
from careplan_service.web.fhir import Face, fhir_blueprint
from careplan_service.web.openapi import openapi_document
from careplan_service.web.operation import operation_blueprint
from careplan_service.web.plans import plans_blueprint
from careplan_service.web.reception import Reception
from careplan_service.web.rechecks import Rechecks

__all__ = ["Service", "app_of", "assemble", "create_app", "new_uuid", "provider_of", "utc_now"]


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

    trusted = TrustedIssuers(
        settings.trusted_issuers,
        audience(base_url),
        RemoteJwks(service.seconds).text,  # an operator names them, and may run them in the same network
        service.seconds,
        dict(claim.split("=", 1) for claim in settings.trusted_claims),
    )
    is_revoked = service.revocations.is_revoked
    own = settings.authorization_server
    verifier = TokenVerifier(
        base_url,
        service.keys,
        service.clients.get if own else functools.partial(client_of_others, service),
        service.seconds,
        is_revoked,
        trusted,
        find_user=service.people.get,
        custodians=service.custodians,
    )
    eyes = functools.partial(seen_as, find_client=service.clients.get)
    registry = CollectorRegistry()
    rechecks = Rechecks(settings.recheck, service.chance, service.door, registry)
    parts = (verifier, service.records, service.clock, service.new_id, service.policy)
    reception = Reception(*parts, eyes, rechecks)
    cursors = Cursors(_cursor_secrets(service))
    if own:
        clients_keys = RemoteJwks(service.seconds, outgoing.fetch).text
        addresses = add_own_server(app, service, verifier, clients_keys, reception, cursors)
    else:
        addresses = add_server_of_others(app, service, trusted.metadata)
    face = Face(
        reception,
        service.door,
        cursors,
        base_url,
        addresses,
        service.clients.list,
        lambda: vocabulary(service.added.recent()),
    )
    app.register_blueprint(fhir_blueprint(face))
    app.register_blueprint(plans_blueprint(reception, service.door, cursors, base_url))
    app.register_blueprint(consents_blueprint(reception, service.door, base_url))
    app.register_blueprint(operation_blueprint(lambda: _ready(service), registry))
    app.register_blueprint(docs_blueprint(base_url, functools.partial(openapi_document, own=own)))
    additions.register(app, service.added.recent)
    problems.register(app)
    cors.register(app, settings.cors_origins, registered_origin(service))
    presenting.register(app)
    app.register_error_handler(OperationalError, _unreachable)
    app.register_error_handler(InterfaceError, _unreachable)
    return app


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
