"""SQLite's writer: what was acknowledged is on disk, and those who commit together share a flush."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from careplan_service.errors import Unavailable
from careplan_service.store import one_writer
from careplan_service.store.database import Database

to_disk = one_writer._to_disk


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/careplan.db")
    with made.writing():
        made.run("CREATE TABLE seen (n INTEGER)", {})
    yield made
    made.close()


def write(database: Database, n: int) -> None:
    with database.writing():
        database.run("INSERT INTO seen VALUES (:n)", {"n": n})


def seen(database: Database) -> list[int]:
    return [n for (n,) in database.rows("SELECT n FROM seen ORDER BY n", {})]


def test_a_commit_is_flushed_before_it_is_acknowledged_and_after_others_may_write(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    during: list[list[int]] = []

    def flush(log: int) -> None:
        other = sqlite3.connect(str(database.url.database), timeout=0)
        other.execute("BEGIN IMMEDIATE")  # fails where the lock is still held
        during.append([n for (n,) in other.execute("SELECT n FROM seen")])
        other.close()
        to_disk(log)

    monkeypatch.setattr(one_writer, "_to_disk", flush)
    write(database, 7)
    assert during == [[7]]


def test_those_who_commit_together_share_a_flush(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    flushes: list[int] = []

    def flush(log: int) -> None:
        time.sleep(0.02)
        to_disk(log)
        flushes.append(log)

    monkeypatch.setattr(one_writer, "_to_disk", flush)
    threads = [threading.Thread(target=write, args=(database, n)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert seen(database) == list(range(12))
    assert 0 < len(flushes) < 12 / 2


def test_a_flush_that_fails_is_told_to_everyone_who_waits_for_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flush(log: int) -> None:
        time.sleep(0.02)
        raise OSError("the disk is gone")

    monkeypatch.setattr(one_writer, "_to_disk", flush)
    told: list[int] = []

    def try_to(n: int) -> None:
        try:
            write(database, n)
        except Unavailable as unavailable:
            told.append(unavailable.status)

    threads = [threading.Thread(target=try_to, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert told == [503] * 4
    monkeypatch.setattr(one_writer, "_to_disk", to_disk)
    write(database, 9)


def test_a_log_that_was_made_anew_is_the_one_that_is_flushed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs: list[tuple[int, int]] = []

    def flush(log: int) -> None:
        current = Path(f"{database.url.database}-wal")
        logs.append((one_writer.os.fstat(log).st_ino, current.stat().st_ino))
        to_disk(log)

    monkeypatch.setattr(one_writer, "_to_disk", flush)
    write(database, 1)
    # The last connection that closes takes the log away.
    database._local.connection.close()
    database._local.connection = None
    database.engine.dispose()
    assert not Path(f"{database.url.database}-wal").exists()
    write(database, 2)
    assert [held for held, _ in logs] == [current for _, current in logs]
    assert len(set(logs)) == 2
