"""Asking the database: statements kept as texts, once per form, and rows of versions as `Stored`.

Requests supply values only.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, literal_column, select

from careplan_service.access.filters import All, Consented, Filter
from careplan_service.access.filters import Any as AnyOf
from careplan_service.interactions.records import Stored
from careplan_service.store.bind import Binds, named
from careplan_service.store.compiling import Forms, Statement
from careplan_service.store.consent_sql import because, remember
from careplan_service.store.database import Database
from careplan_service.store.sql import clause
from careplan_service.store.tables import document, resource

Form = tuple[Hashable, ...]
"""What a statement looks like: its kind first, then what else shapes it."""

COLUMNS = (
    *("type", "id", "version", "updated", "deleted", "method", "origin", "vid"),
    *("contributor", "patient", "others", "rank", "part2"),
)
HEADS: Select[Any] = select(*(resource.c[name] for name in COLUMNS))
SELECT: Select[Any] = HEADS.add_columns(document.c.body).join(document, document.c.vid == resource.c.vid)
NO_BODY: ColumnElement[str] = literal_column("''")
LIVE = (resource.c.current == 1, resource.c.deleted == 0)
"""Of a living version."""


class Asking:
    """Builds statements once per form, and asks them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.within = database.within
        self._statements = Forms()

    def rows(
        self,
        form: Form,
        build: Callable[[Binds], Select[Any]],
        values: Sequence[str | int],
        seen: Filter,
        lead: Sequence[Filter] = (),
    ) -> list[Stored]:
        """The versions of a query, with the consent rule that opened each."""
        asked = first_consented(seen)

        def with_reason(binds: Binds) -> Select[Any]:
            query = build(binds)
            reason = because(asked, resource, binds, self._database.within) if asked else literal_column("''")
            return query.add_columns(reason)

        return self.told(form, with_reason, values, lead)

    def told(
        self,
        form: Form,
        build: Callable[[Binds], Select[Any]],
        values: Sequence[str | int],
        lead: Sequence[Filter] = (),
    ) -> list[Stored]:
        """The versions of a query that tells the reason itself, last."""
        sql = self._sql(form, build, lead)
        return [_stored(row) for row in self._database.rows(sql, named(values))]

    def judged(
        self, which: ColumnElement[bool], asked: Consented | None, binds: Binds
    ) -> tuple[FromClause, ColumnElement[str], Sequence[ColumnElement[bool]]]:
        """Few versions, the rule that opens each, worked out once and not twice, and the conditions left."""
        if asked is None:
            return resource, literal_column("''"), (which,)
        reason = because(asked, resource, binds, self.within).label("reason")
        # OFFSET keeps both databases from putting the expression wherever the column is named.
        at = select(resource, reason).where(which).offset(literal_column("0")).subquery()
        remember(asked, at, at.c.reason, binds, self.within)
        return at, at.c.reason, ()

    def tuples(
        self,
        form: Form,
        build: Callable[[Binds], Select[Any]],
        values: Sequence[str | int],
        lead: Sequence[Filter] = (),
    ) -> list[Any]:
        """The rows of a query that are no versions."""
        return self._database.rows(self._sql(form, build, lead), named(values))

    def clause(self, wanted: Filter, r: FromClause, binds: Binds) -> Any:
        """The Filter as a condition on an alias."""
        return clause(wanted, r, binds, self._database.within)

    def _sql(self, form: Form, build: Callable[[Binds], Select[Any]], lead: Sequence[Filter]) -> Statement:
        return self._statements.get(form, lambda: self._database.compiled(build(Binds(lead))))


def _stored(row: tuple[Any, ...]) -> Stored:
    type_, id_, version, updated, deleted, method, origin, vid, *further = row
    contributor, patient, others, rank, part2, body, *keys, reason = further
    body = body if type(body) is bytes else bytes(body or b"")
    return Stored(
        type_, id_, version, updated, bool(deleted), method, body, reason or "", origin, vid, tuple(keys),
        contributor, patient, others, rank, bool(part2),
    )  # fmt: skip


def first_consented(wanted: Filter) -> Consented | None:
    """The consent question whose deciding rule is worth telling; staff need none."""
    if isinstance(wanted, Consented):
        return None if wanted.workforce else wanted
    if isinstance(wanted, All | AnyOf):
        return next((found for part in wanted.parts if (found := first_consented(part))), None)
    return None
