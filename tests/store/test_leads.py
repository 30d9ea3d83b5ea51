"""Where a statement starts that fixes neither patient nor id."""

from __future__ import annotations

import pytest

from builders import a_goal
from careplan_service.access.filters import (
    EVERYTHING,
    All,
    Any,
    Filter,
    Has,
    Is,
    Link,
    Linked,
    Reads,
    Updated,
    Within,
)
from careplan_service.access.instants import span
from careplan_service.interactions.records import Cursor, Key, Page
from careplan_service.store.bind import Binds
from careplan_service.store.leads import Leads
from careplan_service.store.lists import is_among, listed
from careplan_service.store.reading import Reading
from careplan_service.store.tables import fact
from store.archive import Archive

HELD = Link("CarePlan.goal", "CarePlan", EVERYTHING, reverse=True, source="Goal")


@pytest.mark.parametrize(
    "end",
    [
        Is("id", "plan"),
        Is("patient", "Patient/ann"),
        Any((Is("id", "plan"), Is("id", "other"))),
        All((Has("CarePlan.status", "active"), Is("id", "plan"))),
    ],
    ids=repr,
)
def test_a_chain_that_ends_at_an_id_or_a_patient_starts_there(archive: Archive, end: Filter) -> None:
    chain = Linked((HELD,), end)
    number, lead, _ = Leads(archive.database).best("Goal", chain) or (None, (), 0)
    assert (number, lead[:1]) == (0, (chain,))


@pytest.mark.parametrize(
    "end", [Is("contributor", "x"), Any((Is("id", "plan"), Is("contributor", "x")))], ids=repr
)
def test_one_that_ends_anywhere_is_walked_to(archive: Archive, end: Filter) -> None:
    assert Leads(archive.database).best("Goal", Linked((HELD,), end)) is None


def test_what_a_list_names_is_found_and_looked_up_in_an_index(archive: Archive) -> None:
    for of in ("ann", "ben", "cem"):
        archive.put(a_goal(of=f"Patient/{of}"), f"goal-{of}")
    database, binds = archive.database, Binds()
    among = {"binds": binds, "sqlite": database.is_sqlite}
    of_values, of_params = is_among(fact.c.value, **among), is_among(fact.c.param, **among)
    asked = database.compiled(fact.select().where(of_values, of_params))
    values = {
        "p0": listed(["Patient/ann", "Patient/cem", "Patient/nobody"]),
        "p1": listed(["Goal.subject", "Goal.patient", "Goal.category"]),
    }
    found = {row[2] for row in database.rows(asked, values)}
    assert found == {"Patient/ann", "Patient/cem"}
    if not database.is_sqlite:
        explained = asked._replace(text=f"EXPLAIN {asked.text}")
        plan = "\n".join(line for (line,) in database.rows(explained, values))
        assert "value = ANY" in plan.split("Index Cond:", 1)[1], plan


ACTIVE = Has("Goal.lifecycle-status", "active")
STARTED = Key("Goal.start-date", "span", descending=True)


@pytest.mark.parametrize(
    "sort", [(), (STARTED,), (Key("updated"), STARTED)], ids=["by place", "by date", "by two"]
)
def test_what_is_gathered_is_counted_on_the_way(archive: Archive, sort: tuple[Key, ...]) -> None:
    for day in range(1, 6):
        archive.put(a_goal(of="Patient/ann", startDate=f"2026-03-0{day}"), f"goal-{day}")
    archive.put(a_goal(of="Patient/ann", lifecycleStatus="completed"), "goal-6")
    pages = Reading(archive.database).pages
    every = pages.find("Goal", ACTIVE, Page(10, sort))
    assert len(every) == 5
    found, total = pages.find_and_count("Goal", ACTIVE, Page(2, sort), 9)
    assert (found, total) == (every[:2], 5)
    after = Cursor(found[-1].keys, found[-1].origin)
    assert pages.find_and_count("Goal", ACTIVE, Page(2, sort, after), 9) == (every[2:4], 5)
    assert pages.find_and_count("Goal", ACTIVE, Page(2, sort, after), 3) == (every[2:4], 4)
    assert pages.find_and_count("Goal", Has("Goal.lifecycle-status", "none"), Page(2, sort), 9) == ([], 0)


def test_what_is_walked_for_is_counted_apart_and_only_up_to_a_bound(archive: Archive) -> None:
    for number in range(5):
        archive.put(a_goal(of="Patient/ann"), f"goal-{number}")
    pages = Reading(archive.database).pages
    for many, most, told in ((2, 9, 5), (2, 3, 4), (6, 3, 5)):
        found, total = pages.find_and_count("Goal", EVERYTHING, Page(many), most)
        assert (len(found), total) == (min(many, 5), told)


DAY = span("2026-03-03")


@pytest.mark.parametrize(
    ("prefix", "many"),
    [("eq", 1), ("ap", 1), ("gt", 2), ("ge", 3), ("sa", 2), ("lt", 2), ("le", 3), ("eb", 2)],
)
def test_how_rare_a_range_is_is_counted(archive: Archive, prefix: str, many: int) -> None:
    for day in range(1, 6):
        archive.put(a_goal(of="Patient/ann", startDate=f"2026-03-0{day}"), f"goal-{day}")
    asked = Within("Goal.start-date", prefix, *DAY)
    leads = Leads(archive.database)
    assert leads._many(asked, 100) == many
    assert leads._many(asked, 1) == min(many, 2)


@pytest.mark.parametrize(
    "asked", [Updated("ge", 0, 1), Reads("Goal.description:text", "starts", "find")], ids=repr
)
def test_how_rare_other_facts_are_is_counted(archive: Archive, asked: Filter) -> None:
    archive.put(a_goal(of="Patient/ann", description={"text": "Find a home"}), "goal")
    assert Leads(archive.database)._many(asked, 100) == 1
