"""`careplan plan import`: practitioners' plans, from JSON, CSV, or an agency's own CSV by a mapping.

docs/plans.md, docs/agency-imports.md

https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Container, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click
from tqdm import tqdm

from careplan_service.access.consent.rules import Door
from careplan_service.cli.common import operator_desk, own_organization, service_for
from careplan_service.cli.options import database_option
from careplan_service.errors import Fault, Invalid, Problem
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.import_plans import (
    CHANGED,
    CREATED,
    UNCHANGED,
    Brought,
    Prospect,
    carry_out,
    prospect,
)
from careplan_service.interventions.csv_mapping import PlanMapping, mapping_from_json, mapping_from_toml
from careplan_service.interventions.file_text import json_in
from careplan_service.interventions.intake import expression
from careplan_service.interventions.intake_csv import Table, table_of
from careplan_service.interventions.mapped_csv import table_by
from careplan_service.interventions.operations import replace_plan
from careplan_service.interventions.replacing import said_anew
from careplan_service.interventions.sheets import Sheet, contradictions
from careplan_service.resources import r4

_MOST_TOLD = 8
"""Differences of a plan in a preview; the rest is counted."""
Desks = Callable[[str], Desk]
"""Makes a desk for an interaction."""


class _File(NamedTuple):
    """What a file brings: its plans, faults that are known before they are judged, which others say more."""

    plans: Sequence[Brought]
    faults: Sequence[Fault] = ()
    further: Callable[[Sequence[Fault]], list[Fault]] = list


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option("--mapping", type=_FILE, help="TOML or JSON that says which of our columns is which of theirs.")
@click.option("--dry-run", is_flag=True, help="Say what would become of each plan, and store nothing.")
@click.option("--organization", help="The custodian whose plan it is; needed when there are several.")
@database_option
def import_plans(
    files: tuple[Path, ...],
    mapping: Path | None,
    dry_run: bool,
    organization: str | None,
    database_url: str | None,
) -> None:
    """Import plans from JSON or CSV (one row for each strategy); a file with a fault is not imported.

    A plan on record under its number is replaced where the file says something else.
    """
    service = service_for(database_url)
    agency = own_organization(service, organization)
    by = _mapping(mapping) if mapping else None
    failed = False
    for file in files:
        desk = partial(operator_desk, service, agency, asked=f"plan import {file.name}")
        try:
            faults = _imported(file, _brought(file, by, service.clock()), desk, service.door(), dry_run)
        except Problem as problem:
            faults = list(problem.faults)
        for fault in faults:
            click.echo(f"{file}: {_told(fault)}", err=True)
        failed = failed or bool(faults)
    if failed:
        sys.exit(1)


def _imported(file: Path, brought: _File, desk: Desks, door: Door, dry_run: bool) -> list[Fault]:
    """Judge all plans, tell what becomes of each, and store them if there is no fault; gives the faults."""
    awaited, faults = _awaited(file, brought, desk)
    storing = not (faults or dry_run)
    counted: Counter[str] = Counter()
    for one, what in tqdm(awaited, desc=f"{file.name}: importing", disable=None if storing else True):
        try:
            id_ = carry_out(desk, one, what, door) if storing else what.id
        except Problem as problem:
            faults += [Fault(f.code, f.text, f.expression or one.where(())) for f in problem.faults]
            continue
        counted[what.what] += 1
        if storing or dry_run:
            _tell(file, what, id_, dry_run=dry_run)
    if storing or dry_run:
        numbers = ", ".join(f"{counted[name]} {name}" for name in (CREATED, CHANGED, UNCHANGED))
        click.echo(f"{file}: {numbers}{', not stored: this was a dry run' if dry_run else ''}")
    return faults


def _awaited(file: Path, brought: _File, desk: Desks) -> tuple[list[tuple[Brought, Prospect]], list[Fault]]:
    awaited, faults = [], list(brought.faults)
    for one in tqdm(brought.plans, desc=f"{file.name}: checking", disable=None):
        own = desk("read-plan")
        try:
            awaited.append((one, prospect(own, one)))
        except Problem as problem:
            faults += brought.further(problem.faults)
        if own.shown:
            own.note(200)
    return awaited, faults


def _tell(file: Path, what: Prospect, id_: str, *, dry_run: bool) -> None:
    place = f"CarePlan/{id_}" if id_ else _sizes(what)
    click.echo(f"{file}: plan {what.plan.number} {'would be ' * dry_run}{what.what}: {place}")
    for other in what.other[:_MOST_TOLD] if dry_run else ():
        click.echo(f"    {other.what}: {_value(other.before)} -> {_value(other.after)}")
    if dry_run and len(what.other) > _MOST_TOLD:
        click.echo(f"    and {len(what.other) - _MOST_TOLD} more")


def _sizes(what: Prospect) -> str:
    goals = what.plan.goals
    steps = [step for goal in goals for step in goal.objectives]
    acts = sum(len(step.strategies) for step in steps)
    return f"{len(goals)} goals, {len(steps)} objectives, {acts} strategies"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "nothing" if value is None else text if len(text) <= 60 else f"{text[:60]}..."


def _told(fault: Fault) -> str:
    return f"{fault.expression}: {fault.text}" if fault.expression else fault.text


def _mapping(file: Path) -> PlanMapping:
    reader = {".toml": mapping_from_toml, ".json": mapping_from_json}.get(file.suffix.lower())
    if reader is None:
        raise Invalid(f"`{file.name}` is no mapping: its name ends in `.toml` or `.json`")
    try:
        return reader(file.read_bytes())
    except Problem as problem:
        faults = [
            Fault(f.code, f.text, ": ".join(filter(None, (file.name, f.expression)))) for f in problem.faults
        ]
        raise Invalid(problem.text, faults=faults) from None


def _brought(file: Path, mapping: PlanMapping | None, now: datetime) -> _File:
    data = file.read_bytes()
    is_json = file.suffix.lower() == ".json"
    if mapping is not None and is_json:
        raise Invalid("a mapping is for CSV: import this file without `--mapping`, in a command of its own")
    if mapping is not None:
        return _of_table(table_by(mapping, data))
    if file.suffix.lower() == ".csv":
        return _of_table(table_of(data))
    sent = _plan_in(data)
    number = str(sent.get("number", "")).strip()
    return _File([Brought(number, sent, lambda plan: replace_plan(plan, sent, now).plan, expression)])


def _plan_in(data: bytes) -> Any:
    """What a JSON file says, told as a file where it cannot be read, then read as strictly as a request."""
    if not isinstance(json_in(data), dict):
        raise Invalid("a file has one plan: write it as an object with named fields")
    return r4.parse(data)


def _of_table(table: Table) -> _File:
    faults = [*table.known, *contradictions(table.sheets)]
    return _File([_of_sheet(sheet, table.said) for sheet in table.sheets], faults, table.further)


def _of_sheet(sheet: Sheet, said: Container[str]) -> Brought:
    number = str(sheet.shape.get("number", ""))
    return Brought(number, sheet.shape, lambda plan: said_anew(plan, sheet.shape, said), sheet.where)
