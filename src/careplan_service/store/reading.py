"""The reading statements of current versions, each with the caller's predicate in it."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, select, union_all

from careplan_service.access.filters import Filter
from careplan_service.interactions.records import Page, Stored
from careplan_service.store.asking import COLUMNS, HEADS, SELECT, Asking, first_consented
from careplan_service.store.beside_sql import each_named, sources, targets
from careplan_service.store.bind import Binds, Values
from careplan_service.store.consent_sql import because
from careplan_service.store.database import Database
from careplan_service.store.leads import Leads, few_leads, partner_of, reach, reach_values
from careplan_service.store.lists import elements, is_among, listed
from careplan_service.store.paging import key_columns, key_values, page_values, paged, picked
from careplan_service.store.several import merged, types_of
from careplan_service.store.shapes import shape
from careplan_service.store.tables import document, fact, resource

MOST_LABELS = 1000
_ANYWHERE = "any"
_WALKED = 3000  # resources, to count unasked
_LIVE = (resource.c.current == 1, resource.c.deleted == 0)

Start = tuple[Hashable, tuple[Filter, ...]]
"""Where a statement starts, and at which facts."""

_COUNT: Select[Any] = select(func.count()).select_from(resource)
_NUMBERS: Select[Any] = select(resource.c.vid)
_NO_BODY: ColumnElement[str] = literal_column("''")


class Reading:
    """Asks the database; every public method takes the Filter that holds the caller's predicate."""

    def __init__(self, database: Database) -> None:
        self.asking = Asking(database)
        self._sqlite = database.is_sqlite
        self._leads = Leads(database)

    def forget(self) -> None:
        """What was counted to choose where to start counts no longer."""
        self._leads.forget()

    def find(self, type_: str, wanted: Filter, page: Page, *, body: bool = True) -> list[Stored]:
        """Current, living versions, in the order of the page, with or without their bytes."""
        return self._page(type_, wanted, page, self._start(wanted), body=body)

    def find_and_count(self, type_: str, wanted: Filter, page: Page) -> tuple[list[Stored], int | None]:
        """A page, and how many there are in all where that shows on the way: what is gathered was judged.

        None on later pages, where it would cost more, and where it is not counted unasked.
        """
        start = self._start(wanted)
        known = page.after is None and _is_gathered(start[0])
        if not known or self._is_much_to_count(type_, wanted, start[0]):
            return self._page(type_, wanted, page, start), None
        found = self._found(type_, wanted, page, start, body=True, counts=True)
        *_, total = found[0].keys if found else (0,)
        return [one._replace(keys=one.keys[:-1]) for one in found], int(total)

    def _page(
        self, type_: str, wanted: Filter, page: Page, start: Start, *, body: bool = True
    ) -> list[Stored]:
        if not type_ and start[0] == _ANYWHERE and (types := types_of(wanted)):
            return merged((self._found(one, wanted, page, start, body=body) for one in sorted(types)), page)
        return self._found(type_, wanted, page, start, body=body)

    def _found(
        self,
        type_: str,
        wanted: Filter,
        page: Page,
        starting: Start,
        *,
        body: bool,
        counts: bool = False,
    ) -> list[Stored]:
        """With `counts` the last key of each is how many there are in all."""
        start, lead = starting
        gathered = _is_gathered(start)
        is_sorted = gathered or any(key.kind != "column" for key in page.sort)
        values = Values([*([type_] if type_ else []), *key_values(page)])
        form = (
            *("find", body, counts, not type_, start),
            *(shape(wanted, values), page.sort, page.after is not None),
        )

        def build(binds: Binds) -> Select[Any]:
            of_type = [resource.c.type == binds.text(type_)] if type_ else []
            keys = key_columns(page, binds, resource)

            def on_page(query: Select[Any]) -> Select[Any]:
                query = query.where(*of_type, *_LIVE, self.asking.clause(wanted, resource, binds))
                query = self._started(query, start, wanted, type_, binds)
                return paged(query, keys, page, binds, gathered=gathered)

            told = SELECT if body else HEADS.add_columns(_NO_BODY)
            return (
                picked(told, keys, page, on_page, counts=counts)
                if is_sorted
                else on_page(told.add_columns(*keys))
            )

        values += self._start_values(start, wanted, type_)
        return self.asking.rows(form, build, [*values, *page_values(page)], wanted, lead)

    def count(self, type_: str, wanted: Filter, most: int | None = None) -> int:
        """How many current, living versions there are; with `most`, more are not counted further.

        Nor is it counted where that would mean to walk through a large type: that is told as more, too.
        """
        start, lead = self._start(wanted, whole=most is None)
        if most is not None and self._is_much_to_count(type_, wanted, start):
            return most + 1
        values = Values([type_] if type_ else [])
        form = ("count", not type_, start, shape(wanted, values), most is None)
        values += self._start_values(start, wanted, type_)

        def build(binds: Binds) -> Select[Any]:
            of_type = [resource.c.type == binds.text(type_)] if type_ else []
            query = _COUNT if most is None else _NUMBERS
            query = query.where(*of_type, *_LIVE, self.asking.clause(wanted, resource, binds))
            query = self._started(query, start, wanted, type_, binds)
            return query if most is None else query.limit(binds.number(most + 1))

        if most is None:
            return int(self.asking.tuples(form, build, values, lead)[0][0])
        # Counted here: one more level of a query is one too many for SQLite's parser.
        return len(self.asking.tuples(form, build, [*values, most + 1], lead))

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
            query = query if body else select(*columns, _NO_BODY)
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
            query = query.where(*of_type, *_LIVE, self.asking.clause(wanted, resource, binds))
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
        query = SELECT.where(among, *_LIVE, self.asking.clause(wanted, resource, binds))
        return query.order_by(resource.c.origin).limit(binds.number(most))

    def _start(self, wanted: Filter, *, whole: bool = False) -> Start:
        """Where the statement starts: at the patient or id, at rare facts, at a partner's reach, anywhere.

        What is asked for as a `whole` is never walked for where a partner's reach says where it is.
        """
        fixed = few_leads(wanted)
        if fixed is not None:
            return "few", fixed
        best = self._leads.best(wanted)
        if best is not None:
            return best
        partner = partner_of(wanted)
        reached = partner and (whole or self._leads.is_rare(partner[0]))
        return ("reach" if reached else _ANYWHERE), ()

    def _is_much_to_count(self, type_: str, wanted: Filter, start: Hashable) -> bool:
        """Whether nothing is counted unasked.

        To a partner neither how rare a fact is nor how large a type may show by that: hidden rows count
        there. How many permits name it is no secret to it.
        """
        asked = first_consented(wanted)
        if asked is not None:
            return few_leads(wanted) is None and not self._leads.few_patients(asked)
        return start == _ANYWHERE and self._leads.more_than(_WALKED, type_)

    def _start_values(self, start: Hashable, wanted: Filter, type_: str) -> list[str]:
        partner = partner_of(wanted) if start == "reach" else None
        return reach_values(partner, type_) if partner else []

    def _started(
        self, query: Select[Any], start: Hashable, wanted: Filter, type_: str, binds: Binds
    ) -> Select[Any]:
        partner = partner_of(wanted) if start == "reach" else None
        return query.where(reach(*partner, type_, resource, binds, self.asking.within)) if partner else query


def _is_gathered(start: Hashable) -> bool:
    """Whether all that may be found is looked at before the first is told."""
    return start not in ("few", _ANYWHERE)


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
