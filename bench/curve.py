"""`python -m bench.curve`: how long each kind of search takes while the data grows.

One connection to a real server, one search at a time; nothing else runs meanwhile.
"""

from __future__ import annotations

import argparse
import http.client
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from bench import population, servers
from bench.asks import Ask, request
from bench.bulk import Bulk
from bench.curve_report import Point, drawn_picture, markdown
from bench.databases import KINDS, BenchDatabase
from bench.load import Generator
from bench.questions import QUESTIONS, resources, values
from bench.records import AGENCY, PARTNERS, VISITOR
from careplan_service.app import assemble
from careplan_service.settings import Settings

SIZES = (15_000, 150_000)
LARGE = 1_000_000
CALLERS: Mapping[str, str] = {"agency": AGENCY, "partner": PARTNERS[0], "visitor": VISITOR}
_SECONDS, _FEWEST, _MOST_SECONDS = 0.25, 5, 3.0
_CLIENTS = 1000
"""Drawn; where there are more, the others are like these."""


@dataclass(frozen=True)
class Place:
    """A served database: the server's port and a token for each caller."""

    name: str
    port: int
    tokens: Mapping[str, str]


def main() -> int:
    """Exit 1 if a search was not answered, 2 if a server or command failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are stopped then too
    asked = _arguments()
    points: list[Point] = []
    kinds = list(KINDS) if asked.database == "both" else [asked.database]
    try:
        with tempfile.TemporaryDirectory(prefix="careplan-curve-") as place:
            for kind in kinds:
                folder = Path(place) / kind
                folder.mkdir()
                sizes = [*asked.sizes, *([LARGE] if asked.large and kind == "postgresql" else [])]
                with KINDS[kind](folder) as database:
                    points += _grown(database, folder, sizes)
    except RuntimeError as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 2
    print(markdown(points))
    if asked.picture:
        asked.picture.parent.mkdir(parents=True, exist_ok=True)
        asked.picture.write_text(drawn_picture(points))
    return 1 if any(point.wrong for point in points) else 0


def _grown(database: BenchDatabase, folder: Path, sizes: Sequence[int]) -> Iterator[Point]:
    """Fill up to each size in turn and measure there."""
    port = servers.free_port()
    base_url = f"http://{servers.HOST}:{port}"
    keys = folder / "keys"
    environment = {
        "CAREPLAN_DATABASE_URL": database.url,
        "CAREPLAN_BASE_URL": base_url,
        "CAREPLAN_KEYS_DIR": str(keys),
        "CAREPLAN_LOG_LEVEL": "warning",
    }
    tokens = json.loads(servers.command(sys.executable, "-m", "bench.register", environment=environment))
    place = Place(database.name, port, {name: tokens[of][0] for name, of in CALLERS.items()})
    service = assemble(Settings(database_url=database.url, base_url=base_url, keys_dir=keys))
    clients = population.draw(_CLIENTS)
    bulk = Bulk(service)
    waiting = resources(bulk, clients)
    for size in sizes:
        began = time.perf_counter()
        bulk.fill(waiting, size)
        _tell(f"{database.name}: {bulk.written:,} resources, filled in {time.perf_counter() - began:.0f} s")
        with servers.careplan(port, environment, folder):
            yield from _measured(place, bulk.written, values(clients, bulk.written))
    service.database.close()


def _measured(place: Place, size: int, given: Mapping[str, str]) -> Iterator[Point]:
    for question in QUESTIONS:
        path = f"/fhir/{quote(question.path.format_map(given), safe='/?=&:,')}"
        for caller, token in place.tokens.items():
            status, hits = _first(place.port, path, token)
            where = (place.name, size, caller, question)
            if status != 200:
                _tell(f"{place.name}: {status} for {caller}: {path}")
                yield Point(*where, wrong=True)
                continue
            times = _times(place.port, path, token)
            yield Point(*where, hits=hits, p50=median(times), p95=times[int(len(times) * 0.95)])


def _first(port: int, path: str, token: str) -> tuple[int, int]:
    """The status of an answer and the matches on its page; it also warms up."""
    connection = http.client.HTTPConnection(servers.HOST, port, timeout=60)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    found: dict[str, Any] = json.loads(answer.read())
    connection.close()
    return answer.status, len(found.get("entry", ()))


def _times(port: int, path: str, token: str) -> list[float]:
    """Latencies in milliseconds, in order of size; fewer where each takes long."""
    ask = Ask(request("GET", path, f"{servers.HOST}:{port}", token), 200)
    generator = Generator((servers.HOST, port), [repeat(ask)])
    taken: list[int] = []
    began = time.perf_counter()
    while not taken or (len(taken) < _FEWEST and time.perf_counter() - began < _MOST_SECONDS):
        run = generator.run(_SECONDS, check_every=1_000_000)
        if run.faults:
            raise RuntimeError(run.faults[0])
        taken += run.latencies
    generator.close()
    return sorted(one / 1e6 for one in taken)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.curve", description=__doc__)
    parser.add_argument("--database", choices=(*KINDS, "both"), default="both")
    parser.add_argument("--sizes", type=_sizes, default=SIZES, metavar="15000,150000", help="resources")
    parser.add_argument("--large", action="store_true", help=f"{LARGE:,} resources on PostgreSQL too")
    parser.add_argument("--picture", type=Path, metavar="FILE.svg", help="where to draw the curve")
    return parser.parse_args()


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(one) for one in text.split(",")))


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
