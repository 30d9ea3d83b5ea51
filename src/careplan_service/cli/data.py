"""`careplan load` and `careplan plan`: FHIR files and practitioners' plans, in and out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from tqdm import tqdm

from careplan_service.app import Service
from careplan_service.cli.common import operator_desk, service_for, some_custodian
from careplan_service.cli.options import database_option
from careplan_service.cli.plan_import import import_plans
from careplan_service.errors import Invalid
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.load import BATCH, Report, Source, load, sources_in, survey
from careplan_service.interactions.plan_changes import marked_plan
from careplan_service.interactions.print_plan import Wish, print_plan
from careplan_service.interactions.survey import Survey
from careplan_service.interventions.foreign.writing import told_to_csv, told_to_json
from careplan_service.interventions.printing.words import DEFAULT
from careplan_service.web.printing.answers import print_in


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


plan.add_command(import_plans)


_PRINTS = ("html", "pdf")
_OF_PRINTS = ("language", "large_print", "include")
"""What only a print heeds."""


@plan.command("export")
@click.argument("id_", metavar="ID")
@click.option(
    "--format", "shape", type=click.Choice(("json", "csv", "html", "pdf")), default="json", show_default=True
)
@click.option("--language", default=DEFAULT, show_default=True, help="Of a print (html, pdf): en, es.")
@click.option("--large-print", is_flag=True, help="A print in letters of 18 points and more.")
@click.option(
    "--include", type=click.Choice(("sensitive",)), help="Print also what security labels keep off paper."
)
@database_option
def export_plan(
    id_: str, shape: str, language: str, large_print: bool, include: str | None, database_url: str | None
) -> None:
    """Write out the plan under a CarePlan's id; html and pdf are for the client, in plain words."""
    if shape not in _PRINTS and (ignored := [name for name in _OF_PRINTS if _is_given(name)]):
        name = ignored[0].replace("_", "-")
        raise Invalid(f"`--{name}` is for a print: add `--format html` or `--format pdf`, or leave it out")
    service = service_for(database_url)
    interaction = "print-plan" if shape in _PRINTS else "read-plan"
    desk = operator_desk(service, some_custodian(service), interaction, f"plan export {id_}")
    id_ = id_.removeprefix("CarePlan/")
    if interaction == "print-plan":
        wish = Wish(language, include == "sensitive")
        written = print_in(shape, print_plan(desk, id_, wish, service.door()), desk, large=large_print)
    elif shape == "csv":
        written = told_to_csv(marked_plan(desk, id_).told)
    else:
        told = json.dumps(told_to_json(marked_plan(desk, id_).told), ensure_ascii=False, indent=2)
        written = f"{told}\n".encode()
    desk.note(200)
    click.echo(written, nl=False)


def _is_given(option: str) -> bool:
    source = click.get_current_context().get_parameter_source(option)
    return source is not ParameterSource.DEFAULT
