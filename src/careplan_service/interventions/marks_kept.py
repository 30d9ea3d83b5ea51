"""A plan that is sent anew keeps the marks of sensitivity that people set; an adjustment takes them off.

https://hl7.org/fhir/R4/security-labels.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from careplan_service.interventions.sensitivity import mark_terms

Shape = dict[str, Any]
_FOUND_BY: Mapping[str, tuple[str, ...]] = {
    "needs": ("text",),
    "strengths": ("text",),
    "alerts": ("text",),
    "members": ("given", "family"),
    "participants": ("name", "agency"),
}
"""What tells the parts of a list apart; all others have a number."""
_MARKS = "sensitivity"


def marks_kept(before: Mapping[str, Any], sent: Mapping[str, Any]) -> Shape:
    """`sent` with the marks of the same parts of `before`; what is malformed is left as it is."""
    made = {name: _kept(name, before.get(name), value) for name, value in sent.items()}
    if marks := _together(before.get(_MARKS), sent.get(_MARKS)):
        made[_MARKS] = marks
    return made


def names_marks(value: Any) -> bool:
    """Whether a change says anything of marks."""
    if isinstance(value, Mapping):
        return _MARKS in value or any(map(names_marks, value.values()))
    return isinstance(value, list) and any(map(names_marks, value))


def _kept(name: str, before: Any, sent: Any) -> Any:
    if isinstance(before, Mapping) and isinstance(sent, Mapping):
        return marks_kept(before, sent)
    if not (isinstance(before, list) and isinstance(sent, list)) or name == _MARKS:
        return sent
    known = {_key(name, one): one for one in before if isinstance(one, Mapping)}
    return [
        marks_kept(known.get(_key(name, one), {}), one) if isinstance(one, Mapping) else one for one in sent
    ]


def _key(name: str, part: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(part.get(field, "")).strip().casefold() for field in _FOUND_BY.get(name, ("number",)))


def _together(before: Any, sent: Any) -> Any:
    given = [one.strip() for one in sent.split(";")] if isinstance(sent, str) else sent
    if not isinstance(before, list) or not (given is None or isinstance(given, list)):
        return sent
    codes = {mark_terms().code(one) for one in given or () if isinstance(one, str)}
    return [*(given or ()), *(one for one in before if mark_terms().code(str(one)) not in codes)]
