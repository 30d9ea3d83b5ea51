"""Where a statement starts that names neither patient nor id: at the rarest fact asked for, if one is rare.

Both databases plan badly here: SQLite never turns a look-up into a join, and PostgreSQL plans one
statement for all values. So the index is asked first how many rows there are, up to as many as are few.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    func,
    literal_column,
    select,
)

from careplan_service.access import filters as f
from careplan_service.store.bind import Binds, Values, named
from careplan_service.store.compiling import MOST_FORMS, Forms, Statement
from careplan_service.store.database import Database
from careplan_service.store.reaching import naming
from careplan_service.store.shapes import is_fixed, shape
from careplan_service.store.sizes import Sizes
from careplan_service.store.sql import clause
from careplan_service.store.tables import resource

MANY_PATIENTS = 500
"""Patients that name a partner; the records of more are soon met while walking, too."""

_RECORD, _OF_A_TYPE = 30, 10
"""Resources that a client's record has, about, and of one type; an id has one."""

_SPREAD, _MOST_PROBED, _COUNTED, _SECOND = 5, 5000, 40, 1_000_000


def few_leads(wanted: f.Filter) -> tuple[f.Filter, ...] | None:
    """The facts to start from besides the patient or id that the Filter fixes; None when it fixes neither."""
    parts = wanted.parts if isinstance(wanted, f.All) else (wanted,)
    for part in parts:
        choices = part.parts if isinstance(part, f.Any) else (part,)
        fixed = [one for one in choices if is_fixed(one)]
        facts = tuple(one for one in choices if isinstance(one, f.Has) and one.value is not None)
        if fixed and len(fixed) + len(facts) == len(choices):
            return facts
    return None


def conjuncts(wanted: f.Filter) -> Iterator[f.Filter]:
    """The parts that must all hold and that an index answers."""
    for part in wanted.parts if isinstance(wanted, f.All) else (wanted,):
        if _indexed(part) or _fixed(part) or (isinstance(part, f.Linked) and any(conjuncts(part.part))):
            yield part


def _fixed(part: f.Filter) -> int:
    """How many ids or patients a part names, of which one must hold; 0 where it may hold otherwise.

    At the end of a chain: one that fixes what is asked for itself has its own start (`few_leads`).
    """
    choices = part.parts if isinstance(part, f.Any) else (part,)
    return len(choices) if all(map(is_fixed, choices)) else 0


def _indexed(part: f.Filter) -> bool:
    if isinstance(part, f.Any):
        return 0 < len(part.parts) <= 20 and all(_indexed(one) for one in part.parts)
    if isinstance(part, f.Has):
        return part.value is not None
    if isinstance(part, f.Within | f.Updated):
        return part.prefix != "ne"
    return isinstance(part, f.Reads) and part.how == "starts"


def _singles(part: f.Filter) -> tuple[f.Filter, ...]:
    """The single questions of a conjunct, each of which starts from an index."""
    if isinstance(part, f.Any):
        return tuple(single for one in part.parts for single in _singles(one))
    return (part,)


