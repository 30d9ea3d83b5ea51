"""Chained search and `_has` in SQL: the links as one flat join, every alias with the caller's predicate.

https://hl7.org/fhir/R4/search.html#chaining
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, FromClause, exists, func, literal_column, select

from careplan_service.access.filters import Filter, Link, Linked
from careplan_service.store.bind import Binds
from careplan_service.store.consent_sql import ONE
from careplan_service.store.tables import fact, resource

Column = ColumnElement[Any]


def linked(
    wanted: Linked, r: FromClause, binds: Binds, clause: Callable[[Filter, FromClause], Column]
) -> Column:
    """The links from the alias `r` outwards and the part at their end; `clause` says a Filter of an alias.

    What may be stepped to is a common table expression: both databases work it out row by row as if
    it stood in place, and SQLite's parser, which takes 100 levels, need not go into it from here.
    """
    joined: list[FromClause] = []
    conditions: list[Column] = []
    start: tuple[Column, Column] | None = None
    at = r
    for number, link in enumerate(wanted.links, 1):
        there, row = resource.alias(), None if link.column else fact.alias()
        type_ = binds.text(link.type)
        param = None if link.column else binds.text(link.param)
        living = [there.c.type == type_, there.c.current == 1, there.c.deleted == 0]
        seen = clause(link.seen, there)
        # What is asked costs less to look at than what may be seen.
        asked = [clause(wanted.part, there)] if number == len(wanted.links) else []
        step = select(*(there.c[name] for name in _CARRIED)).where(*living, *asked, seen).cte()
        joined += [step] if row is None else [row, step]
        if number == 1 and binds.leads(wanted):
            start, found = _ends(link, r, step, row, param)
        else:
            found = _joined(link, at, step, row, param)
        conditions += found
        at = step
    if start is not None:
        mine, reached = start
        return mine.in_(select(reached).select_from(*joined).where(*conditions))
    linked_to = select(ONE).select_from(*joined).where(*conditions).correlate_except(*joined)
    return exists(linked_to.offset(literal_column("0")))


def _ends(
    link: Link, r: FromClause, step: FromClause, row: FromClause | None, param: Column | None
) -> tuple[tuple[Column, Column], list[Column]]:
    """The column of `r` and what it is among, for a statement that starts at the end of the chain."""
    name = link.source if link.reverse else link.type
    behind: ColumnElement[int] = literal_column(str(len(name) + 2))
    reference = literal_column(f"'{name}/'").concat(step.c.id)
    if row is None:
        if link.reverse:
            return (r.c.id, func.substr(step.c[link.column], behind)), []
        return (r.c[link.column], reference), []
    named = row.c.param == param
    if not link.reverse:
        return (r.c.vid, row.c.vid), [named, row.c.value == reference]
    of_type = row.c.value.between(literal_column(f"'{name}/'"), literal_column(f"'{name}0'"))
    return (r.c.id, func.substr(row.c.value, behind)), [named, row.c.vid == step.c.vid, of_type]


_CARRIED = ("vid", "id", "patient")
"""What the next step and the reference need of a version."""


def _joined(
    link: Link, at: FromClause, there: FromClause, row: FromClause | None, param: Column | None
) -> list[Column]:
    """The reference from one alias to the other: in the patient column, or in a row of facts."""
    source, target = (there, at) if link.reverse else (at, there)
    name = link.source if link.reverse else link.type
    if row is None:
        holder, found = source.c[link.column], []
    else:
        holder, found = row.c.value, [row.c.vid == source.c.vid, row.c.param == param]
    reference = literal_column(f"'{name}/'").concat(target.c.id)
    if not link.reverse:
        # Said once more the other way round, so that the target is looked up by its id.
        found.append(target.c.id == func.substr(holder, literal_column(str(len(name) + 2))))
    return [*found, holder == reference]
