"""Scope strings read strictly: what is not exactly a scope that is served here is refused and named.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from urllib.parse import parse_qsl

from careplan_service.access.scopes import ANY_TYPE, CONTEXTS, V1, Grant, Query, Scopes, scopes_of
from careplan_service.errors import shown

Judges = Mapping[str, Callable[[str, str], str]]
"""For each type that may be asked for, and for `*`: what is wrong with a search parameter and its value."""

OF_SYSTEMS = ("system",)
"""The contexts that a client may ask for without a person."""
OF_PERSONS = ("patient", "user")
"""Those of an app that a person signs in to."""

_MEANT = {
    "patient": "is for apps that a person signs in to",
    "user": "is for apps that a person signs in to",
    "system": "is for systems, where no person signs in",
}
_PERMISSIONS = re.compile(r"c?r?u?d?s?")
_TYPE_NAME = re.compile(r"[A-Z][A-Za-z]{1,63}")
_QUERY = re.compile(r"[!-~]+")
_MOST_PAIRS, _LONGEST_QUERY = 10, 1000


class ScopeError(ValueError):
    """A scope string that is not granted as written; OAuth's `invalid_scope`.

    `faults` has one sentence for every scope that was refused.
    """

    def __init__(self, faults: Collection[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


def parse_scopes(text: str, judges: Judges | None = None, contexts: Sequence[str] = CONTEXTS) -> Scopes:
    """The union of scopes written with one space between them, as OAuth has it.

    `contexts` are those that may be written, OF_SYSTEMS or OF_PERSONS. Without `judges` any well-formed
    type and query is taken, and without `contexts` any of the three: for text that was checked before it
    was stored or signed. Raises ScopeError with a sentence for every scope that is malformed, unknown or
    not for this client.
    """
    grants: list[Grant] = []
    faults: list[str] = []
    for scope in text.split(" "):
        try:
            grants += _grants(scope, judges, contexts)
        except ScopeError as error:
            faults += error.faults
    if faults:
        raise ScopeError(faults)
    return scopes_of(grants)


def is_v1(text: str) -> bool:
    """Whether every scope of a string that `parse_scopes` took is in the words of SMART v1."""
    return all(scope.partition(".")[2] in V1 for scope in text.split(" "))


def _grants(scope: str, judges: Judges | None, contexts: Sequence[str]) -> list[Grant]:
    context, slash, rest = scope.partition("/")
    name, dot, asked = rest.partition(".")
    if not (slash and dot):
        text = f"not a scope served here; write `{contexts[-1]}/Goal.rs`, with one space between scopes"
        raise _refused(scope, text)
    if context not in contexts:
        meant = f"`{context}/` {_MEANT[context]}" if context in _MEANT else "unknown context"
        wanted = " or ".join(f"`{one}/`" for one in contexts)
        raise _refused(scope, f"{meant}; ask for a {wanted} scope")
    permissions, questioned, query = asked.partition("?")
    _check_type(scope, name, judges)
    letters = _letters(scope, permissions, is_granular=bool(questioned))
    pairs = _pairs(scope, name, query, judges) if questioned else ()
    return [Grant(context, name, letter, pairs) for letter in letters]


def _check_type(scope: str, name: str, judges: Judges | None) -> None:
    if name == ANY_TYPE:
        return
    if not _TYPE_NAME.fullmatch(name) or (judges is not None and name not in judges):
        raise _refused(scope, "no resource type of that name is served here")


def _letters(scope: str, permissions: str, *, is_granular: bool) -> str:
    if permissions in V1 and not is_granular:
        return V1[permissions]
    if not permissions or not _PERMISSIONS.fullmatch(permissions):
        words = "" if is_granular else ", or `read`, `write` or `*`"
        raise _refused(scope, f"after the dot write some letters of `cruds`, in that order{words}")
    return permissions


def _pairs(scope: str, name: str, query: str, judges: Judges | None) -> Query:
    """Every parameter of a granular scope must be one that is enforced: none is left out in silence."""
    try:
        if not _QUERY.fullmatch(query) or len(query) > _LONGEST_QUERY:
            raise ValueError
        pairs = parse_qsl(
            query, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_MOST_PAIRS
        )
    except ValueError:
        text = f"after the `?` write up to {_MOST_PAIRS} `parameter=value`, percent-encoded, joined by `&`"
        raise _refused(scope, text) from None
    for param, value in pairs:
        told = judges[name](param, value) if judges is not None else ""
        if told or not value:
            raise _refused(scope, told or f"`{param}` has no value")
    return tuple(sorted(set(pairs)))


def _refused(scope: str, why: str) -> ScopeError:
    return ScopeError([f"scope `{shown(scope)}`: {why}"])
