"""The reading statements: current versions, counts and histories, each with the caller's predicate in it.

A statement is built once per shape of its Filter and kept as text; requests supply values only.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, select, tuple_

from careplan_service.access.filters import All, Consented, Filter
from careplan_service.access.filters import Any as AnyOf
from careplan_service.interactions.desk import Page, Stored
from careplan_service.store.bind import Binds, named
from careplan_service.store.consent_sql import because
from careplan_service.store.database import Database, Statement
from careplan_service.store.sql import Values, clause, finds_few, shape
from careplan_service.store.tables import document, resource

_KEPT = 500  # statements; a shape is a query form, and clients use few
_LIVE = (resource.c.current == 1, resource.c.deleted == 0)

Form = tuple[Hashable, ...]
"""What a statement looks like: its kind first, then what else shapes it."""


class Reading:
    """Asks the database; every public method takes the Filter that holds the caller's predicate."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._statements: dict[Form, Statement] = {}

    def find(self, type_: str, wanted: Filter, page: Page) -> list[Stored]:
        """Current, living versions, in the order of the page."""
        values: Values = [type_]
        form = ("find", shape(wanted, values), page.by_updated, page.descending, page.after is not None)
        return self._rows(
            form, lambda b: self._find(b, type_, wanted, page), [*values, *_paging(page)], wanted
        )

    def current(self, type_: str, id_: str, wanted: Filter) -> list[Stored]:
        """The current version of one id, deleted or not."""
        values: Values = [type_, id_]
        form = ("current", shape(wanted, values))
        return self._rows(form, lambda b: self._current(b, type_, id_, wanted), values, wanted)

    def count(self, type_: str, wanted: Filter) -> int:
        """How many current, living versions there are."""
        values: Values = [type_]
        form = ("count", shape(wanted, values))
        sql = self._sql(form, lambda b: self._count(b, type_, wanted), finds_few(wanted))
        return int(self._database.rows(sql, named(values))[0][0])

    def versions(self, type_: str, id_: str, seen: Filter, page: Page) -> list[Stored]:
        """Versions of one id, newest first, judged each by itself and by the current one."""
        values: Values = [type_, id_]
        form = ("versions", shape(seen, values), shape(seen, values), page.after is not None)
        paging: Values = [*([page.after.key] if page.after else []), page.limit]
        return self._rows(form, lambda b: self._versions(b, type_, id_, seen, page), [*values, *paging], seen)

    def count_versions(self, type_: str, id_: str, seen: Filter) -> int:
        """How many `versions` there are in all."""
        values: Values = [type_, id_]
        form = ("count versions", shape(seen, values), shape(seen, values))
        sql = self._sql(form, lambda b: self._judged(_COUNT, b, type_, id_, seen))
        return int(self._database.rows(sql, named(values))[0][0])

    def version(self, type_: str, id_: str, version: int, seen: Filter) -> list[Stored]:
        """One version, judged by itself and by the current one."""
        values: Values = [type_, id_]
        form = ("version", shape(seen, values), shape(seen, values))
        return self._rows(
            form, lambda b: self._version(b, type_, id_, version, seen), [*values, version], seen
        )

    def _rows(
        self, form: Form, build: Callable[[Binds], Select[Any]], values: Values, seen: Filter
    ) -> list[Stored]:
        asked = _first_consented(seen)
        if asked is not None:
            shape(asked, values)
        one_by_one = finds_few(seen) or form[0] != "find"
        sql = self._sql(form, lambda binds: self._with_reason(build(binds), asked, binds), one_by_one)
        return [_stored(row) for row in self._database.rows(sql, named(values))]

    def _with_reason(self, query: Select[Any], asked: Consented | None, binds: Binds) -> Select[Any]:
        """The query with the rule that opened each row as a last column."""
        if asked is None:
            return query.add_columns(literal_column("''"))
        return query.add_columns(because(asked, resource, binds, self._database.within))

    def _sql(self, form: Form, build: Callable[[Binds], Select[Any]], one_by_one: bool = False) -> Statement:
        sql = self._statements.get(form)
        if sql is None:
            if len(self._statements) >= _KEPT:
                self._statements.clear()
            sql = self._statements[form] = self._database.compiled(build(Binds(one_by_one=one_by_one)))
        return sql

    def _clause(self, wanted: Filter, r: Any, binds: Binds) -> ColumnElement[bool]:
        return clause(wanted, r, binds, self._database.within)

    def _find(self, binds: Binds, type_: str, wanted: Filter, page: Page) -> Select[Any]:
        of_type = resource.c.type == binds.text(type_)
        query = _SELECT.where(of_type, *_LIVE)
        return _paged(query.where(self._clause(wanted, resource, binds)), binds, page)

    def _current(self, binds: Binds, type_: str, id_: str, wanted: Filter) -> Select[Any]:
        one = (
            resource.c.type == binds.text(type_),
            resource.c.id == binds.text(id_),
            resource.c.current == 1,
        )
        return _SELECT.where(*one, self._clause(wanted, resource, binds))

    def _count(self, binds: Binds, type_: str, wanted: Filter) -> Select[Any]:
        of_type = resource.c.type == binds.text(type_)
        return _COUNT.where(of_type, *_LIVE, self._clause(wanted, resource, binds))

    def _judged(self, query: Select[Any], binds: Binds, type_: str, id_: str, seen: Filter) -> Select[Any]:
        """Versions that may be seen themselves and whose current version may be seen too."""
        one = (resource.c.type == binds.text(type_), resource.c.id == binds.text(id_))
        itself = self._clause(seen, resource, binds)
        newest = resource.alias()
        same = and_(newest.c.type == resource.c.type, newest.c.id == resource.c.id, newest.c.current == 1)
        return query.join(newest, same).where(*one, itself, self._clause(seen, newest, binds))

    def _versions(self, binds: Binds, type_: str, id_: str, seen: Filter, page: Page) -> Select[Any]:
        query = self._judged(_SELECT, binds, type_, id_, seen)
        if page.after is not None:
            query = query.where(resource.c.version < binds.number(page.after.key))
        return query.order_by(resource.c.version.desc()).limit(binds.number(page.limit))

    def _version(self, binds: Binds, type_: str, id_: str, version: int, seen: Filter) -> Select[Any]:
        query = self._judged(_SELECT, binds, type_, id_, seen)
        return query.where(resource.c.version == binds.number(version))


