"""What scopes open: `patient/` one record, `system/Goal.rs?category=...` the goals a search would find.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#finer-grained-resource-constraints-using-search-parameters
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import NoReturn

from careplan_service.access.caller import Caller
from careplan_service.access.compartment import within
from careplan_service.access.filters import EVERYTHING, Filter, all_of, any_of
from careplan_service.access.scope_text import Judges
from careplan_service.access.scopes import ANY_TYPE, Opening, Query
from careplan_service.errors import Problem
from careplan_service.interactions.conditions import Asker, condition
from careplan_service.resources.audit_event import AUDIT_EVENT
from careplan_service.resources.params import COMMON
from careplan_service.resources.r4.facts import RESOURCE_TYPES
from careplan_service.resources.registry import SERVED

_WHOLE = frozenset({Opening("system"), Opening("user")})
_ALWAYS = frozenset({"_id", "_lastUpdated"})
_OF_ALL = _ALWAYS | {param.name for param in COMMON}


def opened(caller: Caller, letter: str, type_: str, base_url: str) -> Filter:
    """The resources of a type that a caller's scopes open for a letter of `cruds`.

    Context and query of one scope hold together: a query of `user/` does not widen `patient/`.
    """
    openings = caller.openings(letter, type_)
    if not openings.isdisjoint(_WHOLE):
        return EVERYTHING
    return any_of(*(_one(caller, type_, opening, base_url) for opening in sorted(openings)))


def _one(caller: Caller, type_: str, opening: Opening, base_url: str) -> Filter:
    asked = _asked(type_, opening.query, base_url)
    return all_of(within(caller.patient, type_), asked) if opening.context == "patient" else asked


@lru_cache(maxsize=2000)
def _asked(type_: str, query: Query, base_url: str) -> Filter:
    asker = Asker(base_url, _nothing_behind)
    return all_of(*(condition(asker, SERVED[type_], name, text) for name, text in query))


def judges(base_url: str) -> Judges:
    """What is wrong with a parameter of a granular scope, for each type of R4 and for all of them."""
    named: Mapping[str, frozenset[str]] = {
        name: frozenset(spec.by_name) | _ALWAYS for name, spec in SERVED.items()
    }
    by_type = {name: partial(_fault, name, known, base_url) for name, known in named.items()}
    some = next(iter(SERVED))
    of_all = partial(_fault, some, _OF_ALL, base_url)
    return {**dict.fromkeys(RESOURCE_TYPES), **by_type, AUDIT_EVENT.name: _no_part, ANY_TYPE: of_all}


def _no_part(name: str, text: str) -> str:
    return f"the log is open as a whole or not at all, so `{name[:40]}` is not enforced"


def _fault(type_: str, known: frozenset[str], base_url: str, name: str, text: str) -> str:
    """A sentence, empty when the parameter is enforced as it is written."""
    if name not in known:
        return f"`{name[:40]}` is not enforced in scopes; use a search parameter, without modifier or chain"
    try:
        _asked(type_, ((name, text),), base_url)
    except Problem as problem:
        return problem.text
    return ""


def _nothing_behind(type_: str) -> NoReturn:
    raise AssertionError(f"a scope has no chains, so nothing of {type_} is asked")
