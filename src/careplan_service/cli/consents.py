"""`careplan consent`: which consents decide, and whether vectors are decided as they say."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import select

from careplan_service.cli.check.judging import Answer, in_a_database, in_python
from careplan_service.cli.check.vectors import Vector, vectors_in
from careplan_service.cli.common import service_for
from careplan_service.cli.options import database_option
from careplan_service.store import migrate
from careplan_service.store.database import Database
from careplan_service.store.records import SqlRecords
from careplan_service.store.tables import consent_rule


@click.group()
def consent() -> None:
    """Consents: what decides, and whether it decides as it should."""


@consent.command("list")
@click.option("--unenforceable", is_flag=True, help="Only those that cannot be enforced.")
@database_option
def list_consents(unenforceable: bool, database_url: str | None) -> None:
    """The consents that decide now: id, patient and rules; of one that cannot be enforced, why."""
    service = service_for(database_url)
    rule = consent_rule.c
    query = select(rule.consent, rule.patient, rule.path, rule.deny, rule.kept).where(rule.copied == 0)
    if unenforceable:
        query = query.where(rule.kept == 1)
    with service.database.engine.connect() as connection:
        for id_, patient, path, deny, kept in connection.execute(query.order_by(rule.consent, rule.path)):
            effect = "unenforceable" if kept else "deny" if deny else "permit"
            click.echo(f"Consent/{id_}\t{patient or 'no patient'}\t{effect}\t{path}")


@consent.command("check")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="VECTORS.json")
@click.option("--database", "url", help="Ask this database, too; all that is written into it is undone.")
def check_vectors(path: Path, url: str | None) -> None:
    """Carry out every decision vector by the evaluator and in SQL; exit 1 if an answer differs."""
    vectors = list(vectors_in(path))
    answers: dict[str, list[Answer]] = {"python": [in_python(vector) for vector in vectors]}
    with _sqlite() as database:
        answers["sqlite"] = _in_sql(vectors, database)
    if url:
        database = Database(url)
        click.get_current_context().call_on_close(database.close)
        migrate.upgrade(database)
        answers[database.url.get_backend_name()] = _in_sql(vectors, database)
    differing = _table(vectors, answers)
    click.echo(f"{len(vectors) - differing} passed, {differing} failed")
    if differing:
        sys.exit(1)


@contextmanager
def _sqlite() -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="careplan-check") as folder:
        database = Database(f"sqlite:///{folder}/check.db")
        try:
            migrate.upgrade(database)
            yield database
        finally:
            database.close()


def _in_sql(vectors: Sequence[Vector], database: Database) -> list[Answer]:
    records = SqlRecords(database, audited=False)
    return [in_a_database(vector, records) for vector in vectors]


def _table(vectors: Sequence[Vector], answers: dict[str, list[Answer]]) -> int:
    """Print a line for each vector; how many differ."""
    differing = 0
    click.echo("\t".join(("vector", "profile", "expected", *answers, "differs")))
    for number, vector in enumerate(vectors):
        given = {name: found[number] for name, found in answers.items()}
        wrong = "; ".join(f"{name}: {one.differs}" for name, one in given.items() if one.differs)
        differing += bool(wrong)
        said = (one.decision for one in given.values())
        click.echo("\t".join((vector.id, vector.profile, vector.expected["decision"], *said, wrong)))
    return differing
