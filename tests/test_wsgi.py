"""The WSGI door, as a worker opens it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_ASKED = """
import gc
import careplan_service.wsgi as door
print(type(door.app).__name__, gc.get_freeze_count() > 10_000, gc.get_threshold()[0])
"""


def test_what_start_up_made_is_not_looked_at_by_collections(tmp_path: Path) -> None:
    environment = {
        "CAREPLAN_DATABASE_URL": f"sqlite:///{tmp_path}/careplan.db",
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
    assert ran.stdout.split() == ["Flask", "True", "20000"]
