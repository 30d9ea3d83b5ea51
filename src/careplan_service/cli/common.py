"""What the commands share: the database option, the assembled service, the operator's desk."""

from __future__ import annotations

import click

from careplan_service.access.caller import Caller
from careplan_service.access.instants import microseconds
from careplan_service.access.scope_text import parse_scopes
from careplan_service.app import Service, assemble
from careplan_service.errors import Invalid, shown
from careplan_service.interactions.desk import Desk
from careplan_service.interventions.added import forget, tell
from careplan_service.settings import Settings

OPERATOR = "operator"


def service_for(database_url: str | None) -> Service:
    """The service on its migrated database, with what agencies added; closed when the command ends."""
    service = closing(assemble(Settings.from_env(database_url=database_url)))
    token = tell(service.added.all())
    click.get_current_context().call_on_close(lambda: forget(token))
    return service


def closing(service: Service) -> Service:
    """The service, closed when the running command ends."""
    click.get_current_context().call_on_close(service.database.close)
    return service


def operator_desk(service: Service, organization: str, interaction: str, asked: str) -> Desk:
    """A desk for whoever has the shell: staff of the organisation, for system administration."""
    caller = Caller(OPERATOR, "agency", organization, ("HSYSADMIN",), parse_scopes("system/*.cruds"))
    return Desk(
        caller,
        service.records,
        microseconds(service.clock()),
        asked,
        service.new_id,
        interaction=interaction,
        policy=service.policy,
    )


def some_custodian(service: Service) -> str:
    """The first custodian's reference, or empty when none is known."""
    return min(service.custodians(), default="")


def own_organization(service: Service, organization: str | None) -> str:
    """The custodian named, or the only one. Raises Invalid for no custodian, and where there are several."""
    custodians = sorted(service.custodians())
    if organization is None and len(custodians) == 1:
        return custodians[0]
    if organization in custodians:
        return str(organization)
    if not custodians:
        raise Invalid(
            "there is no custodian yet whose it could be: register an agency with `careplan client add"
            " --kind agency`, or name it in CAREPLAN_CUSTODIANS"
        )
    known = f"one of {', '.join(f'`{one}`' for one in custodians)}"
    if organization is None:
        raise Invalid(f"say whose it is with `--organization`: {known}")
    raise Invalid(f"`{shown(organization)}` is no custodian here: give with `--organization` {known}")
