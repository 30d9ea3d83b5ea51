"""SMART scope strings: what each grants, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplan_service.access.scopes import LETTERS, ScopeError, Scopes, is_v1, narrowed, parse_scopes

TYPES = ("CarePlan", "Consent", "Goal")


@pytest.mark.parametrize(
    ("text", "resource_type", "letters"),
    [
        ("system/Goal.rs", "Goal", "rs"),
        ("system/Goal.cruds", "Goal", "cruds"),
        ("system/Goal.c", "Goal", "c"),
        ("system/Goal.cds", "Goal", "cds"),
        ("system/Goal.read", "Goal", "rs"),
        ("system/Goal.write", "Goal", "cud"),
        ("system/Goal.*", "Goal", "cruds"),
        ("system/*.read", "Goal", "rs"),
        ("system/*.rs", "Consent", "rs"),
        ("system/*.*", "Consent", "cruds"),
        ("system/Goal.rs", "CarePlan", ""),
        ("system/Goal.rs", "Goa", ""),
        ("system/Goal.rs", "GoalX", ""),
        ("system/Goal.r system/Goal.s", "Goal", "rs"),
        ("system/Goal.r system/*.c", "Goal", "cr"),
        ("system/Goal.r system/*.c", "Consent", "c"),
        ("system/Goal.read system/Goal.u", "Goal", "rus"),
        ("system/Goal.r system/CarePlan.u", "Goal", "r"),
    ],
)
def test_a_scope_allows_its_letters_on_its_type_and_no_others(text, resource_type, letters):
    scopes = parse_scopes(text, TYPES)
    assert "".join(letter for letter in LETTERS if scopes.allows(letter, resource_type)) == letters


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("", "not a scope"),
        (" ", "not a scope"),
        ("system/Goal.rs ", "not a scope"),
        ("system/Goal.rs  system/Goal.c", "not a scope"),
        ("system/Goal.rs\tsystem/Goal.c", "after the dot"),
        ("system/Goal.rs\n", "after the dot"),
        ("system/Goal.", "after the dot"),
        ("system/Goal", "not a scope"),
        ("system/", "not a scope"),
        ("system/.rs", "no resource type"),
        ("system/Goal.rs?", "granular"),
        ("system/Goal.rs?active", "granular"),
        ("system/Goal.rs?category=housing", "granular"),
        ("system/goal.rs", "no resource type"),
        ("system/GOAL.rs", "no resource type"),
        ("system/Goal.sr", "after the dot"),
        ("system/Goal.dus", "after the dot"),
        ("system/Goal.rr", "after the dot"),
        ("system/Goal.rx", "after the dot"),
        ("system/Goal.RS", "after the dot"),
        ("system/Goal.read-only", "after the dot"),
        ("system/Goal.reads", "after the dot"),
        ("system/Goal.readwrite", "after the dot"),
        ("system/Goal.Read", "after the dot"),
        ("system/Goal.**", "after the dot"),
        ("system/Goal.rs.rs", "after the dot"),
        ("system/Goal.r*", "after the dot"),
        ("system/**.rs", "no resource type"),
        ("system/Goal*.rs", "no resource type"),
        ("system/Goal/1.rs", "no resource type"),
        ("system/Patient.rs", "no resource type"),
        ("system/Ｇoal.rs", "no resource type"),
        ("read-only", "not a scope"),
        ("*", "not a scope"),
        ("*/*.*", "unknown context"),
        ("System/Goal.rs", "unknown context"),
        ("systems/Goal.rs", "unknown context"),
        ("xsystem/Goal.rs", "unknown context"),
        ("/Goal.rs", "unknown context"),
        ("patient/Goal.rs", "not offered yet"),
        ("user/Goal.rs", "not offered yet"),
        ("launch/patient", "not a scope"),
        ("openid", "not a scope"),
        ("offline_access", "not a scope"),
        ("system/Goal.rs openid", "not a scope"),
    ],
)
def test_what_is_not_exactly_a_system_scope_is_refused_and_says_why(text, because):
    with pytest.raises(ScopeError, match=because):
        parse_scopes(text, TYPES)


def test_every_refused_scope_of_a_string_is_named_at_once():
    with pytest.raises(ScopeError) as refused:
        parse_scopes("system/goal.rs system/Goal.rs user/Goal.rs", TYPES)
    assert [fault.split("`")[1] for fault in refused.value.faults] == ["system/goal.rs", "user/Goal.rs"]


def test_what_a_refusal_repeats_is_short_and_printable():
    with pytest.raises(ScopeError) as refused:
        parse_scopes("system/Go\x1b\x00al." + "r" * 10_000, TYPES)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 250


def test_without_type_names_any_well_formed_type_is_taken():
    assert parse_scopes("system/Patient.r").allows("r", "Patient")
    for name in ("patient", "Goal*", "Goal1", "Goal/1", "G" * 65):
        with pytest.raises(ScopeError, match="no resource type"):
            parse_scopes(f"system/{name}.r")


def test_nothing_is_granted_unless_said():
    assert not Scopes()
    assert str(Scopes()) == ""
    assert not any(Scopes().allows(letter, name) for letter in LETTERS for name in (*TYPES, "*", ""))


@pytest.mark.parametrize("asked", ["", "rs", "cruds", "x", "*", "R"])
def test_only_one_letter_at_a_time_can_be_allowed(asked):
    assert not parse_scopes("system/*.*").allows(asked, "Goal")


def test_only_a_wildcard_allows_all_types_at_once():
    assert parse_scopes("system/*.r").allows("r", "*")
    assert not parse_scopes("system/Goal.r").allows("r", "*")


@pytest.mark.parametrize(
    ("requested", "registered", "granted"),
    [
        ("system/*.rs", "system/Goal.rs", "system/Goal.rs"),
        ("system/Goal.rs", "system/*.rs", "system/Goal.rs"),
        ("system/*.cruds", "system/*.rs system/Consent.c", "system/*.rs system/Consent.c"),
        ("system/Goal.cruds", "system/Goal.rs system/*.u", "system/Goal.rus"),
        ("system/Goal.write", "system/Goal.rs", ""),
        ("system/Goal.rs", "system/CarePlan.rs", ""),
        ("system/*.r system/Goal.c", "system/Goal.cr", "system/Goal.cr"),
    ],
)
def test_a_request_is_narrowed_to_what_is_registered(requested, registered, granted):
    assert str(narrowed(parse_scopes(requested), parse_scopes(registered))) == granted


@pytest.mark.parametrize(
    ("text", "v1"),
    [
        ("system/Goal.read", "system/Goal.read"),
        ("system/Goal.rs", "system/Goal.read"),
        ("system/Goal.cruds system/Consent.write", "system/Consent.write system/Goal.*"),
        ("system/Goal.r", None),
        ("system/Goal.rs system/Consent.c", None),
    ],
)
def test_scopes_are_written_in_v1_words_where_there_are_some(text, v1):
    assert parse_scopes(text).as_v1() == v1


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("system/Goal.read system/*.*", True),
        ("system/Goal.read system/Goal.rs", False),
        ("system/Goal.rs", False),
    ],
)
def test_v1_words_are_told_from_v2_letters(text, answer):
    assert is_v1(text) is answer


_letters = st.sets(st.sampled_from(LETTERS), min_size=1).map(lambda s: "".join(x for x in LETTERS if x in s))
_scope = st.builds("system/{}.{}".format, st.sampled_from((*TYPES, "*")), _letters)
_texts = st.lists(_scope, min_size=1, max_size=6).map(" ".join)
_QUESTIONS = [(letter, name) for letter in LETTERS for name in (*TYPES, "*", "Other")]


def _answers(scopes: Scopes) -> list[bool]:
    return [scopes.allows(letter, name) for letter, name in _QUESTIONS]


@given(_texts, _texts)
def test_two_scope_strings_together_allow_what_either_allows(first, second):
    either = [
        a or b for a, b in zip(_answers(parse_scopes(first)), _answers(parse_scopes(second)), strict=True)
    ]
    assert _answers(parse_scopes(f"{first} {second}")) == either


@given(_texts, _texts)
def test_narrowing_allows_exactly_what_both_allow(requested, registered):
    first, second = parse_scopes(requested), parse_scopes(registered)
    both = [a and b for a, b in zip(_answers(first), _answers(second), strict=True)]
    assert _answers(narrowed(first, second)) == both


@given(_texts, _texts)
def test_scopes_are_equal_exactly_when_they_allow_the_same_and_are_written_the_same(first, second):
    one, other = parse_scopes(first), parse_scopes(second)
    assert (one == other) == (_answers(one) == _answers(other)) == (str(one) == str(other))


@given(_texts)
def test_the_canonical_string_reads_back_as_the_same_scopes(text):
    assert parse_scopes(str(parse_scopes(text)), TYPES) == parse_scopes(text)


@given(st.text(alphabet="system/patienuGoalCreadwiu*?.= \t\n-", max_size=40))
def test_any_string_is_either_granted_as_system_scopes_or_refused(text):
    try:
        granted = parse_scopes(text, TYPES)
    except ScopeError:
        return
    assert granted
    assert all(scope.startswith("system/") for scope in text.split(" "))
