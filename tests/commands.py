"""Programs that tests run beside themselves; none of them is waited for without end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

SECONDS = 240

_NPM = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")


def install(folder: Path) -> None:
    """What the package-lock.json in a folder names; a registry that stalls is asked once more."""
    try:
        run(_NPM, folder, seconds=60)
    except (AssertionError, subprocess.TimeoutExpired):
        run(_NPM, folder, seconds=120)


def run_browser(script: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    """A script for node that drives a browser and changes nothing; one that hangs is started once more."""
    try:
        run(["node", *script], folder, environment)
    except subprocess.TimeoutExpired:
        run(["node", *script], folder, environment)


def run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] = {}, seconds: float = SECONDS
) -> None:
    """A command that must succeed in that many seconds; what it started itself ends with it.

    It writes to a file: a pipe is only at its end when the last of its children is.
    """
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            status = process.wait(seconds)
        finally:
            _end(process)
        log.seek(0)
        assert status == 0, log.read()


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)
