"""The figures to reach, on two cores: shown beside what was measured, never in its place."""

from __future__ import annotations

from dataclasses import dataclass

from bench.servers import WORKERS


@dataclass(frozen=True)
class Aim:
    """What a scenario should reach: at least a ratio (to the bare route, to B1) or rate; at most a p99.

    `at_most` bounds the ratio from above.
    """

    ratio: float | None = None
    at_most: float | None = None
    times_b1: float | None = None
    rate: float | None = None
    p99: float | None = None

    def __str__(self) -> str:
        said = [
            f"ratio >= {self.ratio:.2f}" if self.ratio else "",
            f"ratio to B1 <= {self.at_most:.2f}" if self.at_most else "",
            f">= {self.times_b1:.1f} times B1" if self.times_b1 else "",
            f">= {self.rate:.0f}/s" if self.rate else "",
            f"p99 <= {self.p99:.0f} ms" if self.p99 else "",
        ]
        return ", ".join(one for one in said if one)

    def reached(self, ratio: float, times_b1: float, rate: float, p99: float) -> bool:
        """Whether all of it was reached."""
        return (
            (self.ratio is None or ratio >= self.ratio)
            and (self.at_most is None or ratio <= self.at_most)
            and (self.times_b1 is None or times_b1 >= self.times_b1)
            and (self.rate is None or rate >= self.rate)
            and (self.p99 is None or p99 <= self.p99)
        )


AIMS = {
    ("B1", "SQLite"): Aim(ratio=0.25),
    ("B1", "PostgreSQL"): Aim(ratio=0.14),
    ("B1 audit off", "SQLite"): Aim(ratio=0.40),
    ("B1 audit off", "PostgreSQL"): Aim(ratio=0.22),
    ("B2", "SQLite"): Aim(rate=800),
    ("B2", "PostgreSQL"): Aim(rate=600),
    **dict.fromkeys((("304", "SQLite"), ("304", "PostgreSQL")), Aim(times_b1=1.2)),
    **dict.fromkeys((("B3", "SQLite"), ("B3", "PostgreSQL")), Aim(rate=1000)),
    **dict.fromkeys((("B3c", "SQLite"), ("B3c", "PostgreSQL")), Aim(rate=800)),
    **dict.fromkeys((("B1 unverified", "SQLite"), ("B1 unverified", "PostgreSQL")), Aim(at_most=1.10)),
    **dict.fromkeys((("token", "SQLite"), ("token", "PostgreSQL")), Aim(rate=150 * WORKERS)),
    ("B4", "PostgreSQL"): Aim(rate=120),
    **dict.fromkeys((("B7", "SQLite"), ("B7", "PostgreSQL")), Aim(rate=1200)),
    ("B5", "SQLite"): Aim(ratio=0.18, p99=20),
    ("B5", "PostgreSQL"): Aim(ratio=0.11, p99=30),
}
WAITS = {"B6": 1000.0, "B6 delta": 50.0, "hidden": 5.0, "consent": 40.0}
"""What a partner waits for at most: milliseconds, and per cent of another median in the same run."""
START_UP = 1.5
"""Seconds to the first answer."""
WORKER_MEMORY = 120
"""MiB of a worker."""
