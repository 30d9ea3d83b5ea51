"""Leaks planted on purpose: each tells the two worlds apart, so the proof can fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from careplan_service.access import view
from careplan_service.access.filters import EVERYTHING, any_of
from careplan_service.access.view import of_types
from careplan_service.errors import Conflict, Forbidden, NotFound
from careplan_service.interactions import (
    conditions,
    create,
    integrity,
    leaving,
    search,
    update,
)
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.records import Page
from careplan_service.store import leads, sizes, starting
from careplan_service.store.keeping import Targets
from careplan_service.store.records import SqlRecords
from careplan_service.store.tables import resource
from careplan_service.store.versions import Versions
from careplan_service.web import cursors, wire
from careplan_service.web.fhir import reads

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Fault:
    """How it is planted, and the parts of the corpus in which it shows first."""

    plant: Plant
    parts: tuple[str, ...]


def _instead(where: Any, name: str, made: Callable[[Any], Any]) -> Plant:
    """Put what `made` makes of it in the place of a function."""
    return lambda patch: patch.setattr(where, name, made(getattr(where, name)))


def _blind(where: Any, name: str, number: int) -> Plant:
    """The function gets everything for the Filter at that place."""

    def made(true: Any) -> Any:
        return lambda *args, **named: true(*args[:number], EVERYTHING, *args[number + 1 :], **named)

    return _instead(where, name, made)


def _refused_by_name(true: Any) -> Any:
    def read(desk: Any, type_: str, id_: str) -> Any:
        try:
            return true(desk, type_, id_)
        except NotFound:
            if desk.records.current(type_, id_, EVERYTHING):
                raise Forbidden("you may not see this") from None
            raise

    return read


def _told_taken(true: Any) -> Any:
    def require_may_name(desk: Any, changes: Any, type_: str, id_: str) -> None:
        if changes.exists(type_, id_):
            raise Conflict("this id is taken")
        true(desk, changes, type_, id_)

    return require_may_name


def _sealed_as_it_is(true: Any) -> Any:
    def sealed(self: Any, cursor: Any, bound: str) -> str:
        place = orjson.dumps([cursor.origin, *cursor.keys])
        return str(cursors._written(AESSIV(self._secrets()[0]).encrypt(place, [bound.encode()])))

    return sealed


def _numbered(true: Any) -> Any:
    return lambda stored: [*true(stored)[1:], ("ETag", f'W/"{stored.vid}"')]


def _links(reverse: bool) -> Plant:
    def made(true: Any) -> Any:
        def link(
            param: str, type_: str, seen: Any, column: str = "", back: bool = False, source: str = ""
        ) -> Any:
            return true(param, type_, EVERYTHING if back == reverse else seen, column, back, source)

        return link

    return _instead(conditions, "Link", made)


def _deleted_too(patch: pytest.MonkeyPatch) -> None:
    def of_partner(caller: Any, type_: str, now: int, opened: Any) -> Any:
        return any_of(view._contributed(caller), opened)

    patch.setitem(view._VIEWS, "partner", of_partner)  # type: ignore[index]


def _nothing_is_hidden(true: Any) -> Any:
    return lambda desk, named: frozenset()


def _nothing_is_withheld(true: Any) -> Any:
    return lambda desk, page: {}


def _asked_of_the_whole(true: Any) -> Any:
    return lambda eyes, param, modifier, asked: asked


def _found_anyway(true: Any) -> Any:
    def only_match(desk: Any, condition: Any) -> Any:
        found = desk.records.find(condition.spec.name, condition.about, Page(limit=1))
        return found[0] if found else None

    return only_match


def _counted(true: Any) -> Any:
    def found(desk: Any, query: Any, wanted: Any, page: Any) -> Any:
        return true(desk, query, wanted, page)[0], true(desk, query, query.about, page)[1]

    return found


def _judged_alone(true: Any) -> Any:
    def judged(self: Any, query: Any, type_: str, id_: str, seen: Any, span: Any, binds: Any) -> Any:
        which = [
            resource.c[name] == binds.text(text) for name, text in (("type", type_), ("id", id_)) if text
        ]
        itself = self._asking.clause(seen, resource, binds)
        self._asking.clause(seen, resource, binds)  # its values are bound
        return query.where(*which, itself, *self._spanned(span, seen, binds))

    return judged


def _replaced_by_any(true: Any) -> Any:
    def replaced(self: Any, moment: int, seen: Any, binds: Any) -> Any:
        later = resource.alias()
        condition = later.c.updated <= binds.number(moment)
        self._asking.clause(seen, later, binds)  # its values are bound
        same = (
            later.c.type == resource.c.type,
            later.c.id == resource.c.id,
            later.c.version > resource.c.version,
        )
        return later.select().where(*same, condition).correlate_except(later).exists()

    return replaced


def everything_is_large(patch: pytest.MonkeyPatch) -> None:
    """Types are large and partners let in by many from a few on, as they are where there is more data."""
    patch.setattr(starting, "_WALKED", 8)
    patch.setattr(starting, "_JUDGED", 2)
    patch.setattr(sizes, "_OFTEN", 0)
    patch.setattr(sizes, "_FEWEST", 2)
    patch.setattr(leads, "MANY_PATIENTS", 1)


def _not_of_large_types(patch: pytest.MonkeyPatch) -> None:
    """All types together are large in the one world only."""
    everything_is_large(patch)
    patch.setattr(
        starting.Starts,
        "is_much_to_count",
        lambda self, type_, wanted, start: (
            start.at == starting.ANYWHERE and self._leads.more_than(100, type_)
        ),
    )


READS, SEARCHES, LINKS, WRITES = ("reads",), ("searches",), ("links",), ("writes", "changes")
PLANTED: Mapping[str, Fault] = {
    "a total is counted without the predicate": Fault(_instead(search, "_found", _counted), SEARCHES),
    "a count alone is without the predicate": Fault(_blind(SqlRecords, "count", 2), SEARCHES),
    "a total is left out where a type is large": Fault(_not_of_large_types, SEARCHES),
    "a page and its total are without the predicate": Fault(
        _blind(SqlRecords, "find_and_count", 2), SEARCHES
    ),
    "an include is without the predicate": Fault(_blind(SqlRecords, "referenced", 3), SEARCHES),
    "a revinclude is without the predicate": Fault(_blind(SqlRecords, "referring", 3), SEARCHES),
    "a chain passes through what is hidden": Fault(_links(reverse=False), LINKS),
    "_has looks at what is hidden": Fault(_links(reverse=True), LINKS),
    "a reference to what is hidden is taken": Fault(_blind(Targets, "found", 2), WRITES),
    "the ETag is a number of the whole store": Fault(_instead(wire, "_version_headers", _numbered), READS),
    "a cursor is as long as its place": Fault(
        _instead(cursors.Cursors, "sealed", _sealed_as_it_is), SEARCHES
    ),
    "a hidden read is forbidden, not absent": Fault(_instead(reads, "read", _refused_by_name), READS),
    "what was deleted is told to be gone": Fault(_deleted_too, READS),
    "a hidden id is told to be taken": Fault(_instead(update, "require_may_name", _told_taken), WRITES),
    "If-None-Exist finds what is hidden": Fault(_instead(create, "only_match", _found_anyway), WRITES),
    "a past version is judged by itself alone": Fault(_instead(Versions, "_judged", _judged_alone), READS),
    "a hidden version ends the one before it": Fault(
        _instead(Versions, "_replaced", _replaced_by_any), ("moments",)
    ),
    "labels in use are told of hidden resources": Fault(_blind(SqlRecords, "labels", 3), SEARCHES),
    "elements with a label of their own leave": Fault(
        _instead(leaving, "withheld", _nothing_is_withheld), READS
    ),
    "references to what is hidden leave": Fault(_instead(leaving, "_hidden", _nothing_is_hidden), SEARCHES),
    "a reference that is hidden is found": Fault(_instead(conditions, "as_seen", _asked_of_the_whole), LINKS),
    "what is hidden stands in the way of a deletion": Fault(
        _instead(integrity, "_known", lambda true: lambda desk: EVERYTHING), WRITES
    ),
    "several types are searched without the predicate": Fault(
        _instead(
            Desk,
            "sees_any",
            lambda true: lambda self, letter, types: of_types((t, EVERYTHING) for t in types),
        ),
        READS,
    ),
}
