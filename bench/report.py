"""What was measured on one database, as a table for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from bench.aims import AIMS, START_UP, WORKER_MEMORY, Aim
from bench.measuring import Result
from bench.scenarios import Measured, faults

_HEAD = (
    "scenario", "per s", "ratio", "p50 ms", "p95 ms", "p99 ms", "CPU s/1000", "generator", "checked",
    "aim", "",
)  # fmt: skip
ABOUT = {
    "bare route": "bare Flask route",
    "B1": "B1 read of a goal by a partner",
    "B1 audit off": "B1 with audit off",
    "B1 unverified": "B1, tokens taken on trust: ratio to B1",
    "token": "access token for an RS384 assertion",
    "304": "304 for a goal that the partner has",
    "B2": "B2 create of a care plan",
    "B3": "B3 update with If-Match",
    "B3c": "B3c conditional update",
    "B4": "B4 transaction of 12 resources",
    "B5": "B5 search filtered by consent",
    "B7": "B7 $everything of a patient",
}


def table(found: Measured, flush: float) -> str:
    """The table of one database with what stands around it."""
    bare = [_bare(found.bare)] if found.bare else []
    rows = [_HEAD, *bare, *(_row(result, found) for result in found.results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [f"{found.database.name} ({found.database.about})", ""]
    lines += ["  ".join(_aligned(cell, widths[i], i) for i, cell in enumerate(row)).rstrip() for row in rows]
    lines += ["", *_around(found, flush)]
    wrong = list(faults(found))
    lines += [f"errors: {len(wrong)}", *(f"  {one}" for one in wrong[:20])]
    return "\n".join(lines)


def _aligned(cell: str, width: int, column: int) -> str:
    return cell.rjust(width) if 0 < column < 9 else cell.ljust(width)


def _cells(result: Result) -> tuple[str, ...]:
    times = (result.p50, result.p95, result.p99)
    return (
        ABOUT[result.name],
        f"{result.rate:,.0f}",
        f"{result.ratio:.3f}",
        *(f"{one:.1f}" for one in times),
        f"{result.cpu:.3f}",
        f"{result.generator:.3f}",
        f"{result.checked:,}",
    )


def _row(result: Result, found: Measured) -> tuple[str, ...]:
    aim = AIMS.get((result.name, found.database.name), Aim())
    b1 = next((one.ratio for one in found.results if one.name == "B1"), 0.0)
    times = result.ratio / b1 if b1 else 0.0
    reached = not result.faults and aim.reached(result.ratio, times, result.rate, result.p99)
    measured = f" (here {times:.2f})" if aim.times_b1 else ""
    told = "reached" if reached else "missed"
    return (*_cells(result), f"{aim}{measured}", told if str(aim) or result.faults else "")


def _bare(measured: Sequence[Result]) -> tuple[str, ...]:
    """The bare route over the whole run: the median of what stood beside each scenario."""
    names = ("rate", "ratio", "p50", "p95", "p99", "cpu", "generator")
    values = {name: median(getattr(one, name) for one in measured) for name in names}
    whole = Result(
        name="bare route",
        checked=sum(one.checked for one in measured),
        faults=tuple(fault for one in measured for fault in one.faults),
        **values,
    )
    return (*_cells(whole), "", "")


def _around(found: Measured, flush: float) -> Iterator[str]:
    yield from map(str, found.waits)
    yield f"resources loaded: {found.resources:,} in {found.loading:.1f} s, start of the command included"
    yield f"start-up: {found.start_up:.2f} s to the first 200 (aim <= {START_UP} s)"
    sizes = "; ".join(f"{rss:.0f} RSS, {pss:.0f} PSS" for rss, pss in found.memory)
    yield f"memory of each worker in MiB, after the load: {sizes} (aim <= {WORKER_MEMORY})"
    yield f"fdatasync of the disk: {flush:.2f} ms (median of 200)"
    if found.hits:
        yield f"hits of the searches (hits: searches): {found.hits}"
