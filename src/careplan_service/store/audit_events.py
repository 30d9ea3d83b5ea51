"""The log as it is read: one event per row and patient. https://hl7.org/fhir/R4/auditevent.html

No predicate of consent stands in these statements: they are for those who may read the log as a whole.
"""

from __future__ import annotations

import heapq
import operator
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select

from careplan_service.access.filters import Filter
from careplan_service.interactions.audit_log import Event
from careplan_service.interactions.records import Page
from careplan_service.store.audit_columns import Columns, clause
from careplan_service.store.bind import Binds, named
from careplan_service.store.database import Database
from careplan_service.store.tables import audit, audit_patient
from careplan_service.store.whose import Whose

_LINES = ("shown", "because")
_SHARED = ("client", "organization", "purpose", "interaction", "asked", "status", "shown", "because",
           "refusal", "address", "request_id", "glass")  # fmt: skip
_REFERENCE = re.compile(r"([A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/([0-9]+))?")
_EVENT = re.compile(r"([0-9]{1,18})-([0-9]{1,9})")

_FIRST: Columns = {
    "entry": audit.c.entry, "n": literal_column("1"), "at": audit.c.at, "patient": audit.c.patient,
    **{name: audit.c[name] for name in _SHARED},
}  # fmt: skip
_FURTHER: Columns = {
    "entry": audit_patient.c.entry, "n": audit_patient.c.n, "at": audit_patient.c.at,
    "patient": audit_patient.c.patient, **{name: audit.c[name] for name in _SHARED},
}  # fmt: skip
"""The columns of an event of the first patient of a row, and of the further ones."""


class AuditEvents:
    """Asks the log; statements are made anew each time, for who asks it is not in a hurry."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._whose = Whose(database)

    def find(self, wanted: Filter, page: Page) -> list[Event]:
        """At most `limit` events after the mark of the page, by moment, row and patient."""
        down = bool(page.sort) and page.sort[0].descending
        arms = [self._rows(arm, wanted, page, down=down) for arm in (_FIRST, _FURTHER)]
        merged = heapq.merge(*arms, key=lambda event: (event.at, event.entry, event.n), reverse=down)
        return list(merged)[: page.limit]

    def count(self, wanted: Filter, most: int | None = None) -> int:
        """How many there are; counting ends above `most`."""
        counts = (self._count(arm, wanted, most) for arm in (_FIRST, _FURTHER))
        return sum(counts)

    def whose(self, references: Collection[str]) -> Mapping[str, frozenset[str]]:
        """The patients of each version named, and of all versions of what is named without one."""
        found: dict[str, frozenset[str]] = {}
        for type_, ids in _by_type(references).items():
            of_type = self._events(ids) if type_ == "AuditEvent" else self._whose.versions(type_, ids)
            found.update(of_type)
        return found

    def _rows(self, arm: Columns, wanted: Filter, page: Page, *, down: bool) -> list[Event]:
        binds = Binds()
        query = _of(arm, select(*arm.values())).where(clause(wanted, arm, binds, self._database.within))
        order = [arm["at"], arm["entry"], arm["n"]]
        if page.after is not None:
            at, n = (int(key) for key in page.after.keys)
            query = query.where(_beyond(order, (at, page.after.origin, n), binds, down=down))
        query = query.order_by(*(one.desc() if down else one.asc() for one in order))
        query = query.limit(binds.number(page.limit))
        return [_event(arm, row) for row in self._asked(query, binds)]

    def _count(self, arm: Columns, wanted: Filter, most: int | None) -> int:
        binds = Binds()
        query = _of(arm, select(arm["entry"])).where(clause(wanted, arm, binds, self._database.within))
        if most is not None:
            query = query.limit(binds.number(most + 1))
        counted = select(func.count()).select_from(query.subquery())
        return int(self._asked(counted, binds)[0][0])

    def _events(self, ids: Collection[str]) -> dict[str, frozenset[str]]:
        """The patients of AuditEvents that were shown."""
        found: dict[str, frozenset[str]] = {}
        for id_ in ids:
            if named := _EVENT.fullmatch(id_):
                binds = Binds()
                entry, n = int(named[1]), int(named[2])
                arm = _FIRST if n == 1 else _FURTHER
                query = _of(arm, select(arm["patient"])).where(arm["entry"] == binds.number(entry))
                query = query.where(arm["n"] == binds.number(n))
                rows = self._asked(query, binds)
                found[f"AuditEvent/{id_}/_history/1"] = frozenset(p for (p,) in rows if p)
        return found

    def _asked(self, query: Select[Any], binds: Binds) -> list[Any]:
        return self._database.rows(self._database.compiled(query), named(binds.values))


def _of(arm: Columns, query: Select[Any]) -> Select[Any]:
    if arm is _FIRST:
        return query.select_from(audit)
    return query.select_from(audit_patient.join(audit, audit.c.entry == audit_patient.c.entry))


def _beyond(order: list[Any], mark: tuple[int, int, int], binds: Binds, *, down: bool) -> ColumnElement[bool]:
    """Behind the mark: by the moment, or level with it by the row, or by the patient."""
    at, entry, n = (binds.number(value) for value in mark)
    of_at, of_entry, of_n = order
    beyond = operator.lt if down else operator.gt
    level = or_(beyond(of_entry, entry), and_(of_entry == entry, beyond(of_n, n)))
    return or_(beyond(of_at, at), and_(of_at == at, level))


def _event(arm: Columns, row: Iterable[Any]) -> Event:
    told = dict(zip(arm, row, strict=True))
    lines = {name: tuple(line for line in told[name].split("\n") if line) for name in _LINES}
    return Event(**{**told, **lines, "glass": _glass(told["glass"], told["patient"])})


def _glass(lines: str, patient: str) -> str:
    """The glass through which the patient's part was asked; of what is nobody's record the one there is."""
    told = (line.partition(" ") for line in lines.split("\n"))
    return next((id_ for id_, _, whose in told if whose == patient), "")


def _by_type(references: Collection[str]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for reference in references:
        if named := _REFERENCE.fullmatch(reference):
            found.setdefault(named[1], set()).add(named[2])
    return found
