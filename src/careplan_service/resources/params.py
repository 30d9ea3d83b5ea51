"""Search parameters: the facts they take from a document, and the Filter they make of a query.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from careplan_service.access import instants
from careplan_service.access.consent.dimensions import local
from careplan_service.access.facts import Fact
from careplan_service.access.filters import Filter, Has, Is, Not, Reads, Within, any_of
from careplan_service.errors import Malformed
from careplan_service.resources import extract

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_PREFIXED = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(\d.*)", re.DOTALL)
_LONGEST_TEXT = 1000


@dataclass(frozen=True)
class SearchParam:
    """One search parameter of one type.

    `kind` is token, reference, date, string or uri; `paths` are element paths (`activity.detail.code`,
    `occurrence[x]`); `targets` the types a reference may point to; `system` the implicit code system
    of a `code` element; `only` keeps the contact points of one system (`email`, `phone`); `column`
    names the column of the version that holds the value, where it needs no fact of its own.
    """

    name: str
    kind: str
    paths: tuple[str, ...]
    targets: tuple[str, ...] = ()
    system: str = ""
    only: str = ""
    column: str = ""

    @cached_property
    def _split_paths(self) -> tuple[extract.Path, ...]:
        return tuple(tuple(path.split(".")) for path in self.paths)

    def facts(self, resource_type: str, document: Mapping[str, Any], base_url: str) -> Iterator[Fact]:
        """The rows a document has for this parameter."""
        if self.column:
            return
        param = f"{resource_type}.{self.name}"
        rows = _ROWS[self.kind]
        for path in self._split_paths:
            if path[0] not in document and not path[0].endswith("[x]"):
                continue
            for value in extract.values_at(document, path):
                if self.only and value.get("system") != self.only:
                    continue
                yield from rows(self, param, value, base_url)

    def asked(self, resource_type: str, modifier: str, text: str, base_url: str) -> Filter:
        """One `name:modifier=a,b` as a Filter. Raises Malformed (400) when it cannot be read."""
        if not text:
            raise Malformed(f"search parameter `{self.name}` has no value; leave it out or give one")
        param = f"{resource_type}.{self.name}"
        if modifier == "missing":
            return self._missing(param, text)
        if modifier == "not" and self.kind == "token":
            return Not(self._any(param, "", text, base_url))
        if modifier and modifier not in self.modifiers:
            offered = ", ".join(f"`:{m}`" for m in self.modifiers)
            raise Malformed(f"modifier `:{modifier}` is not offered on `{self.name}`; it has {offered}")
        return self._any(param, modifier, text, base_url)

    @cached_property
    def modifiers(self) -> tuple[str, ...]:
        """The modifiers this parameter takes."""
        own = {"string": ("exact", "contains"), "token": ("not",), "reference": self.targets}
        return ("missing", *own.get(self.kind, ()))

    def _any(self, param: str, modifier: str, text: str, base_url: str) -> Filter:
        return any_of(
            *(_ASKED[self.kind](self, param, modifier, one, base_url) for one in split_values(text))
        )

    def _missing(self, param: str, text: str) -> Filter:
        if text not in ("true", "false"):
            raise Malformed(f"`:missing` takes true or false, not `{text}`")
        present = Not(Is(self.column, "")) if self.column else Has(param)
        return Not(present) if text == "true" else present


def split_values(text: str) -> list[str]:
    """The alternatives of `a,b\\,c`: split at commas that no backslash escapes, still escaped."""
    return re.findall(r"(?:[^,\\]|\\.)+", text) or [text]


def unescaped(text: str) -> str:
    """The text without its escapes: `\\,` `\\|` `\\$` `\\\\`. https://hl7.org/fhir/R4/search.html#escaping"""
    return re.sub(r"\\([,|$\\])", r"\1", text)


def _token_rows(param: SearchParam, name: str, value: Any, base_url: str) -> Iterator[Fact]:
    for code, system in extract.token_pairs(value, param.system):
        yield Fact(name, code, system)


