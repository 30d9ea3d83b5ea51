"""How many facts are few."""

from __future__ import annotations

import pytest

from builders import a_care_plan, a_goal
from careplan_service.store import sizes
from careplan_service.store.sizes import Sizes
from store.archive import Archive


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "_FEWEST", 1)
    monkeypatch.setattr(sizes, "_ASKED_AGAIN", 2)


def test_they_are_as_the_root_of_how_many_resources_a_type_has(archive: Archive) -> None:
    for number in range(6):
        archive.put(a_goal(of="Patient/ann"), f"goal-{number}")
    archive.put(a_goal(of="Patient/ann"), "goal-0")
    archive.put(a_care_plan(of="Patient/ann"), "plan")
    told = Sizes(archive.database)
    assert {type_: told.few(type_) for type_ in ("Goal", "CarePlan", "Task", "")} == {
        "Goal": 8,
        "CarePlan": 3,
        "Task": 1,
        "": 9,
    }


def test_they_are_more_where_most_may_be_hidden(archive: Archive) -> None:
    for number in range(6):
        archive.put(a_goal(of="Patient/ann"), f"goal-{number}")
    told = Sizes(archive.database)
    assert (told.few("Goal"), told.few("Goal", hidden=True)) == (8, 14)


def test_no_type_is_counted_to_its_end(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "_MOST", 2)
    for number in range(6):
        archive.put(a_goal(of="Patient/ann"), f"goal-{number}")
    assert Sizes(archive.database).few("Goal") == 4


def test_they_are_counted_anew_when_a_quarter_more_was_written(archive: Archive) -> None:
    for number in range(8):
        archive.put(a_goal(of="Patient/ann"), f"goal-{number}")
    told = Sizes(archive.database)
    heard = [told.few("Goal")]
    for number in range(8, 11):
        archive.put(a_goal(of="Patient/ann"), f"goal-{number}")
        heard += [told.few("Goal"), told.few("Goal")]
    assert heard == [9, 9, 9, 9, 9, 9, 11]
