"""`python -m bench`: measure the service on this machine and print what was measured."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

from bench import population
from bench.databases import KINDS
from bench.measuring import Plan
from bench.proc import flush_latency
from bench.report import table
from bench.scenarios import NAMES, faults, measured


def main() -> int:
    """Exit 1 if any answer was wrong, 2 if a server or command failed; a missed aim is no error."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are stopped then too
    asked = _arguments()
    try:
        return _measure(asked)
    except RuntimeError as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 2


def _measure(asked: argparse.Namespace) -> int:
    plan = Plan(asked.seconds, asked.runs, asked.connections)
    kinds = list(KINDS) if asked.database == "both" else [asked.database]
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="careplan-bench-") as place:
        drawn = population.draw(asked.clients)
        flush = flush_latency(Path(place))
        print(
            f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the start;"
            f" {asked.clients} clients, {plan.connections} connections,"
            f" median of {plan.runs} runs of {plan.seconds:g} s"
        )
        for kind in kinds:
            folder = Path(place) / kind
            folder.mkdir()
            with KINDS[kind](folder) as database:
                found = measured(database, drawn, folder, plan, asked.only)
                print(f"\n{table(found, flush)}", flush=True)
                wrong += sum(1 for _ in faults(found))
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a run")
    parser.add_argument("--runs", type=int, default=3, help="runs of each scenario; their median counts")
    parser.add_argument("--clients", type=int, default=1000, help="made-up clients, about 14 resources each")
    parser.add_argument("--connections", type=int, default=16, help="keep-alive connections under load")
    parser.add_argument("--only", type=_names, default=NAMES, metavar="B1,B2,...", help="scenarios to run")
    parser.add_argument("--database", choices=(*KINDS, "both"), default="both")
    parser.add_argument("--quick", action="store_true", help="a smoke test: few clients, short runs")
    asked = parser.parse_args()
    if asked.quick:
        asked.seconds, asked.runs, asked.clients = 0.5, 1, 50
    if min(asked.seconds, asked.runs, asked.clients, asked.connections) <= 0:
        parser.error("seconds, runs, clients and connections must be greater than 0")
    return asked


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := set(names) - set(NAMES):
        raise argparse.ArgumentTypeError(f"`{', '.join(sorted(unknown))}`; choose from {', '.join(NAMES)}")
    return names if "304" not in names or "B1" in names else ("B1", *names)


if __name__ == "__main__":
    sys.exit(main())
