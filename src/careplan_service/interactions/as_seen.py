"""A search asks of resources what the caller may see of them: a hidden reference is as if it were not there.

The part of the one predicate that concerns what leaves (`leaving.py`): a condition on a reference holds only
where its target may be seen, or where the caller wrote the version itself. docs/adr/0016
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from careplan_service.access.filters import (
    EVERYTHING,
    Any,
    Filter,
    Has,
    Is,
    Link,
    Linked,
    Not,
    all_of,
    any_of,
)
from careplan_service.errors import Malformed
from careplan_service.resources.naming import GUARDED
from careplan_service.resources.params import SearchParam
from careplan_service.resources.redaction import SUBJECTS


@dataclass(frozen=True)
class Eyes:
    """What a caller may know of each type, what it wrote itself, and whether consents bind it."""

    known: Callable[[str], Filter]
    own: Filter
    bound: bool


def as_seen(eyes: Eyes, param: SearchParam, modifier: str, asked: Filter) -> Filter:
    """The condition as it holds of what the caller sees.

    Raises Malformed (400) for what cannot be told of a redacted copy alone.
    """
    if not may_be_hidden(param):
        return asked
    if modifier in ("missing", "identifier"):
        if eyes.bound:
            raise Malformed(f"`{param.name}:{modifier}` is not offered to you; ask for what it refers to")
        return asked
    leaves = asked.parts if isinstance(asked, Any) else (asked,)
    return any_of(*_open(leaves), *_guarded(eyes, leaves))


def may_be_hidden(param: SearchParam) -> bool:
    """Whether what the parameter is about can be taken out of what a caller sees."""
    if param.kind != "reference" or param.column or SUBJECTS.issuperset(param.paths):
        return False
    return not param.targets or not GUARDED.isdisjoint(param.targets)


def require_whole(eyes: Eyes | None, name: str) -> None:
    """Raise Malformed (400) for searches in whole documents by who may see parts of them only."""
    if eyes is not None and eyes.bound:
        raise Malformed(f"`{name}` looks into what may be hidden from you; search by other parameters")


def require_sortable(eyes: Eyes | None, param: SearchParam | None) -> None:
    """Raise Malformed (400) for an order by references that may be hidden."""
    if eyes is not None and eyes.bound and param is not None and may_be_hidden(param):
        raise Malformed(f"cannot sort by `{param.name}`: what it refers to may be hidden from you")


def _open(leaves: tuple[Filter, ...]) -> list[Filter]:
    return [leaf for leaf in leaves if not _type(leaf)]


def _guarded(eyes: Eyes, leaves: tuple[Filter, ...]) -> list[Filter]:
    """By parameter and type one condition, however many values it has."""
    held: dict[tuple[str, str], list[Has]] = {}
    for leaf in leaves:
        if isinstance(leaf, Has) and (type_ := _type(leaf)):
            held.setdefault((leaf.param, type_), []).append(leaf)
    ways = _ways if eyes.bound else _undenied
    return [
        all_of(any_of(*some), any_of(*ways(eyes, param, type_, some)))
        for (param, type_), some in held.items()
    ]


def _undenied(eyes: Eyes, param: str, type_: str, some: list[Has]) -> list[Filter]:
    """To the custodian's staff all targets are open but those that a patient's deny closes."""
    known = eyes.known(type_)
    if known == EVERYTHING:
        return [EVERYTHING]
    denied = Link(param, type_, Not(known))
    ways: list[Filter] = [all_of(one, Not(Linked((denied,), Is("id", _id(one))))) for one in some]
    return ways + _of_itself(type_, some)


def _ways(eyes: Eyes, param: str, type_: str, some: list[Has]) -> list[Filter]:
    """The target may be seen, or the caller wrote what refers to it."""
    ids = any_of(*(Is("id", _id(one)) for one in some))
    return [
        eyes.own,
        Linked((Link(param, type_, eyes.known(type_)),), ids),
        *_of_itself(type_, some),
    ]


def _of_itself(type_: str, some: list[Has]) -> list[Filter]:
    """The patient of a record stays named in it: of several asked for, each the one that stands there."""
    return [all_of(one, Is("patient", str(one.value))) for one in some] if type_ == "Patient" else []


def _id(leaf: Has) -> str:
    return str(leaf.value).partition("/")[2]


def _type(leaf: Filter) -> str:
    """The guarded type that a reference asked for is of; empty for any other."""
    type_, slash, id_ = str(leaf.value).partition("/") if isinstance(leaf, Has) else ("", "", "")
    return type_ if slash and type_ in GUARDED and "/" not in id_ else ""
