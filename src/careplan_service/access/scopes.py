"""What a client may do with which resource types: SMART scopes, v1 and v2, `system/` context.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

LETTERS = "cruds"
"""Create, read, update, delete, search: the SMART v2 permissions in the only order they may be written."""

ANY_TYPE = "*"

_V1 = {"read": "rs", "write": "cud", "*": "cruds"}
_V1_WORDS = {letters: word for word, letters in _V1.items()}
_NOT_OFFERED = ("patient", "user")
_PERMISSIONS = re.compile(r"c?r?u?d?s?")
_TYPE_NAME = re.compile(r"[A-Z][A-Za-z]{1,63}")
_SHOWN = 80


class ScopeError(ValueError):
    """A scope string that is not granted as written; OAuth's `invalid_scope`.

    `faults` has one sentence for every scope that was refused.
    """

    def __init__(self, faults: Collection[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class Grant(NamedTuple):
    """One letter of `cruds` on one resource type (or `*`) in one context."""

    context: str
    resource_type: str
    letter: str


@dataclass(frozen=True)
class Scopes:
    """What is granted; nothing, unless made by `parse_scopes` or `narrowed`.

    Equal values allow the same; `str` gives the canonical SMART v2 scope string, which is empty
    for nothing.
    """

    grants: frozenset[Grant] = frozenset()

    def allows(self, letter: str, resource_type: str) -> bool:
        """Whether one letter of `cruds` is granted on a resource type; `*` asks for all types at once."""
        return ("system", resource_type, letter) in self.grants or ("system", ANY_TYPE, letter) in self.grants

    def __bool__(self) -> bool:
        return bool(self.grants)

    def __str__(self) -> str:
        return " ".join(f"{context}/{name}.{letters}" for context, name, letters in self._written())

    def as_v1(self) -> str | None:
        """The same scopes in SMART v1 words (`system/Goal.read`), or None where v1 has no word for them."""
        words = [(context, name, _V1_WORDS.get(letters)) for context, name, letters in self._written()]
        if not all(word for _, _, word in words):
            return None
        return " ".join(f"{context}/{name}.{word}" for context, name, word in words)

    def _written(self) -> list[tuple[str, str, str]]:
        granted: dict[tuple[str, str], set[str]] = {}
        for context, name, letter in self.grants:
            granted.setdefault((context, name), set()).add(letter)
        return [
            (context, name, "".join(letter for letter in LETTERS if letter in letters))
            for (context, name), letters in sorted(granted.items())
        ]


def parse_scopes(text: str, types: Collection[str] | None = None) -> Scopes:
    """The union of scopes written with one space between them, as OAuth has it.

    `types` are the resource type names that may be asked for; without them any well-formed name
    is taken, for text that was checked before it was stored or signed.
    Raises ScopeError with a sentence for every scope that is malformed, unknown or not offered.
    """
    grants: list[Grant] = []
    faults: list[str] = []
    for scope in text.split(" "):
        try:
            grants += _grants(scope, types)
        except ScopeError as error:
            faults += error.faults
    if faults:
        raise ScopeError(faults)
    return _scopes(grants)


def narrowed(requested: Scopes, registered: Scopes) -> Scopes:
    """What of the requested is within the registered: allows exactly what both allow."""
    kept = [grant for grant in requested.grants if registered.allows(grant.letter, grant.resource_type)]
    kept += [grant for grant in registered.grants if requested.allows(grant.letter, grant.resource_type)]
    return _scopes(kept)


def is_v1(text: str) -> bool:
    """Whether every scope of a string that `parse_scopes` took is in the words of SMART v1."""
    return all(scope.rpartition(".")[2] in _V1 for scope in text.split(" "))


def _scopes(grants: Iterable[Grant]) -> Scopes:
    """Without what a wildcard covers anyway, so that equal scopes are equal values."""
    found = frozenset(grants)
    return Scopes(
        frozenset(
            grant
            for grant in found
            if grant.resource_type == ANY_TYPE or grant._replace(resource_type=ANY_TYPE) not in found
        )
    )


def _grants(scope: str, types: Collection[str] | None) -> list[Grant]:
    context, slash, rest = scope.partition("/")
    name, dot, permissions = rest.partition(".")
    if not (slash and dot):
        raise _refused(
            scope, "not a scope served here; write `system/Goal.rs`, with one space between scopes"
        )
    if context in _NOT_OFFERED:
        raise _refused(scope, f"`{context}/` scopes are not offered yet; ask for a `system/` scope")
    if context != "system":
        raise _refused(scope, "unknown context; ask for a `system/` scope")
    if "?" in rest:
        raise _refused(scope, "granular scopes (`?param=value`) are not offered yet; leave the query out")
    _check_type(scope, name, types)
    return [Grant(context, name, letter) for letter in _letters(scope, permissions)]


def _check_type(scope: str, name: str, types: Collection[str] | None) -> None:
    if name == ANY_TYPE:
        return
    if not _TYPE_NAME.fullmatch(name) or (types is not None and name not in types):
        raise _refused(scope, "no resource type of that name is served here")


def _letters(scope: str, permissions: str) -> str:
    if permissions in _V1:
        return _V1[permissions]
    if not permissions or not _PERMISSIONS.fullmatch(permissions):
        raise _refused(
            scope, "after the dot write some letters of `cruds`, in that order, or `read`, `write` or `*`"
        )
    return permissions


def _refused(scope: str, why: str) -> ScopeError:
    shown = "".join(character if character.isprintable() else "?" for character in scope[:_SHOWN])
    return ScopeError([f"scope `{shown}`: {why}"])
