"""What comes with the matches of a search: `_include` and `_revinclude`, as far as the caller may see it.

https://hl7.org/fhir/R4/search.html#include
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from careplan_service.errors import Malformed, TooLarge
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.records import Stored
from careplan_service.resources.registry import SERVED

_NAMES = {"_include": False, "_revinclude": True}
_ITERATE = frozenset({"iterate", "recurse"})
_ROUNDS = 10
ANYTHING = "*"


@dataclass(frozen=True)
class Include:
    """One `_include` or `_revinclude` as it was understood.

    `params` are search parameters with their type (`Goal.subject`), `target` the type wanted or empty.
    """

    params: tuple[str, ...]
    target: str = ""
    reverse: bool = False
    iterate: bool = False


def is_include(name: str) -> bool:
    """Whether the name of a search parameter is one of these."""
    return name.partition(":")[0] in _NAMES


def include_of(name: str, text: str) -> Include:
    """`_include:iterate=Type:reference:Target`. Raises Malformed (400) saying what it takes."""
    plain, _, modifier = name.partition(":")
    if modifier and modifier not in _ITERATE:
        raise Malformed(f"modifier `:{modifier}` is not offered on `{plain}`; it has `:iterate`")
    source, _, rest = text.partition(":")
    param, _, target = rest.partition(":")
    if source == ANYTHING and not rest:
        return Include(tuple(_references(SERVED)), "", _NAMES[plain], bool(modifier))
    if source not in SERVED or not param or (target and target not in SERVED):
        raise Malformed(
            f"`{name}={text}` cannot be read; write `Type:reference`, `Type:reference:Target` or `*`"
        )
    known = list(_references([source]))
    params = known if param == ANYTHING else [f"{source}.{param}"]
    if not set(params) <= set(known):
        names = ", ".join(one.partition(".")[2] for one in known)
        raise Malformed(f"`{param}` is no reference of {source}; it has {names}")
    return Include(tuple(params), target, _NAMES[plain], bool(modifier))


def _references(types: Iterable[str]) -> Iterator[str]:
    for type_ in types:
        for param in SERVED[type_].params:
            if param.kind == "reference":
                yield f"{type_}.{param.name}"


def beside(desk: Desk, matches: Sequence[Stored], includes: Sequence[Include]) -> list[Stored]:
    """What the includes add to the matches, each once. Raises TooLarge (413) for more than is allowed."""
    most = desk.policy.most_included
    have = {match.vid for match in matches}
    found: list[Stored] = []
    fresh: Sequence[Stored] = matches
    wanted: Sequence[Include] = includes
    for _ in range(_ROUNDS):
        added: list[Stored] = []
        for include in _merged(wanted) if fresh else ():
            for stored in _one(desk, fresh, include, most + 1):
                if stored.vid not in have:
                    have.add(stored.vid)
                    added.append(stored)
        found += added
        if len(found) > most:
            raise TooLarge(
                f"this search brings more than {most} further resources; ask for a smaller `_count`"
            )
        fresh, wanted = added, [include for include in includes if include.iterate]
        if not wanted or not fresh:
            break
    return found


def _merged(includes: Sequence[Include]) -> Iterator[Include]:
    """Includes that ask for the same kind of thing as one: a statement each, not a statement for each."""
    together: dict[tuple[bool, str], dict[str, None]] = {}
    for include in includes:
        params = together.setdefault((include.reverse, include.target), {})
        params.update(dict.fromkeys(include.params))
    for (reverse, target), params in together.items():
        yield Include(tuple(params), target, reverse)


def _one(desk: Desk, page: Sequence[Stored], include: Include, most: int) -> list[Stored]:
    if include.reverse:
        sources = dict.fromkeys(param.partition(".")[0] for param in include.params)
        pointed = [one for one in page if include.target in ("", one.type)]
        return desk.records.referring(pointed, include.params, desk.sees_any("r", sources), most)
    types = [include.target] if include.target else list(SERVED)
    return desk.records.referenced(page, include.params, desk.sees_any("r", types), most)
