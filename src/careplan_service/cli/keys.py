"""`careplan keys`: the keys that sign access tokens, and `people.key`, changed while the service runs.

https://openid.net/specs/openid-connect-core-1_0.html#RotateSigKeys
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

import click
from sqlalchemy.exc import InterfaceError, OperationalError

from careplan_service.access.instants import microseconds
from careplan_service.app import Service
from careplan_service.cli.common import OPERATOR, service_for
from careplan_service.cli.options import database_option
from careplan_service.errors import Invalid, Unavailable
from careplan_service.interactions.records import AuditEntry
from careplan_service.oauth.issuing import LONGEST_TTL
from careplan_service.oauth.keys import SigningKeys
from careplan_service.settings import Settings


@click.group()
def keys() -> None:
    """The keys that sign access tokens (the newest signs, all verify), and that of the pages for people."""


@keys.command("list")
def list_keys() -> None:
    """One line for each key, the oldest first: its id, what it does, when it was made."""
    made = _signing_keys().made()
    newest = next(reversed(made))
    for kid, seconds in made.items():
        click.echo(f"{kid}\t{'signs' if kid == newest else 'verifies'}\t{_written(seconds)}")


@keys.command()
@database_option
def rotate(database_url: str | None) -> None:
    """Make a key that signs from now on; what the others signed stays good."""
    kid = _signing_keys().rotate()
    click.echo(f"{kid} signs from now on")
    _note(f"rotate, {kid} signs", database_url)


# A key id may begin with a hyphen, so no short option is one here, `-h` neither.
@keys.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("kid", metavar="KID")
@click.option("--force", is_flag=True, help="Now, whatever it signed: where the key is known to others.")
@database_option
def remove(kid: str, force: bool, database_url: str | None) -> None:
    """Delete a key that does not sign any more; within a second nobody takes what it signed."""
    signing_keys = _signing_keys()
    until = _alive_until(signing_keys, kid)
    if until and time.time() < until and not force:
        raise Invalid(
            f"tokens signed by `{kid}` may be valid until {_written(until)}; wait, "
            "or add `--force` to have them refused from now on"
        )
    signing_keys.remove(kid)
    click.echo(f"removed {kid}")
    _note(f"remove {kid}", database_url)


@keys.command("rotate-people")
@database_option
def rotate_people(database_url: str | None) -> None:
    """Make a new `people.key` and seal the second factors with it; what the old one made still works."""
    service = service_for(database_url)
    service.seal.rotate()
    _seal_anew(service)
    _note("rotate-people", database_url)


@keys.command("forget-people")
@database_option
def forget_people(database_url: str | None) -> None:
    """Forget all but the newest `people.key`; recovery codes that are older than it work no more."""
    service = service_for(database_url)
    _seal_anew(service)
    service.seal.forget()
    click.echo("the older keys are forgotten")
    _note("forget-people", database_url)


def _seal_anew(service: Service) -> None:
    """Seal each second factor with the newest key, and name the people whose no key opens."""
    lost = []
    for user in service.people.list():
        if user.totp_secret:
            try:
                secret = service.seal.opened(user.totp_secret, user.id)
            except Unavailable:
                lost.append(user.username)
            else:
                service.people.reseal(user.id, user.totp_secret, service.seal.sealed(secret, user.id))
    click.echo("second factors are sealed with the newest people.key")
    for name in lost:
        text = f"that of `{name}` cannot be read; set it anew with `careplan user second-factor {name} on`"
        click.echo(text, err=True)


def _signing_keys() -> SigningKeys:
    return SigningKeys(Settings.from_env().keys_dir, now=time.monotonic)


def _note(what: str, database_url: str | None) -> None:
    """Leave the audit row; the key is changed by then, whether the database can be reached or not."""
    try:
        service = service_for(database_url)
    except (OperationalError, InterfaceError) as error:
        raise Unavailable("this was done, but not noted: the database cannot be reached") from error
    at = microseconds(service.clock())
    service.records.note(AuditEntry(at, OPERATOR, "", "HSYSADMIN", "keys", what, 200))


def _alive_until(signing_keys: SigningKeys, kid: str) -> float | None:
    """When the last token that a key signed has expired: it signed until the next key was made."""
    made = signing_keys.made()
    later = list(made).index(kid) + 1 if kid in made else len(made)
    successors = list(made.values())[later:]
    return successors[0] + LONGEST_TTL if successors else None


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
