"""Bringing a database to the present schema with Alembic. https://alembic.sqlalchemy.org/"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, exc, text

from careplan_service.store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

_HERE = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> str:
    """Run every migration that is missing; gives the revision that is reached."""
    if current(database) == newest():
        return newest()
    with database.engine.connect() as connection:
        _run(connection)
    return current(database) or ""


def current(database: Database) -> str | None:
    """The revision the database is at; None for an empty one."""
    with database.engine.connect() as connection:
        try:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        except exc.DatabaseError:
            return None
    return None if found is None else str(found)


def newest() -> str:
    """The revision this version of the service needs: the files are numbered."""
    return max(file.name[:4] for file in (_HERE / "versions").glob("[0-9]*.py"))


def _run(connection: Connection) -> None:
    # Most starts need no migration, and Alembic is a quarter of the time to the first answer.
    from alembic import command

    command.upgrade(config_for(connection), "head")


def config_for(connection: Connection) -> Config:
    """Alembic's configuration for our migrations on a connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.attributes["connection"] = connection
    return config
