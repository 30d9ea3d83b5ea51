"""Growth: PostgreSQL's planner looks anew at tables that were empty when it planned.

Left to autovacuum it does so a minute or two later, and until then plans that were made for no rows walk
through all there are. https://www.postgresql.org/docs/current/planner-stats.html
"""

from __future__ import annotations

from careplan_service.log import log
from careplan_service.store.database import Database

FIRST, FACTOR, LAST = 100, 4, 100_000
"""Versions stored when it looks first, how many times as many for the next look, and for the last one."""


class Growth:
    """How far the numbers of versions have come, as this process sees it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._next = FIRST

    def reached(self, number: int) -> None:
        """A transaction ended after the version of that number; it stands, whatever becomes of the look."""
        if self._database.is_sqlite or not self._next <= number:
            return
        while self._next <= number:
            self._next *= FACTOR
        if number > LAST:
            return
        try:
            self._database.analyse()
        except Exception as error:
            log().warning("analyse_failed", error=str(error))
