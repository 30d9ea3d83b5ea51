"""`_filter`: the grammar as published in the module, and nothing beside it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplan_service.access.filters import Filter, Has, Not, all_of, any_of
from careplan_service.errors import Malformed
from careplan_service.interactions.filter_text import filter_of


def _condition(name: str, value: str) -> Filter:
    return Has(name, value)


A, B, C = Has("a", "1"), Has("b", "2"), Has("c", "3")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a eq 1", A),
        ('a eq "1"', A),
        ('a eq "x, \\"y\\" (z)"', Has("a", 'x\\, "y" (z)')),
        ("a eq http://x.org|1", Has("a", "http://x.org|1")),
        ("a ne 1", Not(A)),
        ("a co 1", Has("a:contains", "1")),
        ("a sw 1", A),
        ("a ge 2026-01-01", Has("a", "ge2026-01-01")),
        ("a sa 2026", Has("a", "sa2026")),
        ("a pr true", Has("a:missing", "false")),
        ("a pr false", Has("a:missing", "true")),
        ("a in http://x.org/vs", Has("a:in", "http://x.org/vs")),
        ("a ni http://x.org/vs", Has("a:not-in", "http://x.org/vs")),
        ("subject:Patient.name eq 1", Has("subject:Patient.name", "1")),
        ("a eq 1 and b eq 2", all_of(A, B)),
        ("a eq 1 or b eq 2", any_of(A, B)),
        ("a eq 1 or b eq 2 and c eq 3", any_of(A, all_of(B, C))),
        ("(a eq 1 or b eq 2) and c eq 3", all_of(any_of(A, B), C)),
        ("not (a eq 1 or b eq 2)", Not(any_of(A, B))),
        ("  a   eq\t1 ", A),
    ],
)
def test_an_expression_is_the_filter_it_reads_as(text: str, expected: Filter) -> None:
    assert filter_of(text, _condition) == expected


@pytest.mark.parametrize(
    "text",
    ["", "a", "a eq", "a eq 1 b", "a eq 1 and", "(a eq 1", "a eq 1)", "not a eq 1", 'a eq "1', "a xx 1",
     "a ew 1", "a po 1", "a pr maybe", "()", "and", "(" * 30 + "a eq 1" + ")" * 30],
)  # fmt: skip
def test_what_the_grammar_does_not_hold_is_refused_saying_so(text: str) -> None:
    with pytest.raises(Malformed, match="_filter"):
        filter_of(text, _condition)


@given(st.text(alphabet='ab ()"\\eqornotd.:|1', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Malformed):
        filter_of(text, _condition)
