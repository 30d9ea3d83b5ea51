"""`careplan load` and `careplan plan`: FHIR files and practitioners' plans, in and out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from careplan_service.app import Service
from careplan_service.cli.common import operator_desk, own_organization, service_for, some_custodian
from careplan_service.cli.options import database_option
from careplan_service.errors import Fault, Problem
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.load import BATCH, Report, Source, load, sources_in, survey
from careplan_service.interactions.read_plan import read_plan
from careplan_service.interactions.submit_plan import submit_plan
from careplan_service.interactions.survey import Survey
from careplan_service.interventions.intake import Moment, plan_from_json, plan_to_json
from careplan_service.interventions.intake_csv import plans_from_csv, plans_to_csv
from careplan_service.interventions.plan import Plan
from careplan_service.resources import r4


@click.command("load")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="PATH..."
)
@click.option("--check-references", is_flag=True, help="Refuse what refers to a resource that is not here.")
@click.option(
    "--keep-unenforceable",
    is_flag=True,
    help="Keep consents that cannot be enforced: they permit nothing and deny what they may concern.",
)
@database_option
def load_command(
    paths: tuple[Path, ...], check_references: bool, keep_unenforceable: bool, database_url: str | None
) -> None:
    """Load resources, Bundles, NDJSON files or folders of them; exit 1 if anything was refused."""
    service = service_for(database_url)
    door = replace(service.door(), keep=keep_unenforceable)
    files = [file for path in paths for file in _files(path)]
    report, looked = Report(), Survey()
    if check_references:
        for desk, batch in _batches(service, files, "checking"):
            survey(desk, batch, door, looked)
    dangling = looked.dangling()
    for desk, batch in _batches(service, files, "loading"):
        load(desk, batch, door, report, dangling)
    service.database.analyse()
    _tell(report)
    if report.refused:
        sys.exit(1)


def _batches(service: Service, files: Sequence[Path], what: str) -> Iterator[tuple[Desk, list[Source]]]:
    with tqdm(total=sum(f.stat().st_size for f in files), unit="B", unit_scale=True, desc=what) as bar:
        sources = (source for file in files for source in _sources(file, bar))
        while batch := list(islice(sources, BATCH)):
            yield operator_desk(service, some_custodian(service), "load", f"load {batch[0].place}"), batch


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(f for f in path.rglob("*") if f.suffix in (".json", ".ndjson") and f.is_file())


def _sources(file: Path, bar: tqdm[Any]) -> Iterator[Source]:
    if file.suffix == ".ndjson":
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                bar.update(len(line))
                if line.strip():
                    yield Source(f"{file}:{number}", line.strip())
        return
    data = file.read_bytes()
    yield from sources_in(str(file), data)
    bar.update(len(data))


def _tell(report: Report) -> None:
    for refusal in report.refused:
        click.echo(f"refused {refusal.place} ({refusal.what}): {'; '.join(refusal.reasons)}")
    told = {
        "loaded": report.loaded,
        "not served": report.not_served,
        "references outside": report.outside.by_type,
    }
    for what, counted in told.items():
        kinds = ", ".join(f"{type_} {number}" for type_, number in sorted(counted.items()))
        click.echo(f"{what}: {sum(counted.values())}{f' ({kinds})' if kinds else ''}")
    click.echo(f"unchanged: {report.unchanged}")
    click.echo(f"refused: {len(report.refused)}")


@click.group()
def plan() -> None:
    """Intervention plans in the practitioner's words."""


@plan.command("import")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--organization", help="The custodian whose plan it is; needed when there are several.")
@database_option
def import_plans(files: tuple[Path, ...], organization: str | None, database_url: str | None) -> None:
    """Import plans from JSON or CSV (one row for each strategy); a file is imported whole or not at all."""
    service = service_for(database_url)
    agency = own_organization(service, organization)
    failed = False
    for file in files:
        try:
            for read in _plans(file, service.clock()):
                desk = operator_desk(service, agency, "submit-plan", f"plan import {file.name}")
                stored = submit_plan(desk, read, service.door())
                click.echo(f"{file}: plan {read.number} is CarePlan/{stored.id}")
        except Problem as problem:
            failed = True
            for fault in problem.faults:
                click.echo(f"{file}: {_told(fault)}", err=True)
    if failed:
        sys.exit(1)


def _told(fault: Fault) -> str:
    return f"{fault.expression}: {fault.text}" if fault.expression else fault.text


def _plans(file: Path, now: datetime) -> Sequence[Plan]:
    data = file.read_bytes()
    if file.suffix.lower() == ".csv":
        return plans_from_csv(data)
    return [plan_from_json(r4.parse(data), Moment(now))]


@plan.command("export")
@click.argument("id_", metavar="ID")
@click.option("--format", "shape", type=click.Choice(("json", "csv")), default="json", show_default=True)
@database_option
def export_plan(id_: str, shape: str, database_url: str | None) -> None:
    """Print the plan under a CarePlan's id."""
    service = service_for(database_url)
    desk = operator_desk(service, some_custodian(service), "read-plan", f"plan export {id_}")
    found = read_plan(desk, id_.removeprefix("CarePlan/"))
    desk.note(200)
    if shape == "csv":
        click.echo(plans_to_csv([found]).decode(), nl=False)
    else:
        click.echo(json.dumps(plan_to_json(found), ensure_ascii=False, indent=2))
