"""The directory in SQL: the keys of who asks, and whom a relative represents.

The twin of `access/consent/directory.py`. The keys are a common table expression, so that a statement
works them out once.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    and_,
    case,
    collate,
    exists,
    func,
    literal_column,
    or_,
    select,
)

from careplan_service.access.consent.directory import ACTING, HELD, MEMBER, PARENT, PART, REPRESENTS
from careplan_service.access.consent.matching import ADOLESCENT
from careplan_service.access.filters import Consented, Represented
from careplan_service.resources.marks import MAJORITY
from careplan_service.store.bind import Binds
from careplan_service.store.tables import actor_edge, fact, resource

_ONE: ColumnElement[int] = literal_column("1")


def started(asked: Consented) -> list[tuple[str, int]]:
    """The keys that the walk starts from, and whether only denies count them."""
    acting = [ACTING + one if one.startswith("PractitionerRole/") else one for one in asked.actors]
    roles = [one for one in asked.actors if one.startswith("PractitionerRole/")]
    return [*((one, 0) for one in acting), *((one, 1) for one in (*roles, *asked.also))]


def values(asked: Consented) -> list[str | int]:
    """The values of `Keys` in the order of its binds."""
    return [*(key for key, _ in started(asked)), *asked.actors, asked.now]


class Keys:
    """Whatever the directory says who asks is, in one statement; `now` is the bind of the moment."""

    def __init__(self, asked: Consented, binds: Binds, within: str) -> None:
        rows: list[Any] = [
            select(_text(binds.text(key), within).label("key"), literal_column(str(wide)).label("wide"))
            for key, wide in started(asked)
        ]
        actors = [binds.text(actor) for actor in asked.actors]
        self.now = binds.number(asked.now)
        me = rows[0].cte(recursive=True)
        edge = actor_edge.alias()
        in_denies = [HELD] if asked.parts_follow else [HELD, PART]
        wide = case((me.c.wide == 1, 1), (edge.c.kind.in_(_literals(in_denies)), 1), else_=0)
        step = select(edge.c.key, wide).select_from(me.join(edge, edge.c.member == me.c.key))
        within_me = or_(edge.c.within == "", edge.c.within.in_(actors))
        of_kind = edge.c.kind.in_(_literals((MEMBER, HELD, PART)))
        holds = and_(of_kind, edge.c.lo <= self.now, edge.c.hi >= self.now, within_me)
        # One term that asks of both: for what is asked of edges alone SQLite would read all of them into a
        # filter each time.
        step = step.where(case((holds, me.c.wide), else_=-1) >= 0)
        self._me: CTE = me.union(*rows[1:], step)

    def narrow(self, key: ColumnElement[str]) -> ColumnElement[bool]:
        """Whether a permit that names the key names who asks."""
        return key.in_(select(self._me.c.key).where(self._me.c.wide == 0))

    def alias(self) -> FromClause:
        """The keys with `wide`, 1 for those that only denies count, to be joined."""
        return self._me.alias()


def represented(wanted: Represented, r: FromClause, binds: Binds, within: str) -> ColumnElement[bool]:
    """`Represented` as a condition on the version alias `r`."""
    edge, row, patient = actor_edge.alias(), fact.alias(), resource.alias()
    relative, now = binds.text(wanted.relative), binds.number(wanted.now)
    young = exists(
        select(_ONE)
        .select_from(patient.join(row, row.c.vid == patient.c.vid))
        .where(patient.c.type == "Patient", patient.c.id == func.substr(r.c.patient, len("Patient/") + 1))
        .where(patient.c.current == 1, patient.c.deleted == 0)
        .where(row.c.param == literal_column(f"'{MAJORITY}'"), row.c.lo > now)
        .correlate_except(patient, row)
    )
    acts = exists(
        select(_ONE)
        .select_from(edge)
        .where(edge.c.member == relative, edge.c.key == r.c.patient, edge.c.lo <= now, edge.c.hi >= now)
        .where(or_(edge.c.kind == REPRESENTS, and_(edge.c.kind == PARENT, young)))
        .correlate_except(edge)
    )
    hers = getattr(func, within)(r.c.sensitivities, literal_column(f"'\n{ADOLESCENT}\n'")) == 0
    return and_(r.c.patient != "", r.c.others == 0, hers, acts)


def _literals(names: Any) -> list[ColumnElement[str]]:
    return [literal_column(f"'{name}'") for name in names]


def _text(value: ColumnElement[str], within: str) -> ColumnElement[str]:
    """PostgreSQL wants both ends of a recursion to compare alike."""
    return collate(value, "C") if within == "strpos" else value
