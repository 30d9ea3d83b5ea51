"""`careplan demo --once` in a process of its own, as `make demo ONCE=1` runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_story_shows_at_every_step_what_it_must(tmp_path: Path):
    command = [sys.executable, "-m", "careplan_service.cli", "demo", "--once"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CAREPLAN_")}
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=180)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "WRONG" not in ran.stdout
    assert ran.stdout.count("  ok: ") == 28
    for step in range(1, 11):
        assert f"\n{step}. " in ran.stdout
    assert "Consent/" in ran.stdout
