"""The page of a search of several types is that of each type, merged."""

from __future__ import annotations

import pytest

from careplan_service.access.filters import EVERYTHING, NOTHING, All, Any, Filter, Has, Is, Not
from careplan_service.interactions.records import Cursor, Key, Page, Stored
from careplan_service.store.several import merged, types_of

GOAL, PLAN, ACTIVE = Is("type", "Goal"), Is("type", "CarePlan"), Has("Goal.lifecycle-status", "active")


@pytest.mark.parametrize(
    ("wanted", "types"),
    [
        (GOAL, "Goal"),
        (Any((GOAL, PLAN)), "CarePlan Goal"),
        (All((ACTIVE, Any((GOAL, PLAN)))), "CarePlan Goal"),
        (Any((All((GOAL, ACTIVE)), All((Not(ACTIVE), PLAN)))), "CarePlan Goal"),
        (Any((GOAL, ACTIVE)), ""),
        (Any((GOAL, All((PLAN,)), EVERYTHING)), ""),
        (Not(GOAL), ""),
        (Is("id", "Goal"), ""),
        (EVERYTHING, ""),
        (NOTHING, ""),
    ],
    ids=repr,
)
def test_the_types_are_those_of_which_one_must_be(wanted: Filter, types: str) -> None:
    assert " ".join(sorted(types_of(wanted))) == types


def stored(type_: str, origin: int, *keys: str | int) -> Stored:
    return Stored(type_, f"{origin}", 1, 0, False, "POST", b"", "", origin, origin, keys)


def numbers(found: list[Stored]) -> list[int]:
    return [one.origin for one in found]


def test_they_are_merged_in_the_order_of_the_page_and_cut_to_its_limit() -> None:
    goals = [stored("Goal", n, key) for n, key in ((1, "b"), (4, "a"), (5, "a"))]
    plans = [stored("CarePlan", n, key) for n, key in ((2, "a"), (3, "b"))]
    assert numbers(merged([goals, plans], Page(4))) == [1, 2, 3, 4]
    up, down = Key("value", "x"), Key("value", "x", descending=True)
    assert numbers(merged([goals, plans], Page(9, (up,), Cursor((), 0)))) == [2, 4, 5, 1, 3]
    assert numbers(merged([goals, plans], Page(9, (down,)))) == [3, 1, 5, 4, 2]
    assert merged([[], []], Page(9)) == []


def test_the_second_key_goes_its_own_way() -> None:
    page = Page(9, (Key("value", "x"), Key("value", "y", descending=True)))
    found = [stored("Goal", 1, "a", 1), stored("Goal", 2, "a", 2), stored("CarePlan", 3, "a", 2)]
    assert numbers(merged([found[:2], found[2:]], page)) == [2, 3, 1]
