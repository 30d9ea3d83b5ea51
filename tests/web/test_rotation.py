"""Changing the signing keys while two workers serve."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from joserfc import jws

from builders import Api, a_goal
from careplan_service.app import Service, assemble
from careplan_service.cli.clients import issue
from careplan_service.oauth.keys import SigningKeys
from conftest import Clock
from web.signing import Signer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Keys of this test alone: the others share theirs."""
    return tmp_path / "keys"


@pytest.fixture
def operator(folder: Path) -> SigningKeys:
    """What `careplan keys` works with."""
    return SigningKeys(folder, time.monotonic)


@pytest.fixture
def workers(service: Service, folder: Path, clock: Clock) -> Iterator[tuple[Signer, Signer]]:
    """A client of two workers that share the database and the folder of keys, and nothing else."""
    settings = replace(service.settings, keys_dir=folder)
    one, two = (assemble(settings, clock, migrated=False) for _ in range(2))
    client = Signer(Api(one))
    yield client, client.at(two)
    one.database.close()
    two.database.close()


def kid(token: str) -> str:
    """Of the key that signed it."""
    return str(jws.extract_compact(token.encode()).headers()["kid"])


def test_every_worker_signs_and_verifies_with_a_new_key_at_once(
    workers: tuple[Signer, Signer], operator: SigningKeys
) -> None:
    one, two = workers
    before = [one.token(), two.token()]
    new = operator.rotate()
    after = [one.token(), two.token()]
    assert {kid(token) for token in after} == {new} != {kid(token) for token in before}
    assert [worker.search(token) for worker in workers for token in (*before, *after)] == [200] * 8
    published = [key["kid"] for key in two.http.get("/oauth/jwks").json["keys"]]
    assert published == [kid(before[0]), new]


def test_within_a_second_no_worker_takes_what_a_removed_key_signed_however_well_it_knew_it(
    workers: tuple[Signer, Signer], operator: SigningKeys
) -> None:
    token = workers[0].token()
    operator.rotate()
    new = workers[0].token()
    assert [worker.search(one) for worker in workers for one in (token, new)] == [200] * 4
    operator.remove(kid(token))
    time.sleep(1.05)
    assert [worker.search(token) for worker in workers] == [401, 401]
    assert [worker.search(new) for worker in workers] == [200, 200]


def test_a_next_link_outlives_a_rotation_but_not_its_key(
    workers: tuple[Signer, Signer], operator: SigningKeys
) -> None:
    one, two = workers
    for _ in range(3):
        one.api.agency.make(a_goal(of="Patient/x"))
    agency = one.api.token("agency")

    def link(worker: Signer, path: str) -> str:
        page = json.loads(worker.get(agency, path).data)
        return next(found["url"] for found in page["link"] if found["relation"] == "next")

    old = link(one, "/fhir/Goal?_count=1")
    old_kid = operator.signing_key().kid
    operator.rotate()
    new = link(two, "/fhir/Goal?_count=1")
    assert new != old
    assert [worker.get(agency, url).status_code for worker in workers for url in (old, new)] == [200] * 4
    assert link(one, old) == link(two, new)
    operator.remove(str(old_kid))
    fresh = issue(one.api.service, "agency", None, None, 300)
    assert [worker.get(fresh, url).status_code for worker in workers for url in (old, new)] == [400, 200] * 2
