"""SQLite's one writer: a queue for it, and one flush to disk for all who committed meanwhile.

SQLite would flush while it holds the writer's lock, and each commit for itself. Here a commit goes to the
log only (`synchronous = NORMAL`), the lock is given on, and the log is flushed before anything is
acknowledged. A reader who saw the commit earlier waits likewise, for its audit row comes later in the log.
https://www.sqlite.org/wal.html#performance_considerations
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from careplan_service.store.gathering import Gathering

_to_disk: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class OneWriter:
    """Writes to the database in one file, across threads and processes."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._writing = threading.Lock()
        self._queue: int | None = None
        self._log: int | None = None
        self._flushes: Gathering[None] = Gathering(self._flush)

    @contextmanager
    def transaction(self, connection: Any) -> Iterator[None]:
        """One transaction: durable when the block has ended, nothing of it is kept when that raises.

        Raises OSError when the log cannot be flushed: then it is not known whether it was kept.
        """
        with self._alone(), _transaction(connection):
            yield
        error = self._flushes.add(None)
        if error is not None:
            raise OSError("the log of the database cannot be flushed to disk") from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Queue for the lock; SQLite's own busy handler only polls."""
        with self._writing:
            if self._queue is None:
                self._queue = os.open(f"{self._path}-writer", os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(self._queue, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._queue, fcntl.LOCK_UN)

    def _flush(self, waiting: Sequence[None]) -> None:
        """What is no longer in the log then was moved to the database, which SQLite flushes itself."""
        path = f"{self._path}-wal"
        if self._log is not None and os.fstat(self._log).st_ino != os.stat(path).st_ino:
            os.close(self._log)
            self._log = None
        if self._log is None:
            self._log = os.open(path, os.O_RDONLY)
        _to_disk(self._log)

    def close(self) -> None:
        """Close the files that stand beside the database."""
        for held in (self._queue, self._log):
            if held is not None:
                os.close(held)
        self._queue = self._log = None


@contextmanager
def _transaction(connection: Any) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk ends the transaction by itself
            connection.execute("ROLLBACK")
        raise
