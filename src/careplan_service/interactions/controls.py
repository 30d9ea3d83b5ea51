"""The parameters that say how an answer looks, not what is asked. https://hl7.org/fhir/R4/search.html#sort"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from careplan_service.access import instants
from careplan_service.errors import Malformed
from careplan_service.interactions.records import Key
from careplan_service.resources.params import SearchParam
from careplan_service.resources.registry import SERVED
from careplan_service.resources.spec import ResourceSpec

DEFAULT_COUNT, MOST = 50, 1000
PRESENTATION = frozenset({"_format", "_pretty", "_summary", "_elements"})
"""How resources are written; looked at where they leave the service."""
CONTROLS = frozenset({"_count", "_sort", "_total", "_type", "_contained", "_containedType"})
_TOTALS = frozenset({"accurate", "estimate", "none"})
_MOST_KEYS = 5
_COUNT = re.compile(r"[0-9]{1,6}")
_COLUMNS = {"_lastUpdated": "updated", "_id": "id"}
_KINDS = {"date": "span", "quantity": "span", "number": "span", "token": "value", "string": "value",
          "reference": "value", "uri": "value"}  # fmt: skip


def require_once(names: Iterable[str]) -> None:
    """Raise Malformed (400) when a parameter that can have one value only is there twice."""
    for name, times in Counter(names).items():
        if times > 1:
            raise Malformed(f"`{name}` stands here {times} times; give it once")


def count_of(text: str) -> int:
    """What `_count` asks for, at most MOST. Raises Malformed (400)."""
    if not _COUNT.fullmatch(text):
        raise Malformed(f"`_count` takes a whole number from 0 to {MOST}, not `{text}`")
    return min(int(text), MOST)


def total_of(text: str) -> str:
    """What `_total` asks for. Raises Malformed (400)."""
    if text not in _TOTALS:
        raise Malformed(f"`_total` takes `accurate`, `estimate` or `none`, not `{text}`")
    return text


def require_uncontained(name: str, text: str) -> None:
    """Contained resources are part of the one that holds them. Raises Malformed (400) for anything else."""
    if name != "_contained" or text != "false":
        raise Malformed(f"`{name}={text}` is not offered; contained resources are not searched on their own")


def moment_of(name: str, text: str) -> tuple[int, int]:
    """The range of a parameter that is a date or an instant, in microseconds UTC. Raises Malformed (400)."""
    try:
        return instants.span(text.replace(" ", "+"))
    except (ValueError, OverflowError) as error:
        raise Malformed(f"`{name}`: {error}") from None


def types_of(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """The types that `_type` names, each once; none when it is not there. Raises Malformed (400)."""
    asked = [type_ for name, text in pairs if name == "_type" for type_ in text.split(",")]
    for type_ in asked:
        if type_ not in SERVED:
            raise Malformed(f"`_type` names `{type_}`, which is not served here")
    return list(dict.fromkeys(asked))


def sort_of(specs: Iterable[ResourceSpec], text: str) -> tuple[Key, ...]:
    """`-date,status` as keys. Raises Malformed (400) for what nothing can be sorted by."""
    names = text.split(",")
    if len(names) > _MOST_KEYS:
        raise Malformed(f"`_sort` takes at most {_MOST_KEYS} parameters, not {len(names)}")
    given = list(specs)
    return tuple(_key(given, name.removeprefix("-"), name.startswith("-")) for name in names)


def _key(specs: list[ResourceSpec], name: str, descending: bool) -> Key:
    if name in _COLUMNS:
        return Key(_COLUMNS[name], "column", descending)
    param = specs[0].by_name.get(name) if len(specs) == 1 else None
    if param is None or not _sortable(param):
        known = [param.name for param in specs[0].params if _sortable(param)] if len(specs) == 1 else []
        offered = ", ".join(sorted([*_COLUMNS, *known]))
        raise Malformed(f"cannot sort by `{name}`; `_sort` takes {offered}, with `-` for descending")
    if param.column:
        return Key(param.column, "column", descending)
    return Key(f"{specs[0].name}.{param.name}", _KINDS[param.kind], descending)


def _sortable(param: SearchParam) -> bool:
    """Whether it has values of its own that have an order."""
    return param.kind in _KINDS and not param.combines
