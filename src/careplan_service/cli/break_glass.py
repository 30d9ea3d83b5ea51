"""`careplan break-glass`: the queue of broken glasses, their review, and closing one at once.

https://www.ecfr.gov/current/title-45/section-164.522
"""

from __future__ import annotations

from collections.abc import Callable

import click

from careplan_service.access.glass import Claim
from careplan_service.access.instants import instant, microseconds
from careplan_service.app import Service
from careplan_service.cli.common import OPERATOR, service_for
from careplan_service.cli.options import database_option
from careplan_service.errors import Invalid, shown
from careplan_service.interactions.records import AuditEntry

OUTCOMES = ("justified", "unjustified", "unclear")
_SHOWN = ("client", "person", "organization", "named", "purpose", "reason")


@click.group("break-glass")
def break_glass() -> None:
    """Broken glasses: who claimed an emergency, with whom, why; ID is that of the glass."""


@break_glass.command("list")
@click.option("--all", "every", is_flag=True, help="Those that were reviewed, too.")
@database_option
def list_glasses(every: bool, database_url: str | None) -> None:
    """Those that nobody has reviewed, the oldest first."""
    service = service_for(database_url)
    now = microseconds(service.clock())
    for one in service.records.glasses.queue(every=every):
        told = (one.id, _state(one, now), instant(one.opened), *(getattr(one, name) for name in _SHOWN))
        click.echo("\t".join(shown(text) if text == one.reason else text for text in told))


@break_glass.command()
@click.argument("id_", metavar="ID")
@click.option("--reviewer", required=True, help="Who reviewed it.")
@click.option("--outcome", required=True, type=click.Choice(OUTCOMES))
@database_option
def review(id_: str, reviewer: str, outcome: str, database_url: str | None) -> None:
    """Note who reviewed a broken glass, and the outcome; it leaves the queue."""
    service = service_for(database_url)
    found, now = _found(service, id_), microseconds(service.clock())
    glasses = service.records.glasses
    _change(service, found, "review-break-glass", f"{reviewer}: {outcome}", now,
            lambda: glasses.review(id_, reviewer, outcome, now))  # fmt: skip
    click.echo(f"{id_} was reviewed by {reviewer}: {outcome}")


@break_glass.command()
@click.argument("id_", metavar="ID")
@click.option("--by", required=True, help="Who ends it.")
@database_option
def end(id_: str, by: str, database_url: str | None) -> None:
    """Close a broken glass; it counts for no request from the next one on."""
    service = service_for(database_url)
    found, now = _found(service, id_), microseconds(service.clock())
    if _state(found, now) != "open":
        raise Invalid(f"`{id_}` is {_state(found, now)}; there is nothing to end")
    glasses = service.records.glasses
    _change(service, found, "end-break-glass", f"ended by {by}", now, lambda: glasses.end(id_, by, now))
    click.echo(f"{id_} was ended by {by}")


def _state(claim: Claim, now: int) -> str:
    if claim.reviewed:
        return f"{claim.outcome}, by {claim.reviewer}"
    return f"ended by {claim.ended_by}" if claim.ended else "open" if now < claim.until else "over"


def _found(service: Service, id_: str) -> Claim:
    found = service.records.glasses.find(id_)
    if found is None:
        raise Invalid(f"there is no glass `{shown(id_)}`; see `careplan break-glass list --all`")
    return found


def _change(
    service: Service, about: Claim, interaction: str, what: str, now: int, carry_out: Callable[[], None]
) -> None:
    """The change and its audit row, which the client is told of as well, in one transaction."""
    patients = (about.patient,) if about.patient else ()
    entry = AuditEntry(
        now, OPERATOR, about.organization, about.purpose, interaction, what, 200, patients=patients,
        glass=(about.line,),
    )  # fmt: skip
    with service.records.changes() as changes:
        carry_out()
        changes.note(entry)
