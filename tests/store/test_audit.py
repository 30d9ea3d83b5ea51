"""Group commit: a row is durable when `note` returns, and a failure reaches everyone who waited for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from careplan_service.errors import Unavailable
from careplan_service.store.audit import AuditLog
from careplan_service.store.database import Database
from careplan_service.store.statements import Statements
from store.archive import Archive, an_entry


class Counted(Database):
    """A database that counts its transactions, takes its time over each and can be held up."""

    commits = 0
    pause = 0.0

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.open = threading.Event()
        self.open.set()

    @contextmanager
    def writing(self) -> Iterator[None]:
        self.open.wait(20)
        with super().writing():
            yield
            time.sleep(self.pause)
        self.commits += 1


@pytest.fixture
def counted(database_url: str) -> Iterator[Counted]:
    database = Counted(database_url)
    yield database
    database.close()


def rows(database: Database) -> list[str]:
    return [asked for (asked,) in database.rows("SELECT asked FROM audit ORDER BY entry", {})]


def at_once(count: int, work: object) -> None:
    threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def test_many_notes_share_few_commits_and_each_is_there_when_it_returns(counted: Counted) -> None:
    log, missing = AuditLog(counted, Statements(counted)), []
    counted.pause = 0.01

    def work(n: int) -> None:
        for i in range(5):
            log.note(an_entry(f"{n}.{i}"))
            if not counted.rows(f"SELECT 1 FROM audit WHERE asked = '{n}.{i}'", {}):
                missing.append((n, i))

    at_once(12, work)
    assert missing == []
    assert sorted(rows(counted)) == sorted(f"{n}.{i}" for n in range(12) for i in range(5))
    assert counted.commits < 60 / 2


def test_a_note_alone_is_one_commit(counted: Counted) -> None:
    log = AuditLog(counted, Statements(counted))
    for n in range(3):
        log.note(an_entry(str(n)))
    assert (counted.commits, rows(counted)) == (3, ["0", "1", "2"])


def test_a_commit_that_fails_is_told_to_everyone_who_waited_for_it(counted: Counted) -> None:
    log, told = AuditLog(counted, Statements(counted)), []

    def work(n: int) -> None:
        try:
            log.note(an_entry(str(n), status=None if n == 4 else 200))
        except Unavailable as unavailable:
            told.append((n, unavailable.status))

    counted.open.clear()
    first = threading.Thread(target=work, args=(9,))
    first.start()
    waiting = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in waiting:
        thread.start()
    until = time.monotonic() + 10
    while len(log._entries._waiting) < 6 and time.monotonic() < until:
        time.sleep(0.005)
    counted.open.set()
    for thread in (first, *waiting):
        thread.join(60)
    assert sorted(told) == [(n, 503) for n in range(6)]
    assert rows(counted) == ["9"]
    log.note(an_entry("afterwards"))
    assert rows(counted) == ["9", "afterwards"]


def test_what_was_shown_and_why_is_kept_line_by_line(archive: Archive) -> None:
    archive.records.note(an_entry(shown=("Goal/1/_history/1", "Goal/2/_history/1"), because=("Consent/c",)))
    kept = archive.database.rows("SELECT shown, because, refusal FROM audit", {})
    assert kept == [("Goal/1/_history/1\nGoal/2/_history/1", "Consent/c", "")]


def test_rows_about_one_and_about_several_clients_stand_side_by_side(archive: Archive) -> None:
    three = ("Patient/a", "Patient/b", "Patient/c")
    with archive.records.changes() as changes:
        for patients in ((), three[:1], three, (), three[1:], ("Patient/a",)):
            changes.note(an_entry(patients=patients))
    archive.records.note(an_entry(patients=three))
    archive.records.note(an_entry(patients=("Patient/b",)))
    asked = archive.database.rows
    first = [(patient,) for patient in ("", "Patient/a", "Patient/a", "", "Patient/b", "Patient/a")]
    assert asked("SELECT patient FROM audit ORDER BY entry", {}) == [*first, ("Patient/a",), ("Patient/b",)]
    entries = [entry for (entry,) in asked("SELECT entry FROM audit ORDER BY entry", {})]
    further = asked("SELECT entry, n, patient FROM audit_patient ORDER BY entry, n", {})
    assert further == [
        (entries[2], 2, "Patient/b"),
        (entries[2], 3, "Patient/c"),
        (entries[4], 2, "Patient/c"),
        (entries[6], 2, "Patient/b"),
        (entries[6], 3, "Patient/c"),
    ]


def test_further_patients_of_what_was_shown_and_the_one_of_what_was_refused_are_looked_up(
    archive: Archive,
) -> None:
    shared = {"resourceType": "Provenance", "recorded": "2026-05-01T08:00:00Z", "agent": [{"who": {}}]}
    shared["target"] = [{"reference": "Patient/a"}, {"reference": "Patient/b"}]
    stored = archive.put(shared, "p")
    assert (stored.patient, stored.others) == ("Patient/a", 1)
    archive.records.note(an_entry(patients=("Patient/a",), several=(stored.vid,)))
    archive.records.note(an_entry(status=404, refusal="hidden", target="Provenance/p"))
    archive.records.note(an_entry(status=404, refusal="absent", target="Provenance/none"))
    found = archive.database.rows("SELECT patient FROM audit ORDER BY entry", {})
    assert found == [("Patient/a",), ("Patient/a",), ("",)]
    assert archive.database.rows("SELECT patient FROM audit_patient", {}) == [("Patient/b",)]
