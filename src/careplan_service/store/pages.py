"""The reading statements of pages of current versions, each with the caller's predicate in it.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select

from careplan_service.access.filters import EVERYTHING, Filter
from careplan_service.interactions.records import Page, Stored
from careplan_service.store.asking import HEADS, LIVE, NO_BODY, SELECT, Asking
from careplan_service.store.bind import Binds, Values
from careplan_service.store.candidates import TOTAL, Keys, divided, in_order, judged, told
from careplan_service.store.database import Database
from careplan_service.store.paging import key_columns, key_values, mark_values, paged
from careplan_service.store.several import merged, types_of
from careplan_service.store.shapes import shape
from careplan_service.store.starting import ANYWHERE, Start, Starts
from careplan_service.store.tables import resource

_COUNT: Select[Any] = select(func.count()).select_from(resource)
_NUMBERS: Select[Any] = select(resource.c.vid)


class Pages:
    """Asks the database; every public method takes the Filter that holds the caller's predicate."""

    def __init__(self, database: Database, asking: Asking) -> None:
        self._asking, self._sqlite = asking, database.is_sqlite
        self._starts = Starts(database)
        self.forget = self._starts.forget

    def find(self, type_: str, wanted: Filter, page: Page, *, body: bool = True) -> list[Stored]:
        """Current, living versions, in the order of the page, with or without their bytes."""
        return self._page(type_, wanted, page, self._starts.of(type_, wanted), body=body)

    def find_and_count(
        self, type_: str, wanted: Filter, page: Page, most: int
    ) -> tuple[list[Stored], int | None]:
        """A page, and how many there are in all: at least one more than `most` where there are more.

        None where that is not counted unasked. On the first page what is gathered is counted on the way.
        """
        start = self._starts.of(type_, wanted)
        much = self._starts.is_much_to_count(type_, wanted, start)
        if page.after is None and start.is_gathered and not much:
            found = self._judged_all(type_, wanted, page, start, counts=True)
            *_, total = found[0].keys if found else (0,)
            return [one._replace(keys=one.keys[:-1]) for one in found], int(total)
        found = self._page(type_, wanted, page, start)
        if page.after is None and len(found) < page.limit:
            return found, len(found)
        return found, None if much else self._counted(type_, wanted, start, most)

    def count(self, type_: str, wanted: Filter, most: int | None = None) -> int:
        """How many current, living versions there are; with `most`, more are not counted further.

        Nor is it counted where that would mean to walk through a large type: that is told as more, too.
        """
        start = self._starts.of(type_, wanted, whole=most is None)
        if most is not None and self._starts.is_much_to_count(type_, wanted, start):
            return most + 1
        return self._counted(type_, wanted, start, most)

    def _page(
        self, type_: str, wanted: Filter, page: Page, start: Start, *, body: bool = True
    ) -> list[Stored]:
        if start.is_gathered:
            return self._gathered(type_, wanted, page, start, body=body)
        types = sorted(types_of(wanted)) if not type_ and start.at == ANYWHERE else []
        if types:
            return merged((self._judged_all(one, wanted, page, start, body=body) for one in types), page)
        return self._judged_all(type_, wanted, page, start, body=body)

    def _judged_all(
        self,
        type_: str,
        wanted: Filter,
        page: Page,
        start: Start,
        *,
        body: bool = True,
        counts: bool = False,
    ) -> list[Stored]:
        """With `counts` the last key of each is how many there are in all."""
        is_sorted = start.is_gathered or any(key.kind != "column" for key in page.sort)
        values = Values([*_of_type(type_), *key_values(page)])
        form = (
            *("find", body, counts, not type_, start.at),
            *(shape(wanted, values), page.sort, page.after is not None),
        )

        def build(binds: Binds) -> Select[Any]:
            of_type = _is_of(type_, binds)
            keys = Keys(key_columns(page, binds, resource), page)
            what = SELECT if body else HEADS.add_columns(NO_BODY)
            total = [TOTAL] if counts else []
            chosen = select(resource.c.vid, resource.c.origin, *keys.labelled, *total)
            query = chosen if is_sorted else what.add_columns(*keys.columns)
            query = query.where(*of_type, *LIVE, self._asking.clause(wanted, resource, binds))
            query = query.where(*start.reached(type_, binds, self._asking.within))
            query = paged(query, keys.columns, page, binds, gathered=start.is_gathered)
            return told(what, query, keys, counts=counts) if is_sorted else query

        values += [*start.values(type_), *mark_values(page), page.limit]
        return self._asking.rows(form, build, values, wanted, start.lead)

    def _gathered(self, type_: str, wanted: Filter, page: Page, start: Start, *, body: bool) -> list[Stored]:
        """As many as the page has of what a start leads to; no more are judged than that takes."""
        part, rest = divided(wanted, start.at) if isinstance(start.at, int) else (EVERYTHING, wanted)
        values = Values([*_of_type(type_), *key_values(page)])
        shapes = [shape(start.partner[0] if start.partner else part, values)]
        values += [*start.values(type_), *mark_values(page)]
        shapes.append(shape(rest, values))
        form = ("gathered", body, not type_, start.at, page.sort, page.after is not None, *shapes)

        def build(binds: Binds) -> Select[Any]:
            of_type = _is_of(type_, binds)
            keys = Keys(key_columns(page, binds, resource), page)
            led = start.reached(type_, binds, self._asking.within)
            led = led or [self._asking.clause(part, resource, binds)]
            at = in_order([*of_type, *LIVE, *led], keys, binds)
            chosen = judged(at, self._asking.clause(rest, at, binds), keys, binds, sqlite=self._sqlite)
            return told(SELECT if body else HEADS.add_columns(NO_BODY), chosen, keys)

        return self._asking.rows(form, build, [*values, page.limit], wanted, start.lead)

    def _counted(self, type_: str, wanted: Filter, start: Start, most: int | None) -> int:
        values = Values(_of_type(type_))
        form = ("count", not type_, start.at, shape(wanted, values), most is None)
        values += start.values(type_)

        def build(binds: Binds) -> Select[Any]:
            of_type = _is_of(type_, binds)
            query = _COUNT if most is None else _NUMBERS
            query = query.where(*of_type, *LIVE, self._asking.clause(wanted, resource, binds))
            query = query.where(*start.reached(type_, binds, self._asking.within))
            return query if most is None else query.limit(binds.number(most + 1))

        if most is None:
            return int(self._asking.tuples(form, build, values, start.lead)[0][0])
        # Counted here: one more level of a query is one too many for SQLite's parser.
        return len(self._asking.tuples(form, build, [*values, most + 1], start.lead))


def _of_type(type_: str) -> list[str]:
    """What `_is_of` binds; an empty type is any."""
    return [type_] if type_ else []


def _is_of(type_: str, binds: Binds) -> list[Any]:
    return [resource.c.type == binds.text(type_)] if type_ else []
