"""No question that can be asked is too deep for a database: SQLite's parser takes a hundred levels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from builders import PARTNER
from careplan_service.access.caller import Caller
from careplan_service.access.filters import all_of
from careplan_service.access.scope_text import parse_scopes
from careplan_service.access.view import permitted_to
from careplan_service.errors import Malformed, NotFound
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.everything import patient_everything
from careplan_service.interactions.history import Asked, History, history
from careplan_service.interactions.query import asker_of, query_of
from careplan_service.interactions.records import Span, Stored
from careplan_service.interactions.search import Found, search
from careplan_service.resources.registry import SERVED
from store.archive import NOW, Archive

FILTER = (
    "not (not (subject:Patient.name eq x or category eq y) or (patient.name eq a and not (category eq b)))"
)
PLAN = Stored("CarePlan", "x", 1, 1, False, "PUT", b"{}", "", 1, 1)

NAMING = b'{"resourceType":"CarePlan","goal":[{"reference":"Goal/x"},{"reference":"Goal/y"}]}'


def _search(desk: Desk, types: list[str], *pairs: tuple[str, str]) -> Found:
    seen = desk.sees_any("s", types) if len(types) > 1 else desk.sees("s", types[0])
    return search(desk, query_of(types, pairs, asker_of(desk)), seen)


def _fed(desk: Desk) -> History:
    """The history of all, asked by who has received something."""
    desk.shown.append("Goal/x/_history/1")
    desk.note(200)
    return history(desk, "", "", Asked(span=Span(since=1)), None)


QUESTIONS: dict[str, Callable[[Desk], Any]] = {
    "all types": lambda d: _search(d, list(SERVED), ("_tag", "x"), ("_sort", "_lastUpdated,-_id")),
    "the total of all types": lambda d: _search(d, list(SERVED), ("_count", "0")),
    "a bounded count": lambda d: d.records.count("Goal", d.sees("s", "Goal"), 1000),
    "an include": lambda d: d.records.referenced([PLAN], ["CarePlan.goal"], d.sees_any("r", SERVED), 10),
    "a reverse include": lambda d: d.records.referring([PLAN], ["Goal.x"], d.sees_any("r", SERVED), 10),
    "labels": lambda d: d.records.labels("", ["Goal._tag"], d.sees_any("r", SERVED)),
    "the history of all": lambda d: history(d, "", "", Asked(), None),
    "the feed of all": lambda d: _fed(d),
    "permits that open something": lambda d: d.records.openings(
        all_of(d.sees_any("r", SERVED), permitted_to(d.caller, NOW))
    ),
    "a count of versions": lambda d: d.records.count_versions(
        "Goal", "x", d.sees("r", "Goal"), Span(1, 2, 3)
    ),
    "everything": lambda d: patient_everything(d, "x", [("start", "2020"), ("_since", "2020")], None),
    "chains in a nested filter": lambda d: _search(
        d, ["Goal"], ("patient._has:Goal:patient:category", "x"), ("_filter", FILTER)
    ),
    "chains to any type": lambda d: _search(
        d,
        ["Observation"],
        ("subject.identifier", "x"),
        ("performer._id", "y"),
        ("_sort", "date,-code,status"),
    ),
    "chains from several types": lambda d: _search(d, ["Goal", "CarePlan"], ("patient.name", "x")),
    "references as they are seen": lambda d: _search(
        d,
        ["CarePlan", "Observation"],
        ("subject", "Patient/x,Group/y"),
        ("encounter", "x,y"),
        ("_has:Provenance:target:entity", "Goal/x,Task/y"),
        ("_filter", "not (encounter eq x or encounter eq y)"),
    ),
    "what leaves": lambda d: d.show_all([PLAN._replace(body=NAMING)]),
    "words": lambda d: _search(d, ["Goal"], ("_text", "x y,z"), ("_content", "q")),
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(
    ("kind", "purposes"), [("partner", ("COC", "TREAT", "HRESCH")), ("agency", ("COC",))]
)
def test_no_question_is_too_deep(
    archive: Archive, kind: str, purposes: tuple[str, ...], question: str
) -> None:
    caller = Caller("c", kind, PARTNER, purposes, parse_scopes("system/*.rs"))
    desk = Desk(caller, archive.records, NOW, "", lambda: "x")
    try:
        QUESTIONS[question](desk)
    except NotFound:
        assert question == "everything"
    except Malformed:
        assert (question, kind == "agency") == ("words", False)


MIXED = "patient/*.rs patient/Goal.rs?category=x,y&_tag=z user/*.rs?_tag=x,y user/Goal.s?category=a"


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("kind", ["partner", "agency", "patient", "related"])
def test_no_question_of_a_person_is_too_deep(archive: Archive, kind: str, question: str) -> None:
    users = {"patient": "Patient/x", "related": "RelatedPerson/x"}
    fhir_user = users.get(kind, "Practitioner/x")
    purposes = ("COC", "TREAT", "HRESCH")
    caller = Caller("c", kind, PARTNER, purposes, parse_scopes(MIXED), 0, "Patient/x", fhir_user)
    try:
        QUESTIONS[question](Desk(caller, archive.records, NOW, "", lambda: "x"))
    except NotFound:
        assert question == "everything"
    except Malformed:
        assert (question, kind == "agency") == ("words", False)
