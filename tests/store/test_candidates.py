"""What is gathered and put in order before it is judged."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from builders import PARTNER, a_consent, a_goal, a_provision
from careplan_service.access.filters import All, Consented, Filter, Has, Is
from careplan_service.interactions.records import Cursor, Key, Page, Stored
from careplan_service.store import sizes
from careplan_service.store.candidates import divided
from careplan_service.store.compiling import Statement
from careplan_service.store.database import Database, Values
from careplan_service.store.reading import Reading
from store.archive import NOW, Archive

ACTIVE = Has("Goal.lifecycle-status", "active")
SORTS: list[tuple[Key, ...]] = [
    (),
    (Key("updated"),),
    (Key("updated", descending=True),),
    (Key("Goal.start-date", "span"),),
    (Key("Goal.start-date", "span", descending=True), Key("updated")),
    (Key("Goal.category", "value", descending=True),),
]
SEEN = Consented((PARTNER,), ("TREAT",), NOW)


def test_the_conjunct_where_a_statement_starts_is_judged_once() -> None:
    one, other = Has("Goal.category", "housing"), Is("contributor", "x")
    assert divided(All((other, ACTIVE, one)), 1) == (one, All((other, ACTIVE)))
    assert divided(ACTIVE, 0) == (ACTIVE, All(()))


@pytest.mark.parametrize("sort", SORTS, ids=repr)
@pytest.mark.parametrize(("seen", "patients"), [(All(()), 6), (SEEN, 4)], ids=["everything", "consented"])
def test_pages_of_what_is_gathered_are_those_of_what_is_walked_for(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, sort: tuple[Key, ...], seen: Filter, patients: int
) -> None:
    _fill(archive)
    reading = Reading(archive.database)
    gathered = _pages(reading, ACTIVE & seen, sort)
    monkeypatch.setattr(sizes, "_FEWEST", 0)
    monkeypatch.setattr(sizes, "_OFTEN", 0)
    assert "gathered" in _kinds(reading)
    walking = Reading(archive.database)
    walked = _pages(walking, ACTIVE & seen, sort)
    assert gathered == walked
    assert [len(page) for page in gathered[:2]] == [3, 3]
    assert {one.patient for page in gathered for one in page} == {f"Patient/p{n}" for n in range(patients)}
    assert "gathered" not in _kinds(walking)


@pytest.mark.parametrize("sort", SORTS, ids=repr)
def test_no_more_is_judged_than_the_page_takes(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, sort: tuple[Key, ...]
) -> None:
    _fill(archive)
    asked: list[tuple[Statement, Values]] = []
    rows = Database.rows

    def noted(database: Database, statement: Statement, values: Values) -> list[Any]:
        asked.append((statement, values))
        return rows(database, statement, values)

    monkeypatch.setattr(Database, "rows", noted)
    Reading(archive.database).pages.find("Goal", ACTIVE & SEEN, Page(3, sort))
    statement, values = asked[-1]
    how = "EXPLAIN QUERY PLAN" if archive.database.is_sqlite else "EXPLAIN"
    plan = rows(archive.database, statement._replace(text=f"{how} {statement.text}"), values)
    if archive.database.is_sqlite:
        # The candidates are sorted, and the page; what is judged between them is not.
        assert [row[-1] for row in plan].count("USE TEMP B-TREE FOR ORDER BY") == 2
    else:
        assert re.search(r"Limit .*\n +->  Subquery Scan on .*\n +Filter", "\n".join(row[0] for row in plan))


def _kinds(reading: Reading) -> set[Any]:
    """Of the statements that were asked."""
    return {form[0] for form in reading.asking._statements._kept if isinstance(form, tuple)}


def _fill(archive: Archive) -> None:
    rng = random.Random(5)
    for number in range(4):
        archive.put(a_consent(f"Patient/p{number}", a_provision("permit", PARTNER)), f"consent-{number}")
    for number in range(24):
        archive.at += rng.randrange(2)
        goal = a_goal(
            of=f"Patient/p{number % 6}",
            lifecycleStatus=rng.choice(["active", "active", "completed"]),
            **({"startDate": f"2026-03-{rng.randrange(1, 9):02d}"} if number % 4 else {}),
        )
        archive.put(goal, f"goal-{number}")


def _pages(reading: Reading, wanted: Filter, sort: tuple[Key, ...]) -> list[list[Stored]]:
    pages, after = [], None
    while found := reading.pages.find("Goal", wanted, Page(3, sort, after)):
        pages.append(found)
        after = Cursor(found[-1].keys, found[-1].origin)
    return pages
