"""Audit by group commit: requests that end at the same time share one commit.

A row is durable before its answer leaves; nobody waits longer than one commit in progress plus one.
"""

from __future__ import annotations

from collections.abc import Sequence

from careplan_service.errors import Unavailable
from careplan_service.interactions.desk import AuditEntry
from careplan_service.store.audit_rows import AuditRow, leave, row_of
from careplan_service.store.database import Database
from careplan_service.store.gathering import Gathering
from careplan_service.store.statements import Statements


class AuditLog:
    """Writes audit rows in batches."""

    def __init__(self, database: Database, statements: Statements) -> None:
        self._database, self._statements = database, statements
        self._entries = Gathering(self._commit)

    def note(self, entry: AuditEntry) -> None:
        """Leave the row; on return it is durable. Raises Unavailable (503) when it cannot be written."""
        error = self._entries.add(row_of(self._statements, entry))
        if error is not None:
            raise Unavailable("the audit log cannot be written; nothing was shown") from error

    def _commit(self, rows: Sequence[AuditRow]) -> None:
        with self._database.writing():
            for row in rows:
                leave(self._database, self._statements, row)
