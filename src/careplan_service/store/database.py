"""The handle on SQLite or PostgreSQL: a connection per thread, reads in autocommit, writes queued on SQLite.

Reads are one statement each and need no transaction; that saves PostgreSQL two of three round trips.
https://www.sqlite.org/wal.html
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from time import monotonic
from typing import Any

import orjson
from sqlalchemy import create_engine, event, exc
from sqlalchemy.engine import make_url

from careplan_service.errors import Conflict, TooCostly, Unavailable
from careplan_service.store.compiling import Compiler, Statement, all_at_once
from careplan_service.store.one_writer import OneWriter

Values = Mapping[str, str | int | bytes]
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 10000",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA cache_size = -16000",
)


# The consent predicate is long and quick: compiling it to machine code costs far more than running it.
# What is read lies in memory or on a disk without moving parts; the default is that of older disks, and
# makes the planner read whole tables.
# One plan serves all values of a statement, and whatever is asked has an index: left to itself the planner
# would plan long statements anew each time, and for a partner that contributed nothing as for the agency.
_PLANNER = ("jit=off", "random_page_cost=1.1", "enable_seqscan=off", "plan_cache_mode=force_generic_plan")
_SESSION = {"options": " ".join(f"-c {one}" for one in _PLANNER)}


_SNAPSHOT = {True: "BEGIN", False: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}
"""By whether it is SQLite, whose readers see one moment from their first look on."""

_AT_ONCE = 200
"""Rows of a table that are sent on together."""

_NUMBERS = 32
"""Of a sequence that a transaction takes when it needs a second; those that it leaves are nobody's."""

_NUMBERED = {"actor_edge": "edge", "consent_part": "part", "consent_rule": "rule"}
"""The sequences of what is written beside versions."""

_GONE = "the database cannot be reached for now; try again"

_STEPS = 10_000
"""Of SQLite's virtual machine, between two looks at the clock: some tenths of a millisecond."""


class _Unit:
    """What one transaction keeps until it ends: rows to be inserted, and numbers for further ones."""

    def __init__(self) -> None:
        self.waiting: dict[Statement, list[Values]] = {}
        self.numbers: dict[str, Iterator[int]] = {}
        self.reserved: dict[str, deque[int]] = {}


