"""Codes in plans that the catalogue does not know: the queue of who maps them.

https://hl7.org/fhir/R4/careplan-definitions.html#CarePlan.activity.detail.code
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from careplan_service.access.filters import EVERYTHING
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.records import Cursor, Page
from careplan_service.interventions.foreign.codes import domain_meant, is_catalogued, kind_meant
from careplan_service.interventions.foreign.marks import KNOWN, MAPPED
from careplan_service.resources import r4

_AT_ONCE = 500
Document = Mapping[str, Any]
Codings = Sequence[Mapping[str, Any]]


class Unmapped(NamedTuple):
    """A code that stands in plans where a kind of intervention or a domain is to be; `what` says which."""

    what: str
    system: str
    code: str
    display: str


def unmapped(desk: Desk, at_once: int = _AT_ONCE) -> list[tuple[Unmapped, int]]:
    """The codes that stand alone for what a plan is read by, the most frequent first.

    Looked for in activities of CarePlans and the requests for them, in Goals, and in the Conditions that
    these address, in all that the caller may see, `at_once` of them in a query.
    """
    found: Counter[Unmapped] = Counter()
    named: set[str] = set()
    for type_ in _ORDER:
        for document in _all(desk, type_, at_once):
            for part in (document, *document.get("contained", ())):
                named.update(_references(part))
                for what, codings in _concepts(part, named):
                    found.update(_codes(what, codings))
    return sorted(found.items(), key=lambda one: (-one[1], one[0]))


def _codes(what: str, codings: Codings) -> Iterator[Unmapped]:
    meant = (kind_meant if what == _KIND else domain_meant)(codings)
    if meant is not None and meant.how in (KNOWN, MAPPED):
        return
    for one in codings:
        if "system" in one and "code" in one and not is_catalogued(what == _KIND, one):
            yield Unmapped(what, str(one["system"]), str(one["code"]), str(one.get("display", "")))


def _all(desk: Desk, type_: str, at_once: int) -> Iterator[Document]:
    after: Cursor | None = None
    while True:
        page = desk.find("r", type_, EVERYTHING, Page(at_once, after=after))
        yield from (r4.parse(one.body) for one in desk.show_all(page))
        if len(page) < at_once:
            return
        after = Cursor((), page[-1].origin)


def _references(part: Document) -> Iterator[str]:
    """What a plan or a goal addresses, and the requests that are its activities."""
    activities = [activity["reference"] for activity in part.get("activity", ()) if "reference" in activity]
    if part.get("resourceType") in ("CarePlan", "Goal"):
        for one in (*part.get("addresses", ()), *activities):
            yield str(one.get("reference", ""))


def _concepts(part: Document, named: Collection[str]) -> Iterator[tuple[str, Codings]]:
    """The codings by which a resource is read, each with what they are to say."""
    type_, id_ = part.get("resourceType"), part.get("id")
    is_named = f"{type_}/{id_}" in named or f"#{id_}" in named
    if type_ == "CarePlan":
        for activity in part.get("activity", ()):
            yield _KIND, _codings(activity.get("detail", {}).get("code"))
    elif type_ == "Goal":
        yield _DOMAIN, _codings(*part.get("category", ())) or _codings(part.get("description"))
    elif type_ == "ServiceRequest" and (is_named or _is_of_plan(part)):
        yield _KIND, _codings(part.get("code"))
    elif type_ == "Condition" and is_named and domain_meant(_codings(*part.get("category", ()))) is None:
        yield _DOMAIN, _codings(part.get("code"))


def _is_of_plan(request: Document) -> bool:
    return any(str(one.get("reference", "")).startswith("CarePlan/") for one in request.get("basedOn", ()))


def _codings(*concepts: Document | None) -> Codings:
    return [coding for concept in concepts if concept for coding in concept.get("coding", ())]


_KIND, _DOMAIN = "kind", "domain"
_ORDER = ("CarePlan", "Goal", "ServiceRequest", "Condition")
