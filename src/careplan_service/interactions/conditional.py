"""The search that a conditional write depends on. https://hl7.org/fhir/R4/http.html#ccreate"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from careplan_service.access.filters import EVERYTHING, Filter, all_of
from careplan_service.errors import Conflict, Fault, Malformed, PreconditionFailed
from careplan_service.interactions.controls import CONTROLS, PRESENTATION
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.query import asker_of, query_of
from careplan_service.interactions.records import Page, Stored
from careplan_service.resources.spec import ResourceSpec

_NO_CRITERIA = CONTROLS | PRESENTATION | {"_include", "_revinclude", "_cursor"}


@dataclass(frozen=True)
class Condition:
    """A search for at most one resource; two that ask the same have the same `name`."""

    spec: ResourceSpec
    name: str
    about: Filter


def condition_of(desk: Desk, spec: ResourceSpec, query: str) -> Condition:
    """The condition a query says (`identifier=http://x|1`), without the parameters of the answer's form.

    Raises Malformed (400) for what is not understood and for what would match everything, Forbidden
    when the token does not allow to search the type.
    """
    pairs = pairs_of(query)
    for name, _ in pairs:
        if name.partition(":")[0] in _NO_CRITERIA:
            raise Malformed(f"`{name}` is no criterion; a condition has search parameters only")
    about = query_of([spec.name], pairs, asker_of(desk)).about
    if not pairs or about == EVERYTHING:
        raise Malformed("the condition is empty; name what to look for, as `identifier=http://x|1`")
    return Condition(spec, f"{spec.name}?{urlencode(sorted(pairs))}", about)


def pairs_of(query: str) -> Sequence[tuple[str, str]]:
    """The parameters of a query. Raises Malformed (400) for what is no text."""
    try:
        return parse_qsl(query.removeprefix("?"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise Malformed("the condition is not UTF-8; percent-encode its values as UTF-8") from None


def only_match(desk: Desk, condition: Condition) -> Stored | None:
    """The one resource that matches and that the caller may see, or None.

    What is hidden does not match, so the answer tells nothing of it. Raises PreconditionFailed (412)
    when there are several.
    """
    type_ = condition.spec.name
    found = desk.records.find(type_, all_of(condition.about, desk.sees("s", type_)), Page(limit=2))
    if len(found) > 1:
        text = f"several {type_} match the condition; name what only one of them has"
        raise PreconditionFailed(text, faults=[Fault("multiple-matches", text)])
    return found[0] if found else None


def overtaken(condition: Condition) -> Conflict:
    """Between the search and the lock another request changed what had matched."""
    return Conflict(f"the {condition.spec.name} that matched was changed at the same moment; try again")
