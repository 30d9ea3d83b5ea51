"""An open door is not pushed in: https://www.rfc-editor.org/rfc/rfc7591#section-5"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from careplan_service.access.registrations import MOST_FROM_ADDRESS, MOST_WAITING, WAITING_SECONDS
from careplan_service.app import Service
from careplan_service.errors import Conflict
from conftest import Clock
from web.registering import APP, Registrant, approve, error_of, offering


@pytest.fixture
def workers(service: Service) -> Iterator[tuple[Service, Service]]:
    with offering(service) as one, offering(service) as another:
        yield one, another


def fill(service: Service, waiting: int) -> None:
    """Let so many clients wait."""
    told = Registrant(service, "198.51.100.1").app().json
    found = service.registrations.get(told["client_id"])
    assert found
    for number in range(1, waiting):
        client = replace(found.client, id=f"waiting-{number}")
        service.registrations.add(replace(found, client=client), int(service.seconds()))


def test_one_address_has_so_many_attempts_at_all_workers_together(
    workers: tuple[Service, Service], clock: Clock
) -> None:
    one, another = (Registrant(worker) for worker in workers)
    for number in range(MOST_FROM_ADDRESS):
        answer = (one, another)[number % 2].app(client_name=None if number % 3 else "River App")
        assert answer.status_code == (400 if number % 3 else 201)
    for worker in (one, another):
        answer = worker.app()
        assert error_of(answer) == (429, "temporarily_unavailable")
        assert int(answer.headers["Retry-After"]) > 0
    assert Registrant(workers[0], "192.0.2.10").app().status_code == 201
    clock.go_on(hours=1)
    assert one.app().status_code == 201


def test_what_a_sender_says_of_its_address_counts_only_as_far_as_our_proxies_go(service: Service) -> None:
    for proxies, status in ((0, 429), (1, 201)):
        with offering(service, proxies=proxies) as worker:
            registrant = Registrant(worker, "192.0.2.77")
            for number in range(MOST_FROM_ADDRESS + 1):
                told = {"X-Forwarded-For": f"203.0.113.{number}"}
                answer = registrant.http.post(
                    "/oauth/register", json=APP, headers=told, environ_base={"REMOTE_ADDR": "192.0.2.77"}
                )
            assert answer.status_code == status


def test_only_so_many_wait_whoever_they_are(workers: tuple[Service, Service]) -> None:
    fill(workers[0], MOST_WAITING)
    answer = Registrant(workers[1]).app()
    assert error_of(answer) == (503, "temporarily_unavailable")
    assert len(workers[0].clients.list()) == MOST_WAITING
    approve(workers[0], "waiting-1", "app")
    assert Registrant(workers[1]).app().status_code == 201


def test_of_many_at_one_moment_only_as_many_as_there_is_room_for(workers: tuple[Service, Service]) -> None:
    fill(workers[0], MOST_WAITING - 3)
    barrier = Barrier(8, timeout=30)

    registrants = [Registrant(workers[number % 2], f"192.0.2.{100 + number}") for number in range(8)]

    def register(own: Registrant) -> int:
        barrier.wait()
        return own.app().status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = Counter(threads.map(register, registrants, timeout=60))
    assert statuses == {201: 3, 503: 5}
    assert sum(client.pending for client in workers[0].clients.list()) == MOST_WAITING


def test_of_many_attempts_at_one_moment_only_so_many_are_looked_at(workers: tuple[Service, Service]) -> None:
    registrant = Registrant(workers[0])
    for _ in range(MOST_FROM_ADDRESS - 3):
        registrant.app(client_name=None)
    barrier = Barrier(8, timeout=30)

    registrants = [Registrant(workers[number % 2]) for number in range(8)]

    def register(own: Registrant) -> int:
        barrier.wait()
        return own.app().status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = Counter(threads.map(register, registrants, timeout=60))
    assert statuses == {201: 3, 429: 5}


def test_who_waits_too_long_is_forgotten_and_who_was_approved_never(
    workers: tuple[Service, Service], clock: Clock
) -> None:
    registrant = Registrant(workers[0])
    forgotten, approved = (registrant.app().json["client_id"] for _ in range(2))
    approve(workers[0], approved, "app")
    clock.go_on(seconds=WAITING_SECONDS - 1)
    second = registrant.app().json["client_id"]
    assert {client.id for client in workers[0].clients.list()} == {forgotten, approved, second}
    clock.go_on(seconds=1)
    third = registrant.app().json["client_id"]
    assert {client.id for client in workers[0].clients.list()} == {approved, second, third}
    assert workers[0].registrations.get(forgotten) is None


def test_an_operator_approves_what_was_looked_at_and_nothing_newer(workers: tuple[Service, Service]) -> None:
    registrant = Registrant(workers[0])
    told = registrant.app().json
    looked_at = workers[1].registrations.get(told["client_id"])
    assert looked_at
    changed = {**APP, "client_id": told["client_id"], "scope": "patient/*.cruds"}
    token = told["registration_access_token"]
    assert registrant.manage("PUT", told["client_id"], token, changed).status_code == 200
    assert not workers[1].registrations.approve(looked_at)
    client = workers[1].clients.get(told["client_id"])
    assert client
    assert client.pending


def test_a_uri_of_a_certificate_belongs_to_one_client(service: Service) -> None:
    with offering(service) as one:
        told = Registrant(one).app().json
        found = one.registrations.get(told["client_id"])
        assert found
        for number in (1, 2):
            client = replace(found.client, id=f"same-{number}")
            same = replace(found, client=client, uri="https://same.example/")
            if number == 1:
                one.registrations.add(same, 0)
            else:
                with pytest.raises(Conflict):
                    one.registrations.add(same, 0)
