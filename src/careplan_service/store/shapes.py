"""The shape of a Filter: what it looks like without its values, so that statements are built once.

`shape` walks a Filter in the same order as `sql.clause` makes its binds.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from careplan_service.access import filters as f
from careplan_service.store.bind import Values, fence
from careplan_service.store.directory_sql import started
from careplan_service.store.directory_sql import values as keys_values

FLAGS = frozenset({"current", "deleted", "others"})
"""The columns that hold small numbers."""


def shape(wanted: f.Filter, values: Values) -> Hashable:
    """What a Filter looks like without its values, which are appended to `values`."""
    return _SHAPES[type(wanted)](wanted, values)


def is_fixed(wanted: f.Filter) -> bool:
    """Whether it is the id of a version or whose record it is, by either of which it is looked up."""
    return isinstance(wanted, f.Is) and wanted.column in ("patient", "id")


def after(text: str) -> str:
    """The smallest text greater than every text that starts with this one."""
    return text + "\U0010ffff"


READ: Mapping[str, Callable[[str], list[str]]] = {
    "starts": lambda text: [text, after(text)],
    "contains": lambda text: [text],
    "exact": lambda text: [text],
}
"""The values that a text is compared with."""


def _parts(wanted: f.All | f.Any, values: Values) -> Hashable:
    return (type(wanted), *(shape(part, values) for part in wanted.parts))


def _is(wanted: f.Is, values: Values) -> Hashable:
    values.append(int(wanted.value) if wanted.column in FLAGS else wanted.value)
    return (f.Is, wanted.column)


def _has(wanted: f.Has, values: Values) -> Hashable:
    given = [value for value in (wanted.value, wanted.system) if value is not None]
    values += [wanted.param, *given]
    return (f.Has, wanted.value is None, wanted.system is None)


def _reads(wanted: f.Reads, values: Values) -> Hashable:
    values += [wanted.param, *READ[wanted.how](wanted.text)]
    return (f.Reads, wanted.how)


def _within(wanted: f.Within, values: Values) -> Hashable:
    given = [value for value in (wanted.value, wanted.system) if value is not None]
    values += [wanted.param, *given, wanted.lo, wanted.hi]
    return (f.Within, wanted.prefix, wanted.value is None, wanted.system is None)


def _updated(wanted: f.Updated, values: Values) -> Hashable:
    values += [wanted.lo, wanted.hi]
    return (f.Updated, wanted.prefix)


def _linked(wanted: f.Linked, values: Values) -> Hashable:
    steps: list[Hashable] = []
    for link in wanted.links:
        values += [link.type]
        if not link.column:
            values += [link.param]
        steps.append((link.column, link.reverse, link.source, link.type, shape(link.seen, values)))
    return (f.Linked, *steps, shape(wanted.part, values))


def _mentions(wanted: f.Mentions, values: Values) -> Hashable:
    values.append(wanted.word)
    return (f.Mentions, wanted.narrative)


def _consented(wanted: f.Consented, values: Values) -> Hashable:
    """A question asked again in the same statement is the same binds."""
    if wanted in values.known:
        return (f.Consented, values.known[wanted])
    values.known[wanted] = len(values.known)
    values += [*keys_values(wanted), *(fence(code) for code in wanted.purpose), fence(wanted.action)]
    wide = tuple(only_denied for _, only_denied in started(wanted))
    flags = (wanted.workforce, wanted.parts_follow, wanted.emergency)
    return (f.Consented, wide, len(wanted.actors), len(wanted.purpose), flags)


def _represented(wanted: f.Represented, values: Values) -> Hashable:
    values += [wanted.relative, wanted.now]
    return f.Represented


_SHAPES: Mapping[type, Callable[[Any, Values], Hashable]] = {
    f.All: _parts,
    f.Any: _parts,
    f.Not: lambda wanted, values: (f.Not, shape(wanted.part, values)),
    f.Is: _is,
    f.Has: _has,
    f.Reads: _reads,
    f.Within: _within,
    f.Updated: _updated,
    f.Linked: _linked,
    f.Mentions: _mentions,
    f.Consented: _consented,
    f.Represented: _represented,
}
