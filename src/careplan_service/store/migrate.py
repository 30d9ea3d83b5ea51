"""Bringing a database to the present schema with Alembic. https://alembic.sqlalchemy.org/"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from careplan_service.store.database import Database

_HERE = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> str:
    """Run every migration that is missing; gives the revision that is reached."""
    with database.engine.connect() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return current(database) or ""


def current(database: Database) -> str | None:
    """The revision the database is at; None for an empty one."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The revision this version of the service needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    return config
