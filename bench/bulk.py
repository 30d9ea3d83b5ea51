"""Fills a database fast: many resources in a transaction, unchecked, with the store's own rows for each.

https://www.postgresql.org/docs/current/sql-copy.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import orjson
import psycopg
from sqlalchemy import Table, make_url

from bench.records import AGENCY
from bench.words import Document
from careplan_service.access.consent.rules import Rule, rules_of
from careplan_service.access.instants import instant
from careplan_service.app import Service
from careplan_service.resources.registry import SERVED
from careplan_service.store.filing import Filer, Filing
from careplan_service.store.statements import Statements
from careplan_service.store.tables import document, fact, resource
from careplan_service.store.writing import columns_of, fact_rows

_BATCH = 5_000
_BEGINNING = 1_700_000_000_000_000
_EVERY = 60_000_000
_MOMENT = "when it was stored"
Row = dict[str, Any]


def moment(number: int) -> str:
    """When the resource of that number was stored: one a minute."""
    return instant(_BEGINNING + number * _EVERY)


class Kept(NamedTuple):
    """What is stored of one resource; `patient` is whose Consent it is, for the rules."""

    head: Row
    body: bytes
    facts: list[Row]
    rules: Sequence[Rule] | None


class Bulk:
    """Writes first versions into an empty database; `written` is how many there are.

    Most of the time goes into extracting facts, so that is done for some clients only; all others are
    their likes under other numbers.
    """

    def __init__(self, service: Service) -> None:
        self._service, self._door = service, service.door()
        self._statements = Statements(service.database)
        self.written = 0

    def kept(self, one: Document) -> Kept:
        """What is stored of a resource but for number and moment."""
        facts = SERVED[one["resourceType"]].facts(one, self._door.base_url)
        head = columns_of(facts) | {"type": one["resourceType"], "id": one["id"], "version": 1, "current": 1}
        head |= {"deleted": 0, "contributor": AGENCY, "method": "PUT"}
        meta = {**one.get("meta", {}), "versionId": "1", "lastUpdated": _MOMENT}
        rules = rules_of(one, self._door) if one["resourceType"] == "Consent" else None
        return Kept(head, orjson.dumps({**one, "meta": meta}), fact_rows(0, facts, searchable=True), rules)

    def fill(self, given: Iterator[Kept], size: int) -> None:
        """Store them until there are so many, then bring the planner's statistics up to date."""
        while batch := list(islice(given, min(_BATCH, size - self.written))):
            numbered = list(enumerate(batch, self.written + 1))
            self._store(resource, [_head(vid, one) for vid, one in numbered])
            self._store(document, [{"vid": vid, "body": _body(vid, one)} for vid, one in numbered])
            self._store(fact, [row | {"vid": vid} for vid, one in numbered for row in one.facts])
            self._file(batch)
            self.written += len(batch)
        self._service.database.analyse()

    def _store(self, table: Table, rows: list[Row]) -> None:
        database = self._service.database
        if database.is_sqlite:
            with database.writing():
                database.insert(database.insert_each(table), rows)
            return
        names = [column.name for column in table.columns]
        url = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url) as connection, connection.cursor() as cursor:
            with cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row([row[name] for name in names])
            if table is resource:
                cursor.execute("SELECT setval('resource_vid_seq', %s)", [rows[-1]["vid"]])

    def _file(self, batch: Sequence[Kept]) -> None:
        with self._service.database.writing():
            for one in batch:
                if one.rules is not None:
                    filing = Filing(one.head["id"], 1, one.head["patient"], one.rules)
                    Filer(self._service.database, self._statements).rules(filing)


def like(one: Kept, number: str, other: str) -> Kept:
    """The same resource of the client with the other number."""
    head = one.head | {name: one.head[name].replace(number, other) for name in ("id", "patient")}
    facts = [row | {"value": row["value"].replace(number, other)} for row in one.facts]
    return Kept(head, one.body.replace(number.encode(), other.encode()), facts, one.rules)


def _head(vid: int, one: Kept) -> Row:
    return one.head | {"vid": vid, "origin": vid, "updated": _BEGINNING + vid * _EVERY}


def _body(vid: int, one: Kept) -> bytes:
    return one.body.replace(_MOMENT.encode(), moment(vid).encode(), 1)
