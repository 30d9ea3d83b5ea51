"""`careplan db`, `careplan openapi` and `careplan doctor`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click
from tqdm import tqdm

from careplan_service.app import Service, assemble
from careplan_service.cli.common import closing, service_for
from careplan_service.cli.options import database_option
from careplan_service.errors import Problem
from careplan_service.oauth import outgoing, remote_jwks
from careplan_service.oauth.issuer_metadata import IssuerMetadata
from careplan_service.oauth.remote_jwks import Fetch
from careplan_service.settings import Settings
from careplan_service.store import migrate
from careplan_service.store.database import Database
from careplan_service.store.reindex import reindex
from careplan_service.web.openapi import openapi_yaml


@click.group()
def db() -> None:
    """The database's schema and its index of facts."""


@db.command()
@database_option
def upgrade(database_url: str | None) -> None:
    """Run the migrations that are missing."""
    database = _opened(database_url)
    click.echo(f"at revision {migrate.upgrade(database)}")


@db.command()
@database_option
def current(database_url: str | None) -> None:
    """The revision the database is at, and the newest one."""
    database = _opened(database_url)
    click.echo(f"at {migrate.current(database) or 'no revision'}, newest {migrate.newest()}")


def _opened(database_url: str | None) -> Database:
    database = Database(Settings.from_env(database_url=database_url).database_url)
    click.get_current_context().call_on_close(database.close)
    return database


@db.command("reindex")
@database_option
def reindex_command(database_url: str | None) -> None:
    """Extract the facts and consent rules of every current resource anew."""
    service = service_for(database_url)
    with tqdm(desc="reindexing", unit=" resources") as bar:
        for done in reindex(service.database, service.door()):
            bar.update(done)
    service.database.analyse()


@click.command("openapi")
def openapi_command() -> None:
    """Print the OpenAPI document."""
    click.echo(openapi_yaml(), nl=False)


@click.command()
@database_option
def doctor(database_url: str | None) -> None:
    """Check settings, database, keys and clock; exit 1 if anything is wrong."""
    wrong = 0
    for name, found in _checks(database_url):
        wrong += found.startswith("wrong")
        click.echo(f"{name:10} {found}")
    if wrong:
        sys.exit(1)


def _checks(database_url: str | None) -> Iterator[tuple[str, str]]:
    try:
        settings = Settings.from_env(database_url=database_url)
        yield "settings", f"ok, {settings.base_url}"
        service = closing(assemble(settings, migrated=False))
        at, newest = migrate.current(service.database), migrate.newest()
        yield (
            "database",
            "ok" if at == newest else f"wrong: at `{at}`, needs `{newest}`; run `careplan db upgrade`",
        )
        service.keys.signing_key()
        yield "keys", f"ok, in {settings.keys_dir}"
        yield from _issuers(service)
        custodians = ", ".join(sorted(service.custodians())) if at == newest else ""
        yield "custodians", f"ok, {custodians}" if custodians else "none yet; register an agency client"
        yield "clock", f"ok, {service.clock().isoformat(timespec='seconds')}"
    except Problem as problem:
        yield "settings", f"wrong: {problem.text}"
    except Exception as error:  # whatever a driver raises, the operator wants one line
        yield "database", f"wrong: {str(error).splitlines()[0]}"


def _issuers(service: Service) -> Iterator[tuple[str, str]]:
    """Whether each other server that this one relies on says who it is."""
    settings = service.settings
    asked: list[tuple[str, Fetch]] = [(issuer, remote_jwks.fetch) for issuer in settings.trusted_issuers]
    if settings.sign_in_issuer:
        asked.append((settings.sign_in_issuer, outgoing.fetch))
    for issuer, fetch in asked:
        found = IssuerMetadata(service.seconds, fetch).of(issuer)
        yield "issuer", f"ok, {issuer}" if found else f"wrong: `{issuer}` has no metadata that can be read"
