"""SqlRecords: the records as interactions see them (`interactions/desk.py`), on SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from careplan_service.access.filters import Filter
from careplan_service.interactions.desk import AuditEntry, Page, Stored
from careplan_service.store.audit import AuditLog
from careplan_service.store.database import Database
from careplan_service.store.reading import Reading
from careplan_service.store.statements import Statements
from careplan_service.store.writing import Writing


class SqlRecords:
    """The store. With `audited` False no audit rows are left: for measuring only."""

    def __init__(self, database: Database, *, audited: bool = True) -> None:
        self._database = database
        self._reading = Reading(database)
        self._statements = Statements(database)
        self._audit = AuditLog(database, self._statements) if audited else None

    def find(self, type_: str, wanted: Filter, page: Page) -> list[Stored]:
        """The current versions the Filter holds for."""
        return self._reading.find(type_, wanted, page)

    def current(self, type_: str, id_: str, seen: Filter) -> Stored | None:
        """The current version of an id, a deleted one too, if `seen` holds for it."""
        return next(iter(self._reading.current(type_, id_, seen)), None)

    def count(self, type_: str, wanted: Filter) -> int:
        """How many current versions the Filter holds for."""
        return self._reading.count(type_, wanted)

    def versions(self, type_: str, id_: str, seen: Filter, page: Page) -> list[Stored]:
        """The versions for which `seen` holds, if it holds for the current one too."""
        return self._reading.versions(type_, id_, seen, page)

    def count_versions(self, type_: str, id_: str, seen: Filter) -> int:
        """How many `versions` there are in all."""
        return self._reading.count_versions(type_, id_, seen)

    def version(self, type_: str, id_: str, version: int, seen: Filter) -> Stored | None:
        """One of `versions`."""
        return next(iter(self._reading.version(type_, id_, version, seen)), None)

    @contextmanager
    def changes(self) -> Iterator[Writing]:
        """A transaction: all of it is kept, or nothing."""
        with self._database.writing():
            yield Writing(self._database, self._reading, self._statements)

    def note(self, entry: AuditEntry) -> None:
        """Leave an audit row; on return it is durable."""
        if self._audit is not None:
            self._audit.note(entry)
