"""`python -m bench.reach`: what partners that many or few clients let in wait for, in a large database.

A million goals of a hundred thousand clients on PostgreSQL, unless fewer are asked for. One connection to a
real server, one request at a time; nothing else runs meanwhile.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from statistics import median

import orjson

from bench import population, records, servers
from bench.bulk import Bulk, Kept, like
from bench.consents import Sharing, documents
from bench.databases import KINDS, BenchDatabase
from bench.partner import Caller
from bench.population import ClientDrawn, GoalDrawn
from bench.questions import beside
from bench.records import NETWORK, PARTNERS, VISITOR
from bench.words import Document
from careplan_service.app import assemble
from careplan_service.settings import Settings

GOALS = 10
"""Of each client."""
_DRAWN, _ASKED = 1000, 200
WIDE, MIDDLE, NARROW = PARTNERS[0], VISITOR, NETWORK
NAMED = {WIDE: (5, 0), MIDDLE: (100, 1), NARROW: (1000, 2)}
"""Of how many clients one names the partner, and which one."""


@dataclass(frozen=True)
class Aim:
    """What is asked by whom (an empty partner: each of them), and the milliseconds that it may take."""

    name: str
    path: str
    aims: dict[str, float]


AIMS = (
    Aim("read", "/fhir/Goal/{goal}", dict.fromkeys(NAMED, 5.0)),
    Aim("search, one patient", "/fhir/Goal?patient=Patient/{client}&_count=20", dict.fromkeys(NAMED, 5.0)),
    Aim("first page of 50", "/fhir/Goal?_count=50", {WIDE: 20.0, MIDDLE: 250.0, NARROW: 250.0}),
    Aim(
        "first page of 50, latest first",
        "/fhir/Goal?_sort=-_lastUpdated&_count=50",
        {WIDE: 20.0, MIDDLE: 250.0, NARROW: 250.0},
    ),
    Aim("exact total", "/fhir/Goal?_summary=count", {MIDDLE: 150.0, NARROW: 150.0, WIDE: 0.0}),
)


def main() -> int:
    """Exit 1 if an answer was wrong, 2 if a server or command failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    asked = _arguments()
    try:
        with tempfile.TemporaryDirectory(prefix="careplan-reach-") as name:
            place = Path(name)
            with KINDS[asked.database](place) as database:
                return _measured(database, place, asked.patients)
    except RuntimeError as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 2


def _measured(database: BenchDatabase, folder: Path, patients: int) -> int:
    port = servers.free_port()
    base_url = f"http://{servers.HOST}:{port}"
    environment = {
        "CAREPLAN_DATABASE_URL": database.url,
        "CAREPLAN_BASE_URL": base_url,
        "CAREPLAN_KEYS_DIR": str(folder / "keys"),
        "CAREPLAN_LOG_LEVEL": "warning",
    }
    tokens = json.loads(servers.command(sys.executable, "-m", "bench.register", environment=environment))
    service = assemble(Settings(database_url=database.url, base_url=base_url, keys_dir=folder / "keys"))
    clients = [drawn(number) for number in range(_DRAWN)]
    began, bulk = time.perf_counter(), Bulk(service)
    bulk.fill(_resources(bulk, clients, patients), sys.maxsize)
    service.database.close()
    told = f"{bulk.written:,} resources, {patients * GOALS:,} goals of {patients:,} clients"
    print(f"{database.name} ({database.about}): {told}, filled in {time.perf_counter() - began:.0f} s\n")
    print("| asked | partner named by | median | p95 | aim |\n|---|---|---|---|---|")
    wrong = 0
    with servers.careplan(port, environment, folder) as server:
        for partner, (of, _) in NAMED.items():
            caller = Caller(server.address, tokens[partner][0])
            for aim in AIMS:
                wrong += _told(caller, aim, partner, clients, f"{patients // of:,} clients")
            caller.close()
    return 1 if wrong else 0


def _told(caller: Caller, aim: Aim, partner: str, clients: Sequence[ClientDrawn], named_by: str) -> int:
    """Ask, print a row, and say how many answers were wrong."""
    random, taken, wrong = Random(population.SEED), list[float](), 0
    seen = [(one, goal) for one in clients for goal in one.seen_by(partner)]
    began = time.perf_counter()
    while len(taken) < _ASKED and (len(taken) < 5 or time.perf_counter() - began < 10):
        client, goal = random.choice(seen)
        path = aim.path.format(goal=goal.id, client=client.patient.removeprefix("Patient/"))
        status, data, seconds = caller.ask(path)
        wrong += status != 200 or not _is_right(orjson.loads(data), aim, client, partner, goal)
        taken.append(seconds * 1000)
    taken.sort()
    p95, most = taken[int(len(taken) * 0.95)], aim.aims[partner]
    reached = "reached" if median(taken) <= most else "missed"
    aimed = f"<= {most:g} ms, {reached}" if most else ""
    print(f"| {aim.name} | {named_by} | {median(taken):.1f} ms | {p95:.1f} ms | {aimed} |", flush=True)
    return wrong


def _is_right(answer: Document, aim: Aim, client: ClientDrawn, partner: str, goal: GoalDrawn) -> bool:
    if answer["resourceType"] == "Goal":
        return bool(answer["id"] == goal.id)
    ids = {entry["resource"]["id"] for entry in answer.get("entry", ())}
    if "patient=" in aim.path:
        return ids == {one.id for one in client.seen_by(partner)}
    return len(ids) == 50 if "_count" in aim.path else bool(answer["total"] > 0)


def drawn(number: int) -> ClientDrawn:
    """A client with ten goals, and what the client agreed to."""
    one = population.client(f"{number:06d}", GOALS, GOALS)
    partner = next((name for name, (of, which) in NAMED.items() if number % of == which), PARTNERS[1])
    category = one.goals[0].category
    kinds = (
        (Sharing((partner,)),),
        (Sharing((partner,), restricted=True),),
        (Sharing((partner,), but=category),),
        (Sharing((partner,), restricted=True), Sharing((partner,), deny=True)),
    )
    return ClientDrawn(one.number, one.goals, kinds[0] if partner == NARROW else kinds[number // 5 % 4])


def _resources(bulk: Bulk, clients: Sequence[ClientDrawn], patients: int) -> Iterator[Kept]:
    yield from map(bulk.kept, beside())
    known = [(client.number, [bulk.kept(one) for one in _of_client(client)]) for client in clients]
    for number in count():
        if number == patients:
            return
        like_whom, found = known[number % len(known)]
        yield from (like(one, like_whom, f"{number:06d}") for one in found)


def _of_client(client: ClientDrawn) -> Iterator[Document]:
    random = Random(f"{population.SEED}-{client.number}-text")
    yield records.patient(random, f"p{client.number}")
    yield records.condition(random, f"c{client.number}", client.patient)
    for goal in client.goals:
        yield records.goal(
            random, goal.id, client.patient, goal.status, goal.category, sensitive=goal.sensitive
        )
    yield from documents(client.number, client.given)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.reach", description=__doc__)
    parser.add_argument("--database", choices=tuple(KINDS), default="postgresql")
    parser.add_argument("--patients", type=int, default=100_000, help=f"clients with {GOALS} goals each")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
