"""The servers under test: started on a free port of 127.0.0.1, waited for, always stopped."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.asks import BARE_PATH
from bench.proc import listening

HOST = "127.0.0.1"
WORKERS = 2
_STARTS_WITHIN, _STOPS_WITHIN = 60.0, 15.0
ROOT = Path(__file__).parents[1]
CAREPLAN = str(Path(sys.executable).parent / "careplan")


@dataclass(frozen=True)
class Server:
    """A server that answers; `start_up` is seconds from starting the process to the first 200."""

    pid: int
    port: int
    start_up: float

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return HOST, self.port


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


@contextmanager
def bare(folder: Path) -> Iterator[Server]:
    """The bare Flask route."""
    port = free_port()
    command = [sys.executable, "-m", "bench.bare", str(port), str(WORKERS)]
    with _serving(command, port, BARE_PATH, {}, folder / "bare.log") as server:
        yield server


@contextmanager
def careplan(port: int, environment: Mapping[str, str], folder: Path) -> Iterator[Server]:
    """`careplan serve`, with the workers and threads the bare route has."""
    command = [CAREPLAN, "serve", "--host", HOST, "--port", str(port), "--workers", str(WORKERS)]
    with _serving(command, port, "/health/ready", environment, folder / "careplan.log") as server:
        yield server


@contextmanager
def unverified(port: int, environment: Mapping[str, str], folder: Path) -> Iterator[Server]:
    """The service without the verification of tokens, with the same workers and threads."""
    command = [sys.executable, "-m", "bench.unverified", str(port), str(WORKERS)]
    with _serving(command, port, "/health/ready", environment, folder / "unverified.log") as server:
        yield server


@contextmanager
def _serving(
    command: Sequence[str], port: int, path: str, environment: Mapping[str, str], log: Path
) -> Iterator[Server]:
    with log.open("wb") as told:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=told,
            stderr=told,
            start_new_session=True,
        )
        try:
            _wait(process, port, path, began + _STARTS_WITHIN, log)
            server = Server(process.pid, port, time.perf_counter() - began)
            _wait_for_all(port, began + _STARTS_WITHIN)
            yield server
        finally:
            _stop(process)


def _wait(process: subprocess.Popen[bytes], port: int, path: str, until: float, log: Path) -> None:
    while time.perf_counter() < until and process.poll() is None:
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.01)
        finally:
            connection.close()
    raise RuntimeError(f"`{' '.join(process.args)}` does not answer:\n{log.read_text()[-2000:]}")  # type: ignore[arg-type]


def _wait_for_all(port: int, until: float) -> None:
    """Until every worker listens: connections stay with the worker that took them."""
    while listening(port) < WORKERS:
        if time.perf_counter() > until:
            raise RuntimeError(f"{listening(port)} of {WORKERS} workers listen on port {port}")
        time.sleep(0.01)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and what it started: they are alone in a session of their own."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def command(*arguments: str, environment: Mapping[str, str], within: float = 1800.0) -> str:
    """Run a command to its end and give what it printed; raises RuntimeError when it fails."""
    done = subprocess.run(
        arguments, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=within
    )
    if done.returncode:
        raise RuntimeError(f"`{' '.join(arguments)}` failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout
