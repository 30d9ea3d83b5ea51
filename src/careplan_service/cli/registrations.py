"""`careplan client show`, `approve` and `reject`: of clients that registered themselves."""

from __future__ import annotations

import json
from dataclasses import replace

import click

from careplan_service.access.clients import KINDS
from careplan_service.access.instants import microseconds
from careplan_service.access.registrations import Registration, approved
from careplan_service.app import Service
from careplan_service.cli.clients import client, require_custodian
from careplan_service.cli.common import OPERATOR, service_for
from careplan_service.cli.options import database_option
from careplan_service.errors import Conflict, Invalid
from careplan_service.interactions.granular import judges
from careplan_service.interactions.records import AuditEntry
from careplan_service.oauth.registration import checked
from careplan_service.oauth.udap_certificates import described

_FIRST, _APP = 1, "app"


@client.command("show")
@click.argument("id_", metavar="ID")
@database_option
def show(id_: str, database_url: str | None) -> None:
    """What a client registered of itself."""
    found = _found(service_for(database_url), id_)
    for name, value in _told(found):
        click.echo(f"{name}\t{value}")


@client.command("approve")
@click.argument("id_", metavar="ID")
@click.option("--kind", type=click.Choice(KINDS), help="Whose system it is; an app is one by its grants.")
@click.option("--organization", required=True, help="Whom it acts for: Organization/id.")
@click.option(
    "--purpose", "purposes", required=True, multiple=True,
    help="Purpose of use, a v3-ActReason code such as COC; the first one is the default.",
)  # fmt: skip
@click.option(
    "--version", default=_FIRST, type=click.IntRange(1),
    help="The version you looked at, once the client changed its registration.",
)  # fmt: skip
@database_option
def approve(
    id_: str,
    kind: str | None,
    organization: str,
    purposes: tuple[str, ...],
    version: int,
    database_url: str | None,
) -> None:
    """Let a client in that registered itself."""
    service = service_for(database_url)
    found = _found(service, id_)
    _require_pending(found)
    kind = _kind(found, kind)
    require_custodian(service, kind, organization)
    client = checked(approved(found.client, kind, organization, purposes), judges(service.settings.base_url))
    if not service.registrations.approve(replace(found, client=client, version=version)):
        text = f"look at it with `careplan client show {id_}`, then add `--version N` as it says there"
        raise Conflict(f"`{id_}` changed its registration since; {text}")
    _note(service, f"approve {id_} as {kind}", organization)
    click.echo(f"approved {kind} client {id_} of {organization}")


@client.command("reject")
@click.argument("id_", metavar="ID")
@database_option
def reject(id_: str, database_url: str | None) -> None:
    """Forget a client that waits; one that was approved once is disabled."""
    service = service_for(database_url)
    found = _found(service, id_)
    _require_pending(found)
    service.registrations.withdraw(id_)
    _note(service, f"reject {id_}", found.client.organization)
    click.echo(f"rejected {id_}")


def _found(service: Service, id_: str) -> Registration:
    found = service.registrations.get(id_)
    if found is None:
        raise Invalid(f"no client `{id_}` registered itself; see `careplan client list`")
    return found


def _kind(found: Registration, said: str | None) -> str:
    """What an operator says it is, or that it is an app, if that fits the grants it asks for."""
    if found.client.kind == _APP:
        fits, kinds = said in (None, _APP), "an app"
    else:
        fits, kinds = said not in (None, _APP), "a partner or an agency; say it with `--kind`"
    if not fits:
        raise Invalid(f"`{found.client.id}` asks for {_grants(found)}, so it is {kinds}")
    return said or _APP


def _require_pending(registration: Registration) -> None:
    if not registration.client.pending or not registration.client.enabled:
        raise Invalid(f"`{registration.client.id}` does not wait for approval; see `careplan client list`")


def _note(service: Service, asked: str, organization: str) -> None:
    at = microseconds(service.clock())
    service.records.note(AuditEntry(at, OPERATOR, organization, "HSYSADMIN", "client", asked, 200))


def _grants(registration: Registration) -> str:
    return str(", ".join(json.loads(registration.metadata)["grant_types"]))


def _told(found: Registration) -> list[tuple[str, str]]:
    """Names and values: what was checked to be printable, lists and keys as JSON in ASCII."""
    one, metadata = found.client, json.loads(found.metadata)
    state = "disabled" if not one.enabled else "pending" if one.pending else "enabled"
    decided = (("organization", one.organization), ("purposes", " ".join(one.purposes)))
    certified = (("uri", found.uri), ("certificate", described(found.certificate))) if found.uri else ()
    return [
        ("client_id", one.id),
        ("version", str(found.version)),
        ("state", state),
        ("kind", one.kind),
        *((name, value) for name, value in (*decided, *certified) if value),
        *(
            (name, value if isinstance(value, str) else json.dumps(value))
            for name, value in metadata.items()
            if name != "software_statement"
        ),
    ]
