"""Taking away rows that are over."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Delete, Table, delete, select, tuple_


def purge(table: Table, over: ColumnElement[bool]) -> Delete:
    """Deletes the rows that are over, but for those that another one is just about to delete.

    SKIP LOCKED (PostgreSQL; SQLite has one writer) keeps two purging processes from waiting in a ring.
    """
    key = tuple(table.primary_key.columns)
    held = select(*key).where(over).with_for_update(skip_locked=True)
    return delete(table).where((tuple_(*key) if len(key) > 1 else key[0]).in_(held))
