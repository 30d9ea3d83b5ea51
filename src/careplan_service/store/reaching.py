"""What a partner may reach at most: where a statement may start for one that few clients let in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeGuard

from sqlalchemy import ColumnElement, CompoundSelect, FromClause, literal_column, select, union_all

from careplan_service.access import filters as f
from careplan_service.store.bind import Binds
from careplan_service.store.consent_sql import given
from careplan_service.store.tables import consent_key, consent_part, consent_rule, resource


def naming(asked: f.Consented, binds: Binds, within: str) -> CompoundSelect[Any]:
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
    own, theirs, named_by = resource.alias(), resource.alias(), naming(asked, binds, within)
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
