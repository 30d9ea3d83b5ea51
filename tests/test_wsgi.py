"""The WSGI door, as a worker opens it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from careplan_service.store import migrate
from careplan_service.store.database import Database

_ASKED = """
import gc, sys
import careplan_service.wsgi as door
print(type(door.app).__name__, gc.get_freeze_count() > 10_000, gc.get_threshold()[0])
print(*sorted({"alembic", "fpdf"} & sys.modules.keys()))
"""


@pytest.fixture
def door(tmp_path: Path) -> list[str]:
    """What a worker that opened it tells, on a database that is up to date."""
    url = f"sqlite:///{tmp_path}/careplan.db"
    database = Database(url)
    migrate.upgrade(database)
    database.close()
    environment = {
        "CAREPLAN_DATABASE_URL": url,
        "CAREPLAN_KEYS_DIR": str(tmp_path),
    }
    ran = subprocess.run(
        [sys.executable, "-c", _ASKED],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return ran.stdout.splitlines()


def test_what_start_up_made_is_not_looked_at_by_collections(door: list[str]) -> None:
    assert door[0] == "Flask True 20000"


def test_what_is_slow_to_load_and_seldom_used_is_not_loaded(door: list[str]) -> None:
    assert door[1:] == [""]
