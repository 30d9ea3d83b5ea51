"""`careplan serve`: migrate, then serve with Granian. https://github.com/emmett-framework/granian"""

from __future__ import annotations

import os
import time
from typing import Any

import click
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from careplan_service.cli.options import database_option
from careplan_service.oauth.keys import SigningKeys
from careplan_service.settings import PREFIX, Settings
from careplan_service.store import migrate
from careplan_service.store.database import Database

THREADS = 4
"""Threads of a worker: as many requests wait for one flush of the audit log together."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=min(2, os.cpu_count() or 1), show_default=True, type=click.IntRange(1, 64))
@database_option
def serve(host: str, port: int, workers: int, database_url: str | None) -> None:
    """Bring the database up to date and serve."""
    settings = Settings.from_env(database_url=database_url)
    database = Database(settings.database_url)
    migrate.upgrade(database)
    database.close()
    # Made before the workers start, so that they find the same one.
    SigningKeys(settings.keys_dir, now=time.monotonic).signing_key()
    os.environ[f"{PREFIX}DATABASE_URL"] = settings.database_url
    server: Any = Granian(
        "careplan_service.wsgi:app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        backpressure=128,
    )
    click.echo(f"serving {settings.base_url} on {host}:{port} with {workers} workers", err=True)
    if not settings.base_url.endswith(f":{port}") and "127.0.0.1" in settings.base_url:
        click.echo(
            f"links and tokens name {settings.base_url}; set CAREPLAN_BASE_URL if clients use another",
            err=True,
        )
    server.serve()
