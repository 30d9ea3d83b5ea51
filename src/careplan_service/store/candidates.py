"""What may be on a page, gathered and put in order before any of it is judged.

Who asks for twenty of what thousands of facts lead to has some twenty of them judged, and not all.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Select, func, literal_column, select

from careplan_service.access import filters as f
from careplan_service.interactions.records import Page
from careplan_service.store.bind import Binds
from careplan_service.store.leads import conjuncts
from careplan_service.store.paging import of_no_index, ordered, ways
from careplan_service.store.tables import resource

Column = ColumnElement[Any]
_FIRST = "first"


class Keys(NamedTuple):
    """The sort keys of a page as columns of `resource`."""

    columns: list[Column]
    page: Page

    @property
    def names(self) -> list[str]:
        """What they are called where a subquery tells them."""
        return [f"key{number}" for number in range(len(self.columns))]

    @property
    def labelled(self) -> list[Column]:
        """The columns under these names."""
        return [column.label(name) for name, column in zip(self.names, self.columns, strict=True)]

    def order(self, of: FromClause, *, first: str = "") -> list[Column]:
        """By the keys as a subquery tells them, and by place; `first` says the first of them otherwise."""
        names = [*self.names, "origin"]
        columns = [of.c[name] for name in ([first, *names[1:]] if first else names)]
        return [
            column.desc() if down else column.asc()
            for column, down in zip(columns, ways(self.page), strict=True)
        ]


def divided(wanted: f.Filter, number: int) -> tuple[f.Filter, f.Filter]:
    """The conjunct of that number, where the statement starts, and what else must hold."""
    start = list(conjuncts(wanted))[number]
    if not isinstance(wanted, f.All):
        return start, f.EVERYTHING
    left = list(wanted.parts)
    left.remove(start)
    return start, f.All(tuple(left))


def in_order(where: list[Column], keys: Keys, binds: Binds) -> FromClause:
    """The versions that the conditions lead to, behind the page's mark and in its order."""
    sorted_by = of_no_index([*keys.columns, resource.c.origin][0]).label(_FIRST)
    query = select(resource, *keys.labelled, sorted_by).where(*where)
    # OFFSET keeps both databases from judging them before they are sorted.
    query = ordered(query, keys.columns, keys.page, binds, gathered=True)
    return query.offset(literal_column("0")).subquery()


def judged(at: FromClause, holds: Column, keys: Keys, binds: Binds, *, sqlite: bool) -> Select[Any]:
    """The first of them for which it holds, as many as the page has."""
    query = select(at.c.vid, at.c.origin, *(at.c[name] for name in keys.names)).where(holds)
    if not sqlite:
        # PostgreSQL knows that they come in this order; SQLite would judge all of them and sort anew.
        query = query.order_by(*keys.order(at, first=_FIRST))
    return query.limit(binds.number(keys.page.limit))


def told(what: Select[Any], chosen: Select[Any], keys: Keys, *, counts: bool = False) -> Select[Any]:
    """What is told of the versions of a page, with their keys, once it is known which they are.

    Else both databases sort everything that is told, bytes too, of every version that may be on the page.
    With `counts` how many there are in all stands behind the keys.
    """
    page_of = chosen.subquery()
    names = [*keys.names, *(["total"] if counts else [])]
    query = what.add_columns(*(page_of.c[name] for name in names))
    return query.join(page_of, page_of.c.vid == resource.c.vid).order_by(*keys.order(page_of))


TOTAL = func.count().over().label("total")
"""How many there are in all, beside each row."""
