"""A Filter as SQL, for every alias that a query touches: the fast twin of `access/holds.py`.

Statements are built once per shape (a Filter without its values) and kept compiled; a request
only supplies values.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any as Anything

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    exists,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    union_all,
)

from careplan_service.access import filters as f
from careplan_service.store.bind import Binds
from careplan_service.store.consent_sql import ONE, consented
from careplan_service.store.directory_sql import represented
from careplan_service.store.documents_sql import mentions
from careplan_service.store.linked_sql import linked
from careplan_service.store.shapes import FLAGS, READ, is_fixed
from careplan_service.store.tables import fact, resource

Column = ColumnElement[Anything]


def clause(wanted: f.Filter, r: FromClause, binds: Binds, within: str) -> ColumnElement[bool]:
    """The Filter as a condition on the alias `r` of `resource`.

    `within` is the SQL function that finds a text in a text (`instr`, `strpos`).
    """
    return _CLAUSES[type(wanted)](wanted, r, binds, within)


def _some_fact(
    wanted: f.Filter,
    r: FromClause,
    binds: Binds,
    param: Column,
    condition: Callable[[FromClause], list[Column]],
) -> Column:
    row = fact.alias()
    if binds.leads(wanted):
        # The statement starts from the facts and looks up the versions that have them.
        return r.c.vid.in_(select(row.c.vid).where(row.c.param == param, *condition(row)))
    asked = (row.c.vid == r.c.vid, row.c.param == param, *condition(row))
    found = select(ONE).select_from(row).where(*asked).correlate_except(row)
    # OFFSET keeps PostgreSQL from turning the look-up into a join that starts from the facts.
    return exists(found.offset(literal_column("0")))


def _is(wanted: f.Is, r: FromClause, binds: Binds, within: str) -> Column:
    column = r.c[wanted.column]
    if wanted.column in FLAGS:
        return column == binds.number(int(wanted.value))
    return column == binds.text(wanted.value)


def _has(wanted: f.Has, r: FromClause, binds: Binds, within: str) -> Column:
    param, given = binds.text(wanted.param), _given(wanted, binds)
    return _some_fact(
        wanted, r, binds, param, lambda row: [row.c[column] == value for column, value in given]
    )


def _given(wanted: f.Has | f.Within, binds: Binds) -> list[tuple[str, Column]]:
    stated = (("value", wanted.value), ("system", wanted.system))
    return [(column, binds.text(value)) for column, value in stated if value is not None]


def _reads(wanted: f.Reads, r: FromClause, binds: Binds, within: str) -> Column:
    param = binds.text(wanted.param)
    texts = [binds.text(str(text)) for text in READ[wanted.how](wanted.text)]
    conditions: Mapping[str, Callable[[FromClause], list[Column]]] = {
        "starts": lambda row: [row.c.value >= texts[0], row.c.value < texts[1]],
        "contains": lambda row: [getattr(func, within)(row.c.value, texts[0]) > 0],
        "exact": lambda row: [row.c.system == texts[0]],
    }
    return _some_fact(wanted, r, binds, param, conditions[wanted.how])


def against(prefix: str, lo: Column, hi: Column, a: Column, b: Column) -> Column:
    """The prefix as a condition on the stored range a..b; what follows from a <= b is said for the index."""
    inside = and_(a >= lo, a <= hi, b <= hi)
    table: Mapping[str, Column] = {
        "eq": inside,
        "ne": not_(inside),
        "gt": b > hi,
        "lt": a < lo,
        "ge": and_(b >= lo, or_(b > hi, inside)),
        "le": and_(a <= hi, or_(a < lo, inside)),
        "sa": a > hi,
        "eb": b < lo,
        "ap": and_(a <= hi, b >= lo),
    }
    return table[prefix]


def _within(wanted: f.Within, r: FromClause, binds: Binds, within: str) -> Column:
    param, given = binds.text(wanted.param), _given(wanted, binds)
    lo, hi = binds.number(wanted.lo), binds.number(wanted.hi)

    def conditions(row: FromClause) -> list[Column]:
        stated = [row.c[column] == value for column, value in given]
        # Only rows with a range stand in the indexes on them.
        ranged = row.c.hi != literal_column("0")
        return [*stated, ranged, against(wanted.prefix, lo, hi, row.c.lo, row.c.hi)]

    return _some_fact(wanted, r, binds, param, conditions)


def _updated(wanted: f.Updated, r: FromClause, binds: Binds, within: str) -> Column:
    lo, hi = binds.number(wanted.lo), binds.number(wanted.hi)
    if binds.leads(wanted):
        one = resource.alias()
        stood = against(wanted.prefix, lo, hi, one.c.updated, one.c.updated)
        return r.c.vid.in_(select(one.c.vid).where(stood))
    return against(wanted.prefix, lo, hi, r.c.updated, r.c.updated)


def _any(wanted: f.Any, r: FromClause, binds: Binds, within: str) -> Column:
    """One of several; where the statement starts from them, their versions are gathered first.

    PostgreSQL walks through the whole table for `column = ... OR vid IN (...)`.
    """
    leading = [binds.leads(part) for part in wanted.parts]
    fixed = map(is_fixed, wanted.parts)
    if not any(leading) or not all(map(operator.or_, leading, fixed)):
        return or_(false(), *(clause(part, r, binds, within) for part in wanted.parts))
    return r.c.vid.in_(union_all(*(_versions(part, binds, within) for part in wanted.parts)))


def _versions(wanted: f.Filter, binds: Binds, within: str) -> Select[Anything]:
    """The numbers of the versions of which one part holds, found by an index."""
    one = resource.alias()
    return select(one.c.vid).where(clause(wanted, one, binds, within), one.c.current == literal_column("1"))


_CLAUSES: Mapping[type, Callable[[Anything, FromClause, Binds, str], Column]] = {
    f.All: lambda wanted, r, b, w: and_(true(), *(clause(part, r, b, w) for part in wanted.parts)),
    f.Any: _any,
    f.Not: lambda wanted, r, b, w: not_(clause(wanted.part, r, b, w)),
    f.Is: _is,
    f.Has: _has,
    f.Reads: _reads,
    f.Within: _within,
    f.Updated: _updated,
    f.Linked: lambda wanted, r, b, w: linked(wanted, r, b, lambda part, at: clause(part, at, b, w)),
    f.Mentions: mentions,
    f.Consented: consented,
    f.Represented: represented,
}
