"""Search parameters: the facts they take from a document, and the Filter they make of a query.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from careplan_service.access.facts import Fact
from careplan_service.access.filters import Filter, Has, Is, Not, any_of
from careplan_service.errors import Malformed
from careplan_service.resources import extract
from careplan_service.resources.escapes import split_values, unescaped
from careplan_service.resources.kept import shortened
from careplan_service.resources.kinds import KINDS, Kind, Question
from careplan_service.resources.pointers import ANY_TYPE
from careplan_service.resources.ranges import span_asked

__all__ = ["COMMON", "SearchParam", "span_asked", "split_values", "unescaped"]

_MOST_ALTERNATIVES = 500


@dataclass(frozen=True)
class SearchParam:
    """One search parameter of one type.

    `kind` is FHIR's: token, reference, date, string, uri, quantity, composite or special; `form` the
    row of `kinds.KINDS` where the kind does not say it. `paths` are element paths
    (`activity.detail.code`, `occurrence[x]`); `targets` the types a reference may point to; `system`
    the implicit code system of a `code` element; `only` keeps the contact points of one system
    (`email`, `phone`); `column` names the column of the version that holds the value, where it needs
    no fact of its own; `take` gives the values where paths cannot. A composite has two `components`,
    whose paths begin at the element `within`; `combines` names parameters of the type whose facts are
    asked instead of own ones.
    """

    name: str
    kind: str
    paths: tuple[str, ...]
    targets: tuple[str, ...] = ()
    system: str = ""
    only: str = ""
    column: str = ""
    form: str = ""
    take: Callable[[Mapping[str, Any]], list[Any]] | None = None
    components: tuple[SearchParam, ...] = ()
    within: str = ""
    combines: tuple[str, ...] = ()

    @cached_property
    def _kind(self) -> Kind:
        return KINDS[self.form or self.kind]

    @cached_property
    def _split_paths(self) -> tuple[extract.Path, ...]:
        paths = (self.within,) if self.components else self.paths
        return tuple(tuple(path.split(".")) if path else () for path in paths)

    @cached_property
    def _questions(self) -> Mapping[str, Question]:
        return self._kind.questions(self)

    @cached_property
    def modifiers(self) -> tuple[str, ...]:
        """The modifiers this parameter takes; `[type]` stands for the name of any type."""
        own = [m for m in self._questions if m]
        if self.kind == "reference" and not self.targets:
            own = ["identifier", ANY_TYPE]
        return ("missing", *own, *self._kind.negations)

    @cached_property
    def roots(self) -> frozenset[str]:
        """The elements of which a document has one if it has facts; empty where that cannot be told."""
        paths = self.components[-1].paths if self.components and not self.within else self.paths
        roots = {path.split(".")[0] for path in paths}
        return frozenset() if any(root.endswith("[x]") for root in roots) else frozenset(roots)

    def values(self, document: Mapping[str, Any]) -> list[Any]:
        """The values of a document (of the element `within`, for a component) that it is about."""
        if self.take is not None:
            return self.take(document)
        found: list[Any] = []
        for path in self._split_paths:
            if not path or path[0] in document or path[0].endswith("[x]"):
                found += extract.values_at(document, path)
        return [value for value in found if value.get("system") == self.only] if self.only else found

    def facts(self, resource_type: str, document: Mapping[str, Any], base_url: str) -> list[Fact]:
        """The rows a document has for this parameter."""
        if self.combines:
            return []
        name, rows = f"{resource_type}.{self.name}", self._kind.rows
        return [
            shortened(row) for value in self.values(document) for row in rows(self, name, value, base_url)
        ]

    def asked(self, resource_type: str, modifier: str, text: str, base_url: str) -> Filter:
        """One `name:modifier=a,b` as a Filter. Raises Malformed (400) when it cannot be read."""
        if not text.strip(","):
            raise Malformed(f"search parameter `{self.name}` has no value; leave it out or give one")
        if not _is_writable(text):
            raise Malformed(f"search parameter `{self.name}` holds a character that is no text; leave it out")
        names = [f"{resource_type}.{name}" for name in self.combines or (self.name,)]
        if modifier == "missing":
            return self._missing(names, text)
        plain = self._kind.negations.get(modifier, modifier)
        question = self._questions.get(plain)
        if question is None:
            offered = ", ".join(f"`:{m}`" for m in self.modifiers)
            raise Malformed(f"modifier `:{modifier[:80]}` is not offered on `{self.name}`; it has {offered}")
        values = split_values(text)
        if len(values) > _MOST_ALTERNATIVES:
            raise Malformed(f"`{self.name}` takes at most {_MOST_ALTERNATIVES} values, not {len(values)}")
        found = any_of(*(question(self, name, value, base_url) for name in names for value in values))
        return found if plain == modifier else Not(found)

    def _missing(self, names: list[str], text: str) -> Filter:
        if text not in ("true", "false"):
            raise Malformed(f"`:missing` takes true or false, not `{text[:80]}`")
        held = [Has(name + end) for name in names for end in ("", *self._kind.beside)]
        present = any_of(Not(Is(self.column, "")), *held[1:]) if self.column else any_of(*held)
        return Not(present) if text == "true" else present


def _is_writable(text: str) -> bool:
    """Whether a database takes the text: no NUL, no half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def token(name: str, *paths: str, system: str = "", only: str = "") -> SearchParam:
    """A code, Coding, CodeableConcept, Identifier, boolean or contact point."""
    return SearchParam(name, "token", paths, system=system, only=only)


