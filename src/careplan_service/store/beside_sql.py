"""What stands beside a page of resources: what they refer to and what refers to them; and what is named.

https://hl7.org/fhir/R4/search.html#include
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    func,
    literal_column,
    select,
    true,
)

from careplan_service.store.bind import Binds
from careplan_service.store.lists import is_among
from careplan_service.store.tables import fact, resource

_OWN = ".patient"
"""The search parameter whose value is a column of the version."""


def targets(binds: Binds, *, sqlite: bool) -> tuple[Select[Any], Select[Any]]:
    """What the versions numbered refer to by the parameters named; binds numbers, names, both again."""
    row, there, source = fact.alias(), resource.alias(), resource.alias()
    said = (
        select(row.c.value)
        .where(is_among(row.c.vid, binds, sqlite=sqlite, numbers=True))
        .where(is_among(row.c.param, binds, sqlite=sqlite))
        .distinct()  # those of a page mostly refer to the same
        .subquery()
    )
    one: ColumnElement[int] = literal_column("1")
    slash = getattr(func, "instr" if sqlite else "strpos")(said.c.value, literal_column("'/'"))
    by_fact = and_(
        # PostgreSQL refuses a negative length; a code among the facts has no slash.
        there.c.type == case((slash > one, func.substr(said.c.value, one, slash - one)), else_=""),
        there.c.id == func.substr(said.c.value, slash + one),
        there.c.current == 1,
    )
    facts = select(there.c.vid).select_from(said).join(there, by_fact)
    by_column = and_(
        there.c.type == literal_column("'Patient'"),
        there.c.id == func.substr(source.c.patient, literal_column("9")),
        there.c.current == 1,
    )
    columns = (
        select(there.c.vid)
        .select_from(source)
        .join(there, by_column)
        .where(is_among(source.c.vid, binds, sqlite=sqlite, numbers=True))
        .where(is_among(source.c.type.concat(_OWN), binds, sqlite=sqlite))
    )
    return facts, columns


def sources(binds: Binds, *, sqlite: bool) -> tuple[Select[Any], Select[Any]]:
    """What refers to those named, by the parameters named; binds references, names, both again."""
    row, there = fact.alias(), resource.alias()
    facts = (
        select(row.c.vid)
        .where(is_among(row.c.value, binds, sqlite=sqlite))
        .where(is_among(row.c.param, binds, sqlite=sqlite))
    )
    columns = (
        select(there.c.vid)
        .where(is_among(there.c.patient, binds, sqlite=sqlite))
        .where(is_among(there.c.type.concat(_OWN), binds, sqlite=sqlite), there.c.current == 1)
    )
    return facts, columns


def each_named(query: Select[Any], names: FromClause, *, sqlite: bool) -> tuple[FromClause, FromClause]:
    """The current, living ones of a query of `resource` that the references (`Goal/1`) in `names` lead to.

    As a table, and as what to select from. It starts at the names: left to themselves both databases may
    judge every version of a type and then look who was named.
    """
    there = resource.alias() if sqlite else resource
    one: ColumnElement[int] = literal_column("1")
    slash = getattr(func, "instr" if sqlite else "strpos")(names.c.value, literal_column("'/'"))
    which = (
        there.c.type == func.substr(names.c.value, one, slash - one),
        there.c.id == func.substr(names.c.value, slash + one),
        there.c.current == 1,
        there.c.deleted == 0,
    )
    if sqlite:
        found = query.where(resource.c.vid.in_(select(there.c.vid).where(*which))).subquery()
        return found, found
    each = query.where(*which).offset(literal_column("0")).lateral()
    return each, names.join(each, true())
