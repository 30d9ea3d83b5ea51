"""People, their sessions and attempts, where two things happen at the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from careplan_service.access.people import ABSOLUTE_SECONDS, ADDRESS_SECONDS, IDLE_SECONDS, User
from careplan_service.errors import Conflict, Unavailable
from careplan_service.store.database import Database
from careplan_service.store.people import SqlPeople
from careplan_service.store.sessions import SqlSessions

NOW = 1_800_000_000
ANN = User("1", "ann", "kept", "Practitioner/ann", "Organization/agency", created=NOW)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def people(database: Database) -> SqlPeople:
    people = SqlPeople(database.engine)
    people.add(ANN)
    return people


@pytest.fixture
def sessions(database: Database) -> SqlSessions:
    return SqlSessions(database.engine)


def opened(sessions: SqlSessions, user: User, digest: str = "d", now: int = NOW, **more: str) -> bool:
    return sessions.open(user, digest, "192.0.2.7", now, complete=True, previous=more.get("previous", ""))


def test_a_person_is_kept_as_it_is(people: SqlPeople) -> None:
    assert people.get("1") == people.named("ann") == ANN
    assert people.list() == (ANN,)
    assert people.get("2") is people.named("Ann") is None
    with pytest.raises(Conflict):
        people.add(User("2", "ann", "", "Practitioner/b", "Organization/agency"))


@pytest.mark.parametrize("change", [("disable",), ("set_password", "other"), ("set_second_factor", "sealed")])
def test_who_was_judged_before_a_change_gets_no_session_after_it(
    people: SqlPeople, sessions: SqlSessions, change: tuple[str, ...]
) -> None:
    judged = people.get("1")
    assert judged
    getattr(people, change[0])("1", *change[1:])

    assert not opened(sessions, judged)
    assert sessions.find("d", NOW) is None


def test_a_password_that_changed_meanwhile_is_not_hashed_anew(people: SqlPeople) -> None:
    assert people.rehash(ANN, "newer")
    assert not people.rehash(ANN, "older")
    kept = people.get("1")

    assert kept
    assert kept.password_hash == "newer"


def test_of_those_who_use_a_code_at_the_same_moment_one_is_heard(people: SqlPeople) -> None:
    with ThreadPoolExecutor(6) as pool:
        heard = list(pool.map(lambda _: people.use_step("1", 60_000_000), range(6)))

    assert sorted(heard) == [False] * 5 + [True]


def test_attempts_at_the_same_moment_are_all_counted(people: SqlPeople, sessions: SqlSessions) -> None:
    with ThreadPoolExecutor(6) as pool:
        attempts = list(pool.map(lambda _: sessions.attempt("1", "192.0.2.7", NOW), range(12)))
    kept = people.get("1")

    assert sorted(attempt.from_address for attempt in attempts) == list(range(1, 13))
    assert [attempt.taken for attempt in attempts].count(True) == 5
    assert kept
    assert (kept.failures, kept.locked_until) == (5, NOW + 60)


def test_attempts_and_entries_of_one_person_do_not_wait_in_a_ring(
    people: SqlPeople, sessions: SqlSessions
) -> None:
    def come(number: int) -> bool:
        sessions.attempt("1", "192.0.2.7", NOW)
        return opened(sessions, ANN, f"d{number}")

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(come, range(30)))


def test_a_new_session_takes_the_place_of_the_one_before(people: SqlPeople, sessions: SqlSessions) -> None:
    opened(sessions, ANN, "first")
    opened(sessions, ANN, "second", previous="first")

    assert sessions.find("first", NOW) is None
    found = sessions.find("second", NOW)
    assert found
    assert (found.user, found.created, found.seen, found.complete) == (ANN, NOW, NOW, True)


@pytest.mark.parametrize("after", [IDLE_SECONDS, ABSOLUTE_SECONDS])
def test_what_is_over_is_forgotten_with_the_next_attempt(
    people: SqlPeople, sessions: SqlSessions, database: Database, after: int
) -> None:
    opened(sessions, ANN)
    sessions.attempt("", "192.0.2.7", NOW)
    SqlSessions(database.engine).attempt("", "192.0.2.8", NOW + max(after, 2 * ADDRESS_SECONDS))

    assert database.rows("SELECT digest FROM oauth_session", {}) == []
    assert database.rows("SELECT address FROM oauth_attempt", {}) == [("192.0.2.8",)]


def test_a_database_that_is_gone_is_told_as_such() -> None:
    gone = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")

    with pytest.raises(Unavailable):
        SqlPeople(gone.engine).get("1")
    gone.close()
