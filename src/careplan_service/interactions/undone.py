"""A transaction that leaves nothing behind: what would be is written, asked about, and rolled back.

Its own thread sees what it wrote, nobody else does.
https://www.postgresql.org/docs/current/transaction-iso.html and https://www.sqlite.org/isolation.html
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar

_Open = TypeVar("_Open", covariant=True)


class _Undone(Exception):
    """Ends a transaction so that nothing of it stays."""


class Changing(Protocol[_Open]):
    """What opens transactions of some kind."""

    def changes(self) -> AbstractContextManager[_Open]:
        """A transaction: all of it is kept, or nothing."""


@contextmanager
def undone(records: Changing[_Open]) -> Iterator[_Open]:
    """A transaction whose writes the same thread can ask about, and of which nothing stays."""
    try:
        with records.changes() as changes:
            yield changes
            raise _Undone
    except _Undone:
        pass
