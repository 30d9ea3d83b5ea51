"""Codes in plans that the catalogue does not know: the queue of who maps them.

https://hl7.org/fhir/R4/careplan-definitions.html#CarePlan.activity.detail.code
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from careplan_service.access.filters import EVERYTHING
from careplan_service.interactions.desk import Cursor, Desk, Page
from careplan_service.interventions.catalogue import domain_in, kind_in
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
    """The codes that stand alone for what a plan cannot be read without, the most frequent first.

    Looked for in activities of CarePlans, requests and categories of Goals, in all that the caller may see,
    `at_once` of them in a query.
    """
    found: Counter[Unmapped] = Counter()
    for type_, concepts in _CONCEPTS.items():
        for document in _all(desk, type_, at_once):
            for what, codings in concepts(document):
                known = kind_in(codings) if what == _KIND else domain_in(codings)
                if known is None:
                    found.update(_codes(what, codings))
    return sorted(found.items(), key=lambda one: (-one[1], one[0]))


def _codes(what: str, codings: Codings) -> Iterator[Unmapped]:
    for one in codings:
        if "system" in one and "code" in one:
            yield Unmapped(what, str(one["system"]), str(one["code"]), str(one.get("display", "")))


def _all(desk: Desk, type_: str, at_once: int) -> Iterator[Document]:
    after: Cursor | None = None
    while True:
        page = desk.find("r", type_, EVERYTHING, Page(at_once, after=after))
        yield from (r4.parse(one.body) for one in desk.show_all(page))
        if len(page) < at_once:
            return
        after = Cursor((), page[-1].origin)


def _of_plan(plan: Document) -> Iterator[tuple[str, Codings]]:
    for activity in plan.get("activity", ()):
        yield from _coded(_KIND, activity.get("detail", {}).get("code"))


def _of_request(request: Document) -> Iterator[tuple[str, Codings]]:
    if any(str(one.get("reference", "")).startswith("CarePlan/") for one in request.get("basedOn", ())):
        yield from _coded(_KIND, request.get("code"))


def _of_goal(goal: Document) -> Iterator[tuple[str, Codings]]:
    codings = [coding for category in goal.get("category", ()) for coding in category.get("coding", ())]
    yield from _coded(_DOMAIN, {"coding": codings})


def _coded(what: str, concept: Document | None) -> Iterator[tuple[str, Codings]]:
    if concept and concept.get("coding"):
        yield what, concept["coding"]


_KIND, _DOMAIN = "kind", "domain"
_CONCEPTS = {"CarePlan": _of_plan, "ServiceRequest": _of_request, "Goal": _of_goal}