def _reference_rows(param: SearchParam, name: str, value: Any, base_url: str) -> Iterator[Fact]:
    for reference in extract.references(value, base_url):
        yield Fact(name, reference)


def _date_rows(param: SearchParam, name: str, value: Any, base_url: str) -> Iterator[Fact]:
    for lo, hi in extract.spans(value):
        yield Fact(name, lo=lo, hi=hi)


def _string_rows(param: SearchParam, name: str, value: Any, base_url: str) -> Iterator[Fact]:
    for text in extract.texts(value):
        yield Fact(name, extract.normalised(text)[:_LONGEST_TEXT], text[:_LONGEST_TEXT])


def _uri_rows(param: SearchParam, name: str, value: Any, base_url: str) -> Iterator[Fact]:
    if isinstance(value, str):
        yield Fact(name, value)


_ROWS: Mapping[str, Callable[[SearchParam, str, Any, str], Iterable[Fact]]] = {
    "token": _token_rows,
    "reference": _reference_rows,
    "date": _date_rows,
    "string": _string_rows,
    "uri": _uri_rows,
}


def _token_asked(param: SearchParam, name: str, modifier: str, text: str, base_url: str) -> Filter:
    found = re.fullmatch(r"((?:[^|\\]|\\.)*)\|(.*)", text, re.DOTALL)
    if not found:
        return Has(name, unescaped(text))
    system, code = unescaped(found[1]), unescaped(found[2])
    if not system and not code:
        raise Malformed(f"`{param.name}={text}` names neither system nor code")
    return Has(name, code or None, system)


def _reference_asked(param: SearchParam, name: str, modifier: str, text: str, base_url: str) -> Filter:
    reference = local(unescaped(text), base_url)
    kinds = (modifier,) if modifier else param.targets
    if _ID.fullmatch(reference):
        wanted = [f"{kind}/{reference}" for kind in kinds] or [reference]
    elif modifier and not reference.startswith(f"{modifier}/"):
        raise Malformed(f"`{param.name}:{modifier}={text}` names another type than `{modifier}`")
    elif "/" not in reference and ":" not in reference:
        raise Malformed(f"`{param.name}={text}` is no reference; write `Type/id`, an id or an address")
    else:
        wanted = [reference]
    return any_of(*(Is(param.column, one) if param.column else Has(name, one) for one in wanted))


def span_asked(name: str, text: str) -> tuple[str, int, int]:
    """A prefixed date `ge2026-01` as (prefix, lo, hi) in microseconds UTC; raises Malformed."""
    found = _PREFIXED.fullmatch(text)
    try:
        if not found:
            raise ValueError(f"`{text}` is not a date; write 2026, 2026-01-31 or ge2026-01-31T08:00:00Z")
        lo, hi = instants.span(found[2].replace(" ", "+"))
    except (ValueError, OverflowError) as error:
        raise Malformed(f"`{name}`: {error}") from None
    if found[1] != "ap":
        return found[1] or "eq", lo, hi
    return "ap", lo - (hi - lo + 1), hi + (hi - lo + 1)


def _date_asked(param: SearchParam, name: str, modifier: str, text: str, base_url: str) -> Filter:
    return Within(name, *span_asked(param.name, unescaped(text)))


def _string_asked(param: SearchParam, name: str, modifier: str, text: str, base_url: str) -> Filter:
    wanted = unescaped(text)
    if modifier == "exact":
        return Reads(name, "exact", wanted)
    return Reads(name, "contains" if modifier == "contains" else "starts", extract.normalised(wanted))


def _uri_asked(param: SearchParam, name: str, modifier: str, text: str, base_url: str) -> Filter:
    return Has(name, unescaped(text))


_ASKED: Mapping[str, Callable[[SearchParam, str, str, str, str], Filter]] = {
    "token": _token_asked,
    "reference": _reference_asked,
    "date": _date_asked,
    "string": _string_asked,
    "uri": _uri_asked,
}


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


def uri(name: str, *paths: str) -> SearchParam:
    """An address, matched whole."""
    return SearchParam(name, "uri", paths)
