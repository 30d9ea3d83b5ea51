"""What a client may do with which resources: SMART scopes, v1 and v2, of every context, granular ones too.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import NamedTuple
from urllib.parse import quote

LETTERS = "cruds"
"""Create, read, update, delete, search: the SMART v2 permissions in the only order they may be written."""

ANY_TYPE = "*"

CONTEXTS = ("patient", "user", "system")
"""On whose behalf: of one patient's record, of what a person may see, of a system that runs by itself."""

V1 = {"read": "rs", "write": "cud", "*": "cruds"}
_V1_WORDS = {letters: word for word, letters in V1.items()}
_PLAIN = "/:|,*"
"""What is written as it is in the value of a query, besides letters, digits and `-._~`."""

Query = tuple[tuple[str, str], ...]
"""Search parameters with their values, all of which must hold, in the order of their names."""


class Opening(NamedTuple):
    """What must hold for a resource together: the context, and the query (the empty one always holds)."""

    context: str
    query: Query = ()


class Grant(NamedTuple):
    """One letter of `cruds` on one resource type (or `*`) in one context, as far as a query holds."""

    context: str
    resource_type: str
    letter: str
    query: Query = ()

    def covers(self, other: Grant) -> bool:
        """Whether it allows all that the other does, as far as their words tell."""
        return (
            (self.context, self.letter) == (other.context, other.letter)
            and self.resource_type in (ANY_TYPE, other.resource_type)
            and set(self.query) <= set(other.query)
        )

    def meeting(self, other: Grant) -> Grant | None:
        """What both allow; None where that is nothing."""
        types = {self.resource_type, other.resource_type}
        if (self.context, self.letter) != (other.context, other.letter):
            return None
        if len(types - {ANY_TYPE}) > 1:
            return None
        query = tuple(sorted({*self.query, *other.query}))
        return Grant(self.context, max(types), self.letter, query)


_NONE: frozenset[Opening] = frozenset()


@dataclass(frozen=True)
class Scopes:
    """What is granted; nothing, unless made by `parse_scopes` or `narrowed`.

    Equal values allow the same; `str` gives the canonical SMART v2 scope string, which is empty
    for nothing.
    """

    grants: frozenset[Grant] = frozenset()

    def allows(self, letter: str, resource_type: str) -> bool:
        """Whether one letter of `cruds` is granted on some resources of a type; `*` asks for all types."""
        return (resource_type, letter) in self._openings or (ANY_TYPE, letter) in self._openings

    def openings(self, letter: str, resource_type: str) -> frozenset[Opening]:
        """The contexts with their queries of which one must hold for a resource."""
        found, none = self._openings, _NONE
        return found.get((resource_type, letter), none) | found.get((ANY_TYPE, letter), none)

    def within(self, contexts: Collection[str]) -> Scopes:
        """What of them is of one of the contexts."""
        return Scopes(frozenset(grant for grant in self.grants if grant.context in contexts))

    @cached_property
    def _openings(self) -> Mapping[tuple[str, str], frozenset[Opening]]:
        found: dict[tuple[str, str], set[Opening]] = {}
        for context, name, letter, query in self.grants:
            found.setdefault((name, letter), set()).add(Opening(context, query))
        return {question: frozenset(openings) for question, openings in found.items()}

    def __bool__(self) -> bool:
        return bool(self.grants)

    def __str__(self) -> str:
        return " ".join(
            f"{c}/{name}.{letters}{_written(query)}" for c, name, query, letters in self.grouped()
        )

    def as_v1(self) -> str | None:
        """The same scopes in SMART v1 words (`system/Goal.read`), or None where v1 has no word for them."""
        words = [(c, name, _V1_WORDS.get(letters), query) for c, name, query, letters in self.grouped()]
        if not all(word and not query for _, _, word, query in words):
            return None
        return " ".join(f"{context}/{name}.{word}" for context, name, word, _ in words)

    def grouped(self) -> list[tuple[str, str, Query, str]]:
        """Context, type, query and letters of each, in the order in which they are written."""
        granted: dict[tuple[str, str, Query], set[str]] = {}
        for context, name, letter, query in self.grants:
            granted.setdefault((context, name, query), set()).add(letter)
        return [
            (*scope, "".join(letter for letter in LETTERS if letter in letters))
            for scope, letters in sorted(granted.items())
        ]


def _written(query: Query) -> str:
    pairs = "&".join(f"{name}={quote(value, safe=_PLAIN)}" for name, value in query)
    return f"?{pairs}" if pairs else ""


def narrowed(requested: Scopes, registered: Scopes) -> Scopes:
    """What of the requested is within the registered: allows exactly what both allow."""
    theirs = _by_type(registered.grants)
    both = (one.meeting(other) for one in requested.grants for other in _near(one, theirs))
    return scopes_of(grant for grant in both if grant is not None)


def scopes_of(grants: Iterable[Grant]) -> Scopes:
    """Without what others cover anyway, so that equal scopes are equal values."""
    found = frozenset(grants)
    by_type = _by_type(found)
    return Scopes(
        frozenset(
            one
            for one in found
            if not any(other.covers(one) for other in _near(one, by_type) if other != one)
        )
    )


def _by_type(grants: Iterable[Grant]) -> Mapping[str, list[Grant]]:
    found: dict[str, list[Grant]] = {}
    for grant in grants:
        found.setdefault(grant.resource_type, []).append(grant)
    return found


def _near(one: Grant, by_type: Mapping[str, list[Grant]]) -> Iterable[Grant]:
    """Those whose type meets that of the grant."""
    if one.resource_type == ANY_TYPE:
        return chain.from_iterable(by_type.values())
    return chain(by_type.get(one.resource_type, ()), by_type.get(ANY_TYPE, ()))
