"""What processes use, read from /proc, and how fast the disk is. https://man7.org/linux/man-pages/man5/proc.5.html"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")
_LISTEN = "0A"
"""The state of a socket in /proc/net/tcp."""


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    parents = {int(entry.name): _parent(entry) for entry in _PROC.iterdir() if entry.name.isdecimal()}
    found = [pid]
    for known in found:
        found += [child for child, parent in parents.items() if parent == known]
    return found


def workers(pid: int) -> list[int]:
    """The children that serve."""
    return [one for one in family(pid)[1:] if b"resource_tracker" not in _text(one, "cmdline")]


def cpu(pids: Iterable[int]) -> dict[int, float]:
    """Seconds of CPU that each process has used so far, threads included; the ended are left out."""
    used = {}
    for pid in pids:
        fields = _text(pid, "stat").rpartition(b")")[2].split()
        if fields:
            used[pid] = (int(fields[11]) + int(fields[12])) / _TICKS
    return used


def cpu_since(before: dict[int, float], pids: Iterable[int]) -> float:
    """Seconds of CPU used by the processes since `cpu` told `before`."""
    return sum(used - before.get(pid, 0.0) for pid, used in cpu(pids).items())


def listening(port: int) -> int:
    """How many sockets listen on a port of this machine: one of each worker."""
    rows = (line.split() for line in (_PROC / "net/tcp").read_text().splitlines()[1:])
    return sum(1 for row in rows if row[3] == _LISTEN and row[1].endswith(f":{port:04X}"))


def memory(pid: int) -> tuple[float, float]:
    """RSS and PSS in MiB; in PSS a page shared by n processes counts 1/n."""
    lines = (line.split() for line in _text(pid, "smaps_rollup").decode().splitlines()[1:])
    sizes = {fields[0]: int(fields[1]) / 1024 for fields in lines}
    return sizes.get("Rss:", 0.0), sizes.get("Pss:", 0.0)


def is_postgres(pid: int) -> bool:
    """Whether a process id that a database told is one of this machine's PostgreSQL."""
    return _text(pid, "comm").startswith(b"postgres")


def flush_latency(folder: Path, times: int = 200) -> float:
    """Median milliseconds of an fdatasync after 4 KiB were appended to a file in the folder."""
    taken = []
    with (folder / "flushed").open("wb", buffering=0) as file:
        for _ in range(times):
            file.write(b"\0" * 4096)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def _parent(entry: Path) -> int:
    fields = _text(int(entry.name), "stat").rpartition(b")")[2].split()
    return int(fields[1]) if fields else 0


def _text(pid: int, name: str) -> bytes:
    try:
        return (_PROC / str(pid) / name).read_bytes()
    except OSError:  # it has ended meanwhile
        return b""
