"""A plan that a table says anew: what the table has no columns for stays as it is on record.

docs/agency-imports.md; RFC 4180: https://www.rfc-editor.org/rfc/rfc4180

A table is not all that is known: nobody takes a sensitivity mark away, or a scale, because a spreadsheet has
no column for it. A blank cell of a column that is there says that there is nothing, except of people with an
identifier, of whom another row may say more.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Mapping
from typing import Any

from careplan_service.interventions.columns import FIELDS, JSON_ONLY, LISTS, NESTED, PLAN
from careplan_service.interventions.record_rules import NUMBERED

Shape = dict[str, Any]
_RECORD = (*NUMBERED, "closing", "episode", "reopens")


def said_anew(before: Shape, sheet: Shape, said: Container[str]) -> Shape:
    """The JSON shape `sheet` of a table that has the columns `said`, with what `before` says beyond them.

    The parts keep their places, so that a fault at a path of the result is one at that path of the sheet.
    """
    made = {**{name: before[name] for name in _RECORD if name in before}, **sheet}
    for name, path in PLAN.items():
        if name not in said:
            _keep(made, before, path)
    made["client_system"] = _listed(
        "member", before.get("client_system", {}), made.get("client_system"), said
    )
    for part in ("need", "strength", "participant", "alert", "goal"):
        made = _listed(part, before, made, said)
    return made


def _keep(made: Shape, before: Mapping[str, Any], path: tuple[str | int, ...]) -> None:
    *outer, last = (str(step) for step in path)
    for step in outer:
        before = before.get(step) or {}
        if last not in before:
            return
        made[step] = made = dict(made.get(step) or {})
    if last in before and last not in made:
        made[last] = before[last]


def _listed(part: str, before: Mapping[str, Any], holder: Shape | None, said: Container[str]) -> Shape:
    """The holder of a list of parts, each with what is known of it beyond the table."""
    name = str(LISTS[part][-1])
    made = dict(holder or {})
    fields = [field for field in FIELDS[part] if field not in NESTED]
    if not any(f"{part}_{field}" in said for field in fields):
        if name in before:
            made[name] = before[name]
        return made
    known = {_KEYS[part](one): one for one in before.get(name, ())}
    unsaid = [field for field in FIELDS[part] if f"{part}_{field}" not in said]
    if name in made:
        made[name] = [_beyond(part, one, known.get(_KEYS[part](one)), unsaid, said) for one in made[name]]
    return made


def _beyond(part: str, one: Shape, known: Shape | None, unsaid: list[str], said: Container[str]) -> Shape:
    if known is None:
        return one
    person = part == "member" and known.get("identifier")
    fields = [field for field in known if (field in unsaid or person) and field not in NESTED]
    made = {**{field: known[field] for field in fields}, **one}
    made |= {name: known[name] for name in JSON_ONLY if name in known}
    inner = _INNER.get(part)
    return _listed(inner, known, made, said) if inner else made


_INNER = {"goal": "objective", "objective": "strategy"}


def _by_number(one: Mapping[str, Any]) -> Hashable:
    return str(one.get("number"))


def _by_person(one: Mapping[str, Any]) -> Hashable:
    return _identifier(one.get("identifier")) or (one.get("given"), one.get("family"))


def _by_text(one: Mapping[str, Any]) -> Hashable:
    return one.get("text")


def _by_team(one: Mapping[str, Any]) -> Hashable:
    return one.get("name"), one.get("agency")


def _identifier(told: Any) -> str:
    return f"{told['system']}|{told['value']}" if isinstance(told, Mapping) else str(told or "")


_KEYS: Mapping[str, Callable[[Mapping[str, Any]], Hashable]] = {
    "goal": _by_number,
    "objective": _by_number,
    "strategy": _by_number,
    "member": _by_person,
    "need": _by_text,
    "strength": _by_text,
    "participant": _by_team,
    "alert": _by_text,
}
"""What tells two parts of a kind apart."""
