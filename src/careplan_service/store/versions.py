"""The statements of histories: versions of one resource, of a type, of everything.

Each version is judged by itself and by the current one. https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal_column, or_, select, union_all

from careplan_service.access.facts import OTHER_PATIENT
from careplan_service.access.filters import Filter
from careplan_service.interactions.records import ALWAYS, Page, Span, Stored
from careplan_service.store.asking import SELECT, Asking
from careplan_service.store.bind import Binds, Values
from careplan_service.store.consent_sql import ONE
from careplan_service.store.shapes import shape
from careplan_service.store.tables import fact, resource

_ZERO: ColumnElement[int] = literal_column("0")
_COUNT: Select[Any] = select(func.count()).select_from(resource)


class Versions:
    """Asks for versions; every public method takes the Filter that holds the caller's predicate."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def page(self, type_: str, id_: str, seen: Filter, page: Page, span: Span = ALWAYS) -> list[Stored]:
        """Versions newest first; without an id those of a type, without a type those of all."""
        values, form = self._asked(type_, id_, seen, span)
        after: list[str | int] = [] if page.after is None else [*page.after.keys, page.after.origin]

        def build(binds: Binds) -> Select[Any]:
            query = self._judged(SELECT, type_, id_, seen, span, binds)
            if page.after is not None:
                query = query.where(_before(binds, page.after.keys, page.after.origin))
            order = (resource.c.updated.desc(), resource.c.vid.desc())
            return query.order_by(*order).limit(binds.number(page.limit))

        form = ("versions", *form, page.after is None)
        return self._asking.rows(form, build, [*values, *after, page.limit], seen)

    def count(self, type_: str, id_: str, seen: Filter, span: Span = ALWAYS) -> int:
        """How many there are in all."""
        values, form = self._asked(type_, id_, seen, span)
        found = self._asking.tuples(
            ("count versions", *form), lambda b: self._judged(_COUNT, type_, id_, seen, span, b), values
        )
        return int(found[0][0])

    def one(self, type_: str, id_: str, version: int, seen: Filter) -> list[Stored]:
        """One version of one id."""
        values, form = self._asked(type_, id_, seen, ALWAYS)

        def build(binds: Binds) -> Select[Any]:
            query = self._judged(SELECT, type_, id_, seen, ALWAYS, binds)
            return query.where(resource.c.version == binds.number(version))

        return self._asking.rows(("version", *form), build, [*values, version], seen)

    def _asked(self, type_: str, id_: str, seen: Filter, span: Span) -> tuple[Values, tuple[Any, ...]]:
        values = Values([text for text in (type_, id_) if text])
        form = (bool(type_), bool(id_), shape(seen, values), shape(seen, values))
        if span.since is not None:
            values.append(span.since)
        if span.lo is not None:
            values.append(span.lo)
            shape(seen, values)
        if span.hi is not None:
            values.append(span.hi)
        if span.patient:
            values.append(span.patient)
        bounds = (span.since, span.lo, span.hi)
        return values, (*form, *(bound is None for bound in bounds), bool(span.patient))

    def _judged(
        self, query: Select[Any], type_: str, id_: str, seen: Filter, span: Span, binds: Binds
    ) -> Select[Any]:
        """Versions that may be seen themselves and whose current version may be seen too."""
        given = (("type", type_), ("id", id_))
        which = [resource.c[name] == binds.text(text) for name, text in given if text]
        itself = self._asking.clause(seen, resource, binds)
        newest = resource.alias()
        same = and_(newest.c.type == resource.c.type, newest.c.id == resource.c.id, newest.c.current == 1)
        judged = query.join(newest, same).where(*which, itself, self._asking.clause(seen, newest, binds))
        return judged.where(*self._spanned(span, seen, binds))

    def _spanned(self, span: Span, seen: Filter, binds: Binds) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if span.since is not None:
            found.append(resource.c.updated >= binds.number(span.since))
        if span.lo is not None:
            found.append(~self._replaced(span.lo, seen, binds))
        if span.hi is not None:
            found.append(resource.c.updated <= binds.number(span.hi))
        if span.patient:
            found.append(_of_record(binds.text(span.patient)))
        return found

    def _replaced(self, moment: int, seen: Filter, binds: Binds) -> ColumnElement[bool]:
        """Whether a later version that may be seen was there by then: when a hidden one came is hidden."""
        one = resource.alias()
        by_then = select(one.c.type, one.c.id, one.c.version).where(one.c.updated <= binds.number(moment))
        # Said before the query, not inside it: one more level is one too many for SQLite's parser.
        later = by_then.where(self._asking.clause(seen, one, binds)).cte()
        same = (later.c.type == resource.c.type, later.c.id == resource.c.id)
        return exists(
            select(ONE)
            .select_from(later)
            .where(*same, later.c.version > resource.c.version)
            .correlate_except(later)
        )


def _of_record(patient: ColumnElement[str]) -> ColumnElement[bool]:
    """Of a patient's record by itself: gathered first, by the indexes of current and of past versions."""
    one, row = resource.alias(), fact.alias()
    hers = select(one.c.vid).where(one.c.patient == patient)
    parts = (hers.where(one.c.current == ONE), hers.where(one.c.current == _ZERO))
    other: ColumnElement[str] = literal_column(f"'{OTHER_PATIENT}'")
    named = select(row.c.vid).where(row.c.param == other, row.c.value == patient)
    return resource.c.vid.in_(union_all(*parts, named))


def _before(binds: Binds, keys: tuple[int | str, ...], vid: int) -> ColumnElement[bool]:
    updated = binds.number(int(keys[0]))
    level = and_(resource.c.updated == updated, resource.c.vid < binds.number(vid))
    return or_(resource.c.updated < updated, level)
