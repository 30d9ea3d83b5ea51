"""`careplan terminology`: the vocabulary to read, and what agencies add to it.

https://hl7.org/fhir/R4/terminology-module.html
"""

from __future__ import annotations

import re
from pathlib import Path

import click

from careplan_service.cli.common import operator_desk, own_organization, service_for, some_custodian
from careplan_service.cli.options import database_option
from careplan_service.errors import Invalid, shown
from careplan_service.interactions.unmapped import unmapped
from careplan_service.interventions.added import Mapped
from careplan_service.interventions.canonical import BASE, GRAVITY
from careplan_service.interventions.catalogue import domain_terms, kind_terms, kinds
from careplan_service.interventions.foreign.codes import domain_meant, kind_meant
from careplan_service.interventions.foreign.marks import MAPPED
from careplan_service.interventions.intake_fields import did_you_mean
from careplan_service.interventions.services_csv import CODE, services_from_csv
from careplan_service.interventions.vocabulary import vocabulary
from careplan_service.interventions.vocabulary.page import mapping_page

_SYSTEM = re.compile(r"(https?://|urn:)[^\s|]+")


@click.group()
def terminology() -> None:
    """The words that plans are written in, and what they become."""


@terminology.command()
def docs() -> None:
    """Print docs/mapping.md: every term and process step with its codes."""
    click.echo(mapping_page(vocabulary()), nl=False)


@terminology.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--organization", help="The custodian whose services they are; needed when there are several.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@database_option
def add(file: Path, organization: str | None, dry_run: bool, database_url: str | None) -> None:
    """Add an agency's services from CSV: code, name, kind; method and relation if need be.

    What is added is open to everybody, as the rest of the vocabulary is.
    """
    service = service_for(database_url)
    agency = own_organization(service, organization)
    present = service.added.all().services
    changed = services_from_csv(file.read_bytes(), agency, present)
    known = {(one.organization, one.code) for one in present}
    for one in changed:
        what = "changed" if (one.organization, one.code) in known else "added"
        click.echo(f"{what}: {one.code} {one.name} ({one.kind})")
    if not changed:
        click.echo("nothing is new: the list stays as it is")
        return
    if dry_run:
        click.echo(f"version {changed[0].version} of {changed[0].system} was not stored: this was a dry run")
        return
    service.added.add(changed)
    click.echo(f"version {changed[0].version} of {changed[0].system}")


@terminology.command("unmapped")
@database_option
def list_unmapped(database_url: str | None) -> None:
    """Codes in plans that the catalogue does not know: times, system, code, display, kind or domain."""
    service = service_for(database_url)
    desk = operator_desk(service, some_custodian(service), "read-plan", "terminology unmapped")
    found = unmapped(desk)
    desk.note(200)
    for one, times in found:
        told = (str(times), shown(one.system), shown(one.code), shown(one.display), one.what)
        click.echo("\t".join(told))


@terminology.command("map")
@click.argument("system")
@click.argument("code")
@click.option("--to", "word", required=True, help="The kind of intervention or the domain that it is.")
@click.option("--instead", is_flag=True, help="Of what the catalogue reads the code as already.")
@database_option
def map_code(system: str, code: str, word: str, instead: bool, database_url: str | None) -> None:
    """Say once what a code of SYSTEM stands for; plans with it are read so from then on."""
    service = service_for(database_url)
    to = kind_terms(()).code(word) or domain_terms().code(word)
    if to is None:
        near = kind_terms(()).near(word) or domain_terms().near(word)
        raise Invalid(f"`{shown(word)}` is no kind of intervention and no domain{did_you_mean(near)}")
    if not _SYSTEM.fullmatch(system) or not CODE.fullmatch(code):
        raise Invalid(
            f"`{shown(system)}` with `{shown(code)}` is no code: SYSTEM begins with `https://` or `urn:`"
        )
    if system.startswith(BASE) or system == GRAVITY:
        raise Invalid(f"`{shown(system)}` is read as it is: map codes of other systems")
    meant = (kind_meant if to in kinds() else domain_meant)([{"system": system, "code": code}])
    if meant is not None and meant.how != MAPPED and not instead:
        what = "there is nothing to map" if meant.word == to else f"`--instead` has it read as `{to}`"
        raise Invalid(f"`{system}|{code}` is in the catalogue and read as `{meant.word}`: {what}")
    before = service.added.all().to_by_code.get((system, code))
    service.added.map(Mapped(system, code, to))
    click.echo(f"{system}|{code} is read as {to}{f', no longer as {before}' * (before not in (None, to))}")


@terminology.command("mapped")
@database_option
def list_mapped(database_url: str | None) -> None:
    """What codes were mapped to: system, code, kind or domain."""
    for one in service_for(database_url).added.all().mapped:
        click.echo("\t".join((shown(one.system), shown(one.code), one.to)))


@terminology.command("unmap")
@click.argument("system")
@click.argument("code")
@database_option
def unmap_code(system: str, code: str, database_url: str | None) -> None:
    """Take a mapping back; plans are read as without it from then on."""
    service = service_for(database_url)
    before = service.added.all().to_by_code.get((system, code))
    if before is None:
        raise Invalid(
            f"`{shown(system)}|{shown(code)}` is not mapped; see what is with `careplan terminology mapped`"
        )
    service.added.unmap(system, code)
    click.echo(f"{system}|{code} is no longer read as {before}")
