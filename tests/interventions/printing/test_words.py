"""The words of prints, in each language."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from careplan_service.errors import Malformed
from careplan_service.interventions.printing import content
from careplan_service.interventions.printing.words import languages, words_in
from careplan_service.interventions.terms import (
    ACTIVITY_STATES,
    AGREED_HOW,
    AGREEMENTS,
    GOAL_STATES,
    PLAN_STATES,
)

SOURCES = Path(content.__file__).parent


def test_every_language_says_the_same_things_with_the_same_gaps() -> None:
    assert languages() == ("en", "es")
    first, *others = (words_in(tag).texts for tag in languages())
    for texts in others:
        assert texts.keys() == first.keys()
        for key, text in texts.items():
            assert (re.findall(r"{\w+}", text) and not first[key]) or sorted(
                re.findall(r"{\w+}", text)
            ) == sorted(re.findall(r"{\w+}", first[key])), key
        same = {key for key, text in texts.items() if text == first[key]}
        assert same <= {"value.no"}


def test_every_state_of_the_vocabulary_has_words_that_are_no_codes() -> None:
    tables = {"plan": PLAN_STATES, "state": GOAL_STATES, "activity": ACTIVITY_STATES, "how": AGREED_HOW}
    for tag in languages():
        words = words_in(tag)
        for table, terms in tables.items():
            for code in terms.by_code:
                assert words(f"{table}.{code}")
        for code in AGREEMENTS.by_code:
            for number in ("one", "many"):
                assert words(f"agreement.{code}_{number}")
        assert not [text for text in words.texts.values() if re.search(r"\w-(in-|met\b|progress)", text)]


def test_no_words_are_there_for_nothing() -> None:
    code = "".join(file.read_text() for file in SOURCES.glob("*.py"))
    for key in words_in("en").texts:
        table, _, name = key.partition(".")
        known = (
            key in code
            or f"{table}.{{" in code
            or any(f"{table}.{name[:end]}{{" in code for end in range(1, len(name)))
        )
        assert known, key


def test_days_are_written_as_people_write_them_there() -> None:
    assert words_in("en").date(date(2025, 5, 3)) == "3 May 2025"
    assert words_in("es").date(date(2025, 5, 3)) == "3 de mayo de 2025"
    assert len({words_in("es").date(date(2025, month, 1)) for month in range(1, 13)}) == 12


def test_a_variety_is_read_as_its_language_and_other_languages_are_refused_by_name() -> None:
    assert words_in("es-MX") is words_in("ES") is words_in("es")
    for unknown in ("fr", "", "../en", "en\x00", "e"):
        with pytest.raises(Malformed, match="one of en, es"):
            words_in(unknown)