class Database:
    """Opens connections and runs compiled statements; `url` is a SQLAlchemy database URL.

    A question may take `seconds`; then it is broken off.
    """

    def __init__(self, url: str, seconds: float = 10) -> None:
        self._seconds = seconds
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        self.engine = create_engine(self.url, connect_args={} if self.is_sqlite else _SESSION)
        self.within = "instr" if self.is_sqlite else "strpos"
        compiler = Compiler(self.engine.dialect)
        self.compiled, self.insert_each = compiler.compiled, compiler.insert_each
        self.insert_missing = compiler.insert_missing
        self._local = threading.local()
        self._opened: list[Any] = []
        self._gone: tuple[type[BaseException], ...] = (
            OSError,
            exc.OperationalError,
            sqlite3.OperationalError,
        )
        self._writer = OneWriter(self.url.database or "") if self.is_sqlite else None
        if self.is_sqlite:
            event.listen(self.engine, "connect", _set_pragmas)
        else:
            import psycopg  # slow to load, and SQLite does without

            self._gone += (psycopg.OperationalError, psycopg.InterfaceError)
            self._cursor = psycopg.RawCursor

    @property
    def _connection(self) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is None or (not self.is_sqlite and connection.closed):
            connection = self._open()
            self._local.connection = connection
        return connection

    def _open(self) -> Any:
        pooled = self.engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        if self.is_sqlite:
            connection.isolation_level = None
            connection.execute("PRAGMA synchronous = NORMAL")  # OneWriter flushes
            connection.set_progress_handler(self._is_late, _STEPS)
        else:
            connection.autocommit = True
            connection.execute(f"SET statement_timeout = {int(self._seconds * 1000)}")
            # psycopg would read `%(name)s` texts anew on each call; `$1` goes to the server as it is.
            connection.cursor_factory = self._cursor
            connection.prepare_threshold = 0
        self._opened.append(connection)
        return connection

    def rows(self, statement: Statement | str, values: Values) -> list[tuple[Any, ...]]:
        """The rows of one reading statement.

        Raises TooCostly when it takes too long, Unavailable when the database is gone.
        """
        local = self._local
        local.until = monotonic() + self._seconds
        try:
            found: list[tuple[Any, ...]] = self._execute(statement, values).fetchall()
        except Exception as error:
            if self._broken_off(error):
                text = f"this took longer than {self._seconds:g} seconds; ask for less, or more narrowly"
                raise TooCostly(text) from None
            if isinstance(error, self._gone):
                raise Unavailable(_GONE) from error
            raise
        finally:
            local.until = None
        return found

    def _is_late(self) -> bool:
        """What SQLite asks every so many steps: whether to break off; writing is never broken off."""
        until: float | None = getattr(self._local, "until", None)
        return until is not None and monotonic() > until

    def _broken_off(self, error: Exception) -> bool:
        return getattr(error, "sqlstate", None) == "57014" or str(error) == "interrupted"

    def run(self, statement: Statement | str, values: Values) -> None:
        """One writing statement inside `writing()`."""
        self._execute(statement, values)

    def insert(self, statement: Statement, rows: Iterable[Values]) -> None:
        """Insert rows by a statement of `insert_each`, inside `writing()`.

        They go in together with others, at the latest before whatever is asked or written next.
        """
        unit = self._unit
        waiting = unit.waiting.setdefault(statement, [])
        waiting.extend(rows)
        if not self.is_sqlite and len(waiting) >= _AT_ONCE:
            self._insert_waiting(unit)  # the server is at work on it while the rest is being made

    def _insert_waiting(self, unit: _Unit) -> None:
        waiting, unit.waiting = {one: rows for one, rows in unit.waiting.items() if rows}, {}
        if self.is_sqlite:
            for statement, rows in waiting.items():
                self._connection.executemany(statement.text, rows)
        elif waiting:
            texts = [orjson.dumps(rows, default=bytes.decode).decode() for rows in waiting.values()]
            self._connection.execute(all_at_once(tuple(waiting)), texts)

    def _execute(self, statement: Statement | str, values: Values) -> Any:
        unit: _Unit | None = getattr(self._local, "unit", None)
        if unit is not None and unit.waiting:
            self._insert_waiting(unit)
        if isinstance(statement, str):
            statement = Statement(statement)
        return self._connection.execute(statement.text, self._given(statement, values))

    def _given(self, statement: Statement, values: Values) -> Any:
        return values if self.is_sqlite else [values[name] for name in statement.names]

    def next_id(self, table: str, column: str) -> int:
        """A fresh number for a row, larger than those before it, inside `writing()`."""
        unit = self._unit
        if table not in unit.numbers:
            fresh = self._largest_and_on if self.is_sqlite else self._reserved
            unit.numbers[table] = fresh(table, column)
        return next(unit.numbers[table])

    def insert_now(self) -> None:
        """Insert the rows that wait, inside `writing()`."""
        self._insert_waiting(self._unit)

    def is_numbering(self, table: str) -> bool:
        """Whether `next_id` has been asked for the table in this transaction."""
        return table in self._unit.numbers

    def _largest_and_on(self, table: str, column: str) -> Iterator[int]:
        """There is one writer at a time, so what follows the largest number is nobody else's."""
        largest = self._connection.execute(f"SELECT coalesce(max({column}), 0) FROM {table}")  # noqa: S608
        return count(int(largest.fetchone()[0]) + 1)

    def _reserved(self, table: str, column: str) -> Iterator[int]:
        """Numbers from the sequence: one, then many at once, and twice as many each time."""
        held = self._unit.reserved.setdefault(table, deque())
        for many in chain([1], (_NUMBERS << doubled for doubled in count())):
            if not held:
                self._reserve({table: column}, many)
            while held:
                yield held.popleft()

    def _reserve(self, numbered: Mapping[str, str], many: int) -> None:
        """Who writes two of one kind writes several of the others, too: theirs come with the same answer."""
        reserved = self._unit.reserved
        if many > 1:
            numbered = {**numbered, **{table: of for table, of in _NUMBERED.items() if table not in reserved}}
        each = ", ".join(f"nextval('{table}_{column}_seq')" for table, column in numbered.items())
        some = f"SELECT {each} FROM generate_series(1, {many})"  # noqa: S608
        for row in self._connection.execute(some).fetchall():
            for table, number in zip(numbered, row, strict=True):
                reserved.setdefault(table, deque()).append(int(number))

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """What is read inside is of one moment; nothing can be written.

        Inside `writing()` it is what that transaction sees, inside another snapshot that one's moment.
        """
        if getattr(self._local, "unit", None) is not None or getattr(self._local, "still", False):
            yield
            return
        self._begin_snapshot()
        try:
            yield
        finally:
            self._end_snapshot()

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Outside of the snapshot that may be open, so that something can be written.

        What is read afterwards is of another moment: nothing that was read before may be used with it.
        """
        if not getattr(self._local, "still", False):
            yield
            return
        self._end_snapshot()
        try:
            yield
        finally:
            self._begin_snapshot()

    def _begin_snapshot(self) -> None:
        with _reached(self._gone):
            self._connection.execute(_SNAPSHOT[self.is_sqlite])
        self._local.still = True

    def _end_snapshot(self) -> None:
        self._local.still = False
        with _reached(self._gone):
            self._connection.execute("ROLLBACK")

    @property
    def _unit(self) -> _Unit:
        unit: _Unit = self._local.unit
        return unit

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises Unavailable when the database is gone, Conflict when another one wrote the same meanwhile.
        """
        try:
            with _reached(self._gone), self._one_transaction():
                self._local.unit = _Unit()
                yield
                self._insert_waiting(self._unit)
        except Exception as error:
            if _is_taken(error):
                raise Conflict("another request wrote the same at the same moment; try again") from error
            raise
        finally:
            self._local.unit = None

    @contextmanager
    def _one_transaction(self) -> Iterator[None]:
        if self._writer is not None:
            with self._writer.transaction(self._connection):
                yield
        else:
            # What has no answer to wait for is sent along with what follows it.
            with self._connection.pipeline(), self._connection.transaction():
                yield

    def analyse(self) -> None:
        """Refresh the planner's statistics; tables filled and never analysed read ten times slower."""
        self._connection.execute("ANALYZE")

    def close(self) -> None:
        """Close every connection that was opened."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()
        self._local = threading.local()
        self.engine.dispose()
        if self._writer is not None:
            self._writer.close()


@contextmanager
def _reached(gone: tuple[type[BaseException], ...]) -> Iterator[None]:
    """What a driver raises when its database cannot be asked, as Unavailable."""
    try:
        yield
    except gone as error:
        raise Unavailable(_GONE) from error


def _is_taken(error: Exception) -> bool:
    """Whether a unique key is there already."""
    told = getattr(error, "sqlite_errorname", "") or getattr(error, "sqlstate", "")
    return told in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505")


def _set_pragmas(connection: Any, record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma)
