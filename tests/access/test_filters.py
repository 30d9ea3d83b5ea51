"""The algebra of filters, and what each says in plain Python."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplan_service.access.facts import Fact, Facts
from careplan_service.access.filters import (
    EVERYTHING,
    NOTHING,
    All,
    Any,
    Filter,
    Has,
    Is,
    Not,
    Reads,
    Updated,
    Within,
    all_of,
    any_of,
)
from careplan_service.access.holds import Version, World, compare, holds
from careplan_service.access.labels import UNLABELLED

NONE: frozenset[str] = frozenset()
ROWS = (
    Fact("Goal.category", "food", "D"),
    Fact("Patient.family", "dorr", "Dörr"),
    Fact("Goal.start-date", lo=100, hi=199),
)
VERSION = Version(
    Facts("Goal", "Patient/ann", NONE, UNLABELLED, NONE, NONE, NONE, ROWS), "g1", 1000, "Organization/a"
)
WORLD = World({})

LEAVES = st.sampled_from(
    [
        EVERYTHING,
        NOTHING,
        Is("id", "g1"),
        Is("patient", "Patient/ben"),
        Has("Goal.category", "food", "D"),
        Has("Goal.category", "food", "E"),
        Within("Goal.start-date", "eq", 0, 500),
        Updated("gt", 2000, 2000),
    ]
)


def says(wanted: Filter) -> bool:
    return holds(wanted, VERSION, WORLD)


FILTERS = st.recursive(
    LEAVES, lambda f: st.one_of(st.builds(Not, f), st.builds(lambda a, b: a & b, f, f)), max_leaves=8
)


@given(FILTERS, FILTERS, FILTERS)
def test_the_operators_are_boolean_algebra(a: Filter, b: Filter, c: Filter) -> None:
    assert says(a & b) is (says(a) and says(b))
    assert says(a | b) is (says(a) or says(b))
    assert says(~a) is (not says(a))
    assert says(~(a & b)) is says(~a | ~b)
    assert says(a & (b | c)) is says((a & b) | (a & c))
    assert says(all_of(a, b, c)) is all(map(says, (a, b, c)))
    assert says(any_of(a, b, c)) is any(map(says, (a, b, c)))


@given(FILTERS, FILTERS)
def test_combining_stays_flat(a: Filter, b: Filter) -> None:
    both, either = a & b, a | b
    assert not (isinstance(both, All) and any(isinstance(part, All) for part in both.parts))
    assert not (isinstance(either, Any) and any(isinstance(part, Any) for part in either.parts))


def test_nothing_swallows_a_conjunction_and_everything_a_disjunction() -> None:
    asked = Is("id", "g1")
    assert all_of(asked, NOTHING) == NOTHING
    assert any_of(asked, EVERYTHING) == EVERYTHING
    assert all_of(asked, EVERYTHING) == asked
    assert any_of(asked, NOTHING) == asked
    assert (all_of(), any_of()) == (EVERYTHING, NOTHING)


ANSWERS: list[tuple[Filter, bool]] = [
    (Is("id", "g1"), True),
    (Is("id", "g2"), False),
    (Is("patient", "Patient/ann"), True),
    (Is("contributor", "Organization/a"), True),
    (Is("contributor", "Organization/b"), False),
    (Is("current", "1"), True),
    (Is("deleted", "0"), True),
    (Is("deleted", "1"), False),
    (Has("Goal.category"), True),
    (Has("Goal.category", None, "D"), True),
    (Has("Goal.category", None, ""), False),
    (Has("Goal.category", "food"), True),
    (Has("Goal.status"), False),
    (Reads("Patient.family", "starts", "do"), True),
    (Reads("Patient.family", "starts", "or"), False),
    (Reads("Patient.family", "contains", "or"), True),
    (Reads("Patient.family", "exact", "Dörr"), True),
    (Reads("Patient.family", "exact", "dorr"), False),
    (Updated("eq", 1000, 1000), True),
    (Updated("gt", 1000, 1000), False),
]


@pytest.mark.parametrize(("wanted", "expected"), ANSWERS)
def test_what_each_filter_says(wanted: Filter, expected: bool) -> None:
    assert says(wanted) is expected


# prefix: answers for a stored range 100..199 against searched ranges
SEARCHED = {
    "within": (50, 250), "the same": (100, 199), "inside": (120, 150), "over the start": (50, 120),
    "over the end": (150, 250), "before": (10, 50), "after": (250, 300),
}  # fmt: skip
PREFIXES = {
    "eq": ["within", "the same"],
    "ne": ["inside", "over the start", "over the end", "before", "after"],
    "gt": ["inside", "over the start", "before"],
    "lt": ["inside", "over the end", "after"],
    "ge": ["within", "the same", "inside", "over the start", "before"],
    "le": ["within", "the same", "inside", "over the end", "after"],
    "sa": ["before"],
    "eb": ["after"],
    "ap": ["within", "the same", "inside", "over the start", "over the end"],
}


@pytest.mark.parametrize("prefix", PREFIXES)
def test_what_each_prefix_says_of_a_stored_range(prefix: str) -> None:
    assert [name for name, (lo, hi) in SEARCHED.items() if compare(prefix, lo, hi, 100, 199)] == [
        name for name in SEARCHED if name in PREFIXES[prefix]
    ]
