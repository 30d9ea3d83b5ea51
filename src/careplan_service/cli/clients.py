"""`careplan client` and `careplan token`: the register of OAuth clients, and tokens for operators."""

from __future__ import annotations

from pathlib import Path

import click

from careplan_service.access.clients import AUTH_METHODS, KINDS, PRIVATE_KEY_JWT, WITH_SECRET, Client
from careplan_service.access.scope_text import OF_SYSTEMS, ScopeError, parse_scopes
from careplan_service.access.scopes import narrowed
from careplan_service.app import Service
from careplan_service.cli.common import service_for
from careplan_service.cli.options import database_option
from careplan_service.errors import Invalid
from careplan_service.interactions.granular import judges
from careplan_service.oauth.client_secrets import digest_of, new_secret
from careplan_service.oauth.issuing import LONGEST_TTL, TokenIssuer
from careplan_service.oauth.registration import checked
from careplan_service.settings import PREFIX


@click.group()
def client() -> None:
    """Register, list and disable OAuth clients."""


@client.command("add")
@click.option("--id", "id_", required=True, help="The client_id.")
@click.option("--name", required=True, help="What people call it.")
@click.option("--kind", required=True, type=click.Choice(KINDS), help="Whose it is.")
@click.option("--organization", required=True, help="Whom it acts for: Organization/id.")
@click.option("--scopes", required=True, help='What it may ask for: "system/Goal.rs system/CarePlan.rs".')
@click.option(
    "--purpose", "purposes", required=True, multiple=True,
    help="Purpose of use, a v3-ActReason code such as COC; the first one is the default.",
)  # fmt: skip
@click.option(
    "--jwks", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Public keys, a file."
)
@click.option("--jwks-url", help="Public keys, an https address.")
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="Where an app is sent back to.")
@click.option("--launch-uri", default="", help="Where an EHR launches an app.")
@click.option(
    "--auth-method", default=PRIVATE_KEY_JWT, show_default=True, type=click.Choice(AUTH_METHODS),
    help="How it proves who it is; with a secret, that is made and shown once.",
)  # fmt: skip
@click.option("--may-introspect", is_flag=True, help="May introspect the tokens of every client.")
@click.option(
    "--issuer", help="Whose tokens it has, one of CAREPLAN_TRUSTED_ISSUERS; ours unless it is said."
)
@database_option
def add(
    id_: str, name: str, kind: str, organization: str, scopes: str, purposes: tuple[str, ...],
    jwks: Path | None, jwks_url: str | None, redirect_uris: tuple[str, ...], launch_uri: str,
    auth_method: str, may_introspect: bool, issuer: str | None,
    database_url: str | None,
) -> None:  # fmt: skip
    """Register a client."""
    service = service_for(database_url)
    require_custodian(service, kind, organization)
    if issuer and issuer not in service.settings.trusted_issuers:
        raise Invalid(f"`{issuer}` is not trusted here; add it to `CAREPLAN_TRUSTED_ISSUERS` first")
    secret = new_secret() if auth_method in WITH_SECRET else ""
    new = Client(
        id=id_,
        name=name,
        kind=kind,
        organization=organization,
        scopes=scopes,
        purpose=purposes[0],
        further_purposes=purposes[1:],
        jwks=jwks.read_text(encoding="utf-8") if jwks else None,
        jwks_url=jwks_url,
        created=int(service.seconds()),
        issuer=issuer or "",
        may_introspect=may_introspect,
        redirect_uris=redirect_uris,
        launch_uri=launch_uri,
        auth_method=auth_method,
        secret_hash=digest_of(secret) if secret else "",
    )
    service.clients.add(checked(new, judges(service.settings.base_url)))
    click.echo(f"registered {kind} client {id_} of {organization}")
    if secret:
        click.echo(f"its secret, which is shown this once: {secret}")


