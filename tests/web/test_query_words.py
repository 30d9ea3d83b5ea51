"""Granular scopes in plain words."""

from __future__ import annotations

import pytest

from careplan_service.interventions import canonical
from careplan_service.web.query_words import words_of

GRAVITY, CONDITION = canonical.GRAVITY, canonical.CONDITION_CATEGORY


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ([("category", f"{GRAVITY}|housing-instability")], " about housing instability"),
        ([("category", "food-insecurity,homelessness")], " about food insecurity or homelessness"),
        ([("category", f"{canonical.US_CORE_CATEGORY}|sdoh")], " about social needs"),
        ([("category", f"{CONDITION}|problem-list-item")], " in the category problem list item"),
        ([("code", f"{canonical.INTERVENTION}|cbt")], " about cognitive-behavioural therapy"),
        (
            [("category", f"{CONDITION}|problem-list-item"), ("code", f"{canonical.SNOMED}|1156191002")],
            " in the category problem list item and about housing instability",
        ),
        ([], ""),
    ],
)
def test_codes_that_are_known_are_told_in_words(query: list[tuple[str, str]], text: str) -> None:
    assert words_of(tuple(query)) == (text, ())


@pytest.mark.parametrize(
    "pair",
    [
        ("category", "http://x.example|housing-instability"),
        ("category", f"{GRAVITY}|no-such"),
        ("category", f"{GRAVITY}|housing-instability,http://x.example|a"),
        ("category", f"{GRAVITY}|housing-instability,{CONDITION}|problem-list-item"),
        ("category", f"{GRAVITY}|"),
        ("category", "|housing-instability"),
        ("category", r"housing-instability\\,food"),
        ("category", ""),
        ("lifecycle-status", "active"),
        ("identifier", "urn:x|housing-instability"),
        ("_id", "cbt"),
    ],
)
def test_what_is_not_known_to_the_last_code_is_shown_as_it_is_written(pair: tuple[str, str]) -> None:
    known = ("category", f"{GRAVITY}|homelessness")

    assert words_of((pair,)) == ("", (pair,))
    assert words_of((known, pair)) == (" about homelessness", (pair,))
