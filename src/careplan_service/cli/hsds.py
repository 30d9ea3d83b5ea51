"""`careplan hsds`: a directory of services in, from Open Referral HSDS 3.x. docs/agency-imports.md

http://docs.openreferral.org/en/latest/hsds/
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click
from tqdm import tqdm

from careplan_service.cli.common import operator_desk, own_organization, service_for
from careplan_service.cli.options import database_option
from careplan_service.errors import Invalid, Problem
from careplan_service.interactions.import_services import (
    CHANGED,
    CREATED,
    RETIRED,
    UNCHANGED,
    Outcome,
    carry_out,
    expected,
)
from careplan_service.interactions.records import Stored
from careplan_service.interventions.hsds.reading import Directory, directory_from_csv, directory_from_json
from careplan_service.interventions.hsds.writing import TYPES
from careplan_service.resources import r4

_MOST_TOLD = 100
"""Faults that are told one by one; the rest is counted."""


@click.group()
def hsds() -> None:
    """Directories of services in the Human Services Data Specification."""


@hsds.command("import")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would become of it, and store nothing.")
@click.option("--retire", is_flag=True, help="Set services inactive that are not in the directory any more.")
@click.option("--organization", help="The custodian whose directory it is; needed when there are several.")
@database_option
def import_directory(
    path: Path, dry_run: bool, retire: bool, organization: str | None, database_url: str | None
) -> None:
    """Import services from a JSON file or a folder of CSV files; one with a fault is not imported."""
    service = service_for(database_url)
    agency = own_organization(service, organization)
    desk = partial(operator_desk, service, agency, "import-services", f"hsds import {path.name}")
    try:
        directory = _directory(path)
        if retire and directory.is_part:
            raise Invalid(
                "this is one page of several: `--retire` would end what is on the others; join them"
            )
        outcome = expected(desk, directory, retire=retire)
        if not dry_run:
            with tqdm(total=len(outcome.rows), desc=f"{path.name}: importing", disable=None) as bar:
                for done in carry_out(desk, outcome.rows, service.door()):
                    bar.update(done)
    except Problem as problem:
        for fault in problem.faults[:_MOST_TOLD]:
            where = f"{fault.expression}: " if fault.expression else ""
            click.echo(f"{path}: {where}{fault.text}", err=True)
        if len(problem.faults) > _MOST_TOLD:
            click.echo(f"{path}: and {len(problem.faults) - _MOST_TOLD} faults more", err=True)
        sys.exit(1)
    _tell(directory, outcome, retire=retire)
    if dry_run:
        click.echo("nothing was stored: this was a dry run")


def _directory(path: Path) -> Directory:
    if path.is_file() and path.suffix.lower() == ".csv":
        raise Invalid("a directory in CSV has several files: give the folder that has `services.csv`")
    if path.is_file():
        return directory_from_json(path.read_bytes())
    listed = [file for file in sorted(path.iterdir()) if file.suffix.lower() == ".csv" and file.is_file()]
    files = {file.name: file.read_bytes() for file in listed}
    if not files:
        raise Invalid("there is no CSV file in this folder: give the folder that has `services.csv`")
    return directory_from_csv(files)


def _tell(directory: Directory, outcome: Outcome, *, retire: bool) -> None:
    for type_ in TYPES.values():
        counted = [
            f"{outcome.counted.get((type_, what), 0)} {what}" for what in (CREATED, CHANGED, UNCHANGED)
        ]
        retired = outcome.counted.get((type_, RETIRED), 0)
        click.echo(f"{type_}: {', '.join(counted)}{f', {retired} retired' if retired else ''}")
    if outcome.hidden:
        click.echo(f"locations that must not be found, stored without address: {outcome.hidden}")
    for name, times in sorted(directory.left.items()):
        click.echo(f"not taken: {name} ({times})")
    for stored in outcome.vanished:
        what = "retired" if retire else "not in the directory any more (`--retire` sets it inactive)"
        click.echo(f"{what}: HealthcareService/{stored.id} {_name(stored)}")


def _name(stored: Stored) -> str:
    return str(r4.parse(stored.body).get("name", ""))
