"""Extracting facts and consent rules anew, after a search parameter or a rule of consent was added."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from careplan_service.access.consent.directory import STATING
from careplan_service.access.consent.rules import Door, rules_of
from careplan_service.resources import r4
from careplan_service.resources.directory import edges_of
from careplan_service.resources.registry import SERVED
from careplan_service.store.database import Database
from careplan_service.store.filing import Filer, Filing
from careplan_service.store.statements import Statements
from careplan_service.store.tables import document, fact, resource
from careplan_service.store.writing import columns_of, fact_rows

_BATCH = 200
_READ = ("vid", "type", "id", "version", "contributor")


def reindex(database: Database, door: Door) -> Iterator[int]:
    """Go through all living versions in batches; yields how many each batch had."""
    page = database.compiled(
        select(*(resource.c[name] for name in _READ), document.c.body)
        .join(document, document.c.vid == resource.c.vid)
        .where(resource.c.current == 1, resource.c.deleted == 0, resource.c.vid > bindparam("after"))
        .order_by(resource.c.vid)
        .limit(_BATCH)
        .with_for_update(of=resource)
    )
    statements, after = Statements(database), 0
    while True:
        # Read and written under one lock: a Consent withdrawn in between must not get its rules back.
        with database.writing():
            rows = database.rows(page, {"after": after})
            for row in rows:
                _reindex_one(database, statements, door, row)
        if not rows:
            return
        after = rows[-1][0]
        yield len(rows)


def _reindex_one(database: Database, statements: Statements, door: Door, row: tuple[Any, ...]) -> None:
    vid, type_, id_, version, contributor, body = row
    parsed = r4.parse(bytes(body))
    facts = SERVED[type_].facts(parsed, door.base_url)
    columns = columns_of(facts)
    change = (
        update(resource).where(resource.c.vid == bindparam("v")).values({c: bindparam(c) for c in columns})
    )
    database.run(database.compiled(change), {**columns, "v": vid})
    database.run(database.compiled(delete(fact).where(fact.c.vid == bindparam("v"))), {"v": vid})
    database.insert(statements.insert["fact"], fact_rows(vid, facts, searchable=True))
    filer = Filer(database, statements)
    if type_ == "Consent":
        # What cannot be enforced any more denies what it may concern.
        rules = rules_of(parsed, replace(door, keep=True))
        filer.rules(Filing(id_, version, facts.patient, rules), again=True)
    if type_ in STATING:
        edges = edges_of(parsed, door.base_url) if contributor in door.custodians else ()
        filer.edges(f"{type_}/{id_}", edges, first=False)
