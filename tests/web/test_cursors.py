"""Sealed cursors: opened only as they were made, for the path they were made for."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplan_service.errors import Malformed
from careplan_service.interactions.records import Cursor
from careplan_service.web.cursors import Cursors

CURSORS, OTHERS = Cursors(lambda: [b"a" * 64]), Cursors(lambda: [b"b" * 64])
NUMBERS = st.integers(-(2**63), 2**63 - 1)


KEYS = st.lists(NUMBERS | st.text(max_size=20), max_size=3).map(tuple)


@given(KEYS, NUMBERS)
def test_a_sealed_cursor_opens_to_itself_and_looks_the_same_each_time(keys, origin):
    text = CURSORS.sealed(Cursor(keys, origin), "Goal")
    assert CURSORS.opened(text, "Goal") == Cursor(keys, origin)
    assert CURSORS.sealed(Cursor(keys, origin), "Goal") == text
    assert str(origin) not in text or abs(origin) < 10**6


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_a_cursor_is_as_long_for_every_place(one, other):
    """Attack 6: a place grows with all that was ever written, also with what is hidden."""
    assert len(CURSORS.sealed(Cursor((1,), one), "Goal")) == len(CURSORS.sealed(Cursor((1,), other), "Goal"))


@given(st.text(max_size=60) | st.text("ABCabc012-_=", min_size=40, max_size=46))
def test_nothing_else_opens(text):
    with pytest.raises(Malformed, match="start again from the first page"):
        CURSORS.opened(text, "Goal")


@given(st.integers(0, 42), st.sampled_from("ABCabc012-_"))
def test_no_character_can_be_changed(at, character):
    text = CURSORS.sealed(Cursor((1,), 2), "Goal")
    changed = text[:at] + character + text[at + 1 :]
    if changed != text:
        with pytest.raises(Malformed):
            CURSORS.opened(changed, "Goal")


def test_the_last_character_has_one_spelling():
    text = CURSORS.sealed(Cursor((1,), 2), "Goal")
    for character in set(string.ascii_letters + string.digits + "-_") - {text[-1]}:
        with pytest.raises(Malformed):
            CURSORS.opened(text[:-1] + character, "Goal")


def test_a_cursor_belongs_to_its_path_and_its_service():
    text = CURSORS.sealed(Cursor((1,), 2), "Goal")
    for cursors, path in ((CURSORS, "CarePlan"), (CURSORS, "Goal/1"), (OTHERS, "Goal")):
        with pytest.raises(Malformed):
            cursors.opened(text, path)


def test_the_first_secret_seals_and_every_one_opens():
    old, new = b"a" * 64, b"c" * 64
    before = CURSORS.sealed(Cursor((1,), 2), "Goal")
    rotated = Cursors(lambda: [new, old])
    assert rotated.opened(before, "Goal") == Cursor((1,), 2)
    assert rotated.sealed(Cursor((1,), 2), "Goal") == Cursors(lambda: [new]).sealed(Cursor((1,), 2), "Goal")
    with pytest.raises(Malformed):
        Cursors(lambda: [new]).opened(before, "Goal")
