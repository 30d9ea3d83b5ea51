"""Order and keyset paging: rows after a mark, by sort keys and then by place.

https://hl7.org/fhir/R4/search.html#sort
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    and_,
    func,
    literal,
    literal_column,
    or_,
    select,
)

from careplan_service.interactions.records import Key, Page
from careplan_service.store.bind import Binds
from careplan_service.store.tables import fact, resource

Column = ColumnElement[Any]
_LAST: dict[tuple[str, bool], str | int] = {
    ("value", False): "\U0010ffff",
    ("value", True): "",
    ("span", False): 2**63 - 1,
    ("span", True): -(2**63) + 1,
}
"""What stands for no value, so that resources without one come last either way."""


def key_columns(page: Page, binds: Binds, r: FromClause) -> list[Column]:
    """The sort keys as columns; a search parameter with several values sorts by its first one."""
    return [_key(key, binds, r) for key in page.sort]


def _key(key: Key, binds: Binds, r: FromClause) -> Column:
    if key.kind == "column":
        return r.c[key.name]
    row = fact.alias()
    pick = func.max if key.descending else func.min
    column = row.c.value if key.kind == "value" else row.c.hi if key.descending else row.c.lo
    chosen = select(pick(column)).where(row.c.vid == r.c.vid, row.c.param == binds.text(key.name))
    return func.coalesce(
        chosen.correlate_except(row).scalar_subquery(), literal(_LAST[key.kind, key.descending])
    )


def key_values(page: Page) -> list[str | int]:
    """What `key_columns` binds."""
    return [key.name for key in page.sort if key.kind != "column"]


def paged(
    query: Select[Any], columns: list[Column], page: Page, binds: Binds, *, gathered: bool = False
) -> Select[Any]:
    """The query in the order of the page, after its mark, at most its limit."""
    return ordered(query, columns, page, binds, gathered=gathered).limit(binds.number(page.limit))


def ordered(
    query: Select[Any], columns: list[Column], page: Page, binds: Binds, *, gathered: bool = False
) -> Select[Any]:
    """The query in the order of the page, after its mark.

    What is `gathered` first is then sorted: no index is walked in the order of the page.
    """
    order: list[Column] = [*columns, resource.c.origin]
    if page.after is not None:
        marks = [_mark(value, binds) for value in (*page.after.keys, page.after.origin)]
        query = query.where(_beyond(order, marks, ways(page)))
    if gathered:
        order[0] = of_no_index(order[0])
    by = [column.desc() if down else column.asc() for column, down in zip(order, ways(page), strict=True)]
    return query.order_by(*by)


def ways(page: Page) -> list[bool]:
    """Whether each sort key, and the place after them, goes down."""
    descending = [key.descending for key in page.sort]
    return [*descending, descending[0] if descending else False]


def of_no_index(column: Column) -> Column:
    """The same values as an expression, by which nothing is walked."""
    return (
        column + literal_column("0")
        if isinstance(column.type, Integer)
        else column.concat(literal_column("''"))
    )


def mark_values(page: Page) -> list[str | int]:
    """What `ordered` binds; the limit of the page comes behind it."""
    return [*page.after.keys, page.after.origin] if page.after else []


def _mark(value: int | str, binds: Binds) -> Column:
    return binds.text(value) if isinstance(value, str) else binds.number(value)


def _beyond(order: list[Column], marks: list[Column], ways: list[bool]) -> Column:
    """Behind the mark: beyond it by the first key, or level with it and beyond by the rest."""
    column, mark, down = order[0], marks[0], ways[0]
    further = column < mark if down else column > mark
    if len(order) == 1:
        return further
    return or_(further, and_(column == mark, _beyond(order[1:], marks[1:], ways[1:])))
