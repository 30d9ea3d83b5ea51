"""The part of FHIRPath that a patch may use, read into steps. https://hl7.org/fhirpath/N1/grammar.html

path      = [ type "." ] step { "." step }        step = ( member | function ) { "[" number "]" }
function  = "first()" | "last()" | "ofType(" type ")" | "extension(" text ")" | "where(" criteria ")"
criteria  = path "=" literal { "and" path "=" literal }, where a path may be `$this`
literal   = 'text' | number | true | false | @date
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from careplan_service.errors import Invalid
from careplan_service.resources.r4.wording import quoted

LONGEST_PATH = 1000
"""Characters of a path; it bounds how deep criteria stand inside each other."""

_LONGEST_INDEX = 9
"""Digits of an index."""

GRAMMAR = "use members, [n], first(), last(), ofType(type), extension('url') and where(a = 'x' and b = 'y')"

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<date>@[0-9T:.Z+-]+)|(?P<number>-?[0-9]+(?:\.[0-9]+)?)"
    r"|(?P<this>\$this)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>[.\[\]()=])|(?P<end>$)|(?P<unread>.))",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}

Literal = str | bool | Decimal


@dataclass(frozen=True)
class Member:
    """`.name`: what the elements have under the name."""

    name: str


@dataclass(frozen=True)
class Item:
    """`[n]`, `first()` and `last()` (-1): one of the elements found so far."""

    index: int


@dataclass(frozen=True)
class OfType:
    """`ofType(Quantity)`: the elements of a type."""

    name: str


@dataclass(frozen=True)
class Where:
    """`where(...)`: the elements for which every path has the value."""

    criteria: tuple[Criterion, ...]


Step = Member | Item | OfType | Where
Criterion = tuple[tuple[Step, ...], Literal]


def steps(text: str) -> tuple[Step, ...]:
    """The steps of a path, the type it begins with as a `Member`. Raises `Invalid` naming the grammar."""
    if len(text) > LONGEST_PATH:
        raise Invalid(f"a path has {len(text)} characters: use at most {LONGEST_PATH}")
    reader = _Reader(text)
    found = reader.path()
    reader.take("end")
    return found


class _Token(NamedTuple):
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    return [_Token(str(found.lastgroup), found[str(found.lastgroup)]) for found in _TOKEN.finditer(text)]


class _Reader:
    """Reads one path from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.at = 0

    def unreadable(self) -> Invalid:
        return Invalid(f"the path {quoted(self.text)} cannot be read here: {GRAMMAR}")

    def next_is(self, text: str) -> bool:
        """Whether the next token is the sign or word; a text in quotes never is, nor is the end."""
        return self.tokens[self.at].text == text

    def take(self, kind: str) -> str:
        token = self.tokens[self.at]
        if token.kind != kind:
            raise self.unreadable()
        self.at += kind != "end"
        return token.text

    def sign(self, text: str) -> None:
        if not self.next_is(text):
            raise self.unreadable()
        self.at += 1

    def path(self) -> tuple[Step, ...]:
        found = self.step()
        while self.next_is("."):
            self.sign(".")
            found += self.step()
        return tuple(found)

    def step(self) -> list[Step]:
        name = self.take("name")
        found: list[Step] = self.function(name) if self.next_is("(") else [Member(name)]
        while self.next_is("["):
            self.sign("[")
            found.append(Item(self.index()))
            self.sign("]")
        return found

    def index(self) -> int:
        digits = self.take("number")
        if not digits.isdigit() or len(digits) > _LONGEST_INDEX:
            raise self.unreadable()
        return int(digits)

    def function(self, name: str) -> list[Step]:
        if name not in _FUNCTIONS:
            raise self.unreadable()
        self.sign("(")
        found = _FUNCTIONS[name](self)
        self.sign(")")
        return found

    def criteria(self) -> tuple[Criterion, ...]:
        found = [self.criterion()]
        while self.next_is("and"):
            self.sign("and")
            found.append(self.criterion())
        return tuple(found)

    def criterion(self) -> Criterion:
        path = self.path() if self.tokens[self.at].kind == "name" else ()
        if not path:
            self.take("this")
        self.sign("=")
        return path, self.literal()

    def literal(self) -> Literal:
        kind, text = self.tokens[self.at]
        if kind not in _LITERALS or (kind == "name" and text not in ("true", "false")):
            raise self.unreadable()
        self.at += 1
        return _LITERALS[kind](text)


def _unescaped(found: re.Match[str]) -> str:
    sign = found[1]
    return chr(int(sign[1:], 16)) if len(sign) > 1 else _ESCAPED.get(sign, sign)


_LITERALS: Mapping[str, Callable[[str], Literal]] = {
    "text": lambda text: _ESCAPE.sub(_unescaped, text[1:-1]),
    "number": Decimal,
    "date": lambda text: text[1:],
    "name": lambda text: text == "true",
}

_FUNCTIONS: Mapping[str, Callable[[_Reader], list[Step]]] = {
    "first": lambda reader: [Item(0)],
    "last": lambda reader: [Item(-1)],
    "ofType": lambda reader: [OfType(reader.take("name"))],
    "extension": lambda reader: [Member("extension"), Where((((Member("url"),), reader.literal()),))],
    "where": lambda reader: [Where(reader.criteria())],
}
