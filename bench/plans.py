"""`python -m bench.plans`: plans in the practitioner's words, in and out, and a file of them.

One connection to a real server, one request after the other, so that one worker works at a time; then
`careplan plan import` of a CSV file in our own columns, of one by a mapping, and of the same again.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench import servers
from bench.databases import KINDS, BenchDatabase
from bench.partner import Caller
from bench.proc import cpu, cpu_since, family
from bench.records import AGENCY
from careplan_service.interventions.intake import plan_from_json
from careplan_service.interventions.intake_csv import plans_to_csv

AIMS = {"POST /plans": 25.0, "GET /plans/{id}": 100.0, "careplan plan import": 300.0}
"""Plans per second of one worker, and rows of CSV per second, at least."""
GOALS, OBJECTIVES, STRATEGIES = 5, 12, 20
_WARM = 5
_DOMAINS = (
    "housing-instability",
    "food-insecurity",
    "employment-status",
    "stress",
    "transportation-insecurity",
)
_KINDS = ("case-management", "advocacy", "individual-counselling", "psychoeducation")


def a_plan(number: int) -> dict[str, Any]:
    """A plan of 5 goals, 12 objectives and 20 strategies for a client of its own."""
    acts = [0] * OBJECTIVES
    for i in range(STRATEGIES):
        acts[i % OBJECTIVES] += 1
    steps = [0] * GOALS
    for i in range(OBJECTIVES):
        steps[i % GOALS] += 1
    counts = iter(acts)
    agency = {"system": "https://agency.example.org/client-number", "value": f"C-{number}"}
    return {
        "number": f"P-{number}",
        "title": "Keep the flat and find work",
        "status": "active",
        "period": {"start": "2025-01-10", "end": "2025-12-31"},
        "review_date": "2025-04-10",
        "client_system": {
            "kind": "individual",
            "members": [
                {
                    "given": "Rosa",
                    "family": f"Delgado {number}",
                    "identifier": agency,
                    "birth_date": "1988-03-02",
                }
            ],
        },
        "needs": [{"text": "Behind with the rent", "domain": "housing-instability", "severity": "moderate"}],
        "goals": [_goal(str(n + 1), _DOMAINS[n], steps[n], counts) for n in range(GOALS)],
        "worker": {"name": "Dana Whitlock", "role": "social worker"},
        "agreement": {"status": "agreed", "date": "2025-01-10", "how": "written"},
    }


def _goal(number: str, domain: str, steps: int, acts: Iterator[int]) -> dict[str, Any]:
    return {
        "number": number,
        "words": f"I want this to be better: {domain}.",
        "wording": "Steady improvement, kept for three months",
        "domain": domain,
        "priority": "medium",
        "start": "2025-01-10",
        "target_date": "2025-11-30",
        "status": "in-progress",
        "objectives": [_objective(f"{number}.{n + 1}", next(acts)) for n in range(steps)],
    }


def _objective(number: str, acts: int) -> dict[str, Any]:
    return {
        "number": number,
        "statement": "One step after the other",
        "measure": "steps taken",
        "target": 3,
        "baseline": 0,
        "due": "2025-10-31",
        "responsible": "client",
        "status": "in-progress",
        "strategies": [
            {
                "number": f"{number}.{chr(97 + n)}",
                "text": "Meet, look at what was done, agree on what comes next",
                "kind": _KINDS[n % len(_KINDS)],
                "frequency": "weekly",
                "duration": "45 minutes",
                "count": 6,
                "who": ["client", "worker"],
                "status": "under-way",
            }
            for n in range(acts)
        ],
    }


def main() -> int:
    """Exit 1 if an answer was wrong, 2 if a server or command failed; a missed aim is no error."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    asked = _arguments()
    kinds = list(KINDS) if asked.database == "both" else [asked.database]
    wrong = 0
    try:
        for kind in kinds:
            with (
                tempfile.TemporaryDirectory(prefix="careplan-plans-") as name,
                KINDS[kind](Path(name)) as database,
            ):
                print(f"\n{database.name} ({database.about})\n")
                print("| what | rate | CPU each | aim |\n|---|---|---|---|")
                wrong += _measured(database, Path(name), asked.plans)
    except RuntimeError as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 2
    return 1 if wrong else 0


