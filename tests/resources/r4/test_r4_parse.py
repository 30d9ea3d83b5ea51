"""Reading JSON at the door: what is taken, and the sentence for what is not."""

from __future__ import annotations

import contextlib
import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careplan_service.errors import Malformed
from careplan_service.resources.r4 import parse, parse_stored

NESTED = 50


def test_decimals_keep_their_digits():
    assert parse(b'{"a": 1.50, "b": 12345678901234567890.12, "c": 3}') == {
        "a": Decimal("1.50"),
        "b": Decimal("12345678901234567890.12"),
        "c": 3,
    }
    assert str(parse(b'{"a": 1.50}')["a"]) == "1.50"


@pytest.mark.parametrize(
    "number",
    [
        "1.50",
        "-0.10",
        "[1.0, 2]",
        "1e3",
        "12345678901234567890",
        "-123456789012345678901",
        "7",
        "1.5 ",
        "\n2.0\n",
    ],
)
def test_numbers_that_are_stored_keep_their_digits(number: str) -> None:
    """What fast parsers read as doubles, beside times, whose seconds look like a fraction."""
    data = f'{{"a":{number},"at":"2026-06-01T12:00:00.000Z","of":{number}}}'.encode()
    assert repr(parse_stored(data)) == repr(parse(data))


def test_a_byte_order_mark_is_tolerated():
    assert parse(b'\xef\xbb\xbf{"a": "b"}') == {"a": "b"}


def test_characters_beyond_the_basic_plane_are_read_escaped_or_not():
    assert parse('{"a": "\U0001f600"}'.encode()) == parse(rb'{"a": "\ud83d\ude00"}')


def test_fifty_levels_are_read():
    assert parse(b'{"a":' * NESTED + b"1" + b"}" * NESTED)


REFUSED = {
    "not UTF-8": (b'{"a": "\xff"}', "not UTF-8: byte 8 cannot be read"),
    "empty": (b"  \n", "the body is empty: send a JSON object"),
    "broken": (b'{"a": 1,\n "b" 2}', "not JSON: expecting ':' delimiter at line 2, column 6"),
    "two documents": (b"{} {}", "not JSON: extra data at line 1, column 4"),
    "control character": (b'{"a": "\x01"}', "not JSON: invalid control character at line 1, column 8"),
    "NaN": (b'{"a": NaN}', "`NaN` is not a JSON number: leave the element out"),
    "Infinity": (b'{"a": -Infinity}', "`-Infinity` is not a JSON number: leave the element out"),
    "a list": (b"[]", "the body must be a JSON object, not a list"),
    "a string": (b'"a"', "the body must be a JSON object, not `a`"),
    "null": (b"null", "the body must be a JSON object, not `null`"),
    "a name twice": (b'{"a": 1, "a": 2}', "the name `a` stands twice in the object at `/`: keep one"),
    "a name twice, inside": (
        b'{"x": [{}, {"y": {"a": 1, "b": 2, "a": 1}}]}',
        "the name `a` stands twice in the object at `/x/1/y`: keep one",
    ),
    "fifty-one levels": (b'{"a":' * 51 + b"1" + b"}" * 51, "nested deeper than 50 levels"),
    "fifty-one levels of lists": (b'{"a":' + b"[" * 50 + b"]" * 50 + b"}", "nested deeper than 50 levels"),
    "endless objects": (b'{"a":' * 200_000, "nested deeper than 50 levels"),
    "endless lists": (b"[" * 200_000, "nested deeper than 50 levels"),
    "an endless integer": (b'{"a": ' + b"9" * 5000 + b"}", "a number has 5000 digits: at most 100 are read"),
    "a huge exponent": (b'{"a": 1e999999}', "the number `1e999999` is too long or too large to read"),
    "a tiny exponent": (b'{"a": 1E-401}', "the number `1E-401` is too long or too large to read"),
    "an endless exponent": (
        b'{"a": 1e' + b"9" * 5000 + b"}",
        "the number `1e" + "9" * 58 + "...` is too long or too large to read",
    ),
    "half a character": (
        rb'{"a": ["\ud800"]}',
        "a text holds half of a surrogate pair: send whole characters",
    ),
    "half a character in a name": (
        rb'{"\uDFFF": 1}',
        "a text holds half of a surrogate pair: send whole characters",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_with_a_sentence(case):
    data, sentence = REFUSED[case]
    with pytest.raises(Malformed) as refusal:
        parse(data)
    assert refusal.value.text == sentence
    assert refusal.value.status == 400


def test_the_largest_double_is_read():
    assert parse(b'{"a": 1.7976931348623157E308}') == {"a": Decimal("1.7976931348623157E308")}


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    with contextlib.suppress(Malformed):
        assert isinstance(parse(data), dict)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=50)
@given(st.dictionaries(TEXT, JSON, max_size=4), st.booleans())
def test_what_json_writes_is_read_back(document, ascii_only):
    assert parse(json.dumps(document, ensure_ascii=ascii_only).encode()) == document
