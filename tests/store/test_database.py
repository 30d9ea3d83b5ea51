"""The handle on the database: SQLite's settings, and what survives a process that is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from careplan_service.access.filters import EVERYTHING
from careplan_service.errors import TooCostly
from careplan_service.interactions.records import Page
from careplan_service.store.database import Database
from store.archive import Archive

WRITER = """
import sys
sys.path.insert(0, sys.argv[2])
from builders import PARTNER, a_consent, a_provision
from store.archive import Archive, an_entry
from careplan_service.store.database import Database
from careplan_service.store.records import SqlRecords

database = Database(sys.argv[1])
archive = Archive(database, SqlRecords(database))
n = 0
while True:
    archive.put(a_consent("Patient/ann", a_provision("permit", PARTNER)), f"c{n}")
    archive.records.note(an_entry(f"c{n}"))
    print(f"c{n}", flush=True)
    n += 1
"""


def test_sqlite_is_opened_with_a_log_that_our_writer_flushes_and_foreign_keys(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/new/place/careplan.db")
    asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    assert [database.rows(f"PRAGMA {name}", {})[0][0] for name in asked] == ["wal", 1, 1, 10_000]
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    database.close()


def test_what_was_acknowledged_is_there_after_the_writer_was_killed(
    archive: Archive, database_url: str
) -> None:
    tests = str(Path(__file__).parents[1])
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, database_url, tests], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    told = [writer.stdout.readline().strip() for _ in range(12)]
    writer.send_signal(signal.SIGKILL)
    told += [line.strip() for line in writer.stdout.readlines() if line.endswith("\n")]
    writer.wait(60)
    writer.stdout.close()
    assert told[0] == "c0"
    kept = {stored.id for stored in archive.records.find("Consent", EVERYTHING, Page(limit=10_000))}
    noted = {asked for (asked,) in archive.database.rows("SELECT asked FROM audit", {})}
    assert set(told) <= kept
    assert set(told) <= noted
    counts = archive.counts()
    assert counts["resource"] == counts["document"] == counts["consent_rule"] == len(kept)
    archive.put({"resourceType": "Patient"}, "afterwards")


def test_two_handles_on_one_sqlite_file_queue_for_the_writer(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/careplan.db"
    first, second = Database(url), Database(url)
    with first.writing():
        first.run("CREATE TABLE seen (n INTEGER)", {})
    for n in range(10):
        database = (first, second)[n % 2]
        with database.writing():
            database.run("INSERT INTO seen VALUES (:n)", {"n": n})
    assert first.rows("SELECT count(*) FROM seen", {}) == [(10,)]
    first.close()
    second.close()


FOREVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


def test_a_question_that_takes_too_long_is_broken_off_and_others_go_on(database_url: str) -> None:
    database = Database(database_url, 0.3)
    began, quick = time.monotonic(), []

    def ask_forever() -> None:
        with pytest.raises(TooCostly, match=r"took longer than 0\.3 seconds"):
            database.rows(FOREVER, {})

    slow = [threading.Thread(target=ask_forever) for _ in range(2)]
    for thread in slow:
        thread.start()
    while any(thread.is_alive() for thread in slow) and time.monotonic() < began + 20:
        quick.append(database.rows("SELECT 1", {})[0][0])
    for thread in slow:
        thread.join(20)
    assert not any(thread.is_alive() for thread in slow)
    assert len(quick) > 10
    assert database.rows("SELECT 2", {}) == [(2,)]
    database.close()
