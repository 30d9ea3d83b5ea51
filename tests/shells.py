"""The shell blocks of our pages, run as they stand but for ports: a shell, and what stays up beside it."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import httpx

import names
from careplan_service.settings import PREFIX

SECONDS = 120
_SERVICE, _APP = "127.0.0.1:8000", "127.0.0.1:8765"


class Shell:
    """A folder such as a checkout with its `.venv`, in which blocks run one after the other.

    What a block sets the next one knows. `service` and `app` stand for the addresses that the pages show;
    `settings` are those of the service.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self._folder = folder
        self._ports = {shown: _free_port() for shown in (_SERVICE, _APP)}
        self.service, self.app = (f"http://127.0.0.1:{self._ports[shown]}" for shown in (_SERVICE, _APP))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        path = f"{folder}/.venv/bin{os.pathsep}{kept['PATH']}"
        self._environment = {**kept, "CAREPLAN_BASE_URL": self.service, **settings, "PATH": path}
        self._up: list[subprocess.Popen[bytes]] = []
        bin_ = folder / ".venv" / "bin"
        bin_.mkdir(parents=True)
        _write_command(bin_ / "python", sys.executable)
        _write_command(bin_ / "careplan", sys.executable, "-m", "careplan_service.cli")
        for name in ("examples", "fixtures"):
            (folder / name).symlink_to(names.ROOT / name)

    def __enter__(self) -> Shell:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for process in self._up:
            process.terminate()
            process.wait(20)

    def run(self, block: str, typed: str = "") -> str:
        """What a block prints that must succeed; `typed` is what it is given on standard input."""
        script = f"set -a; touch vars; . ./vars; {self._here(block)}\nexport -p > vars"
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self._folder,
            env=self._environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert ran.returncode == 0, f"{block}\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    def start(self, command: str, port_of: str, log: str) -> subprocess.Popen[bytes]:
        """A command of a page that stays up, on the port that stands for the shown address."""
        words = [*shlex.split(self._here(command), comments=True), "--port", port_of.rpartition(":")[2]]
        with (self._folder / log).open("wb") as out:
            process = subprocess.Popen(
                words,
                cwd=self._folder,
                env=self._environment,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
            )
        self._up.append(process)
        return process

    def wait_for(self, url: str) -> None:
        """Until something answers there."""
        until = time.monotonic() + SECONDS
        while True:
            try:
                httpx.get(url, timeout=5)
                return
            except httpx.TransportError:
                assert time.monotonic() < until, f"nothing came up at {url}"
                time.sleep(0.1)

    def log(self, name: str) -> str:
        """What a command that was started printed so far."""
        return (self._folder / name).read_text(encoding="utf-8")

    def _here(self, text: str) -> str:
        for shown, port in self._ports.items():
            text = text.replace(shown, f"127.0.0.1:{port}")
        return text


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _write_command(file: Path, *words: str) -> None:
    file.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
    file.chmod(0o755)
