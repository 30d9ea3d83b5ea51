"""Rows that wait until something else is asked, and numbers reserved for them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import Text, select

from careplan_service.errors import Conflict
from careplan_service.store.database import Database
from careplan_service.store.tables import document, idempotency, resource


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


def a_row(key: str, **other: Any) -> dict[str, Any]:
    return {"client": "c", "key": key, "fingerprint": "f", "answer": "", "at": 1, **other}


def keys(database: Database) -> list[str]:
    asked = database.compiled(select(idempotency.c.key).order_by(idempotency.c.key))
    return [key for (key,) in database.rows(asked, {})]


def test_rows_that_wait_are_there_for_what_is_asked_next_and_kept_at_the_end(database: Database) -> None:
    insert = database.insert_each(idempotency)
    with database.writing():
        database.insert(insert, [a_row("a")])
        database.insert(insert, [a_row("b")])
        assert keys(database) == ["a", "b"]
        database.insert(insert, [a_row("c"), a_row("d")])
        database.insert(insert, [])
    assert keys(database) == ["a", "b", "c", "d"]


def test_rows_that_wait_go_with_the_transaction_that_fails(database: Database) -> None:
    insert = database.insert_each(idempotency)

    def fail() -> None:
        with database.writing():
            database.insert(insert, [a_row("a")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.writing():
        database.insert(insert, [a_row("b")])
    assert keys(database) == ["b"]


@pytest.mark.parametrize("asks_afterwards", [True, False])
def test_a_key_that_is_there_already_is_a_conflict_whenever_it_is_noticed(
    database: Database, asks_afterwards: bool
) -> None:
    insert = database.insert_each(idempotency)
    with database.writing():
        database.insert(insert, [a_row("a")])

    def write_again() -> None:
        with database.writing():
            database.insert(insert, [a_row("b"), a_row("a")])
            if asks_afterwards:
                keys(database)

    with pytest.raises(Conflict):
        write_again()
    assert keys(database) == ["a"]
    with database.writing():
        database.insert(insert, [a_row("b")])
    assert keys(database) == ["a", "b"]


VERSION = {str(one.name): "" if isinstance(one.type, Text) else 0 for one in resource.c}
TRICKY = ["", "a'b\"c", "\\u0000 \\ %s $1 :x", "line\nfeed\ttab", "é𝒢\u2028", '{"a":[1.50]}', "NULL"]


def test_texts_and_bytes_arrive_as_they_were(database: Database) -> None:
    versions, bodies = database.insert_each(resource), database.insert_each(document)
    with database.writing():
        for n, text in enumerate(TRICKY, 1):
            database.insert(versions, [{**VERSION, "vid": n, "type": "Goal", "id": f"g{n}", "patient": text}])
            database.insert(bodies, [{"vid": n, "body": text.encode()}])
    asked = select(resource.c.patient, document.c.body).join(document, document.c.vid == resource.c.vid)
    kept = database.rows(database.compiled(asked.order_by(resource.c.vid)), {})
    assert [(text, bytes(body)) for text, body in kept] == [(text, text.encode()) for text in TRICKY]


def test_numbers_rise_within_a_transaction_and_nobody_gets_one_twice(database: Database) -> None:
    versions = database.insert_each(resource)
    given: list[list[int]] = []

    def work(name: str) -> None:
        for turn in range(3):
            numbers = []
            with database.writing():
                for n in range(11):
                    numbers.append(database.next_id("resource", "vid"))
                    made = {**VERSION, "vid": numbers[-1], "type": "Goal", "id": f"{name}{turn}{n}"}
                    database.insert(versions, [made])
            given.append(numbers)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(numbers == sorted(numbers) for numbers in given)
    assert len({number for numbers in given for number in numbers}) == 4 * 3 * 11


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_numbers_of_what_is_written_beside_versions_come_with_those_of_the_second(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    trips = []
    reserve = Database._reserve

    def noted(of: Database, numbered: Mapping[str, str], many: int) -> None:
        trips.append((sorted(numbered), many))
        reserve(of, numbered, many)

    monkeypatch.setattr(Database, "_reserve", noted)
    with database.writing():
        versions = [database.next_id("resource", "vid") for _ in range(40)]
        rules = [database.next_id("consent_rule", "rule") for _ in range(40)]
        edges = [database.next_id("actor_edge", "edge") for _ in range(2)]
    assert trips == [
        (["resource"], 1),
        (["resource"], 32),
        (["resource"], 64),
        (["consent_rule"], 32),
    ]
    for numbers in (versions, rules, edges):
        assert numbers == sorted(set(numbers))
