"""A real server for the story, in a process of its own, on a database of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from careplan_service.errors import Unavailable
from careplan_service.settings import PREFIX

_PATIENCE = 30.0


class Server:
    """`careplan serve` under `room`; stopped when the block ends."""

    def __init__(self, room: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.settings = {
            f"{PREFIX}DATABASE_URL": f"sqlite:///{room}/careplan.db",
            f"{PREFIX}KEYS_DIR": f"{room}/keys",
            f"{PREFIX}BASE_URL": self.url,
        }
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        os.environ.update(self.settings)
        command = [sys.executable, "-m", "careplan_service.cli", "serve", "--port", str(self._port)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603 - our own program
        deadline = time.monotonic() + _PATIENCE
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise Unavailable(f"the server did not come up at {self.url}; is the port in use?")
            time.sleep(0.05)
        return self

    def __exit__(self, *error: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def wait(self) -> None:
        """Until the server ends."""
        if self._process is not None:
            self._process.wait()

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health/ready", timeout=2) as response:  # noqa: S310
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def free_port(first: int) -> int:
    """The first port from `first` on that nobody listens on."""
    for port in range(first, first + 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Unavailable(f"no port from {first} to {first + 99} is free; name one with `--port`")
