"""`_filter`: conditions joined with and, or, not and brackets. https://hl7.org/fhir/R4/search_filter.html

filter     = term (("and" | "or") term)*        "and" binds closer than "or"
term       = "not" "(" filter ")" | "(" filter ")" | path operator value
path       = parameter, a chain of them (`subject:Patient.name`) or `_has:...`
operator   = eq ne co sw gt lt ge le ap sa eb pr in ni
value      = "text" | true | false | number, date, code or reference without blanks
"""

from __future__ import annotations

import re
from collections.abc import Callable

from careplan_service.access.filters import Filter, Not, all_of, any_of
from careplan_service.errors import Malformed

Condition = Callable[[str, str], Filter]

_TOKEN = re.compile(r'\s*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|([^\s()"]+))')
_COMPARES = frozenset({"gt", "lt", "ge", "le", "ap", "sa", "eb"})
_MODIFIERS = {"co": ":contains", "in": ":in", "ni": ":not-in"}
_OPERATORS = ("eq", "ne", "co", "sw", *sorted(_COMPARES), "pr", "in", "ni")
_DEEPEST = 5
_RESERVED = re.compile(r"([\\,|$])")


def filter_of(text: str, condition: Condition) -> Filter:
    """The expression as a Filter; `condition` says one parameter and its value. Raises Malformed (400)."""
    reader = _Reader(_tokens(text), condition)
    found = reader.any_of(0)
    if reader.rest:
        raise Malformed(f"`_filter`: `{reader.rest[0][1]}` was not expected; join terms with and, or")
    return found


def _tokens(text: str) -> list[tuple[str, str]]:
    """Brackets, words and quoted texts, each with its kind."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text.rstrip()):
        token = _TOKEN.match(text, at)
        if token is None:
            raise Malformed(f"`_filter` cannot be read from `{text[at : at + 20]}` on; close the quotes")
        kind = ("(", ")", "text", "word")[token.lastindex - 1 if token.lastindex else 3]
        value = token.group(token.lastindex or 0)
        found.append((kind, re.sub(r"\\(.)", r"\1", value) if kind == "text" else value))
        at = token.end()
    return found


class _Reader:
    """Reads the tokens from left to right."""

    def __init__(self, tokens: list[tuple[str, str]], condition: Condition) -> None:
        self.rest = tokens
        self._condition = condition

    def any_of(self, depth: int) -> Filter:
        """Terms joined with `or`."""
        if depth > _DEEPEST:
            raise Malformed(f"`_filter` is nested deeper than {_DEEPEST} levels")
        parts = [self._all_of(depth)]
        while self._takes("word", "or"):
            parts.append(self._all_of(depth))
        return any_of(*parts)

    def _all_of(self, depth: int) -> Filter:
        parts = [self._term(depth)]
        while self._takes("word", "and"):
            parts.append(self._term(depth))
        return all_of(*parts)

    def _term(self, depth: int) -> Filter:
        if self._takes("word", "not"):
            if not self._takes("(", "("):
                raise Malformed("`_filter`: `not` is followed by a bracket: `not (...)`")
            return Not(self._bracket(depth))
        if self._takes("(", "("):
            return self._bracket(depth)
        path, operator, value = self._next("a parameter"), self._next("an operator"), self._next("a value")
        return _compared(self._condition, path[1], operator[1], value)

    def _bracket(self, depth: int) -> Filter:
        found = self.any_of(depth + 1)
        if not self._takes(")", ")"):
            raise Malformed("`_filter`: a bracket is not closed")
        return found

    def _takes(self, kind: str, value: str) -> bool:
        if self.rest and self.rest[0] == (kind, value):
            self.rest = self.rest[1:]
            return True
        return False

    def _next(self, what: str) -> tuple[str, str]:
        if not self.rest or self.rest[0][0] in "()":
            raise Malformed(f"`_filter`: {what} is missing; write `parameter operator value`")
        token, self.rest = self.rest[0], self.rest[1:]
        return token


def _compared(condition: Condition, path: str, operator: str, value: tuple[str, str]) -> Filter:
    kind, given = value
    # A quoted text is taken as it is; a bare one may be `system|code`.
    text = _RESERVED.sub(r"\\\1", given) if kind == "text" else given.replace(",", "\\,")
    if operator in ("eq", "sw"):
        return condition(path, text)
    if operator == "ne":
        return Not(condition(path, text))
    if operator in _COMPARES:
        return condition(path, operator + text)
    if operator in _MODIFIERS:
        return condition(path + _MODIFIERS[operator], text)
    if operator == "pr":
        if given not in ("true", "false"):
            raise Malformed(f"`_filter`: `pr` takes true or false, not `{given}`")
        return condition(f"{path}:missing", "false" if given == "true" else "true")
    offered = ", ".join(_OPERATORS)
    raise Malformed(f"`_filter`: operator `{operator}` is not offered; there are {offered}")
