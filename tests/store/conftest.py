"""A database of each kind with records on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from careplan_service.store.database import Database
from careplan_service.store.records import SqlRecords
from store.archive import Archive


@pytest.fixture
def archive(database_url: str) -> Iterator[Archive]:
    """A fresh database of each kind with its records."""
    database = Database(database_url)
    yield Archive(database, SqlRecords(database))
    database.close()
