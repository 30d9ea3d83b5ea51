"""The reading statements of single versions and of what stands beside a page, with the caller's predicate."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, literal_column, select, union_all

from careplan_service.access.filters import Filter
from careplan_service.interactions.records import Stored
from careplan_service.store.asking import COLUMNS, HEADS, LIVE, NO_BODY, SELECT, Asking, first_consented
from careplan_service.store.beside_sql import each_named, sources, targets
from careplan_service.store.bind import Binds, Values
from careplan_service.store.consent_sql import because
from careplan_service.store.database import Database
from careplan_service.store.lists import elements, is_among, listed
from careplan_service.store.pages import Pages
from careplan_service.store.shapes import shape
from careplan_service.store.tables import document, fact, resource

MOST_LABELS = 1000


class Reading:
    """Asks the database; every public method takes the Filter that holds the caller's predicate."""

    def __init__(self, database: Database) -> None:
        self.asking = Asking(database)
        self.pages = Pages(database, self.asking)
        self._sqlite = database.is_sqlite

    def current(self, type_: str, id_: str, wanted: Filter, *, body: bool = True) -> list[Stored]:
        """The current version of one id, deleted or not."""
        values, asked = Values([type_, id_]), first_consented(wanted)
        form = ("current", body, asked and shape(asked, values), shape(wanted, values))

        def build(binds: Binds) -> Select[Any]:
            of_type, of_id = binds.text(type_), binds.text(id_)
            at, reason, left = self.asking.judged(_nearest(of_type, of_id), asked, binds)
            left = (*left, at.c.type == of_type, at.c.id == of_id, at.c.current == 1)
            columns = [at.c[name] for name in COLUMNS]
            query = select(*columns, document.c.body).join(document, document.c.vid == at.c.vid)
            query = query if body else select(*columns, NO_BODY)
            return query.where(*left, self.asking.clause(wanted, at, binds)).add_columns(reason)

        return self.asking.told(form, build, values)

    def named(self, references: Collection[str], wanted: Filter) -> list[Stored]:
        """The living versions of those references (`Goal/1`)."""
        values = Values([listed(sorted(references))])
        form, asked = ("named", shape(wanted, values)), first_consented(wanted)

        def build(binds: Binds) -> Select[Any]:
            names = elements(binds, sqlite=self._sqlite).subquery()
            condition = self.asking.clause(wanted, resource, binds)
            reason = because(asked, resource, binds, self.asking.within) if asked else literal_column("''")
            query = HEADS.add_columns(reason.label("because")).where(condition)
            found, tables = each_named(query, names, sqlite=self._sqlite)
            told = select(*(found.c[name] for name in COLUMNS), document.c.body, found.c.because)
            return told.select_from(tables.join(document, document.c.vid == found.c.vid))

        return self.asking.told(form, build, values)

    def labels(self, type_: str, params: Sequence[str], wanted: Filter) -> list[tuple[str, str, str]]:
        """The different (parameter, value, system) of living versions, at most MOST_LABELS."""
        values = Values([listed(params), *([type_] if type_ else [])])
        form = ("labels", not type_, shape(wanted, values))

        def build(binds: Binds) -> Select[Any]:
            columns = (fact.c.param, fact.c.value, fact.c.system)
            query = select(*columns).select_from(fact).join(resource, resource.c.vid == fact.c.vid)
            query = query.where(is_among(fact.c.param, binds, sqlite=self._sqlite))
            of_type = [resource.c.type == binds.text(type_)] if type_ else []
            query = query.where(*of_type, *LIVE, self.asking.clause(wanted, resource, binds))
            return query.distinct().order_by(*columns).limit(MOST_LABELS)

        return self.asking.tuples(form, build, values)

    def referenced(
        self, page: Sequence[Stored], params: Sequence[str], wanted: Filter, most: int
    ) -> list[Stored]:
        """The living versions that those of the page refer to, in the order of their places."""
        vids, names = listed(v.vid for v in page), _names(tuple(params))
        values = Values([vids, names, vids, names])
        form = ("referenced", shape(wanted, values))

        def build(binds: Binds) -> Select[Any]:
            among = resource.c.vid.in_(union_all(*targets(binds, sqlite=self._sqlite)))
            return self._beside(among, wanted, most, binds)

        return self.asking.rows(form, build, [*values, most], wanted)

    def referring(
        self, page: Sequence[Stored], params: Sequence[str], wanted: Filter, most: int
    ) -> list[Stored]:
        """The living versions that refer to those of the page, in the order of their places."""
        keys, names = listed(f"{v.type}/{v.id}" for v in page), _names(tuple(params))
        values = Values([keys, names, keys, names])
        form = ("referring", shape(wanted, values))

        def build(binds: Binds) -> Select[Any]:
            among = resource.c.vid.in_(union_all(*sources(binds, sqlite=self._sqlite)))
            return self._beside(among, wanted, most, binds)

        return self.asking.rows(form, build, [*values, most], wanted)

    def _beside(self, among: Any, wanted: Filter, most: int, binds: Binds) -> Select[Any]:
        query = SELECT.where(among, *LIVE, self.asking.clause(wanted, resource, binds))
        return query.order_by(resource.c.origin).limit(binds.number(most))


def _nearest(type_: ColumnElement[str], id_: ColumnElement[str]) -> ColumnElement[bool]:
    """The current version of an id or, where there is none, of the next one.

    So that a question about what is absent takes as long as one about what is hidden.
    """
    near = resource.alias()
    of_type = (near.c.type == type_, near.c.current == 1, near.c.id >= id_)
    first = select(near.c.vid).where(*of_type).order_by(near.c.id).limit(literal_column("1"))
    return resource.c.vid == first.scalar_subquery()


@lru_cache(maxsize=64)
def _names(params: tuple[str, ...]) -> str:
    """The parameters as a list: those of `*` are hundreds, and the same each time."""
    return listed(params)
