"""Where a statement starts that names neither patient nor id: at the rarest fact asked for, if one is rare.

Both databases plan badly here: SQLite never turns a look-up into a join, and PostgreSQL plans one
statement for all values. So the index is asked first how many rows there are, up to a bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeGuard

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    func,
    literal_column,
    select,
    union_all,
)

from careplan_service.access import filters as f
from careplan_service.store.bind import Binds, Values, named
from careplan_service.store.compiling import MOST_FORMS, Forms, Statement
from careplan_service.store.consent_sql import given
from careplan_service.store.database import Database
from careplan_service.store.shapes import is_fixed, shape
from careplan_service.store.sql import clause
from careplan_service.store.tables import consent_key, consent_part, consent_rule, resource

FEW = 700
"""Facts; of a value that more have, some soon turn up while walking through the versions themselves."""

MANY_PATIENTS = 500
"""Patients that name a partner; the records of more are soon met while walking, too."""

_RECORD = 30
"""Resources that a client's record has, about; an id has one."""

_SPREAD, _MOST_PROBED, _COUNTED, _SECOND = 5, 5000, 100, 1_000_000


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
    """Asks how rare facts are; a probe is one walk over at most FEW index rows."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._probes = Forms()
        self._named_by: dict[f.Consented, tuple[int, int]] = {}

    def best(self, wanted: f.Filter) -> tuple[int, tuple[f.Filter, ...]] | None:
        """The number of the conjunct with the rarest facts, and where it starts; None when none is rare."""
        rarest: tuple[int, int, tuple[f.Filter, ...]] | None = None
        for number, part in enumerate(conjuncts(wanted)):
            many, lead = self._asked(part)
            if many <= FEW and (rarest is None or many < rarest[0]):
                rarest = many, number, lead
        return rarest[1:] if rarest else None

    def _asked(self, part: f.Filter) -> tuple[int, tuple[f.Filter, ...]]:
        """How rare a conjunct is; a chain is as rare as the rarest condition at its end."""
        if many := _fixed(part):
            return many * _RECORD, ()
        if not isinstance(part, f.Linked):
            return self._many(part), _singles(part)
        found = [self._asked(inner) for inner in conjuncts(part.part)]
        many, lead = min(found, key=lambda one: one[0])
        return many, (part, *lead)

    def few_patients(self, asked: f.Consented) -> bool:
        """Whether so few permits in force name the partner that what they open is counted unasked."""
        return self._naming_patients(asked) <= _COUNTED

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
            named_by = _naming(asked, Binds(), self._database.within)
            inner = named_by.limit(literal_column(str(MANY_PATIENTS + 1))).subquery()
            return self._database.compiled(select(func.count()).select_from(inner))

        sql = self._probes.get(("patients", shape(asked, values)), make)
        return int(self._database.rows(sql, named(values))[0][0])

    def _many(self, part: f.Filter) -> int:
        values = Values()
        sql = self._probes.get(shape(part, values), lambda: self._probe(part))
        return int(self._database.rows(sql, named(values))[0][0])

    def _probe(self, part: f.Filter) -> Statement:
        """How many facts answer, as the sum of what each single question counts up to the bound."""
        binds = Binds(lead=_singles(part))
        counts = [self._counted(one, binds) for one in _singles(part)]
        total = counts[0]
        for count in counts[1:]:
            total = total + count
        return self._database.compiled(select(total))

    def _counted(self, one: f.Filter, binds: Binds) -> Any:
        # The lead clause is `vid IN (SELECT vid FROM fact WHERE ...)`; its inside is what is counted.
        inside: Any = clause(one, resource, binds, self._database.within)
        inner = _walked(one, inside.right.element)
        counted = inner.limit(literal_column(str(FEW + 1))).subquery()
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


def _naming(asked: f.Consented, binds: Binds, within: str) -> CompoundSelect[Any]:
    """The patients with a permit in force that names the partner, or everybody."""
    rule, part, key = consent_rule.alias(), consent_part.alias(), consent_key.alias()
    open_, keys = consent_rule.alias(), given(asked, binds, within).keys
    return union_all(
        select(rule.c.patient)
        .join(part, part.c.rule == rule.c.body)
        .join(key, key.c.part == part.c.part)
        .where(key.c.dimension == "actor", keys.narrow(key.c.key))
        .where(rule.c.deny == 0, rule.c.valid_from <= keys.now, rule.c.valid_to >= keys.now),
        select(open_.c.patient)
        .where(open_.c.open == literal_column("1"), open_.c.deny == 0)
        .where(open_.c.valid_from <= keys.now, open_.c.valid_to >= keys.now),
    )


def reach(
    asked: f.Consented, contributor: str, type_: str, r: FromClause, binds: Binds, within: str
) -> ColumnElement[bool]:
    """What a partner's view implies: its own contribution, or a patient with a permit that names it.

    Of one type, or of all where that is empty.
    """
    own, theirs, named_by = resource.alias(), resource.alias(), _naming(asked, binds, within)
    permitted = select(theirs.c.vid).where(theirs.c.current == 1, theirs.c.patient.in_(named_by))
    contributed = select(own.c.vid).where(own.c.contributor == binds.text(contributor), own.c.current == 1)
    if type_:
        of_type = binds.text(type_)
        permitted, contributed = (
            permitted.where(theirs.c.type == of_type),
            contributed.where(own.c.type == of_type),
        )
    return r.c.vid.in_(permitted.union_all(contributed))


def reach_values(partner: tuple[f.Consented, str], type_: str) -> list[str]:
    """What `reach` binds itself."""
    return [partner[1], *([type_] if type_ else [])]


def partner_of(wanted: f.Filter) -> tuple[f.Consented, str] | None:
    """The consent question and the organisation of a partner's view, where the Filter holds one."""
    parts = wanted.parts if isinstance(wanted, f.All) else (wanted,)
    for part in parts:
        if isinstance(part, f.Any) and _is_reached(part):
            own = [one for one in _leaves(part) if isinstance(one, f.Is) and one.column == "contributor"]
            asked = [one for one in _leaves(part) if _is_narrow(one)]
            if own and asked:
                return asked[0], own[0].value
    return None


def _is_reached(wanted: f.Filter) -> bool:
    """Whether every way to hold is an own contribution or a consent: nothing else is in a partner's reach."""
    if isinstance(wanted, f.Any):
        return all(map(_is_reached, wanted.parts))
    if isinstance(wanted, f.All):
        return any(map(_is_reached, wanted.parts))
    if isinstance(wanted, f.Consented):
        return _is_narrow(wanted)
    return isinstance(wanted, f.Is) and wanted.column == "contributor"


def _is_narrow(wanted: f.Filter) -> TypeGuard[f.Consented]:
    """Whether only what some permit names can hold."""
    return isinstance(wanted, f.Consented) and not wanted.workforce and not wanted.emergency


def _leaves(wanted: f.Filter) -> Iterator[f.Filter]:
    if isinstance(wanted, f.All | f.Any):
        for part in wanted.parts:
            yield from _leaves(part)
    else:
        yield wanted