def _measured(database: BenchDatabase, folder: Path, plans: int) -> int:
    port = servers.free_port()
    environment = {
        "CAREPLAN_DATABASE_URL": database.url,
        "CAREPLAN_BASE_URL": f"http://{servers.HOST}:{port}",
        "CAREPLAN_KEYS_DIR": str(folder / "keys"),
        "CAREPLAN_LOG_LEVEL": "warning",
    }
    tokens = json.loads(servers.command(sys.executable, "-m", "bench.register", environment=environment))
    wrong = 0
    with servers.careplan(port, environment, folder) as server:
        caller = Caller(server.address, tokens[AGENCY][0])
        sent = [json.dumps(a_plan(number)).encode() for number in range(plans + _WARM)]
        made: list[str] = []

        def post(number: int) -> bool:
            status, data, _ = caller.ask("/plans", "POST", sent[number], "application/json")
            made.append(json.loads(data).get("id", ""))
            return status == 201

        def get(number: int) -> bool:
            status, data, _ = caller.ask(f"/plans/{made[number]}")
            return status == 200 and json.loads(data)["number"] == f"P-{number}"

        for name, ask in (("POST /plans", post), ("GET /plans/{id}", get)):
            wrong += _asked(name, ask, plans, lambda: family(server.pid))
        caller.close()
    return wrong + _imported(folder, environment, plans)


def _asked(name: str, ask: Callable[[int], bool], plans: int, processes: Callable[[], list[int]]) -> int:
    wrong = sum(not ask(number) for number in range(_WARM))
    before = cpu(processes())
    began = time.perf_counter()
    wrong += sum(not ask(number) for number in range(_WARM, plans + _WARM))
    seconds = time.perf_counter() - began
    _tell(name, plans / seconds, f"{cpu_since(before, processes()) / plans * 1000:.1f} ms", AIMS[name])
    return wrong


def _imported(folder: Path, environment: dict[str, str], plans: int) -> int:
    wrong = 0
    ours = plans_to_csv([plan_from_json(a_plan(10_000 + number)) for number in range(plans)])
    theirs, mapping = _mapped(plans_to_csv([plan_from_json(a_plan(20_000 + n)) for n in range(plans)]))
    (folder / "ours.csv").write_bytes(ours)
    (folder / "theirs.csv").write_bytes(theirs)
    (folder / "mapping.json").write_text(json.dumps(mapping))
    rows = plans * STRATEGIES
    by = ("--mapping", str(folder / "mapping.json"))
    for name, file, more, told in (
        ("in our columns", "ours.csv", (), f"{plans} created"),
        ("by a mapping", "theirs.csv", by, f"{plans} created"),
        ("by a mapping, again", "theirs.csv", by, f"{plans} unchanged"),
    ):
        command = (servers.CAREPLAN, "plan", "import", str(folder / file), *more, "--organization", AGENCY)
        began = time.perf_counter()
        said = servers.command(*command, environment=environment)
        rate = rows / (time.perf_counter() - began)
        _tell(f"`careplan plan import` of {rows:,} rows {name}", rate, "", AIMS["careplan plan import"])
        wrong += told not in said
    return wrong


def _mapped(data: bytes) -> tuple[bytes, dict[str, Any]]:
    """The same file under other names of columns and with dates as they are written in America."""
    header, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    columns: dict[str, Any] = {}
    for i, name in enumerate(header):
        columns[name] = {"column": f"Field {i}"}
        if name.endswith(("_date", "_due", "_start", "_end")):
            columns[name]["date_format"] = "%m/%d/%Y"
            for row in rows:
                year, _, rest = row[i].partition("-")
                row[i] = f"{rest.replace('-', '/')}/{year}" if rest else ""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";").writerows([[f"Field {i}" for i in range(len(header))], *rows])
    return out.getvalue().encode("windows-1252"), {
        "encoding": "windows-1252",
        "delimiter": ";",
        "columns": columns,
    }


def _tell(name: str, rate: float, spent: str, aim: float) -> None:
    reached = "reached" if rate >= aim else "missed"
    print(f"| {name} | {rate:.0f}/s | {spent} | >= {aim:g}/s, {reached} |", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.plans", description=__doc__)
    parser.add_argument("--database", choices=(*KINDS, "both"), default="both")
    parser.add_argument("--plans", type=int, default=100, help="plans of each kind")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
