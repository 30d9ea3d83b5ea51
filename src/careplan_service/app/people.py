"""What people meet, put together: signing in, their account, apps that ask them for access."""

from __future__ import annotations

from pathlib import Path

from careplan_service.app.service import Service
from careplan_service.interactions.granular import judges
from careplan_service.oauth import outgoing
from careplan_service.oauth.account import Account
from careplan_service.oauth.allowed_apps import AllowedApps
from careplan_service.oauth.answers import Answers
from careplan_service.oauth.authorize import AuthorizationRequests
from careplan_service.oauth.authorize_audit import AuthorizeAudit
from careplan_service.oauth.authorizing import Authorizing
from careplan_service.oauth.in_person import Sight
from careplan_service.oauth.issuer_metadata import IssuerMetadata
from careplan_service.oauth.launch_context import Contexts
from careplan_service.oauth.passwords import Passwords
from careplan_service.oauth.people_audit import PeopleAudit
from careplan_service.oauth.provider import Provider, by_key, by_secret
from careplan_service.oauth.remote_jwks import RemoteJwks
from careplan_service.oauth.sign_in import SignIn
from careplan_service.oauth.tickets import Tickets
from careplan_service.oauth.with_provider import WithProvider
from careplan_service.store.launches import SqlLaunches
from careplan_service.store.sessions import SqlSessions
from careplan_service.web.people.elsewhere import BACK
from careplan_service.web.people.visits import Visits


def visits_of(service: Service) -> Visits:
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


def authorizing_of(service: Service) -> Authorizing:
    base_url = service.settings.base_url
    sight = Sight(service.records, service.policy, service.clock, service.new_id, service.custodians)
    return Authorizing(
        requests=AuthorizationRequests(base_url, service.clients.get, judges(base_url)),
        sight=sight,
        contexts=Contexts(sight, SqlLaunches(service.database.engine), service.seconds),
        tickets=Tickets(service.seal.signature, service.clients.remember_jti, service.seconds),
        authorizations=service.authorizations,
        answers=Answers(
            base_url,
            service.authorizations,
            AuthorizeAudit(service.records.note, service.clock),
            service.seconds,
            service.new_id,
        ),
        now=service.seconds,
    )


def allowed_apps(service: Service) -> AllowedApps:
    audit = PeopleAudit(service.records.note, service.clock)
    seconds = service.settings.app_token_seconds
    return AllowedApps(service.authorizations, service.clients.get, audit, seconds)
