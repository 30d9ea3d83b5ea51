"""`careplan hmis`: HUD's HMIS CSV of FY2024, in and out.

https://www.hudexchange.info/programs/hmis/hmis-data-and-technical-standards/
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TextIO

import click
from tqdm import tqdm

from careplan_service.cli.common import operator_desk, own_organization, service_for
from careplan_service.cli.options import database_option
from careplan_service.errors import Invalid
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.export_hmis import export_exits
from careplan_service.interactions.import_hmis import Imported, import_hmis
from careplan_service.interventions.hmis.columns import EXIT, columns_of
from careplan_service.interventions.hmis.faults import Faults
from careplan_service.interventions.hmis.staging import Staging

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def hmis() -> None:
    """HUD's HMIS CSV of FY2024: Client, Enrollment, Exit and Services in, Exit out."""


@hmis.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--organization", help="The custodian whose people they are; needed when there are several.")
@click.option("--dry-run", is_flag=True, help="Check every row, and store nothing.")
@database_option
def import_folder(folder: Path, organization: str | None, dry_run: bool, database_url: str | None) -> None:
    """Import a folder of HMIS CSV files; with one fault in any of them nothing is stored."""
    service = service_for(database_url)
    agency = own_organization(service, organization)
    faults, report = Faults(), Imported()

    def desk_of(what: str) -> Desk:
        return operator_desk(service, agency, "hmis-import", f"hmis import {folder.name}: {what}")

    with Staging() as staging:
        staging.read(folder, faults)
        _tell_rows(staging)
        if faults.count:
            _tell_faults(faults)
            sys.exit(1)
        if dry_run:
            click.echo("no fault; nothing was stored: this was a dry run")
            return
        with tqdm(total=staging.people_count(), unit="people", desc="importing") as bar:
            for number in import_hmis(desk_of, staging, service.door(), report):
                bar.update(number)
    service.database.analyse()
    _tell(report)


@hmis.command("export")
@click.option("--organization", help="The custodian whose people they are; needed when there are several.")
@click.option("--from", "since", type=_DAY, help="The first ExitDate to take: 2024-01-01.")
@click.option("--to", "until", type=_DAY, help="The last ExitDate to take.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@database_option
def export_exit(
    organization: str | None,
    since: datetime | None,
    until: datetime | None,
    out: Path | None,
    database_url: str | None,
) -> None:
    """Write Exit.csv of the stays that ended, with the counselling columns derived from the sessions here."""
    if since and until and until < since:
        text = f"`--to {until:%Y-%m-%d}` is before `--from {since:%Y-%m-%d}`: give the earlier day first"
        raise Invalid(text)
    service = service_for(database_url)
    agency = own_organization(service, organization)

    def desk_of(what: str) -> Desk:
        return operator_desk(service, agency, "hmis-export", f"hmis export {what}")

    rows = export_exits(desk_of, since and since.date(), until and until.date())
    if out is None:
        _write(sys.stdout, rows)
        return
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            _write(file, rows)
        part.replace(out)
    except OSError as error:
        why = str(error.strerror or error).lower()
        raise Invalid(f"`{out}` cannot be written ({why}); name a file in a folder that is there") from error


def _write(file: TextIO, rows: Iterable[list[str]]) -> None:
    writer = csv.writer(file)
    writer.writerow(columns_of(EXIT))
    writer.writerows(rows)


def _tell_rows(staging: Staging) -> None:
    told = ", ".join(f"{file} {number}" for file, number in staging.counts().items())
    click.echo(f"rows: {told or 'none'}")


def _tell_faults(faults: Faults) -> None:
    for fault in faults.told:
        click.echo(f"{fault.expression}: {fault.text}", err=True)
    more = faults.count - len(faults.told)
    ending = f"; {more} more are not shown" if more else ""
    click.echo(f"{faults.count} fault{'s' * (faults.count > 1)}{ending}: nothing was stored", err=True)


def _tell(report: Imported) -> None:
    for what, counted in (("made", report.made), ("changed", report.changed)):
        kinds = ", ".join(f"{type_} {number}" for type_, number in sorted(counted.items()))
        click.echo(f"{what}: {sum(counted.values())}{f' ({kinds})' if kinds else ''}")
    click.echo(f"people without a change: {report.unchanged}")
    if report.left:
        click.echo(f"left alone, as they were deleted here: {report.left}")
