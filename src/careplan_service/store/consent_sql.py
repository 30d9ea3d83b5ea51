"""The consent predicate in SQL, for any alias of `resource`: the twin of `access/consent/`.

The shape is that of docs/consent-in-detail.md: some permit rule on the frontier, no deny rule on it, for
every patient the version names. Columns are never NULL, so no NOT meets an unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    and_,
    case,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    union_all,
)

from careplan_service.access.consent.decision import EMERGENCIES
from careplan_service.access.consent.matching import ADOLESCENT
from careplan_service.access.consent.parts import MARKED
from careplan_service.access.consent.terminology import NORMAL
from careplan_service.access.facts import OTHER_PATIENT
from careplan_service.access.filters import Consented
from careplan_service.resources.marks import WITHIN
from careplan_service.store.bind import Binds, fence
from careplan_service.store.directory_sql import Keys
from careplan_service.store.tables import consent_key, consent_part, consent_rule, fact

ONE: ColumnElement[int] = literal_column("1")


_FENCE: ColumnElement[str] = literal_column("'\n'")
_ADOLESCENT: ColumnElement[str] = literal_column(f"'\n{ADOLESCENT}\n'")
_EMERGENCIES: list[ColumnElement[str]] = [literal_column(f"'\n{code}\n'") for code in sorted(EMERGENCIES)]
_MARKED: list[ColumnElement[str]] = [literal_column(f"'{name}'") for name in MARKED]
_AROUND: list[ColumnElement[str]] = [literal_column("'author'"), literal_column("'data'")]


def consented(asked: Consented, r: FromClause, binds: Binds, within: str) -> ColumnElement[bool]:
    """`permits(asked, ...)` as a condition on the version alias `r`.

    `within` is the SQL function that finds a text in a text (`instr`, `strpos`).
    """
    return _Predicate(asked, r, binds, within).visible()


def because(asked: Consented, r: FromClause, binds: Binds, within: str) -> ColumnElement[str]:
    """The first rule that permits the version, as `Consent/x/_history/1#provision`; NULL for none."""
    return _Predicate(asked, r, binds, within).because()


class Given:
    """The binds of one question, made once for a statement however many versions it is asked of."""

    def __init__(self, asked: Consented, binds: Binds, within: str) -> None:
        self.keys = Keys(asked, binds, within)
        self.purposes = [binds.text(fence(code)) for code in asked.purpose]
        self.action = binds.text(fence(asked.action))
        self.reasons: dict[FromClause, ColumnElement[str]] = {}
        """Of the aliases that carry it, the column with the rule that opens the version."""


def given(asked: Consented, binds: Binds, within: str) -> Given:
    """The binds of a question in this statement."""
    return binds.once(asked, lambda: Given(asked, binds, within))


def remember(asked: Consented, r: FromClause, reason: ColumnElement[str], binds: Binds, within: str) -> None:
    """The alias carries what `because` says: who asks of it need not work it out again."""
    given(asked, binds, within).reasons[r] = reason


def opening(
    asked: Consented, r: FromClause, rule: FromClause, binds: Binds, within: str
) -> ColumnElement[bool]:
    """Whether a rule beside the version permits it, for the version's own patient."""
    frontier = _Predicate(asked, r, binds, within).on_frontier(rule)
    return and_(rule.c.deny == 0, rule.c.patient == r.c.patient, *frontier)


