"""Broken glasses in SQL: those that are open to a person, and the queue of those to be reviewed.

https://www.ecfr.gov/current/title-45/section-164.522
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Select, Table, Text, bindparam, func, select, update

from careplan_service.access.glass import Claim
from careplan_service.store.database import Database
from careplan_service.store.tables import Text as KeptText
from careplan_service.store.tables import metadata

_TEXTS = ("client", "person", "organization", "named", "patient", "purpose", "reason")
_MOMENTS = ("opened", "until", "ended", "reviewed")

break_glass = Table(
    "break_glass",
    metadata,
    Column("id", KeptText, primary_key=True),
    *(Column(name, KeptText, nullable=False) for name in _TEXTS),
    *(Column(name, BigInteger, nullable=False) for name in _MOMENTS),
    *(Column(name, KeptText, nullable=False) for name in ("ended_by", "reviewer", "outcome")),
)
Index("break_glass_person", break_glass.c.person, break_glass.c.opened)
Index("break_glass_reviewed", break_glass.c.reviewed, break_glass.c.opened)

_NAMES = tuple(one.name for one in fields(Claim))
_ALL: Select[Any] = select(*(break_glass.c[name] for name in _NAMES))


class SqlGlasses:
    """Moments are microseconds UTC. What writes is called inside `SqlRecords.changes()`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        row, compiled = break_glass.c, database.compiled
        now, since = bindparam("now", type_=BigInteger), bindparam("since", type_=BigInteger)
        whose = [row[name] == _text(name) for name in ("client", "person", "organization")]
        is_open = (row.patient != "", row.ended == 0, row.until > now)
        self._open = compiled(_ALL.where(*whose, *is_open).order_by(row.opened, row.id))
        counted = select(func.count()).select_from(break_glass)
        self._count = compiled(counted.where(row.person == _text("person"), row.opened >= since))
        self._insert = database.insert_each(break_glass)
        self._find = compiled(_ALL.where(row.id == _text("id")))
        self._queue = compiled(_ALL.where(row.reviewed == 0).order_by(row.opened, row.id))
        self._every = compiled(_ALL.order_by(row.opened, row.id))
        this = row.id == _text("id")
        by, outcome = _text("by"), _text("outcome")
        self._end = compiled(update(break_glass).values(ended=now, ended_by=by).where(this, row.ended == 0))
        judged = update(break_glass).values(reviewed=now, reviewer=by, outcome=outcome)
        self._review = compiled(judged.where(this))

    def open_to(self, client: str, person: str, organization: str, now: int) -> list[Claim]:
        """Those that are open to a person at a client at a moment, the oldest first."""
        values = {"client": client, "person": person, "organization": organization, "now": now}
        return self._claims(self._open, values)

    def count(self, person: str, since: int) -> int:
        """How many a person has broken since a moment, at any client."""
        return int(self._database.rows(self._count, {"person": person, "since": since})[0][0])

    def find(self, id_: str) -> Claim | None:
        """The one of that id."""
        return next(iter(self._claims(self._find, {"id": id_})), None)

    def queue(self, *, every: bool = False) -> list[Claim]:
        """Those that nobody has reviewed, or all; the oldest first."""
        return self._claims(self._every if every else self._queue, {})

    def add(self, claim: Claim) -> None:
        """Keep one."""
        self._database.insert(self._insert, [asdict(claim)])

    def end(self, id_: str, by: str, now: int) -> None:
        """Close one at once, if nobody has."""
        self._database.run(self._end, {"id": id_, "by": by, "now": now})

    def review(self, id_: str, by: str, outcome: str, now: int) -> None:
        """Note who reviewed one, and the outcome."""
        self._database.run(self._review, {"id": id_, "by": by, "outcome": outcome, "now": now})

    def _claims(self, statement: Any, values: Any) -> list[Claim]:
        return [Claim(*row) for row in self._database.rows(statement, values)]


def _text(name: str) -> Any:
    return bindparam(name, type_=Text)
