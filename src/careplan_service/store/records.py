"""SqlRecords: the records as interactions see them (`interactions/desk.py`), on SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from careplan_service.access.consent.directory import Edge
from careplan_service.access.filters import Filter
from careplan_service.interactions.my_access import Opening
from careplan_service.interactions.records import ALWAYS, AuditEntry, Page, Span, Stored
from careplan_service.store.audit import AuditLog
from careplan_service.store.audit_events import AuditEvents
from careplan_service.store.belonging import Belonging
from careplan_service.store.database import Database
from careplan_service.store.glasses import SqlGlasses
from careplan_service.store.growing import Growth
from careplan_service.store.keeping import Keeping
from careplan_service.store.openings import Openings
from careplan_service.store.reading import Reading
from careplan_service.store.receipts import Receipts
from careplan_service.store.statements import Statements
from careplan_service.store.versions import Versions
from careplan_service.store.writing import Writing


class SqlRecords:
    """The store. With `audited` False no audit rows are left: for measuring only."""

    def __init__(self, database: Database, *, audited: bool = True) -> None:
        self._database = database
        self._reading = Reading(database)
        self._pages = self._reading.pages
        self._versions = Versions(self._reading.asking)
        self._statements = Statements(database)
        self._keeping = Keeping(database)
        self._audit = AuditLog(database, self._statements) if audited else None
        self._belonging = Belonging(database)
        self._growth = Growth(database)
        self.log = AuditEvents(database)
        self.receipts = Receipts(database, self._reading.asking)
        self._openings = Openings(database, self._reading.asking)
        self.glasses = SqlGlasses(database)

    def find(self, type_: str, wanted: Filter, page: Page) -> list[Stored]:
        """The current versions the Filter holds for; an empty type means any."""
        return self._pages.find(type_, wanted, page)

    def heads(self, type_: str, wanted: Filter, page: Page) -> list[Stored]:
        """`find` without the bodies."""
        return self._pages.find(type_, wanted, page, body=False)

    def find_and_count(
        self, type_: str, wanted: Filter, page: Page, most: int
    ) -> tuple[list[Stored], int | None]:
        """`find`, and how many there are in all, counted up to one more than `most`; None if that is much."""
        return self._pages.find_and_count(type_, wanted, page, most)

    def current(self, type_: str, id_: str, seen: Filter) -> Stored | None:
        """The current version of an id, a deleted one too, if `seen` holds for it."""
        return next(iter(self._reading.current(type_, id_, seen)), None)

    def glance(self, type_: str, id_: str, seen: Filter) -> Stored | None:
        """`current` without the body: answered from the index."""
        return next(iter(self._reading.current(type_, id_, seen, body=False)), None)

    def count(self, type_: str, wanted: Filter, most: int | None = None) -> int:
        """How many current versions the Filter holds for; counting ends above `most`."""
        return self._pages.count(type_, wanted, most)

    def labels(self, type_: str, params: Sequence[str], wanted: Filter) -> list[tuple[str, str, str]]:
        """The different (parameter, value, system) among the facts of the current versions."""
        return self._reading.labels(type_, params, wanted)

    def referenced(
        self, page: Sequence[Stored], params: Sequence[str], wanted: Filter, most: int
    ) -> list[Stored]:
        """The current versions that those of the page refer to by search parameters."""
        return self._reading.referenced(page, params, wanted, most)

    def referring(
        self, page: Sequence[Stored], params: Sequence[str], wanted: Filter, most: int
    ) -> list[Stored]:
        """The current versions that refer to those of the page."""
        return self._reading.referring(page, params, wanted, most)

    def named(self, references: Collection[str], seen: Filter) -> list[Stored]:
        """The current versions of those of the references that are here and for which `seen` holds."""
        return self._reading.named(references, seen)

    def among(self, references: Collection[str], seen: Filter) -> frozenset[str]:
        """Those of the references that are here, not deleted, and for which `seen` holds."""
        return self._keeping.targets.among(references, seen)

    def openings(self, seen: Filter) -> list[Opening]:
        """The permits that open some current version for which `seen` holds."""
        return self._openings.of(seen)

    def versions(self, type_: str, id_: str, seen: Filter, page: Page, span: Span = ALWAYS) -> list[Stored]:
        """The versions, newest first, for which `seen` holds, if it holds for the current one too."""
        return self._versions.page(type_, id_, seen, page, span)

    def count_versions(self, type_: str, id_: str, seen: Filter, span: Span = ALWAYS) -> int:
        """How many `versions` there are in all."""
        return self._versions.count(type_, id_, seen, span)

    def version(self, type_: str, id_: str, version: int, seen: Filter) -> Stored | None:
        """One of `versions`."""
        return next(iter(self._versions.one(type_, id_, version, seen)), None)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Whatever is asked inside is answered as of one moment; nothing is written inside."""
        with self._database.snapshot():
            yield

    def edges(self, members: Collection[str]) -> list[Edge]:
        """The edges that lead from the members, as the custodian's own records state them now."""
        return self._belonging.edges(members)

    def majorities(self, patients: Collection[str]) -> Mapping[str, int]:
        """When patients come of age, in microseconds UTC; without those of whom it is not known."""
        return self._belonging.majorities(patients)

    @contextmanager
    def changes(self) -> Iterator[Writing]:
        """A transaction: all of it is kept, or nothing."""
        with self._database.writing():
            writing = Writing(self._database, self._reading, self._statements, self._keeping)
            try:
                yield writing
            finally:
                self._pages.forget()
        self._growth.reached(writing.last)

    def note(self, entry: AuditEntry) -> None:
        """Leave an audit row; on return it is durable."""
        if self._audit is not None:
            self._audit.note(entry)
