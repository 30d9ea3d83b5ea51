"""The consent predicate in SQL, for any alias of `resource`: the twin of `access/consent/`.

The shape is that of docs/consent.md: some permit rule on the frontier, no deny rule on it, for
every patient the version names. Columns are never NULL, so no NOT meets an unknown.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    and_,
    case,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
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


_ADOLESCENT: ColumnElement[str] = literal_column(f"'\n{ADOLESCENT}\n'")
_EMERGENCIES: list[ColumnElement[str]] = [literal_column(f"'{code}'") for code in sorted(EMERGENCIES)]
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


def opening(
    asked: Consented, r: FromClause, rule: FromClause, binds: Binds, within: str
) -> ColumnElement[bool]:
    """Whether a rule beside the version permits it, for the version's own patient."""
    return and_(rule.c.deny == 0, _Predicate(asked, r, binds, within).opened_by(rule))


class _Predicate:
    """One asked question against one alias; every bind is made once and used in each place."""

    def __init__(self, asked: Consented, r: FromClause, binds: Binds, within: str) -> None:
        self._asked, self._r = asked, r
        self._within = getattr(func, within)
        self._keys = Keys(asked, binds, within)
        self._purposes = [binds.text(code) for code in asked.purpose]
        self._fenced = [binds.text(fence(code)) for code in asked.purpose]
        self._now = self._keys.now
        self._action = binds.text(asked.action)

    def visible(self) -> ColumnElement[bool]:
        """Whether every patient named lets the recipient have the version."""
        r, other = self._r, fact.alias()
        refused = _some(
            other, other.c.vid == r.c.vid, other.c.param == OTHER_PATIENT, not_(self._lets(other.c.value))
        )
        every_other = or_(r.c.others == 0, not_(refused))
        if self._asked.workforce:
            return and_(or_(r.c.patient == "", self._lets(r.c.patient)), every_other)
        tagged = or_(r.c.purposes == "", *(self._within(r.c.purposes, code) > 0 for code in self._fenced))
        return and_(r.c.patient != "", tagged, self._lets(r.c.patient), every_other)

    def because(self) -> ColumnElement[str]:
        """The first permitting rule on the frontier for the version's own patient."""
        rule = consent_rule.alias()
        return _one(func.min(rule.c.because), rule, rule.c.deny == 0, self.opened_by(rule))

    def opened_by(self, rule: FromClause) -> ColumnElement[bool]:
        """A rule of the version's own patient that stands on the frontier."""
        return self._on_frontier(rule, self._r.c.patient)

    def _lets(self, patient: ColumnElement[str]) -> ColumnElement[bool]:
        """No deny on the frontier and, but for staff, some permit: the greatest `deny` says both."""
        rule = consent_rule.alias()
        if self._asked.emergency:
            denying = (rule.c.deny == 1, self._on_frontier(rule, patient), self._withstands(rule))
            return not_(_some(rule, *denying))
        greatest = _one(func.max(rule.c.deny), rule, self._on_frontier(rule, patient))
        return func.coalesce(greatest, 0 if self._asked.workforce else 1) == 0

    def _withstands(self, rule: FromClause) -> ColumnElement[bool]:
        """A deny holds in an emergency if it names emergencies, or nobody can tell what it names."""
        part, key = consent_part.alias(), consent_key.alias()
        named = (key.c.part == part.c.part, key.c.dimension == "purpose", key.c.key.in_(_EMERGENCIES))
        return or_(rule.c.kept == 1, _some(part, part.c.rule == rule.c.body, _some(key, *named)))

    def _on_frontier(self, rule: FromClause, patient: ColumnElement[str]) -> ColumnElement[bool]:
        """A matching rule of the patient without a matching exception below it."""
        nested = consent_rule.alias()
        below = (
            nested.c.consent == rule.c.consent,
            nested.c.patient == rule.c.patient,
            func.length(nested.c.path) > func.length(rule.c.path),
            func.substr(nested.c.path, 1, func.length(rule.c.path) + 1) == rule.c.path.concat("."),
        )
        exception = _some(nested, self._matches(nested), *below)
        return and_(or_(rule.c.leaf == 1, not_(exception)), self._matches(rule), rule.c.patient == patient)

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
        """Not every stated dimension has a matching key: fewer dimensions do than are stated."""
        key, me, around = consent_key.alias(), self._keys.alias(), fact.alias()
        read = case((part.c.deny == 1, self._r.c.codes), else_=self._r.c.primary_codes)
        matching = or_(
            and_(key.c.dimension == "actor", me.c.wide == 0),
            and_(key.c.dimension == "denied", me.c.wide >= 0),
            and_(key.c.dimension == "purpose", key.c.key.in_(self._purposes)),
            and_(key.c.dimension == "class", self._within(self._r.c.classes, key.c.key) > 0),
            and_(key.c.dimension == "code", self._within(read, key.c.key) > 0),
            and_(key.c.dimension == "action", key.c.key == self._action),
            and_(key.c.dimension.in_(_MARKED), self._within(self._r.c.marks, key.c.key) > 0),
            around.c.vid > 0,
        )
        # Joined rather than nested, so that it is not too deep. What refers to the version comes before the
        # caller's keys: SQLite expects very many of these, and would read all facts into a filter each time.
        keys = key.outerjoin(around, and_(*self._around(around, key))).outerjoin(me, me.c.key == key.c.key)
        counted = func.count(key.c.dimension.distinct())
        matched = _one(counted, keys, key.c.part == part.c.part, matching, inner=(key, me, around))
        return or_(not_(self._label(part)), matched != self._expected(part), not_(self._dated(part)))

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

    def _expected(self, part: FromClause) -> ColumnElement[int]:
        """A deny for some purpose also concerns whoever names none."""
        if self._purposes:
            return part.c.stated
        unasked = case((and_(part.c.deny == 1, part.c.any_purpose == 0), 1), else_=0)
        return part.c.stated - unasked

    def _some_key(self, part: FromClause, dimension: str) -> ColumnElement[bool]:
        """Some sensitivity of the version is among the part's keys."""
        key = consent_key.alias()
        held = self._within(self._r.c.sensitivities, key.c.key) > 0
        return _some(key, key.c.part == part.c.part, key.c.dimension == dimension, held)

    def _label(self, part: FromClause) -> ColumnElement[bool]:
        return or_(
            part.c.any_label == 1,
            and_(part.c.deny == 1, self._touched(part)),
            and_(part.c.deny == 0, self._covered(part)),
        )

    def _touched(self, part: FromClause) -> ColumnElement[bool]:
        return or_(self._r.c.rank >= part.c.low, self._some_key(part, "wide"))

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
