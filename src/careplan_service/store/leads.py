"""Where a statement starts that names neither patient nor id: at the rarest fact asked for, if one is rare.

Both databases plan badly here: SQLite never turns a look-up into a join, and PostgreSQL plans one
statement for all values. So the index is asked first how many rows there are, up to a bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, func, literal_column, or_, select

from careplan_service.access import filters as f
from careplan_service.store.bind import Binds, named
from careplan_service.store.database import Database, Statement
from careplan_service.store.shapes import Values, shape
from careplan_service.store.sql import clause
from careplan_service.store.tables import consent_key, consent_part, consent_rule, resource

FEW = 2000
"""Facts; of a value that more have, some soon turn up while walking through the versions themselves."""


def finds_few(wanted: f.Filter) -> bool:
    """Whether the Filter fixes the patient or the id, so that the statement starts there."""
    if isinstance(wanted, f.All):
        return any(finds_few(part) for part in wanted.parts)
    if isinstance(wanted, f.Any):
        return bool(wanted.parts) and all(finds_few(part) for part in wanted.parts)
    return isinstance(wanted, f.Is) and wanted.column in ("patient", "id")


def conjuncts(wanted: f.Filter) -> Iterator[f.Filter]:
    """The parts that must all hold and that an index of facts answers."""
    for part in wanted.parts if isinstance(wanted, f.All) else (wanted,):
        if _indexed(part):
            yield part


def _indexed(part: f.Filter) -> bool:
    if isinstance(part, f.Any):
        return 0 < len(part.parts) <= 20 and all(_indexed(one) for one in part.parts)
    if isinstance(part, f.Has):
        return part.value is not None
    if isinstance(part, f.Within):
        return part.prefix != "ne"
    return isinstance(part, f.Reads) and part.how == "starts"


def basics(part: f.Filter) -> tuple[f.Filter, ...]:
    """The single questions of a conjunct, each of which starts from the facts."""
    return part.parts if isinstance(part, f.Any) else (part,)


class Leads:
    """Asks how rare facts are; a probe is one walk over at most FEW index rows."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._probes: dict[object, Statement] = {}

    def best(self, wanted: f.Filter) -> tuple[int, f.Filter] | None:
        """The number and the conjunct of the rarest facts; None when none is rare."""
        rarest = min(
            ((self._many(part), n, part) for n, part in enumerate(conjuncts(wanted))),
            key=lambda found: found[:2],
            default=None,
        )
        return (rarest[1], rarest[2]) if rarest and rarest[0] <= FEW else None

    def _many(self, part: f.Filter) -> int:
        values: Values = []
        form = shape(part, values)
        sql = self._probes.get(form)
        if sql is None:
            if len(self._probes) >= 500:
                self._probes.clear()
            sql = self._probes[form] = self._probe(part)
        return int(self._database.rows(sql, named(values))[0][0])

    def _probe(self, part: f.Filter) -> Statement:
        """How many facts answer, as the sum of what each single question counts up to the bound."""
        binds = Binds(lead=basics(part))
        counts = [self._counted(one, binds) for one in basics(part)]
        total = counts[0]
        for count in counts[1:]:
            total = total + count
        return self._database.compiled(select(total))

    def _counted(self, one: f.Filter, binds: Binds) -> Any:
        # The lead clause is `vid IN (SELECT vid FROM fact WHERE ...)`; its inside is what is counted.
        inside: Any = clause(one, resource, binds, self._database.within)
        inner = inside.right.element
        counted = inner.limit(literal_column(str(FEW + 1))).subquery()
        return select(func.count()).select_from(counted).scalar_subquery()


def reach(asked: f.Consented, contributor: str, r: FromClause, binds: Binds) -> ColumnElement[bool]:
    """What a partner's view implies: its own contribution, or a patient with a permit that names it."""
    rule, part, key = consent_rule.alias(), consent_part.alias(), consent_key.alias()
    named_it = (
        select(rule.c.patient)
        .join(part, part.c.rule == rule.c.rule)
        .join(key, key.c.part == part.c.part)
        .where(key.c.dimension == "actor", key.c.key.in_([binds.text(a) for a in asked.actors]))
        .where(rule.c.deny == 0)
    )
    own = and_(r.c.contributor == binds.text(contributor), r.c.current == 1)
    return or_(own, r.c.patient.in_(named_it))


def partner_of(wanted: f.Filter) -> tuple[f.Consented, str] | None:
    """The consent question and the organisation of a partner's view, where the Filter holds one."""
    parts = wanted.parts if isinstance(wanted, f.All) else (wanted,)
    for part in parts:
        if isinstance(part, f.Any):
            own = [one for one in _leaves(part) if isinstance(one, f.Is) and one.column == "contributor"]
            asked = [one for one in _leaves(part) if isinstance(one, f.Consented) and not one.workforce]
            if own and asked:
                return asked[0], own[0].value
    return None


def _leaves(wanted: f.Filter) -> Iterator[f.Filter]:
    if isinstance(wanted, f.All | f.Any):
        for part in wanted.parts:
            yield from _leaves(part)
    else:
        yield wanted
