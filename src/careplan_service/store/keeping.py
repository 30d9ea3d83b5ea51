"""What must hold together while several write: targets of references, keys of requests.

On PostgreSQL who refers to a resource holds a shared lock on its name and who deletes it an exclusive
one, so a reference and a deletion never pass each other; updates take neither.
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Select, bindparam, delete, insert, select

from careplan_service.access.filters import Filter
from careplan_service.interactions.once import KEPT_FOR
from careplan_service.interactions.records import Once
from careplan_service.store.beside_sql import each_named
from careplan_service.store.bind import Binds, Values, named
from careplan_service.store.compiling import Forms, Statement
from careplan_service.store.database import Database
from careplan_service.store.lists import elements, listed
from careplan_service.store.purging import purge
from careplan_service.store.shapes import shape
from careplan_service.store.sql import clause
from careplan_service.store.tables import idempotency, resource

_PURGE_EVERY = 60 * 1_000_000
# Names share 512 locks, taken in one order: however many references, the server's table of locks is not full.
_LOCKS = """
    WITH locks AS (
        SELECT DISTINCT hashtext(name) & 511 AS number
        FROM json_array_elements_text($1::json) AS name ORDER BY number
    )
    SELECT {function}(7246113, number) FROM locks
"""
_SHARED = Statement(_LOCKS.format(function="pg_advisory_xact_lock_shared"), ("names",))
_ALONE = Statement(_LOCKS.format(function="pg_advisory_xact_lock"), ("names",))


class Targets:
    """Asks for the targets of references, all in one statement."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._statements = Forms()

    def found(self, references: Collection[str], seen: Filter) -> Mapping[str, int]:
        """The current versions of the living ones that may be seen; they stay until the transaction ends."""
        self._hold(_SHARED, references)
        return self._living(references, seen)

    def among(self, references: Collection[str], seen: Filter) -> frozenset[str]:
        """Which of them are living and may be seen, at this moment."""
        return frozenset(self._living(references, seen))

    def _living(self, references: Collection[str], seen: Filter) -> Mapping[str, int]:
        names = listed(sorted(references))
        values = Values([names])
        form = shape(seen, values)
        sql = self._statements.get(form, lambda: self._database.compiled(self._query(seen)))
        rows = self._database.rows(sql, named(values))
        return {f"{type_}/{id_}": version for type_, id_, version in rows}

    def before_deleting(self, references: Collection[str]) -> None:
        """Wait for those who are about to refer to them."""
        self._hold(_ALONE, references)

    def _hold(self, lock: Statement, references: Collection[str]) -> None:
        if not self._database.is_sqlite and references:
            self._database.run(lock, {"names": listed(sorted(references))})

    def _query(self, seen: Filter) -> Select[Any]:
        binds = Binds()
        names = elements(binds, sqlite=self._database.is_sqlite).subquery()
        query = select(resource.c.type, resource.c.id, resource.c.version)
        query = query.where(clause(seen, resource, binds, self._database.within))
        found, tables = each_named(query, names, sqlite=self._database.is_sqlite)
        return select(*found.c).select_from(tables)


class Keys:
    """The answers under the keys of requests, for a day."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._purged = 0
        key = (idempotency.c.client == bindparam("c"), idempotency.c.key == bindparam("k"))
        wanted = select(idempotency.c.fingerprint, idempotency.c.answer)
        self._get = database.compiled(wanted.where(*key, idempotency.c.at >= bindparam("since")))
        self._drop = database.compiled(delete(idempotency).where(*key))
        self._insert = database.compiled(insert(idempotency))
        self._purge = database.compiled(purge(idempotency, idempotency.c.at < bindparam("before")))

    def answered(self, client: str, key: str, since: int) -> tuple[str, str] | None:
        """The fingerprint and the answer under a key."""
        for fingerprint, answer in self._database.rows(self._get, {"c": client, "k": key, "since": since}):
            return fingerprint, answer
        return None

    def remember(self, client: str, once: Once, answer: str, at: int) -> None:
        """Keep an answer; the old ones go, at most once a minute."""
        if at - self._purged >= _PURGE_EVERY:
            self._purged = at
            self._database.run(self._purge, {"before": at - KEPT_FOR})
        self._database.run(self._drop, {"c": client, "k": once.key})
        row = {**once._asdict(), "client": client, "answer": answer, "at": at}
        self._database.run(self._insert, row)


class Keeping:
    """Both, made once for a database."""

    def __init__(self, database: Database) -> None:
        self.targets, self.keys = Targets(database), Keys(database)
