"""The parts that the server and the command line share, and how they are assembled."""

from __future__ import annotations

import functools
import random
import time
import uuid
from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import UTC, datetime

from careplan_service.access.consent.choices import PROFILES
from careplan_service.access.consent.rules import Door
from careplan_service.access.instants import microseconds
from careplan_service.interactions.policy import Policy
from careplan_service.interactions.records import AuditEntry
from careplan_service.oauth.keys import SigningKeys
from careplan_service.oauth.seal import Seal
from careplan_service.settings import Settings
from careplan_service.store import migrate
from careplan_service.store.added import SqlAdded
from careplan_service.store.authorizations import SqlAuthorizations
from careplan_service.store.clients import SqlAgencies, SqlClients
from careplan_service.store.database import Database
from careplan_service.store.people import SqlPeople
from careplan_service.store.records import SqlRecords
from careplan_service.store.registrations import SqlRegistrations
from careplan_service.store.revocations import SqlRevocations
from careplan_service.web.clock import Clock


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
    agencies: SqlAgencies
    revocations: SqlRevocations
    registrations: SqlRegistrations
    people: SqlPeople
    authorizations: SqlAuthorizations
    added: SqlAdded
    keys: SigningKeys
    seal: Seal
    clock: Clock
    new_id: Callable[[], str]
    chance: Callable[[], float] = random.random

    def custodians(self) -> frozenset[str]:
        """The organisations whose staff run this service; by default those of the agency clients."""
        if self.settings.custodians:
            return frozenset(self.settings.custodians)
        return self.agencies.organizations()

    def door(self) -> Door:
        """What a Consent is compiled with."""
        return self.policy.door

    @property
    def policy(self) -> Policy:
        """How requests are taken."""
        settings = self.settings
        return Policy(
            base_url=settings.base_url,
            custodians=_Custodians(self),
            choices=PROFILES[settings.consent_profile],
            references_enforced=settings.references == "enforced",
            most_entries=settings.max_entries,
            most_parameters=settings.max_parameters,
            most_values=settings.max_values,
            most_included=settings.max_included,
            break_glass=settings.break_glass,
            glass_seconds=settings.break_glass_seconds,
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
    records = SqlRecords(database, audited=settings.audit)
    clients = SqlClients(database.engine, now=lambda: clock().timestamp())

    def note_reused(client_id: str, authorization: str, what: str) -> None:
        """Somebody may have stolen it: https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2"""
        client, at = clients.get(client_id), microseconds(clock())
        asked = f"{what} of authorization {authorization}"
        told = (client_id, client.organization if client else "", "", "reuse", asked, 400)
        records.note(AuditEntry(at, *told, refusal="used before; all of the authorization is taken back"))

    return Service(
        settings=settings,
        database=database,
        records=records,
        clients=clients,
        agencies=SqlAgencies(database),
        revocations=SqlRevocations(database, now=lambda: clock().timestamp()),
        registrations=SqlRegistrations(database.engine),
        people=SqlPeople(database.engine),
        authorizations=SqlAuthorizations(database.engine, note_reused),
        added=SqlAdded(database.engine, now=lambda: clock().timestamp()),
        keys=SigningKeys(settings.keys_dir, now=time.monotonic),
        seal=Seal(settings.keys_dir),
        clock=clock,
        new_id=new_id,
    )
