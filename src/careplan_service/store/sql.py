"""A Filter as SQL, for every alias that a query touches: the fast twin of `access/holds.py`.

Statements are built once per shape (a Filter without its values) and kept compiled; a request
only supplies values. `shape` and `clause` walk a Filter in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any as Anything

from sqlalchemy import (
    ColumnElement,
    FromClause,
    and_,
    exists,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
)

from careplan_service.access import filters as f
from careplan_service.store.bind import Binds, fence
from careplan_service.store.consent_sql import ONE, consented
from careplan_service.store.tables import fact

Values = list[str | int]
_FLAGS = frozenset({"current", "deleted"})
Column = ColumnElement[Anything]


def shape(wanted: f.Filter, values: Values) -> Hashable:
    """What a Filter looks like without its values, which are appended to `values`."""
    return _SHAPES[type(wanted)](wanted, values)


def clause(wanted: f.Filter, r: FromClause, binds: Binds, within: str) -> ColumnElement[bool]:
    """The Filter as a condition on the alias `r` of `resource`."""
    return _CLAUSES[type(wanted)](wanted, r, binds, within)


def _parts(wanted: f.All | f.Any, values: Values) -> Hashable:
    return (type(wanted), *(shape(part, values) for part in wanted.parts))


def _is_shape(wanted: f.Is, values: Values) -> Hashable:
    values.append(int(wanted.value) if wanted.column in _FLAGS else wanted.value)
    return (f.Is, wanted.column)


def _has_shape(wanted: f.Has, values: Values) -> Hashable:
    given = [value for value in (wanted.value, wanted.system) if value is not None]
    values += [wanted.param, *given]
    return (f.Has, wanted.value is None, wanted.system is None)


def _reads_shape(wanted: f.Reads, values: Values) -> Hashable:
    values += [wanted.param, *_READ[wanted.how](wanted.text)]
    return (f.Reads, wanted.how)


def _within_shape(wanted: f.Within, values: Values) -> Hashable:
    given = [value for value in (wanted.value, wanted.system) if value is not None]
    values += [wanted.param, *given, wanted.lo, wanted.hi]
    return (f.Within, wanted.prefix, wanted.value is None, wanted.system is None)


def _updated_shape(wanted: f.Updated, values: Values) -> Hashable:
    values += [wanted.lo, wanted.hi]
    return (f.Updated, wanted.prefix)


def _consented_shape(wanted: f.Consented, values: Values) -> Hashable:
    values += [*wanted.actors, *wanted.purpose, *(fence(code) for code in wanted.purpose), wanted.now]
    return (f.Consented, len(wanted.actors), len(wanted.purpose), wanted.workforce)


_SHAPES: Mapping[type, Callable[[Anything, Values], Hashable]] = {
    f.All: _parts,
    f.Any: _parts,
    f.Not: lambda wanted, values: (f.Not, shape(wanted.part, values)),
    f.Is: _is_shape,
    f.Has: _has_shape,
    f.Reads: _reads_shape,
    f.Within: _within_shape,
    f.Updated: _updated_shape,
    f.Consented: _consented_shape,
}


def finds_few(wanted: f.Filter) -> bool:
    """Whether the Filter fixes the patient or the id, so that the statement starts there."""
    if isinstance(wanted, f.All):
        return any(finds_few(part) for part in wanted.parts)
    return isinstance(wanted, f.Is) and wanted.column in ("patient", "id")


def after(text: str) -> str:
    """The smallest text greater than every text that starts with this one."""
    return text + "\U0010ffff"


_READ: Mapping[str, Callable[[str], Values]] = {
    "starts": lambda text: [text, after(text)],
    "contains": lambda text: [text],
    "exact": lambda text: [text],
}


def _some_fact(
    r: FromClause, binds: Binds, param: Column, condition: Callable[[FromClause], list[Column]]
) -> Column:
    row = fact.alias()
    asked = (row.c.vid == r.c.vid, row.c.param == param, *condition(row))
    found = select(ONE).select_from(row).where(*asked).correlate_except(row)
    # OFFSET keeps PostgreSQL from turning the look-up into a join that starts from the facts.
    return exists(found.offset(literal_column("0")) if binds.one_by_one else found)


def _is(wanted: f.Is, r: FromClause, binds: Binds, within: str) -> Column:
    column = r.c[wanted.column]
    if wanted.column in _FLAGS:
        return column == binds.number(int(wanted.value))
    return column == binds.text(wanted.value)


def _has(wanted: f.Has, r: FromClause, binds: Binds, within: str) -> Column:
    param = binds.text(wanted.param)
    given = _given(wanted, binds)
    return _some_fact(r, binds, param, lambda row: [row.c[column] == value for column, value in given])


def _given(wanted: f.Has | f.Within, binds: Binds) -> list[tuple[str, Column]]:
    stated = (("value", wanted.value), ("system", wanted.system))
    return [(column, binds.text(value)) for column, value in stated if value is not None]


def _reads(wanted: f.Reads, r: FromClause, binds: Binds, within: str) -> Column:
    param = binds.text(wanted.param)
    texts = [binds.text(str(text)) for text in _READ[wanted.how](wanted.text)]
    conditions: Mapping[str, Callable[[FromClause], list[Column]]] = {
        "starts": lambda row: [row.c.value >= texts[0], row.c.value < texts[1]],
        "contains": lambda row: [getattr(func, within)(row.c.value, texts[0]) > 0],
        "exact": lambda row: [row.c.system == texts[0]],
    }
    return _some_fact(r, binds, param, conditions[wanted.how])


def _against(prefix: str, lo: Column, hi: Column, a: Column, b: Column) -> Column:
    inside = and_(a >= lo, b <= hi)
    table: Mapping[str, Column] = {
        "eq": inside,
        "ne": not_(inside),
        "gt": b > hi,
        "lt": a < lo,
        "ge": or_(b > hi, inside),
        "le": or_(a < lo, inside),
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
        return [*stated, _against(wanted.prefix, lo, hi, row.c.lo, row.c.hi)]

    return _some_fact(r, binds, param, conditions)


def _updated(wanted: f.Updated, r: FromClause, binds: Binds, within: str) -> Column:
    lo, hi = binds.number(wanted.lo), binds.number(wanted.hi)
    return _against(wanted.prefix, lo, hi, r.c.updated, r.c.updated)


_CLAUSES: Mapping[type, Callable[[Anything, FromClause, Binds, str], Column]] = {
    f.All: lambda wanted, r, b, w: and_(true(), *(clause(part, r, b, w) for part in wanted.parts)),
    f.Any: lambda wanted, r, b, w: or_(false(), *(clause(part, r, b, w) for part in wanted.parts)),
    f.Not: lambda wanted, r, b, w: not_(clause(wanted.part, r, b, w)),
    f.Is: _is,
    f.Has: _has,
    f.Reads: _reads,
    f.Within: _within,
    f.Updated: _updated,
    f.Consented: consented,
}