_COLUMNS = ("type", "id", "version", "updated", "deleted", "method", "origin")
_SELECT: Select[Any] = select(*(resource.c[name] for name in _COLUMNS), document.c.body).join(
    document, document.c.vid == resource.c.vid
)
_COUNT: Select[Any] = select(func.count()).select_from(resource)


def _stored(row: tuple[Any, ...]) -> Stored:
    type_, id_, version, updated, deleted, method, origin, body, reason = row
    return Stored(type_, id_, version, updated, bool(deleted), method, bytes(body), reason or "", origin)


def _first_consented(wanted: Filter) -> Consented | None:
    """The consent question whose deciding rule is worth telling; staff need none."""
    if isinstance(wanted, Consented):
        return None if wanted.workforce else wanted
    if isinstance(wanted, All | AnyOf):
        return next((found for part in wanted.parts if (found := _first_consented(part))), None)
    return None


def _paging(page: Page) -> Values:
    after: Values = []
    if page.after is not None:
        after = [page.after.key, page.after.origin] if page.by_updated else [page.after.origin]
    return [*after, page.limit]


def _paged(query: Select[Any], binds: Binds, page: Page) -> Select[Any]:
    keys = [resource.c.updated, resource.c.origin] if page.by_updated else [resource.c.origin]
    if page.after is not None:
        given = [page.after.key, page.after.origin] if page.by_updated else [page.after.origin]
        mark = [binds.number(value) for value in given]
        beyond = tuple_(*keys) < tuple_(*mark) if page.descending else tuple_(*keys) > tuple_(*mark)
        query = query.where(beyond)
    order = [key.desc() if page.descending else key.asc() for key in keys]
    return query.order_by(*order).limit(binds.number(page.limit))
