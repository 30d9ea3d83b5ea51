"""Views that are made once for a caller and hold at any moment: only the moment in them is new.

A view of all types has many parts; to make it anew for every request took longer than to ask the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TypeVarTuple

from careplan_service.access import filters as f
from careplan_service.access.caller import Caller

Asked = TypeVarTuple("Asked")
_View = Callable[[Caller, int, *Asked], f.Filter]

_KEPT = 500
"""Views of each kind; a caller uses few."""
_NO_MOMENT = 0
_FORGETTING: list[Callable[[], None]] = []


def timeless(make: _View[*Asked]) -> _View[*Asked]:
    """What `make` gives for a caller at a moment, made once and moved to the moment asked for.

    What else it is asked with must be hashable. What it raises it raises each time.
    """

    @lru_cache(maxsize=_KEPT)
    def made(caller: Caller, *asked: *Asked) -> f.Filter:
        return make(caller, _NO_MOMENT, *asked)

    _FORGETTING.append(made.cache_clear)

    def view(caller: Caller, now: int, *asked: *Asked) -> f.Filter:
        if caller.glasses:  # how long one is open is decided when the view is made
            return make(caller, now, *asked)
        return as_of(made(caller, *asked), now)

    return view


def forget() -> None:
    """Have every view made anew: for who puts other rules in the place of those that made them."""
    for forget_one in _FORGETTING:
        forget_one()


def as_of(wanted: f.Filter, now: int) -> f.Filter:
    """The same question at another moment."""
    moved = _MOVED.get(type(wanted))
    return moved(wanted, now) if moved else wanted


def _parts(wanted: f.All | f.Any, now: int) -> f.Filter:
    parts = tuple([as_of(part, now) for part in wanted.parts])
    return type(wanted)(parts)


def _linked(wanted: f.Linked, now: int) -> f.Filter:
    links = tuple(replace(link, seen=as_of(link.seen, now)) for link in wanted.links)
    return f.Linked(links, as_of(wanted.part, now))


def _consented(wanted: f.Consented, now: int) -> f.Filter:
    return f.Consented(
        wanted.actors, wanted.purpose, now, wanted.workforce, wanted.action, wanted.also,
        wanted.parts_follow, wanted.emergency,
    )  # fmt: skip


_MOVED: Mapping[type, Callable[..., f.Filter]] = {
    f.All: _parts,
    f.Any: _parts,
    f.Not: lambda wanted, now: f.Not(as_of(wanted.part, now)),
    f.Linked: _linked,
    f.Consented: _consented,
    f.Represented: lambda wanted, now: f.Represented(wanted.relative, now),
}
"""What holds a moment, or parts that may; everything else is the same at any."""
