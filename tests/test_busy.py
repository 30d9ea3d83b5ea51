"""A real server that is asked the dearest things its bounds allow, and goes on answering everybody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from builders import Api, a_goal, a_patient, a_transaction, an_entry
from careplan_service.app import Service
from careplan_service.cli.clients import issue
from parties import careplan_serving, new_database

FORM = "application/x-www-form-urlencoded"
ENTRIES, VALUES, SECONDS = 400, 500, 3
PATIENTLY = 5
"""Seconds within which a read is answered beside them, on a machine with much else to do."""


@pytest.fixture(params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path: Path, keys_dir: Path) -> Iterator[tuple[str, str, str]]:
    """`careplan serve` with one worker on a database with much in it: its address, a token, a goal."""
    url = f"sqlite:///{tmp_path}/careplan.db"
    if request.param == "postgresql":
        url = new_database(request.getfixturevalue("postgres_url"))
    told: list[str] = []

    def prepare(service: Service) -> None:
        api = Api(service)
        api.agency.put("Patient/ann", a_patient("Ann"))
        note = [{"text": " ".join(f"word{n}" for n in range(300))}]
        goals = [an_entry("POST", "Goal", a_goal(of="Patient/ann", note=note)) for _ in range(ENTRIES)]
        filled = api.agency("POST", "/fhir", a_transaction(*goals))
        assert filled.status == 200, filled.body[:500]
        goal = filled.json["entry"][0]["response"]["location"].partition("/_history")[0]
        told.extend((issue(service, "agency", None, None, 3600), goal))

    bounds = {
        "CAREPLAN_MAX_ENTRIES": str(ENTRIES),
        "CAREPLAN_MAX_VALUES": str(VALUES),
        "CAREPLAN_MAX_SECONDS": str(SECONDS),
        "CAREPLAN_REFERENCES": "enforced",
        "CAREPLAN_CUSTODIANS": "",
    }
    with careplan_serving(url, keys_dir, tmp_path, prepare, **bounds) as base:
        token, goal = told
        yield base, token, goal


def test_two_dear_requests_at_once_do_not_stop_the_others(served: tuple[str, str, str]) -> None:
    base, token, goal = served
    bearer = {"Authorization": f"Bearer {token}"}
    words = ",".join(f"nothing{n}" for n in range(VALUES - 1))
    search = urlencode({"_content": words, "_total": "accurate", "_include:iterate": "*", "_count": "1000"})
    goals = (an_entry("POST", "Goal", a_goal(of="Patient/ann")) for _ in range(ENTRIES))
    dear = {
        "search": lambda: httpx.post(
            f"{base}/fhir/Goal/_search",
            content=search,
            headers=bearer | {"Content-Type": FORM},
            timeout=120,
        ),
        "transaction": lambda: httpx.post(
            f"{base}/fhir", json=a_transaction(*goals), headers=bearer, timeout=120
        ),
    }
    answers: dict[str, httpx.Response] = {}

    def ask(name: str) -> None:
        answers[name] = dear[name]()

    threads = [threading.Thread(target=ask, args=(name,)) for name in dear]
    for thread in threads:
        thread.start()
    waited = []
    with httpx.Client(base_url=base, headers=bearer, timeout=60) as http:
        while any(thread.is_alive() for thread in threads) or len(waited) < 3:
            for path in (f"/fhir/{goal}", "/fhir/Goal?_count=5", "/health/live"):
                begun = time.monotonic()
                assert http.get(path).status_code == 200, path
                waited.append(time.monotonic() - begun)
    for thread in threads:
        thread.join(60)
    assert max(waited) < PATIENTLY, sorted(waited)[-5:]
    assert answers["transaction"].status_code == 200, answers["transaction"].text[:500]
    # within its time or broken off, and never a fault of ours
    assert answers["search"].status_code in (200, 400), answers["search"].text[:500]
    if answers["search"].status_code == 400:
        assert answers["search"].json()["issue"][0]["code"] == "too-costly"
