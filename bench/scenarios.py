"""Everything that is measured on one database, from loading it to stopping the last server."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench import asks, partner, population, servers, writes
from bench.asks import Lane, shared
from bench.assertions import Assertor, once
from bench.databases import BenchDatabase
from bench.measuring import WARM_UP, Plan, Result, Target, measure
from bench.partner import Wait
from bench.population import ClientDrawn
from bench.proc import memory, workers
from bench.records import AGENCY
from bench.servers import Server
from bench.words import Document

NAMES = ("B1", "304", "B5", "hidden", "consent", "B6", "B7", "B2", "B3", "B3c", "B4", "token")
RICH = 40
"""Clients whose whole record B7 asks for."""
_MOST_TOKENS = 900
"""Token requests made in advance for each second: more than two cores can answer."""
WRITERS = 8
"""Connections that write at the same time."""


@dataclass
class Measured:
    """What was measured on one database; memory in MiB for each worker, after the load."""

    database: BenchDatabase
    resources: int
    loading: float
    start_up: float = 0.0
    memory: list[tuple[float, float]] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    bare: list[Result] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    hits: str = ""


def measured(
    database: BenchDatabase, drawn: Sequence[ClientDrawn], folder: Path, plan: Plan, only: Sequence[str]
) -> Measured:
    """Load, serve and measure."""
    port = servers.free_port()
    environment = {
        "CAREPLAN_DATABASE_URL": database.url,
        "CAREPLAN_BASE_URL": f"http://{servers.HOST}:{port}",
        "CAREPLAN_KEYS_DIR": str(folder / "keys"),
        "CAREPLAN_LOG_LEVEL": "warning",
    }
    _tell(f"{database.name}: registering clients, loading")
    assertor = Assertor(folder)
    register = (sys.executable, "-m", "bench.register", str(assertor.jwks))
    tokens = json.loads(servers.command(*register, environment=environment))
    rich = population.rich(RICH) if "B7" in only else []
    network = partner.consents(drawn) if "B6" in only else ()
    found = _loaded(database, [*drawn, *rich], folder, environment, network)
    host = f"{servers.HOST}:{port}"
    sets = _lanes(drawn, rich, tokens, host, plan.connections, only)
    found.hits = asks.sizes(asks.goal_searches(drawn, tokens, host)) if "B5" in sets else ""
    with servers.bare(folder) as bare:
        yardstick = Target(bare, shared(asks.bare(f"{servers.HOST}:{bare.port}"), plan.connections))
        with servers.careplan(port, environment, folder) as server:
            found.start_up = server.start_up
            alone: dict[str, Callable[[], Wait]] = {
                "hidden": lambda: partner.hidden(server.address, tokens, drawn),
                "consent": lambda: partner.consented(server.address, tokens, drawn, host),
                "B6": lambda: partner.pull(server.address, tokens, drawn),
            }
            found.waits += _waited(found, alone, only)
            _run_all(found, server, sets, yardstick, plan)
            last = {"B6": lambda: partner.delta(server.address, tokens, drawn)}
            found.waits += _waited(found, last, only)
            found.memory = [memory(pid) for pid in workers(server.pid)]
            if "token" in only:
                number = int(_MOST_TOKENS * plan.seconds * (plan.runs + WARM_UP))
                ready = once(assertor.requests(host, number), plan.connections)
                _run_all(found, server, {"token": ready}, yardstick, plan)
            if "B1" in sets:
                with servers.unverified(servers.free_port(), environment, folder) as trusting:
                    _without_verification(found, server, trusting, sets["B1"], plan)
        if "B1" in sets:
            silent = {**environment, "CAREPLAN_AUDIT": "off"}
            again = shared(asks.goal_reads(drawn, tokens, host), plan.connections)
            with servers.careplan(port, silent, folder) as server:
                _run_all(found, server, {"B1 audit off": again}, yardstick, plan)
    return found


def _without_verification(
    found: Measured, server: Server, trusting: Server, reads: list[Lane], plan: Plan
) -> None:
    """The same reads on both servers, in turn: the ratio is what verification costs."""
    _tell(f"{found.database.name}: B1 unverified")
    verified, result = measure(
        "B1 unverified",
        Target(trusting, reads, found.database.backends),
        Target(server, reads, found.database.backends),
        plan,
    )
    found.results.append(replace(result, faults=(*verified.faults, *result.faults)))


def _waited(found: Measured, made: Mapping[str, Callable[[], Wait]], only: Sequence[str]) -> Iterator[Wait]:
    """What one partner waits for on a server that nobody else asks."""
    for name, make in made.items():
        if name in only:
            _tell(f"{found.database.name}: {name}, one partner")
            yield make()


def _loaded(
    database: BenchDatabase,
    drawn: Sequence[ClientDrawn],
    folder: Path,
    environment: Mapping[str, str],
    further: Iterable[Document],
) -> Measured:
    path = folder / "resources.ndjson"
    resources = population.write(list(drawn), path, further)
    began = time.perf_counter()
    servers.command(servers.CAREPLAN, "load", str(path), environment=environment)
    return Measured(database, resources, time.perf_counter() - began)


def _lanes(
    drawn: Sequence[ClientDrawn],
    rich: Sequence[ClientDrawn],
    tokens: dict[str, list[str]],
    host: str,
    connections: int,
    only: Sequence[str],
) -> dict[str, list[Lane]]:
    """What each scenario sends; those that write come last, so that the others read what was loaded."""
    agency = tokens[AGENCY][0]
    made: dict[str, Callable[[], list[Lane]]] = {
        "B1": lambda: shared(asks.goal_reads(drawn, tokens, host), connections),
        "304": lambda: shared(asks.goal_rereads(drawn, tokens, host), connections),
        "B5": lambda: shared(asks.goal_searches(drawn, tokens, host), connections),
        "B7": lambda: shared(asks.whole_records(rich, tokens[AGENCY], host), connections),
        "B2": lambda: shared(asks.plan_creates(drawn, agency, host), connections),
        "B3": lambda: writes.goal_updates(drawn, agency, host, WRITERS),
        "B3c": lambda: writes.conditional_updates(drawn, agency, host, WRITERS),
        "B4": lambda: shared(writes.transactions(drawn, agency, host), WRITERS),
    }
    return {name: make() for name, make in made.items() if name in only}


def _run_all(
    found: Measured, server: Server, sets: Mapping[str, list[Lane]], yardstick: Target, plan: Plan
) -> None:
    for name, ready in sets.items():
        _tell(f"{found.database.name}: {name}")
        base, result = measure(name, Target(server, ready, found.database.backends), yardstick, plan)
        found.bare.append(base)
        found.results.append(result)


def faults(found: Measured) -> Iterator[str]:
    """Everything that went wrong, with the scenario it went wrong in."""
    measured: list[Result | Wait] = [*found.bare, *found.results, *found.waits]
    for result in measured:
        yield from (f"{result.name}: {fault}" for fault in result.faults)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