class Leads:
    """Asks how rare facts are; a probe is one walk over as many index rows as are few."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sizes = Sizes(database)
        self._probes = Forms()
        self._named_by: dict[f.Consented, tuple[int, int]] = {}

    def best(
        self, type_: str, wanted: f.Filter, *, hidden: bool = False
    ) -> tuple[int, tuple[f.Filter, ...], int] | None:
        """The number of the conjunct with the rarest facts, where it starts, and how many facts these are.

        None when none is rare. `hidden` says that most of what is found may be.
        """
        rarest: tuple[int, int, tuple[f.Filter, ...]] | None = None
        for number, part in enumerate(conjuncts(wanted)):
            many, few, lead = self._asked(type_, part, hidden=hidden)
            if many <= few and (rarest is None or many < rarest[0]):
                rarest = many, number, lead
        return (*rarest[1:], rarest[0]) if rarest else None

    def _asked(self, type_: str, part: f.Filter, *, hidden: bool) -> tuple[int, int, tuple[f.Filter, ...]]:
        """How many facts a conjunct has, and how many are few; a chain has those of the rarest at its end."""
        few = self._sizes.few(type_, hidden=hidden)
        if many := _fixed(part):
            return many * _RECORD, few, ()
        if not isinstance(part, f.Linked):
            return self._many(part, few), few, _singles(part)
        at_end = part.links[-1].type
        found = [self._asked(at_end, inner, hidden=hidden) for inner in conjuncts(part.part)]
        many, few, lead = min(found, key=lambda one: one[0])
        return many, few, (part, *lead)

    def few_patients(self, asked: f.Consented) -> bool:
        """Whether so few permits in force name the partner that what they open is counted unasked."""
        return self._naming_patients(asked) <= _COUNTED

    def is_nearer(self, asked: f.Consented, many: int) -> bool:
        """Whether what the partner may reach is less than what so many facts lead to."""
        return self._naming_patients(asked) * _OF_A_TYPE < many

    def is_rare(self, asked: f.Consented) -> bool:
        """Whether what the partner may reach is gathered sooner than met while walking through all.

        Of n among N patients a page is met after some N/n of its length, and what n have is some 10 n.
        """
        named_by = self._naming_patients(asked)
        sparse = min(named_by**2 // _SPREAD, _MOST_PROBED)
        return named_by <= MANY_PATIENTS and self.more_than(sparse, "Patient")

    def more_than(self, many: int, type_: str) -> bool:
        """Whether there are more resources of a type (empty: of all); a walk over at most so many rows."""

        def make() -> Statement:
            binds = Binds()
            of_type = [resource.c.type == binds.text(type_)] if type_ else []
            found = select(resource.c.vid).where(*of_type, resource.c.current == literal_column("1"))
            inner = found.limit(binds.number(many + 1)).subquery()
            return self._database.compiled(select(func.count()).select_from(inner))

        sql = self._probes.get(("living", bool(type_)), make)
        values: list[str | int] = [*([type_] if type_ else []), many + 1]
        return int(self._database.rows(sql, named(values))[0][0]) > many

    def forget(self) -> None:
        """Who is named by how many is to be counted anew: something is being written here."""
        self._named_by.clear()

    def _naming_patients(self, asked: f.Consented) -> int:
        """How many permits in force name the partner, counted up to one more than MANY_PATIENTS.

        Counted again after a second, as others may have written: it only says where to start.
        """
        who = replace(asked, now=0)
        counted, many = self._named_by.get(who, (-_SECOND, 0))
        if not 0 <= asked.now - counted < _SECOND:
            many = self._counted_patients(asked)
            if len(self._named_by) >= MOST_FORMS:
                self._named_by.clear()
            self._named_by[who] = asked.now, many
        return many

    def _counted_patients(self, asked: f.Consented) -> int:
        values = Values()

        def make() -> Statement:
            named_by = naming(asked, Binds(), self._database.within)
            inner = named_by.limit(literal_column(str(MANY_PATIENTS + 1))).subquery()
            return self._database.compiled(select(func.count()).select_from(inner))

        sql = self._probes.get(("patients", shape(asked, values)), make)
        return int(self._database.rows(sql, named(values))[0][0])

    def _many(self, part: f.Filter, few: int) -> int:
        """How many facts there are, counted up to one more than are few."""
        values = Values([few + 1])
        sql = self._probes.get(shape(part, values), lambda: self._probe(part))
        return int(self._database.rows(sql, named(values))[0][0])

    def _probe(self, part: f.Filter) -> Statement:
        """How many facts answer, as the sum of what each single question counts up to the bound."""
        binds = Binds(lead=_singles(part))
        most = binds.number(0)
        counts = [self._counted(one, binds, most) for one in _singles(part)]
        total = counts[0]
        for count in counts[1:]:
            total = total + count
        return self._database.compiled(select(total))

    def _counted(self, one: f.Filter, binds: Binds, most: ColumnElement[int]) -> Any:
        # The lead clause is `vid IN (SELECT vid FROM fact WHERE ...)`; its inside is what is counted.
        inside: Any = clause(one, resource, binds, self._database.within)
        inner = _walked(one, inside.right.element)
        counted = inner.limit(most).subquery()
        return select(func.count()).select_from(counted).scalar_subquery()


def _walked(one: f.Filter, facts: Any) -> Any:
    """In the order of their index: PostgreSQL would gather all that answer before it counts the first few."""
    by = _WALKED_BY.get(getattr(one, "prefix", ""))
    if isinstance(one, f.Updated):
        by = "updated"
    [source] = facts.get_final_froms()
    return facts.order_by(source.c[by]) if by else facts


_WALKED_BY = {"gt": "hi", "ge": "hi", "eb": "hi", "lt": "lo", "le": "lo", "sa": "lo"}
"""The end of a range that a prefix bounds: https://hl7.org/fhir/R4/search.html#prefix"""
