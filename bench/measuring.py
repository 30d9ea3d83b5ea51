"""Runs of one scenario, each beside a run of the bare route, so that both meet the same noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from bench.asks import Lane
from bench.load import Generator, Run
from bench.proc import cpu, cpu_since, family
from bench.servers import Server

WARM_UP = 0.6
"""Share of a run's seconds that is spent on warming up, each answer checked."""


@dataclass(frozen=True)
class Plan:
    """How long and how often to measure, over how many connections."""

    seconds: float
    runs: int
    connections: int


@dataclass(frozen=True)
class Target:
    """A server under load, a lane for each connection, and the processes whose CPU time counts as its own."""

    server: Server
    lanes: Sequence[Lane]
    backends: Callable[[], list[int]] = lambda: []

    def processes(self) -> list[int]:
        """The server's processes and its database's."""
        return [*family(self.server.pid), *self.backends()]


@dataclass(frozen=True)
class Result:
    """Medians over the runs: rate per second, ratio to the bare route, percentiles in milliseconds.

    `cpu` is seconds of CPU for 1,000 answers; `generator` the same of the load generator.
    """

    name: str
    rate: float
    ratio: float
    p50: float
    p95: float
    p99: float
    cpu: float
    generator: float
    checked: int
    faults: tuple[str, ...]


def measure(name: str, target: Target, yardstick: Target, plan: Plan) -> tuple[Result, Result]:
    """The scenario and the bare route that was measured between its runs."""
    under_test = Generator(target.server.address, target.lanes)
    bare = Generator(yardstick.server.address, yardstick.lanes)
    try:
        warm = [bare.run(plan.seconds * WARM_UP), under_test.run(plan.seconds * WARM_UP, check_every=1)]
        pairs = [
            (_counted(bare, yardstick, plan), _counted(under_test, target, plan))
            for _ in range(plan.runs)
            if not warm[1].faults
        ]
    finally:
        under_test.close()
        bare.close()
    if not pairs:
        return _result("bare route", [], [], warm[:1]), _result(name, [], [], warm[1:])
    ratios = [run.rate / max(base.rate, 1e-9) for (base, _), (run, _) in pairs]
    base = _result("bare route", [pair[0] for pair in pairs], [1.0] * len(pairs), warm[:1])
    return base, _result(name, [pair[1] for pair in pairs], ratios, warm[1:])


def _counted(generator: Generator, target: Target, plan: Plan) -> tuple[Run, float]:
    before = cpu(target.processes())
    run = generator.run(plan.seconds)
    return run, cpu_since(before, target.processes())


def _result(name: str, runs: list[tuple[Run, float]], ratios: list[float], warm: list[Run]) -> Result:
    def over(value: Callable[[Run, float], float]) -> float:
        return median(value(run, used) for run, used in runs) if runs else 0.0

    return Result(
        name=name,
        rate=over(lambda run, _: run.rate),
        ratio=median(ratios) if ratios else 0.0,
        p50=over(lambda run, _: _percentile(run, 0.50)),
        p95=over(lambda run, _: _percentile(run, 0.95)),
        p99=over(lambda run, _: _percentile(run, 0.99)),
        cpu=over(lambda run, used: used / max(len(run.latencies), 1) * 1000),
        generator=over(lambda run, _: run.cpu / max(len(run.latencies), 1) * 1000),
        checked=sum(run.checked for run in (*warm, *(run for run, _ in runs))),
        faults=tuple(fault for run in (*warm, *(run for run, _ in runs)) for fault in run.faults),
    )


def _percentile(run: Run, share: float) -> float:
    """A latency in milliseconds that this share of the answers did not exceed."""
    if not run.latencies:
        return 0.0
    ordered = sorted(run.latencies)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] / 1e6
