"""Extracting facts and consent rules anew, after a search parameter or a rule of consent was added."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from sqlalchemy import bindparam, delete, select, update

from careplan_service.access.consent.rules import Door, rules_of
from careplan_service.errors import Invalid
from careplan_service.resources import r4
from careplan_service.resources.registry import SERVED
from careplan_service.store.database import Database
from careplan_service.store.filing import Filing, file_rules
from careplan_service.store.statements import Statements
from careplan_service.store.tables import document, fact, resource
from careplan_service.store.writing import columns_of, fact_rows

_BATCH = 200


def reindex(database: Database, door: Door) -> Iterator[int]:
    """Go through all living versions in batches; yields how many each batch had."""
    page = database.compiled(
        select(resource.c.vid, resource.c.type, resource.c.id, resource.c.version, document.c.body)
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
            for vid, type_, id_, version, body in rows:
                _reindex_one(database, statements, door, (vid, type_, id_, version, bytes(body)))
        if not rows:
            return
        after = rows[-1][0]
        yield len(rows)


def _reindex_one(
    database: Database, statements: Statements, door: Door, row: tuple[int, str, str, int, bytes]
) -> None:
    vid, type_, id_, version, body = row
    parsed = r4.parse(body)
    facts = SERVED[type_].facts(parsed, door.base_url)
    columns = columns_of(facts)
    change = (
        update(resource).where(resource.c.vid == bindparam("v")).values({c: bindparam(c) for c in columns})
    )
    database.run(database.compiled(change), {**columns, "v": vid})
    database.run(database.compiled(delete(fact).where(fact.c.vid == bindparam("v"))), {"v": vid})
    database.insert(statements.insert["fact"], fact_rows(vid, facts, searchable=True))
    if type_ == "Consent":
        with suppress(Invalid):  # what cannot be compiled any more keeps the rules it has
            rules = rules_of(parsed, door)
            file_rules(database, statements, Filing(id_, version, facts.patient, rules))
