"""A search URL as a Query: the filter, the page, the parameters to repeat. https://hl7.org/fhir/R4/search.html"""

from __future__ import annotations

import pytest

from careplan_service.access.filters import EVERYTHING, Has, Is, Updated
from careplan_service.errors import Malformed
from careplan_service.interactions.conditions import Asker
from careplan_service.interactions.controls import DEFAULT_COUNT, MOST, count_of, require_once
from careplan_service.interactions.query import query_of
from careplan_service.interactions.records import Cursor, Key, Page

ASKER = Asker("http://127.0.0.1:8000", lambda spec: EVERYTHING)


def _query(*pairs: tuple[str, str]):
    return query_of(["Goal"], pairs, ASKER)


def test_no_parameter_asks_for_everything_in_the_order_of_arrival():
    assert _query() == query_of(["Goal"], [], ASKER)
    assert (_query().about, _query().page) == (EVERYTHING, Page(DEFAULT_COUNT))


def test_parameters_become_one_filter_and_are_kept_to_be_repeated():
    pairs = (("patient", "ann"), ("_id", "g1"), ("_count", "7"), ("_format", "json"))
    query = _query(*pairs)
    assert query.about == Is("patient", "Patient/ann") & Is("id", "g1")
    assert (query.page, query.used) == (Page(7), pairs)


def test_alternatives_are_one_of_several():
    assert _query(("category", "a,b")).about == Has("Goal.category", "a") | Has("Goal.category", "b")
    assert _query(("_lastUpdated", "ge2026,lt2025")).about == Updated(
        "ge", 1767225600000000, 1798761599999999
    ) | Updated("lt", 1735689600000000, 1767225599999999)


@pytest.mark.parametrize(("text", "descending"), [("_lastUpdated", False), ("-_lastUpdated", True)])
def test_the_sort_decides_the_order_and_the_cursor_the_place(text, descending):
    cursor = Cursor((5,), 6)
    assert query_of(["Goal"], [("_sort", text)], ASKER, cursor).page == Page(
        DEFAULT_COUNT, (Key("updated", descending=descending),), cursor
    )


def test_several_keys_are_columns_values_or_spans():
    page = _query(("_sort", "-start-date,category,patient,_id")).page
    assert page.sort == (
        Key("Goal.start-date", "span", True),
        Key("Goal.category", "value"),
        Key("patient"),
        Key("id"),
    )
    with pytest.raises(Malformed, match="at most 5"):
        _query(("_sort", "_id,_id,_id,_id,_id,_id"))


def test_a_page_holds_at_most_a_thousand():
    assert [count_of(text) for text in ("0", "1", "999999")] == [0, 1, MOST]


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", " 1", "1_0", "1000000", "٣", "²", "x"])
def test_a_count_is_a_whole_number_in_plain_digits(text):
    with pytest.raises(Malformed, match="_count"):
        count_of(text)


def test_what_can_have_one_value_stands_once():
    require_once(["_count", "_sort"])
    with pytest.raises(Malformed, match="`_count` stands here 2 times"):
        require_once(["_count", "_sort", "_count"])


@pytest.mark.parametrize(
    "name", ["colour", "category:", ":category", "_id:", "_id:exact", "_lastUpdated:x", "", "_since"]
)
def test_an_unknown_parameter_is_refused_with_those_that_are_known(name):
    with pytest.raises(Malformed) as refused:
        _query((name, "x"))
    assert "lifecycle-status" in refused.value.text


def test_a_search_compares_so_many_values_and_no_more():
    _query(("category", ",".join("a" * 500)))
    for pairs in (
        [("category", ",".join("a" * 501))],
        [("category", ",".join("a" * 300))] * 2,
        [("subject", ",".join("a" * 200))],
    ):
        with pytest.raises(Malformed, match="at most 500 values"):
            _query(*pairs)
    with pytest.raises(Malformed, match="at most 500 values"):
        _query(("category:not", ",".join("a" * 501)))
