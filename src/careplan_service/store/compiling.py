"""Statements as texts in a database's own dialect, compiled once and kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    Insert,
    LargeBinary,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.elements import ClauseElement, KeyedColumnElement

MOST_FORMS = 500
"""Of one kind of question; clients use few."""

_BIND = re.compile(r"p\d+")
_NAMED = re.compile(r":(\w+)()")
_PYFORMAT = re.compile(r"%\((\w+)\)s(::\w+)?")


class Statement(NamedTuple):
    """A compiled statement; `names` are its parameters in the order of `$1`, `$2` ... (PostgreSQL)."""

    text: str
    names: tuple[str, ...] = ()


class Forms:
    """Statements by their form, each made once; requests choose forms, so only so many are kept."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Statement] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, form: Hashable, make: Callable[[], Statement]) -> Statement:
        """The statement of a form, made now if it is not kept."""
        found = self._kept.get(form)
        if found is None:
            if len(self._kept) >= MOST_FORMS:
                self._kept.clear()
            found = self._kept[form] = make()
        return found


@lru_cache(maxsize=64)
def all_at_once(inserts: tuple[Statement, ...]) -> str:
    """Several statements of `insert_each` as one for PostgreSQL, each with its own `$1`, `$2`, ..."""
    texts = [one.text.replace("$1", f"${number}") for number, one in enumerate(inserts, 1)]
    others = ", ".join(f"made{number} AS ({text})" for number, text in enumerate(texts[:-1]))
    return f"WITH {others} {texts[-1]}" if others else texts[-1]


class Compiler:
    """Makes statements for SQLite, or for PostgreSQL in the dialect of an engine."""

    def __init__(self, dialect: Dialect) -> None:
        self._is_sqlite = dialect.name == "sqlite"
        # Named parameters on both, so that one value may stand in many places of a statement.
        self._dialect: Dialect = sqlite.dialect(paramstyle="named") if self._is_sqlite else dialect

    def compiled(self, statement: ClauseElement) -> Statement:
        """A statement in this database's dialect, its parameters named as its binds.

        Constants of ours stand in the text: a planner sees that `current = 1` has an index.
        """
        compiled = statement.compile(dialect=self._dialect, compile_kwargs={"render_postcompile": True})
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        numbers: dict[str, int] = {}

        def written(found: re.Match[str]) -> str:
            name, type_ = found[1], found[2] or ""
            value = constants.get(name)
            if value is not None and not _BIND.fullmatch(name):
                return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
            if self._is_sqlite:
                return found[0]
            return f"${numbers.setdefault(name, len(numbers) + 1)}{type_}"

        text = (_NAMED if self._is_sqlite else _PYFORMAT).sub(written, str(compiled))
        return Statement(text if self._is_sqlite else text.replace("%%", "%"), tuple(numbers))

    def insert_each(self, table: Table, without: str = "") -> Statement:
        """An insert of many rows, `without` the column that the database numbers itself.

        On PostgreSQL it takes the rows apart from one JSON text.
        """
        names = [one.name for one in table.c if one.name != without]
        if self._is_sqlite:
            return self.compiled(insert(table).values({name: bindparam(name) for name in names}))
        return self.compiled(_from_json(table, names))

    def insert_missing(self, table: Table, names: Sequence[str]) -> Statement:
        """`insert_each` of these columns; a row whose unique key is there already is left out."""
        if self._is_sqlite:
            made = sqlite.insert(table).values({name: bindparam(name) for name in names})
            return self.compiled(made.on_conflict_do_nothing())
        given = _given(table, names)
        made_each = postgresql.insert(table).from_select(names, select(*(given[name] for name in names)))
        return self.compiled(made_each.on_conflict_do_nothing())


def _from_json(table: Table, names: list[str]) -> Insert:
    """Bytes are UTF-8 there: JSON has only text."""
    bytes_ = {name for name in names if isinstance(table.c[name].type, LargeBinary)}
    rows = _given(table, names)
    made = [func.convert_to(rows[name], "UTF8") if name in bytes_ else rows[name] for name in names]
    return insert(table).from_select(names, select(*made))


def _given(table: Table, names: Sequence[str]) -> ReadOnlyColumnCollection[str, KeyedColumnElement[Any]]:
    """The columns of the rows in one JSON text."""
    kinds = {name: table.c[name].type for name in names}
    given = func.json_to_recordset(cast(bindparam("rows"), JSON)).table_valued(
        *(column(name, Text() if isinstance(kind, LargeBinary) else kind) for name, kind in kinds.items())
    )
    return given.render_derived(with_types=True).c
