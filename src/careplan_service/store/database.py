"""The handle on SQLite or PostgreSQL: a connection per thread, reads in autocommit, writes queued on SQLite.

Reads are one statement each and need no transaction; that saves PostgreSQL two of three round trips.
https://www.sqlite.org/wal.html
"""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from sqlalchemy import create_engine, event, exc
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.sql.elements import ClauseElement

from careplan_service.errors import TooCostly, Unavailable

_BIND = re.compile(r"p\d+")
_NAMED = re.compile(r":(\w+)()")
_PYFORMAT = re.compile(r"%\((\w+)\)s(::\w+)?")
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
_SESSION = {"options": "-c jit=off"}


_STEPS = 10_000
"""Of SQLite's virtual machine, between two looks at the clock: some tenths of a millisecond."""


class Statement(NamedTuple):
    """A compiled statement; `names` are its parameters in the order of `$1`, `$2` ... (PostgreSQL)."""

    text: str
    names: tuple[str, ...] = ()


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
        # Named parameters on both, so that one value may stand in many places of a statement.
        self._dialect: Dialect = sqlite.dialect(paramstyle="named") if self.is_sqlite else self.engine.dialect
        self._local = threading.local()
        self._opened: list[Any] = []
        self._writing = threading.Lock()
        self._gone: tuple[type[BaseException], ...] = (
            OSError,
            exc.OperationalError,
            sqlite3.OperationalError,
        )
        # What a driver raises when a unique key is there already.
        self.taken: type[Exception] = sqlite3.IntegrityError
        if self.is_sqlite:
            event.listen(self.engine, "connect", _set_pragmas)
        else:
            import psycopg  # slow to load, and SQLite does without

            self._gone += (psycopg.OperationalError, psycopg.InterfaceError)
            self._cursor = psycopg.RawCursor
            self.taken = psycopg.errors.UniqueViolation

    def compiled(self, statement: ClauseElement) -> Statement:
        """A statement in this database's dialect, its parameters named as its binds.

        Constants of ours stand in the text: a planner sees that `current = 1` has an index.
        """
        compiled = statement.compile(dialect=self._dialect, compile_kwargs={"render_postcompile": True})
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        numbers: dict[str, int] = {}

        def written(found: re.Match[str]) -> str:
            name, cast = found[1], found[2] or ""
            value = constants.get(name)
            if value is not None and not _BIND.fullmatch(name):
                return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
            if self.is_sqlite:
                return found[0]
            return f"${numbers.setdefault(name, len(numbers) + 1)}{cast}"

        text = (_NAMED if self.is_sqlite else _PYFORMAT).sub(written, str(compiled))
        return Statement(text if self.is_sqlite else text.replace("%%", "%"), tuple(numbers))

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
        with _reached(self._gone):
            self._local.until = monotonic() + self._seconds
            try:
                found: list[tuple[Any, ...]] = self._execute(statement, values).fetchall()
            except Exception as error:
                if self._broken_off(error):
                    text = f"this took longer than {self._seconds:g} seconds; ask for less, or more narrowly"
                    raise TooCostly(text) from None
                raise
            finally:
                self._local.until = None
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

    def run_each(self, statement: Statement, rows: Sequence[Values]) -> None:
        """One writing statement for each row, in one go."""
        if rows:
            cursor = self._connection.cursor()
            cursor.executemany(statement.text, [self._given(statement, row) for row in rows])

    def _execute(self, statement: Statement | str, values: Values) -> Any:
        if isinstance(statement, str):
            statement = Statement(statement)
        return self._connection.execute(statement.text, self._given(statement, values))

    def _given(self, statement: Statement, values: Values) -> Any:
        return values if self.is_sqlite else [values[name] for name in statement.names]

    def next_id(self, table: str, column: str) -> int:
        """A fresh number for a row, inside `writing()`."""
        sql = f"SELECT nextval('{table}_{column}_seq')"
        if self.is_sqlite:
            # One writer at a time, so the largest number plus one is nobody else's.
            sql = f"SELECT coalesce(max({column}), 0) + 1 FROM {table}"  # noqa: S608
        return int(self._connection.execute(sql).fetchone()[0])

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises Unavailable when the database is gone.
        """
        with _reached(self._gone), self._one_transaction():
            yield

    @contextmanager
    def _one_transaction(self) -> Iterator[None]:
        if self.is_sqlite:
            with self._alone(), self._transaction("BEGIN IMMEDIATE"):
                yield
        else:
            with self._connection.transaction():
                yield

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        connection = self._connection
        connection.execute(begin)
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # a full disk ends the transaction by itself
                connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Queue for SQLite's single writer across threads and processes; its own busy handler only polls."""
        with self._writing:
            if not hasattr(self, "_queue"):
                self._queue = os.open(f"{self.url.database}-writer", os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(self._queue, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._queue, fcntl.LOCK_UN)

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
        if hasattr(self, "_queue"):
            os.close(self._queue)
            del self._queue


@contextmanager
def _reached(gone: tuple[type[BaseException], ...]) -> Iterator[None]:
    """What a driver raises when its database cannot be asked, as Unavailable."""
    try:
        yield
    except gone as error:
        raise Unavailable("the database cannot be reached for now; try again") from error


def _set_pragmas(connection: Any, record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma)
