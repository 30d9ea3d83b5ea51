"""A server is killed while transactions come in: each Bundle is there whole or not at all.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from builders import AGENCY, Document, a_care_plan, a_consent, a_goal, a_provision, a_transaction, an_entry
from careplan_service.access.clients import Client
from careplan_service.app import Service, assemble
from careplan_service.cli.clients import issue
from careplan_service.settings import Settings

HOST = "127.0.0.1"
SENDERS = 4
RESOURCES = 12
BUNDLES = "https://kill.example/bundles"
AT_LEAST = 6
"""Transactions that must be acknowledged before the server is killed."""


def test_a_killed_server_leaves_every_transaction_whole_or_not_at_all(
    database_url: str, keys_dir: Path, tmp_path: Path
) -> None:
    port = free_port()
    base_url = f"http://{HOST}:{port}"
    service = assemble(Settings(database_url=database_url, base_url=base_url, keys_dir=keys_dir))
    token = registered(service)
    with serving(service, port, tmp_path) as server:
        agency = {"resourceType": "Organization", "id": "agency", "name": "the agency"}
        ann = {"resourceType": "Patient", "id": "ann"}
        told = send(port, token, an_update(agency), an_update(ann))
        assert told[0] == 200, told
        senders = [Sender(port, token, number) for number in range(SENDERS)]
        for sender in senders:
            sender.start()
        wait_for(lambda: sum(len(sender.acknowledged) for sender in senders) >= AT_LEAST)
        os.killpg(server.pid, signal.SIGKILL)
    for sender in senders:
        sender.join(10)
    acknowledged = {name for sender in senders for name in sender.acknowledged}
    sent = {name for sender in senders for name in sender.sent}

    with serving(service, port, tmp_path):
        assert send(port, token, *a_plan("after"))[0] == 200
    found = resources_of_bundles(service)
    assert found.pop("after") == RESOURCES
    assert set(found.values()) == {RESOURCES}, "a Bundle is there in part"
    assert acknowledged <= set(found) <= sent
    assert audited(service) == len(found) + 2, "the audit tells something else"
    service.database.close()


class Sender(threading.Thread):
    """Sends one transaction after the other until the server is gone."""

    def __init__(self, port: int, token: str, number: int) -> None:
        super().__init__(daemon=True)
        self._to, self._number = (port, token), number
        self.sent: list[str] = []
        self.acknowledged: list[str] = []

    def run(self) -> None:
        """Until a connection breaks."""
        for place in range(10_000):
            name = f"{self._number}-{place}"
            self.sent.append(name)
            try:
                status, answer = send(*self._to, *a_plan(name))
            except (OSError, http.client.HTTPException, ValueError):
                return
            if status == 200 and len(answer["entry"]) == RESOURCES:
                self.acknowledged.append(name)


def a_plan(name: str) -> list[Document]:
    """The entries of a transaction of 12 resources, which all bear its name."""
    ann, subject = "Patient/ann", {"subject": {"reference": "Patient/ann"}}
    goals = tuple(f"urn:uuid:00000000-0000-4000-8000-00000000000{place}" for place in range(6))
    plan = "urn:uuid:00000000-0000-4000-8000-000000000010"
    permit = a_provision(to=AGENCY, purpose=["TREAT"])
    task = {"resourceType": "Task", "status": "requested", "intent": "order", "for": {"reference": ann}}
    made = [
        (plan, a_care_plan(ann, goals)),
        *((goal, a_goal(ann)) for goal in goals),
        ("", {"resourceType": "CareTeam", "status": "active", **subject}),
        ("", {"resourceType": "Condition", **subject}),
        ("", a_consent(ann, permit)),
        *(("", task | {"focus": {"reference": plan}}) for _ in range(2)),
    ]
    named = {"identifier": [{"system": BUNDLES, "value": name}]}
    return [
        an_entry("POST", one["resourceType"], one | named, **({"fullUrl": url} if url else {}))
        for url, one in made
    ]


def an_update(resource: Document) -> Document:
    """An entry that puts a resource under its id."""
    return an_entry("PUT", f"{resource['resourceType']}/{resource['id']}", resource)


def resources_of_bundles(service: Service) -> dict[str, int]:
    """How many resources there are of each Bundle: with their bytes, their facts and as current versions."""
    sql = (
        "SELECT fact.value, count(*) FROM resource JOIN document ON document.vid = resource.vid"
        f" JOIN fact ON fact.vid = resource.vid WHERE fact.system = '{BUNDLES}'"
        " AND fact.param LIKE '%identifier' AND resource.current = 1 GROUP BY fact.value"
    )
    return {str(name): int(number) for name, number in service.database.rows(sql, {})}


def audited(service: Service) -> int:
    """How many transactions the audit says were carried out."""
    sql = "SELECT count(*) FROM audit WHERE interaction = 'transaction' AND status = 200"
    return int(service.database.rows(sql, {})[0][0])


def registered(service: Service) -> str:
    """A token for an agency that may write."""
    client = Client("agency", "agency", "agency", AGENCY, "system/*.cruds", "COC")
    service.clients.add(client)
    return issue(service, "agency", None, None, 3600)


def send(port: int, token: str, *entries: Document) -> tuple[int, Any]:
    """Send a transaction on a connection of its own; the status and the answer."""
    connection = http.client.HTTPConnection(HOST, port, timeout=20)
    try:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}
        connection.request("POST", "/fhir", json.dumps(a_transaction(*entries)), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@contextmanager
def serving(service: Service, port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`careplan serve` with two workers in a session of its own, gone when the block ends."""
    settings = service.settings
    environment = {
        **os.environ,
        "CAREPLAN_DATABASE_URL": settings.database_url,
        "CAREPLAN_BASE_URL": settings.base_url,
        "CAREPLAN_KEYS_DIR": str(settings.keys_dir),
    }
    careplan = str(Path(sys.executable).parent / "careplan")
    command = [careplan, "serve", "--host", HOST, "--port", str(port), "--workers", "2"]
    with (folder / "serve.log").open("ab") as told:
        process = subprocess.Popen(
            command, env=environment, stdout=told, stderr=told, start_new_session=True, cwd=folder
        )
    try:
        wait_for(lambda: is_ready(port))
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def is_ready(port: int) -> bool:
    """Whether the server takes requests."""
    try:
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait_for(happened: Any, within: float = 60.0) -> None:
    """Wait until it is so; an AssertionError when it does not come."""
    until = time.monotonic() + within
    while not happened():
        assert time.monotonic() < until, "it did not come to that in time"
        time.sleep(0.02)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])