def require_custodian(service: Service, kind: str, organization: str) -> None:
    """Raise Invalid for an agency that is none of the custodians, where those are set."""
    custodians = service.settings.custodians
    if kind == "agency" and custodians and organization not in custodians:
        known = ", ".join(custodians)
        raise Invalid(f"`{organization}` is no custodian; an agency client belongs to one of {known}")


@client.command("list")
@database_option
def list_clients(database_url: str | None) -> None:
    """One line for each client."""
    for one in service_for(database_url).clients.list():
        state = "disabled" if not one.enabled else "pending" if one.pending else "enabled"
        state += ",may-introspect" if one.may_introspect else ""
        purposes = ",".join(one.purposes)
        click.echo(f"{one.id}\t{state}\t{one.kind}\t{one.organization}\t{purposes}\t{one.scopes}\t{one.name}")


@client.command("secret")
@click.argument("id_", metavar="ID")
@database_option
def replace_secret(id_: str, database_url: str | None) -> None:
    """Make another secret for a client and show it once; the old one proves nothing any more."""
    clients = service_for(database_url).clients
    found = clients.get(id_)
    if found is None:
        raise Invalid(f"no client `{id_}` is registered; see `careplan client list`")
    if found.auth_method not in WITH_SECRET:
        raise Invalid(f"`{id_}` is registered for `{found.auth_method}`, which has no secret")
    secret = new_secret()
    clients.set_secret(id_, digest_of(secret))
    click.echo(f"the new secret of {id_}, which is shown this once: {secret}")


@client.command("disable")
@click.argument("id_", metavar="ID")
@database_option
def disable(id_: str, database_url: str | None) -> None:
    """Let a client in no more; its tokens stop working within a second."""
    if not service_for(database_url).clients.disable(id_):
        raise Invalid(f"no client `{id_}` is registered; see `careplan client list`")
    click.echo(f"disabled {id_}")


@click.command()
@click.option("--client", "client_id", required=True, help="The client it is for.")
@click.option("--scope", help="Less than all the client is registered for.")
@click.option("--purpose", help="Another of the client's purposes of use than its default.")
@click.option("--ttl", default=300, show_default=True, type=click.IntRange(1, LONGEST_TTL), help="Seconds.")
@database_option
def token(client_id: str, scope: str | None, purpose: str | None, ttl: int, database_url: str | None) -> None:
    """Print an access token for a registered client: for operators, tests and benchmarks."""
    click.echo(issue(service_for(database_url), client_id, scope, purpose, ttl))


def issue(service: Service, client_id: str, scope: str | None, purpose: str | None, ttl: int) -> str:
    """An access token as the token endpoint would give it. Raises Invalid when it would not."""
    if not service.settings.authorization_server:
        raise Invalid(f"no tokens are issued here; `{PREFIX}AUTHORIZATION_SERVER` is off")
    found = service.clients.get(client_id)
    if found is None or not found.is_let_in:
        raise Invalid(f"no enabled client `{client_id}` is registered; see `careplan client list`")
    if found.issuer:
        raise Invalid(f"`{client_id}` gets its tokens from `{found.issuer}`")
    if found.kind == "app":
        raise Invalid(f"`{client_id}` is an app; it gets its tokens where a person signs in")
    if purpose is not None and purpose not in found.purposes:
        raise Invalid(f"`{client_id}` is registered for {', '.join(found.purposes)}, not for `{purpose}`")
    try:
        served = judges(service.settings.base_url)
        registered = parse_scopes(found.scopes, served, OF_SYSTEMS)
        granted = narrowed(parse_scopes(scope, served, OF_SYSTEMS), registered) if scope else registered
    except ScopeError as error:
        raise Invalid(str(error)) from None
    if not granted:
        raise Invalid(f"`{client_id}` may not have `{scope}`; it is registered for `{found.scopes}`")
    issuer = TokenIssuer(service.settings.base_url, service.keys, service.seconds, service.new_id)
    return issuer.issue(found, granted, (purpose or found.purpose,), ttl)
