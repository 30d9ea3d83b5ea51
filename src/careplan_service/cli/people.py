"""`careplan user`: the people who can sign in. https://pages.nist.gov/800-63-4/sp800-63b.html"""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from careplan_service.access.filters import EVERYTHING
from careplan_service.access.instants import microseconds
from careplan_service.access.people import User
from careplan_service.app import Service
from careplan_service.cli.common import OPERATOR, service_for
from careplan_service.cli.options import database_option
from careplan_service.errors import Invalid, shown
from careplan_service.interactions.records import AuditEntry
from careplan_service.oauth.id_token import LONGEST_SUBJECT
from careplan_service.oauth.passwords import LONGEST, Passwords, checked_password
from careplan_service.oauth.people import checked_user, folded
from careplan_service.oauth.second_factor import new_secret, otpauth_uri
from careplan_service.settings import PREFIX


@click.group()
def user() -> None:
    """Register people who can sign in, and help them; ID is an id or a username."""


@user.command("add")
@click.option("--username", required=True, help="What the person types; upper and lower case are the same.")
@click.option("--fhir-user", required=True, help="The person's record: Practitioner/x, Patient/x, ...")
@click.option("--organization", required=True, help="Whom the person acts for: Organization/id.")
@click.option("--upstream-subject", default="", help="Who the person is to the OpenID provider; no password.")
@database_option
def add(
    username: str, fhir_user: str, organization: str, upstream_subject: str, database_url: str | None
) -> None:
    """Register a person; the password is asked for, or read from the first line of standard input."""
    service = service_for(database_url)
    issuer = _provider(service, upstream_subject) if upstream_subject else ""
    new = User(
        id=service.new_id(),
        username=folded(username),
        password_hash="",
        fhir_user=fhir_user,
        organization=organization,
        created=int(service.seconds()),
        issuer=issuer,
        subject=upstream_subject,
    )
    checked_user(new, lambda reference: _is_here(service, reference))
    password_hash = "" if upstream_subject else _new_password(new.username)
    service.people.add(User(**{**vars(new), "password_hash": password_hash}))
    _note(service, "add", new)
    click.echo(f"registered {new.username} as {new.fhir_user}, id {new.id}")


def _is_here(service: Service, reference: str) -> bool:
    type_, _, id_ = reference.partition("/")
    found = service.records.glance(type_, id_, EVERYTHING)
    return found is not None and not found.deleted


@user.command("list")
@database_option
def list_users(database_url: str | None) -> None:
    """One line for each person."""
    service = service_for(database_url)
    for one in service.people.list():
        locked = one.locked_until > service.seconds()
        state = "disabled" if not one.enabled else "locked" if locked else "enabled"
        first = "password" if one.password_hash else "provider"
        second = "second factor" if one.totp_secret else f"{first} only"
        click.echo(f"{one.id}\t{one.username}\t{state}\t{second}\t{one.fhir_user}\t{one.organization}")


def _changing(name: str, done: str, change: Callable[[Service, User], None], about: str) -> None:
    """A command of `careplan user` that changes one person, whose id or username it takes."""

    @user.command(name, help=about)
    @click.argument("id_", metavar="ID")
    @database_option
    def command(id_: str, database_url: str | None) -> None:
        service = service_for(database_url)
        found = _found(service, id_)
        change(service, found)
        _note(service, name, found)
        click.echo(f"{done} {found.username}")


@user.command("link")
@click.argument("id_", metavar="ID")
@click.option(
    "--subject", required=True, help="Who the person is to the OpenID provider: `sub` of its tokens."
)
@database_option
def link(id_: str, subject: str, database_url: str | None) -> None:
    """Let a person sign in with the OpenID provider of the settings; every session ends."""
    service = service_for(database_url)
    found = _found(service, id_)
    issuer = _provider(service, subject)
    service.people.link(found.id, issuer, subject)
    _note(service, "link", found)
    click.echo(f"{found.username} signs in at {issuer} as {subject}")


def _provider(service: Service, subject: str) -> str:
    if not service.settings.sign_in_issuer:
        raise Invalid(f"there is no provider to be a subject of; set `{PREFIX}SIGN_IN_ISSUER`")
    if not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise Invalid(
            f"subject `{shown(subject)}`: use the `sub` of its tokens, 1 to {LONGEST_SUBJECT} characters"
        )
    return service.settings.sign_in_issuer


_changing(
    "unlink",
    "the provider does not sign in",
    lambda s, u: s.people.link(u.id, "", ""),
    "End signing in with the OpenID provider; every session ends.",
)
_changing(
    "disable", "disabled", lambda s, u: s.people.disable(u.id), "Let a person in no more; every session ends."
)
_changing("enable", "enabled", lambda s, u: s.people.enable(u.id), "Let a person in again.")
_changing("unlock", "unlocked", lambda s, u: s.people.unlock(u.id), "End a lock after failed attempts.")
_changing(
    "password",
    "changed the password of",
    lambda s, u: s.people.set_password(u.id, _new_password(u.username)),
    "Set a password, asked for or read from standard input; every session ends.",
)


@user.command("second-factor")
@click.argument("id_", metavar="ID")
@click.argument("switch", type=click.Choice(["on", "off"]))
@database_option
def second_factor(id_: str, switch: str, database_url: str | None) -> None:
    """Give a person a new second factor, printed once, or take it away; every session ends."""
    service = service_for(database_url)
    found = _found(service, id_)
    secret = new_secret() if switch == "on" else ""
    service.people.set_second_factor(found.id, service.seal.sealed(secret, found.id) if secret else "")
    _note(service, f"second-factor {switch}", found)
    click.echo(
        otpauth_uri(secret, found.username) if secret else f"{found.username} signs in by password only"
    )


def _found(service: Service, id_: str) -> User:
    found = service.people.get(id_) or service.people.named(folded(id_))
    if found is None:
        raise Invalid(f"nobody `{id_}` is registered; see `careplan user list`")
    return found


def _new_password(username: str) -> str:
    """The hash of a password that is typed twice, or stands in the first line of standard input."""
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline(LONGEST + 2).rstrip("\r\n")
    return Passwords().hashed(checked_password(password, username))


def _note(service: Service, what: str, about: User) -> None:
    asked = f"{what} {about.username}"
    at, organization = microseconds(service.clock()), about.organization
    service.records.note(AuditEntry(at, OPERATOR, organization, "HSYSADMIN", "user", asked, 200))