def reference(name: str, *paths: str, targets: tuple[str, ...] = ()) -> SearchParam:
    """A literal reference or canonical."""
    return SearchParam(name, "reference", paths, targets)


def patient(name: str, path: str) -> SearchParam:
    """The patient whose record it is: a column of its own, so a client's records lie together."""
    return SearchParam(name, "reference", (path,), ("Patient",), column="patient")


def date(name: str, *paths: str) -> SearchParam:
    """A date, dateTime, instant, Period or Timing."""
    return SearchParam(name, "date", paths)


def string(name: str, *paths: str) -> SearchParam:
    """A text, a HumanName or an Address."""
    return SearchParam(name, "string", paths)


def phonetic(name: str, *paths: str) -> SearchParam:
    """A text or a HumanName by how it sounds."""
    return SearchParam(name, "string", paths, form="phonetic")


def uri(name: str, *paths: str) -> SearchParam:
    """An address, matched whole."""
    return SearchParam(name, "uri", paths)


def quantity(name: str, *paths: str) -> SearchParam:
    """A Quantity, Age, Duration, Range or SampledData."""
    return SearchParam(name, "quantity", paths)


def near(name: str, path: str) -> SearchParam:
    """A position, by a box around a point."""
    return SearchParam(name, "special", (path,), form="position")


def composite(name: str, within: str, first: SearchParam, second: SearchParam) -> SearchParam:
    """A token and another value of one element (`component`), or of the resource (empty)."""
    stem = f"{within}." if within else ""
    paths = tuple(f"{stem}{path}" for one in (first, second) for path in one.paths)
    return SearchParam(name, "composite", paths, components=(first, second), within=within)


def taken(name: str, kind: str, path: str, take: Callable[[Mapping[str, Any]], list[Any]]) -> SearchParam:
    """What a path alone cannot say; `path` is where the values are."""
    return SearchParam(name, kind, (path,), take=take)


def combined(*params: SearchParam, name: str) -> SearchParam:
    """One that holds when one of the given parameters of the type does."""
    paths = tuple(path for one in params for path in one.paths)
    names = tuple(one.name for one in params)
    return SearchParam(name, params[0].kind, paths, components=params[0].components, combines=names)


COMMON: tuple[SearchParam, ...] = (
    SearchParam("_profile", "uri", ("meta.profile",), form="canonical"),
    token("_security", "meta.security"),
    uri("_source", "meta.source"),
    token("_tag", "meta.tag"),
)
"""The parameters that every type has; `_id` and `_lastUpdated` are columns, not facts."""
