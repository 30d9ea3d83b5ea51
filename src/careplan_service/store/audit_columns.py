"""A question about the columns of the log as SQL; `interactions/audit_asked.py` says what is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any as Anything

from sqlalchemy import ColumnElement, and_, false, func, literal_column, not_, or_, true

from careplan_service.access import filters as f
from careplan_service.store.bind import Binds
from careplan_service.store.sql import against

Columns = Mapping[str, ColumnElement[Anything]]
_NUMBERS = frozenset({"entry", "n"})
_END: ColumnElement[str] = literal_column("'\n'")


def clause(wanted: f.Filter, columns: Columns, binds: Binds, within: str) -> ColumnElement[bool]:
    """The Filter as a condition on columns; `within` is the SQL function that finds a text in a text."""
    return _CLAUSES[type(wanted)](wanted, columns, binds, within)


def _is(wanted: f.Is, columns: Columns, binds: Binds, within: str) -> ColumnElement[bool]:
    column = columns[wanted.column]
    if wanted.column in _NUMBERS:
        return column == binds.number(int(wanted.value))
    return column == binds.text(wanted.value)


def _reads(wanted: f.Reads, columns: Columns, binds: Binds, within: str) -> ColumnElement[bool]:
    """Some lines of the column hold the text; each begins and ends with a line feed."""
    lines = _END.op("||")(columns[wanted.param]).op("||")(_END)
    found: ColumnElement[bool] = getattr(func, within)(lines, binds.text(wanted.text)) > 0
    return found


def _between(
    column: ColumnElement[Anything], wanted: f.Within | f.Updated, binds: Binds
) -> ColumnElement[bool]:
    return against(wanted.prefix, binds.number(wanted.lo), binds.number(wanted.hi), column, column)


_CLAUSES: Mapping[type, Callable[[Anything, Columns, Binds, str], ColumnElement[bool]]] = {
    f.All: lambda wanted, c, b, w: and_(true(), *(clause(part, c, b, w) for part in wanted.parts)),
    f.Any: lambda wanted, c, b, w: or_(false(), *(clause(part, c, b, w) for part in wanted.parts)),
    f.Not: lambda wanted, c, b, w: not_(clause(wanted.part, c, b, w)),
    f.Is: _is,
    f.Reads: _reads,
    f.Within: lambda wanted, c, b, w: _between(c[wanted.param], wanted, b),
    f.Updated: lambda wanted, c, b, w: _between(c["at"], wanted, b),
}
