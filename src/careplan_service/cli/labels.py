"""`careplan labels`: the security labels of what is stored, by the rules of today."""

from __future__ import annotations

import sys
from collections import Counter

import click

from careplan_service.cli.common import operator_desk, service_for, some_custodian
from careplan_service.cli.options import database_option
from careplan_service.interactions.relabel import Counts, Relabelling


@click.group()
def labels() -> None:
    """Security labels."""


@labels.command("apply")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option(
    "--allow-lower", is_flag=True, help="Also take off what the rules set in plans and call for no more."
)
@database_option
def apply(dry_run: bool, allow_lower: bool, database_url: str | None) -> None:
    """Judge all that is stored by the rules of today; what must have other labels gets a new version.

    Labels go up only, and it may be broken off and begun again. Exit 1 where others changed something
    meanwhile: run it again then.
    """
    service = service_for(database_url)
    named = [name for name, is_set in (("--dry-run", dry_run), ("--allow-lower", allow_lower)) if is_set]
    asked = " ".join(("labels apply", *named))
    run = Relabelling(
        lambda: operator_desk(service, some_custodian(service), "labels-apply", asked),
        service.door(),
        dry_run=dry_run,
        allow_lower=allow_lower,
    )
    counts = Counts()
    with click.progressbar(length=run.total(), label="judging", file=sys.stderr) as bar:
        for done in run.steps(counts):
            bar.update(done)
    _tell(counts, dry_run=dry_run)
    if counts.overtaken:
        sys.exit(1)


def _tell(counts: Counts, *, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    click.echo(f"looked at: {counts.looked}")
    click.echo(f"{would}raised: {_by_type(counts.raised)}")
    click.echo(f"{would}lowered: {_by_type(counts.lowered)}")
    for reference in counts.unreadable:
        click.echo(f"not read as a plan, judged by itself: {reference}")
    for reference in counts.overtaken:
        click.echo(f"changed by others meanwhile: {reference}")


def _by_type(counted: Counter[str]) -> str:
    kinds = ", ".join(f"{type_} {number}" for type_, number in sorted(counted.items()))
    return f"{counted.total()}{f' ({kinds})' if kinds else ''}"
