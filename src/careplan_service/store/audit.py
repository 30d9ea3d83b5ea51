"""Audit by group commit: requests that end at the same time share one commit.

A row is durable before its answer leaves; nobody waits longer than one commit in progress plus one.
"""

from __future__ import annotations

from collections.abc import Sequence

from careplan_service.errors import Unavailable
from careplan_service.interactions.records import AuditEntry
from careplan_service.store.audit_rows import AuditRow, Receipt, leave, leave_receipts, row_of
from careplan_service.store.database import Database
from careplan_service.store.gathering import Gathering
from careplan_service.store.statements import Statements

_REMEMBERED = 50_000
"""Receipts of a process, to some tens of MiB."""


class AuditLog:
    """Writes audit rows in batches."""

    def __init__(self, database: Database, statements: Statements) -> None:
        self._database, self._statements = database, statements
        self._entries = Gathering(self._commit)
        self._received: set[Receipt] = set()

    def note(self, entry: AuditEntry) -> None:
        """Leave the row; on return it is durable. Raises Unavailable (503) when it cannot be written."""
        error = self._entries.add(row_of(self._statements, entry))
        if error is not None:
            raise Unavailable("the audit log cannot be written; nothing was shown") from error

    def _commit(self, rows: Sequence[AuditRow]) -> None:
        # Who asks again has mostly received it before: what stands there already is not even sent.
        fresh = frozenset[Receipt]().union(*(row.receipts for row in rows)) - self._received
        with self._database.writing():
            for row in rows:
                leave(self._database, self._statements, row)
            leave_receipts(self._database, self._statements, fresh)
        if len(self._received) + len(fresh) > _REMEMBERED:
            self._received.clear()
        self._received |= fresh