class _Predicate:
    """One asked question against one alias."""

    def __init__(self, asked: Consented, r: FromClause, binds: Binds, within: str) -> None:
        self._asked, self._r = asked, r
        self._within = getattr(func, within)
        self._given = given(asked, binds, within)
        self._now = self._given.keys.now

    def visible(self) -> ColumnElement[bool]:
        """Whether every patient named lets the recipient have the version."""
        r, opened = self._r, self.because().is_not(None)
        if self._asked.workforce:
            return opened
        tagged = or_(r.c.purposes == "", *self._holding(r.c.purposes, self._given.purposes))
        return and_(r.c.patient != "", tagged, opened)

    def because(self) -> ColumnElement[str]:
        """The first rule that opens the version, empty where none is needed; NULL where it is hidden.

        No deny stands on the frontier of anybody named and, but for staff, some permit on that of each.
        """
        if self._r in self._given.reasons:
            return self._given.reasons[self._r]
        r, rule = self._r, consent_rule.alias()
        theirs = self._patients().subquery()
        opening = and_(rule.c.deny == 0, rule.c.patient == r.c.patient)
        first = func.coalesce(func.min(case((opening, rule.c.because))), "")
        closing = self._withstanding(rule) if self._asked.emergency else rule.c.deny
        lets = func.coalesce(func.max(closing), 0) == 0
        if not self._asked.workforce and not self._asked.emergency:
            lets = and_(lets, func.count(rule.c.patient.distinct()) == r.c.others + 1)
        rules = theirs.join(rule, rule.c.patient == theirs.c.patient)
        # To staff only a deny makes a difference, and most clients have none: a permit is not even looked at.
        counting = (rule.c.deny == 1,) if self._asked.workforce else ()
        return _one(case((lets, first)), rules, *counting, *self.on_frontier(rule), inner=(theirs, rule))

    def _patients(self) -> CompoundSelect[Any]:
        """Whose record it is, and every other patient named."""
        r, other = self._r, fact.alias()
        others = select(other.c.value).where(
            other.c.vid == r.c.vid, other.c.param == OTHER_PATIENT, r.c.others > 0
        )
        return union_all(select(r.c.patient.label("patient")).correlate(r), others.correlate(r))

    def _withstanding(self, rule: FromClause) -> ColumnElement[int]:
        return case((and_(rule.c.deny == 1, self._withstands(rule)), 1), else_=0)

    def _withstands(self, rule: FromClause) -> ColumnElement[bool]:
        """A deny holds in an emergency if it names emergencies, or nobody can tell what it names."""
        part = consent_part.alias()
        names = or_(*self._holding(part.c.purposes, _EMERGENCIES))
        return or_(rule.c.kept == 1, _some(part, part.c.rule == rule.c.body, names))

    def on_frontier(self, rule: FromClause) -> list[ColumnElement[bool]]:
        """A matching rule without a matching exception below it."""
        nested = consent_rule.alias()
        below = (
            nested.c.consent == rule.c.consent,
            nested.c.patient == rule.c.patient,
            func.length(nested.c.path) > func.length(rule.c.path),
            func.substr(nested.c.path, 1, func.length(rule.c.path) + 1) == rule.c.path.concat("."),
        )
        exception = _some(nested, self._matches(nested), *below)
        return [or_(rule.c.leaf == 1, not_(exception)), self._matches(rule)]

    def _matches(self, rule: FromClause) -> ColumnElement[bool]:
        r, part = self._r, consent_part.alias()
        normal = and_(r.c.rank <= NORMAL, r.c.part2 == 0)
        reach = or_(rule.c.deny == 1, and_(rule.c.named == 1, or_(rule.c.labelled == 1, normal)))
        failing = _some(part, self._part_fails(part), part.c.rule == rule.c.body)
        adolescent = self._within(r.c.sensitivities, _ADOLESCENT) > 0
        of_guardian = or_(rule.c.guardian == "", and_(rule.c.lapses >= self._now, not_(adolescent)))
        in_force = and_(rule.c.valid_from <= self._now, rule.c.valid_to >= self._now)
        # The deepest stands first, here and below: SQLite's parser takes 100 levels.
        return and_(not_(failing), in_force, reach, of_guardian)

    def _part_fails(self, part: FromClause) -> ColumnElement[bool]:
        """Some stated dimension does not match."""
        matched = (
            self._named(part),
            self._for_purpose(part),
            or_(part.c.actions == "", *self._holding(part.c.actions, [self._given.action])),
            self._of_class(part),
            or_(part.c.coded == 0, self._coded(part)),
            self._label(part),
            self._dated(part),
            or_(part.c.marked == 0, self._marked(part) == part.c.marked),
        )
        return or_(*map(not_, matched))

    def _holding(
        self, held: ColumnElement[str], keys: Sequence[ColumnElement[str]]
    ) -> list[ColumnElement[bool]]:
        """For each key whether the set kept as text holds it."""
        return [self._within(held, key) > 0 for key in keys]

    def _named(self, part: FromClause) -> ColumnElement[bool]:
        """A permit that names who asks, a deny that may."""
        me = self._given.keys.alias()
        mine = _some(me, me.c.wide <= part.c.deny, self._within(part.c.actors, _fenced(me.c.key)) > 0)
        return or_(part.c.actors == "", mine)

    def _for_purpose(self, part: FromClause) -> ColumnElement[bool]:
        """A deny for some purpose also concerns whoever names none."""
        asked = self._holding(part.c.purposes, self._given.purposes) or [part.c.deny == 1]
        return or_(part.c.purposes == "", *asked)

    def _of_class(self, part: FromClause) -> ColumnElement[bool]:
        """The type is named, or a profile that the version claims."""
        of_type = self._within(part.c.classes, _fenced(self._r.c.type)) > 0
        return or_(part.c.classes == "", of_type, self._some_key(part, "class", self._r.c.classes))

    def _coded(self, part: FromClause) -> ColumnElement[bool]:
        """A permit looks at primary codes only, a deny at all."""
        read = case((part.c.deny == 1, self._r.c.codes), else_=self._r.c.primary_codes)
        return self._some_key(part, "code", read)

    def _marked(self, part: FromClause) -> ColumnElement[int]:
        """How many of the stated dimensions that look at marks have one that the version has."""
        key, around = consent_key.alias(), fact.alias()
        # Joined rather than nested, so that it is not too deep.
        keys = key.outerjoin(around, and_(*self._around(around, key)))
        has = or_(self._within(self._r.c.marks, key.c.key) > 0, around.c.vid > 0)
        wanted = (key.c.part == part.c.part, key.c.dimension.in_(_MARKED), has)
        return _one(func.count(key.c.dimension.distinct()), keys, *wanted, inner=(key, around))

    def _around(self, row: FromClause, key: FromClause) -> tuple[ColumnElement[bool], ...]:
        """What refers to the version gives it the mark."""
        return (
            row.c.param == literal_column(f"'{WITHIN}'"),
            row.c.value == self._r.c.type.concat("/").concat(self._r.c.id),
            row.c.system == key.c.key,
            key.c.dimension.in_(_AROUND),
        )

    def _dated(self, part: FromClause) -> ColumnElement[bool]:
        """A permit needs all its dates inside; a deny counts what touches the period, or was stored in it."""
        r, lo, hi = self._r, part.c.data_lo, part.c.data_hi
        stored = and_(r.c.updated >= lo, r.c.updated <= hi)
        touched = or_(and_(r.c.dated_lo <= hi, r.c.dated_hi >= lo), stored)
        return or_(
            part.c.any_date == 1,
            and_(part.c.deny == 1, touched),
            and_(part.c.deny == 0, r.c.dated_lo >= lo, r.c.dated_hi <= hi),
        )

    def _some_key(self, part: FromClause, dimension: str, held: ColumnElement[str]) -> ColumnElement[bool]:
        """Some key of the part is in a set of the version."""
        key = consent_key.alias()
        found = self._within(held, key.c.key) > 0
        return _some(key, key.c.part == part.c.part, key.c.dimension == dimension, found)

    def _label(self, part: FromClause) -> ColumnElement[bool]:
        return or_(
            part.c.any_label == 1,
            and_(part.c.deny == 1, self._touched(part)),
            and_(part.c.deny == 0, self._covered(part)),
        )

    def _touched(self, part: FromClause) -> ColumnElement[bool]:
        return or_(self._r.c.rank >= part.c.low, self._some_key(part, "wide", self._r.c.sensitivities))

    def _covered(self, part: FromClause) -> ColumnElement[bool]:
        r, key = self._r, consent_key.alias()
        listed = (
            key.c.part == part.c.part,
            key.c.dimension == "narrow",
            self._within(r.c.sensitivities, key.c.key) > 0,
        )
        covered = _one(func.count(), key, *listed)
        all_covered = and_(r.c.sensitive > 0, covered == r.c.sensitive, r.c.rank <= part.c.ceiling)
        ranked = and_(r.c.rank <= part.c.high, or_(part.c.narrow == 0, r.c.sensitive == 0))
        return and_(
            or_(r.c.part2 == 0, part.c.part2 == 1), or_(and_(part.c.narrow == 1, all_covered), ranked)
        )


def _fenced(key: ColumnElement[str]) -> ColumnElement[str]:
    """A key as it stands in a set kept as text."""
    return _FENCE.concat(key).concat(_FENCE)


def _some(inner: FromClause, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    # Correlation is said outright: left to itself it stops at the nearest enclosing query.
    return exists(select(ONE).select_from(inner).where(*conditions).correlate_except(inner))


def _one(
    column: ColumnElement[Any],
    from_: FromClause,
    *conditions: ColumnElement[bool],
    inner: tuple[FromClause, ...] = (),
) -> ColumnElement[Any]:
    query = select(column).select_from(from_).where(*conditions)
    return query.correlate_except(*(inner or (from_,))).scalar_subquery()
