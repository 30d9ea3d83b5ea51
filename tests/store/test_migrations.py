"""Migrations make exactly the tables that the code describes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, make_url, text

from careplan_service.store import clients, migrate
from careplan_service.store.database import Database
from careplan_service.store.tables import metadata


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path}/empty.db")
        yield database
        database.close()
        return
    server, name = request.getfixturevalue("postgres_url"), f"careplan_empty_{uuid.uuid4().hex}"
    administer(server, f'CREATE DATABASE "{name}"')
    database = Database(make_url(server).set(database=name).render_as_string(hide_password=False))
    yield database
    database.close()
    administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def administer(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def described(database: Database) -> dict[str, Any]:
    """The tables with columns, keys and indexes, as the database tells them."""
    found: dict[str, Any] = {}
    with database.engine.connect() as connection:
        told = inspect(connection)
        for table in sorted(set(told.get_table_names()) - {"alembic_version"}):
            found[table] = {
                "columns": [(c["name"], str(c["type"]), c["nullable"]) for c in told.get_columns(table)],
                "key": told.get_pk_constraint(table)["constrained_columns"],
                "foreign": sorted(str(k["referred_table"]) for k in told.get_foreign_keys(table)),
                "indexes": sorted(
                    (str(i["name"]), tuple(i["column_names"]), bool(i["unique"]), str(sorted(
                        (k, str(v)) for k, v in i.get("dialect_options", {}).items()
                    )))
                    for i in told.get_indexes(table)
                ),
            }  # fmt: skip
    return found


def test_the_migrated_schema_is_the_one_the_code_describes(empty: Database) -> None:
    assert clients.oauth_client.metadata is metadata
    assert migrate.current(empty) is None
    assert migrate.upgrade(empty) == migrate.newest()
    with empty.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    migrated = described(empty)
    with empty.engine.begin() as connection:
        metadata.drop_all(connection)
        metadata.create_all(connection)
    assert described(empty) == migrated


def test_the_migrations_can_be_taken_back_and_run_again(empty: Database) -> None:
    migrate.upgrade(empty)
    migrated = described(empty)
    with empty.engine.connect() as connection:
        command.downgrade(migrate.config_for(connection), "base")
    assert described(empty) == {}
    assert migrate.upgrade(empty) == migrate.newest()
    assert migrate.upgrade(empty) == migrate.newest()
    assert described(empty) == migrated


def test_clients_that_were_registered_before_are_ours_and_may_not_introspect(empty: Database) -> None:
    migrate.upgrade(empty)
    with empty.engine.connect() as connection:
        command.downgrade(migrate.config_for(connection), "0003")
    columns = "id, name, kind, organization, scopes, purpose, further_purposes, enabled, created"
    values = "'a', 'A', 'partner', 'Organization/a', 'system/*.rs', 'COC', '', true, 1"
    with empty.engine.begin() as connection:
        connection.execute(text(f"INSERT INTO oauth_client ({columns}) VALUES ({values})"))
    migrate.upgrade(empty)
    (client,) = clients.SqlClients(empty.engine, lambda: 0.0).list()
    assert (client.id, client.enabled, client.may_introspect, client.issuer) == ("a", True, False, "")


def test_what_partners_had_received_is_taken_from_the_log(empty: Database) -> None:
    migrate.upgrade(empty)
    with empty.engine.connect() as connection:
        command.downgrade(migrate.config_for(connection), "0014")
    columns = "at, client, organization, purpose, interaction, asked, status, because, refusal, shown"
    with empty.engine.begin() as connection:
        for name, kind in (("a", "partner"), ("b", "agency")):
            client = f"'{name}', 'A', '{kind}', 'Organization/a', 'system/*.rs', 'COC', '', true, 1"
            of_client = "id, name, kind, organization, scopes, purpose, further_purposes, enabled, created"
            connection.execute(text(f"INSERT INTO oauth_client ({of_client}) VALUES ({client})"))
        for client, purpose, shown in (
            ("a", "COC", "Goal/1/_history/1\nGoal/2/_history/1"),
            ("a", "COC", "Goal/1/_history/2"),
            ("a", "TREAT", "Goal/1/_history/2"),
            ("a", "COC", ""),
            ("a Practitioner/x", "COC", "Goal/3/_history/1"),
            ("b", "COC", "Goal/4/_history/1"),
        ):
            values = f"1, '{client}', '', '{purpose}', 'read', '', 200, '', '', '{shown}'"
            connection.execute(text(f"INSERT INTO audit ({columns}) VALUES ({values})"))
    migrate.upgrade(empty)

    rows = empty.rows("SELECT receiver, purpose, type, id, gone FROM receipt ORDER BY number", {})
    assert [tuple(row) for row in rows] == [
        ("a", "COC", "Goal", "1", 0),
        ("a", "COC", "Goal", "2", 0),
        ("a", "TREAT", "Goal", "1", 0),
    ]


def test_the_newest_revision_is_that_of_alembic(empty: Database) -> None:
    with empty.engine.connect() as connection:
        script = ScriptDirectory.from_config(migrate.config_for(connection))
    assert script.get_current_head() == migrate.newest()
