"""Audit by group commit: requests that end at the same time share one flush.

A row is durable before its answer leaves; nobody waits longer than one commit in progress plus one.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from careplan_service.errors import Unavailable
from careplan_service.interactions.desk import AuditEntry
from careplan_service.store.database import Database
from careplan_service.store.statements import Statements
from careplan_service.store.writing import audit_row


class _Waiting:
    """An entry on its way; the gate opens when it is durable, has failed, or is to lead the next batch."""

    __slots__ = ("entry", "error", "gate", "leads", "settled")

    def __init__(self, entry: AuditEntry) -> None:
        self.entry = entry
        self.gate = threading.Lock()
        self.gate.acquire()
        self.leads = False
        self.settled = False
        self.error: BaseException | None = None


class AuditLog:
    """Writes audit rows in batches: one thread commits for all that wait, then the next one leads."""

    def __init__(self, database: Database, statements: Statements) -> None:
        self._database, self._statements = database, statements
        self._waiting: list[_Waiting] = []
        self._guard = threading.Lock()
        self._led = False

    def note(self, entry: AuditEntry) -> None:
        """Leave the row; on return it is durable. Raises Unavailable (503) when it cannot be written."""
        mine = _Waiting(entry)
        with self._guard:
            self._waiting.append(mine)
            mine.leads, self._led = not self._led, True
        if not mine.leads:
            mine.gate.acquire()
        if not mine.settled:
            self._lead()
        if mine.error is not None:
            raise Unavailable("the audit log cannot be written; nothing was shown") from mine.error

    def _lead(self) -> None:
        """Commit all that wait, this thread's own entry among them, and hand the lead on."""
        with self._guard:
            batch, self._waiting = self._waiting, []
        error = self._commit(batch)
        for waiting in batch:
            waiting.error, waiting.settled = error, True
        with self._guard:
            following = self._waiting[0] if self._waiting else None
            self._led = following is not None
        if following is not None:
            following.gate.release()
        for waiting in batch:
            if not waiting.leads:
                waiting.gate.release()

    def _commit(self, batch: Sequence[_Waiting]) -> BaseException | None:
        try:
            with self._database.writing():
                self._database.run_each(self._statements.audit, [audit_row(w.entry) for w in batch])
        except Exception as failure:  # every waiter must hear of it, whatever it was
            return failure
        return None
