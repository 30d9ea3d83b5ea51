"""Targets of references and keys of requests while several write at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from builders import PARTNER, a_consent, a_goal, a_patient, a_provision
from careplan_service.access.consent.terminology import purpose_and_ancestors
from careplan_service.access.filters import EVERYTHING, Consented, Is, all_of
from careplan_service.interactions.once import KEPT_FOR
from careplan_service.interactions.records import Once
from store.archive import NOW, Archive

ANN = "Patient/ann"


def found(archive: Archive, *references: str, seen: Any = EVERYTHING) -> dict[str, int]:
    with archive.records.changes() as changes:
        return dict(changes.found(references, seen))


def test_only_living_current_versions_are_found_with_their_number(archive: Archive) -> None:
    archive.put(a_patient(), "ann")
    for _ in range(3):
        archive.put(a_goal(of=ANN), "g1")
    archive.put(a_goal(of=ANN), "g2")
    archive.put(a_goal(of=ANN), "g2", method="DELETE")
    wanted = [ANN, "Goal/g1", "Goal/g2", "Goal/g", "Patient/g1", "Goal/never", "Device/1"]
    assert found(archive, *wanted) == {ANN: 1, "Goal/g1": 3}
    assert found(archive, *(f"Goal/{n}" for n in range(2000)), ANN) == {ANN: 1}


def test_what_may_not_be_seen_is_not_found(archive: Archive) -> None:
    archive.put(a_patient(), "ann")
    archive.put(a_goal(of=ANN), "g1")
    archive.put(a_goal(of="Patient/bob"), "g2")
    archive.put(a_consent(ANN, a_provision("permit", PARTNER)), "c")
    permitted = Consented((PARTNER,), purpose_and_ancestors("COC"), NOW)
    for _ in range(2):  # the statement is kept
        assert found(archive, "Goal/g1", "Goal/g2", seen=permitted) == {"Goal/g1": 1}
        assert found(archive, "Goal/g1", seen=all_of(permitted, Is("contributor", PARTNER))) == {}


def _meanwhile(archive: Archive, first: Callable[[Any], Any], second: Callable[[Any], Any]) -> bool:
    """Whether the second transaction waits for the end of the first."""
    held, passed = threading.Event(), threading.Event()

    def run() -> None:
        held.wait(10)
        with archive.records.changes() as changes:
            second(changes)
        passed.set()

    thread = threading.Thread(target=run)
    thread.start()
    with archive.records.changes() as changes:
        first(changes)
        held.set()
        waits = not passed.wait(0.3)
    thread.join(10)
    assert passed.is_set()
    return waits


def refer(*references: str) -> Callable[[Any], Any]:
    return lambda changes: changes.found(references, EVERYTHING)


def delete(*references: str) -> Callable[[Any], Any]:
    return lambda changes: changes.before_deleting(references)


def test_who_refers_and_who_deletes_wait_for_each_other(archive: Archive) -> None:
    archive.put(a_patient(), "ann")
    assert _meanwhile(archive, refer(ANN, "Goal/1"), delete("Goal/2", ANN))
    assert _meanwhile(archive, delete(ANN), refer("Goal/1", ANN))
    assert _meanwhile(archive, delete(ANN), delete(ANN))


def test_those_who_only_refer_wait_for_nobody(archive: Archive) -> None:
    waits = _meanwhile(archive, refer(ANN), refer(ANN))
    assert waits is archive.database.is_sqlite  # which has one writer


def test_an_answer_is_kept_for_its_client_and_forgotten_in_time(archive: Archive) -> None:
    once = Once("key", "print")

    def answered(client: str, key: str, since: int) -> tuple[str, str] | None:
        with archive.records.changes() as changes:
            return changes.answered(client, key, since)

    def remember(key: str, answer: str, at: int) -> None:
        with archive.records.changes() as changes:
            changes.remember("me", once._replace(key=key), answer, at)

    remember("key", "201 Goal/1 1", NOW)
    assert answered("me", "key", NOW) == ("print", "201 Goal/1 1")
    assert answered("you", "key", NOW) is None
    assert answered("me", "other", NOW) is None
    assert answered("me", "key", NOW + 1) is None
    remember("key", "201 Goal/2 1", NOW + 1)
    assert answered("me", "key", NOW) == ("print", "201 Goal/2 1")
    remember("other", "", NOW + KEPT_FOR + 2)
    assert archive.database.rows("SELECT key FROM idempotency", {}) == [("other",)]


def test_a_write_that_fails_leaves_no_key(archive: Archive) -> None:
    def write() -> None:
        with archive.records.changes() as changes:
            changes.remember("me", Once("key", "print"), "", NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert archive.database.rows("SELECT key FROM idempotency", {}) == []


def test_finding_targets_takes_no_walk_over_the_records(archive: Archive) -> None:
    for n in range(300):
        archive.put(a_goal(of=ANN), f"g{n}")
    archive.database.analyse()
    begun = time.perf_counter()
    for _ in range(20):
        found(archive, "Goal/g7", ANN)
    assert time.perf_counter() - begun < 2
