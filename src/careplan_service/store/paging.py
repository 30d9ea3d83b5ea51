"""Order and keyset paging: rows after a mark, by sort keys and then by place.

https://hl7.org/fhir/R4/search.html#sort
"""

from __future__ import annotations

from collections.abc import Callable
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
    """The query in the order of the page, after its mark, at most its limit.

    What is `gathered` first is then sorted: no index is walked in the order of the page.
    """
    order: list[Column] = [*columns, resource.c.origin]
    if page.after is not None:
        marks = [_mark(value, binds) for value in (*page.after.keys, page.after.origin)]
        query = query.where(_beyond(order, marks, ways(page)))
    if gathered:
        order[0] = _of_no_index(order[0])
    by = [column.desc() if down else column.asc() for column, down in zip(order, ways(page), strict=True)]
    return query.order_by(*by).limit(binds.number(page.limit))


def picked(
    told: Select[Any],
    keys: list[Column],
    page: Page,
    on_page: Callable[[Select[Any]], Select[Any]],
    *,
    counts: bool,
) -> Select[Any]:
    """What is told of the versions of a page, with their keys, once it is known which they are.

    With `counts` how many there are in all stands behind the keys.

    Else both databases sort everything that is told, bytes too, of every version that may be on the page.
    """
    names = [f"key{number}" for number in range(len(keys))]
    labelled = [column.label(name) for name, column in zip(names, keys, strict=True)]
    total = [func.count().over().label("total")] if counts else []
    page_of = on_page(select(resource.c.vid, resource.c.origin, *labelled, *total)).subquery()
    order = [page_of.c[name] for name in (*names, "origin")]
    by = [column.desc() if down else column.asc() for column, down in zip(order, ways(page), strict=True)]
    query = told.add_columns(*order[:-1], *(page_of.c[one.name] for one in total)).join(
        page_of, page_of.c.vid == resource.c.vid
    )
    return query.order_by(*by)


def ways(page: Page) -> list[bool]:
    """Whether each sort key, and the place after them, goes down."""
    descending = [key.descending for key in page.sort]
    return [*descending, descending[0] if descending else False]


def _of_no_index(column: Column) -> Column:
    """The same values as an expression, by which nothing is walked."""
    return (
        column + literal_column("0")
        if isinstance(column.type, Integer)
        else column.concat(literal_column("''"))
    )


def page_values(page: Page) -> list[str | int]:
    """What `paged` binds."""
    return [
        *(page.after.keys if page.after else ()),
        *([page.after.origin] if page.after else []),
        page.limit,
    ]


def _mark(value: int | str, binds: Binds) -> Column:
    return binds.text(value) if isinstance(value, str) else binds.number(value)


def _beyond(order: list[Column], marks: list[Column], ways: list[bool]) -> Column:
    """Behind the mark: beyond it by the first key, or level with it and beyond by the rest."""
    column, mark, down = order[0], marks[0], ways[0]
    further = column < mark if down else column > mark
    if len(order) == 1:
        return further
    return or_(further, and_(column == mark, _beyond(order[1:], marks[1:], ways[1:])))
