"""The load generator: keep-alive connections on raw sockets, one thread, as few bytes of Python as go.

Closed loop: each connection sends its next request when its answer has come.
https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

import gc
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.asks import Ask, Lane, names_in

_PATIENCE = 10.0
_MOST_FAULTS = 20
_MOST_AT_ONCE = 1 << 15
_NOT_MODIFIED = 304  # without a body, and perhaps without Content-Length


@dataclass
class Run:
    """What one run measured; latencies in nanoseconds, `cpu` seconds the generator itself used."""

    seconds: float
    answered: int = 0
    latencies: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    checked: int = 0
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        """Answers each second."""
        return self.answered / self.seconds


class _Line:
    """One connection, the request that is under way on it, and how much of the answer is missing."""

    __slots__ = ("answer", "ask", "lane", "missing", "sent_at", "sock", "status")
    ask: Ask
    sent_at: int
    status: int

    def __init__(self, address: tuple[str, int], lane: Lane) -> None:
        self.lane = lane
        self.sock = socket.create_connection(address, timeout=_PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.settimeout(None)  # with one, each call would poll first; epoll has done so
        self.missing = 0
        self.answer = b""


class Generator:
    """Has a connection for each lane, and sends on it what comes next in that lane.

    Every `check_every`th answer is read and compared.
    """

    def __init__(self, address: tuple[str, int], lanes: Sequence[Lane]) -> None:
        self._lines = [_Line(address, lane) for lane in lanes]
        self._by_fd = {line.sock.fileno(): line for line in self._lines}
        self._poll = select.epoll()
        for fd in self._by_fd:
            self._poll.register(fd, select.EPOLLIN)

    def close(self) -> None:
        """Close every connection."""
        for line in self._lines:
            line.sock.close()
        self._poll.close()

    def run(self, seconds: float, check_every: int = 100) -> Run:
        """Keep every connection busy for so long, then wait for the answers under way."""
        run = Run(seconds)
        gc.collect()
        gc.disable()
        cpu = time.process_time()
        try:
            self._loop(run, check_every)
        except OSError as error:
            run.faults.append(f"connection lost: {error}")
        finally:
            gc.enable()
        run.cpu = time.process_time() - cpu
        return run

    def _loop(self, run: Run, check_every: int) -> None:
        clock, poll, by_fd, latencies = time.perf_counter_ns, self._poll.poll, self._by_fd, run.latencies
        end = clock() + int(run.seconds * 1e9)
        for line in self._lines:
            self._send(line)
        under_way = len(self._lines)
        while under_way and len(run.faults) < _MOST_FAULTS:
            ready = poll(_PATIENCE)
            if not ready:
                run.faults.append(f"{under_way} requests had no answer within {_PATIENCE:.0f} s")
                return
            for fd, _ in ready:
                line = by_fd[fd]
                if not self._received(line):
                    continue
                now = clock()
                latencies.append(now - line.sent_at)
                checked = len(latencies) % check_every == 0
                if checked or line.status != line.ask.status:
                    _check(line, run)
                if now < end:
                    run.answered += 1
                    self._send(line)
                else:
                    under_way -= 1

    def _send(self, line: _Line) -> None:
        line.ask = next(line.lane)
        line.answer = b""
        line.sent_at = time.perf_counter_ns()
        line.sock.sendall(line.ask.sent)

    def _received(self, line: _Line) -> bool:
        """Take what has come; whether the answer is complete."""
        got = line.sock.recv(_MOST_AT_ONCE)
        if not got:
            raise ConnectionError(f"the server closed it on `{_shown(line.ask)}`")
        line.answer = line.answer + got if line.answer else got
        if line.missing:
            line.missing -= len(got)
            return line.missing == 0
        head_end = line.answer.find(b"\r\n\r\n")
        if head_end < 0:
            return False
        line.status = int(line.answer[9:12])
        length = 0 if line.status == _NOT_MODIFIED else _length(line.answer, head_end)
        line.missing = head_end + 4 + length - len(line.answer)
        return line.missing == 0


def _length(head: bytes, head_end: int) -> int:
    at = head.find(b"content-length: ", 0, head_end)
    if at < 0:
        at = head.lower().find(b"content-length: ", 0, head_end)
    if at < 0:
        raise ConnectionError(f"an answer without Content-Length: {head[:200]!r}")
    return int(head[at + 16 : head.find(b"\r", at)])


def _check(line: _Line, run: Run) -> None:
    """Compare an answer with what is right for it."""
    run.checked += 1
    body = line.answer.partition(b"\r\n\r\n")[2]
    if line.status != line.ask.status:
        run.faults.append(f"{line.status}, not {line.ask.status}: `{_shown(line.ask)}` gave {body[:300]!r}")
    elif line.ask.names is not None and (names := names_in(body)) != line.ask.names:
        run.faults.append(f"`{_shown(line.ask)}` gave {sorted(names)}, not {sorted(line.ask.names)}")


def _shown(ask: Ask) -> str:
    return ask.sent.split(b"\r\n", 1)[0].decode()
