"""SMART scope strings: what each grants, and what is refused."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplan_service.access.scope_text import OF_PERSONS, OF_SYSTEMS, ScopeError, is_v1, parse_scopes
from careplan_service.access.scopes import CONTEXTS, LETTERS, Opening, Scopes, narrowed


def judge(name: str, value: str) -> str:
    known = name in ("category", "status", "_tag") and value != "unreadable"
    return "" if known else f"`{name}` cannot be asked"


TYPES = dict.fromkeys(("CarePlan", "Consent", "Goal", "*"), judge)
NAMES = ("CarePlan", "Consent", "Goal")


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
        ("system/Goal.rs?", "after the `[?]` write"),
        ("system/Goal.rs?active", "after the `[?]` write"),
        ("system/Goal.rs?category", "after the `[?]` write"),
        ("system/Goal.rs?category=", "`category` has no value"),
        ("system/Goal.rs?category=a&", "after the `[?]` write"),
        ("system/Goal.rs?&category=a", "after the `[?]` write"),
        ("system/Goal.rs?category=a&category", "after the `[?]` write"),
        ("system/Goal.rs?category=%ff", "after the `[?]` write"),
        ("system/Goal.rs?category=\u00e4", "after the `[?]` write"),
        ("system/Goal.rs?" + "&".join(["category=a"] * 11), "after the `[?]` write"),
        ("system/Goal.rs?category=" + "a" * 1000, "after the `[?]` write"),
        ("system/Goal.rs?colour=red", "`colour` cannot be asked"),
        ("system/Goal.rs?category=a&colour=red", "`colour` cannot be asked"),
        ("system/Goal.rs?category=unreadable", "`category` cannot be asked"),
        ("system/Goal.?category=a", "after the dot"),
        ("system/Goal?category=a.rs", "no resource type"),
        ("system/Goal.sr?category=a", "after the dot"),
        ("system/Goal.read?category=a", "after the dot"),
        ("system/Goal.*?category=a", "after the dot"),
        ("system/*.rs?colour=red", "`colour` cannot be asked"),
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
        ("patient/Goal.rs", "`patient/` is for apps that a person signs in to; ask for a `system/` scope"),
        ("user/Goal.rs", "`user/` is for apps that a person signs in to; ask for a `system/` scope"),
        ("patient/Goal.rs?category=a", "for apps that a person signs in to"),
        ("user/Goal.read", "for apps that a person signs in to"),
        ("patients/Goal.rs", "unknown context; ask for a `system/` scope"),
        ("launch/patient", "not a scope"),
        ("openid", "not a scope"),
        ("offline_access", "not a scope"),
        ("system/Goal.rs openid", "not a scope"),
    ],
)
def test_what_is_not_exactly_a_system_scope_is_refused_to_a_system_and_says_why(text, because):
    with pytest.raises(ScopeError, match=because):
        parse_scopes(text, TYPES, OF_SYSTEMS)


FOR_PERSONS = [
    ("{}/Goal.", "after the dot"),
    ("{}/Goal", "not a scope served here; write `user/Goal.rs`"),
    ("{}/.rs", "no resource type"),
    ("{}/goal.rs", "no resource type"),
    ("{}/Patient.rs", "no resource type"),
    ("{}/Goal.sr", "after the dot"),
    ("{}/Goal.read-only", "after the dot"),
    ("{}/Goal.rs?", "after the `[?]` write"),
    ("{}/Goal.rs?active", "after the `[?]` write"),
    ("{}/Goal.read?category=a", "after the dot"),
    ("{}/Goal.rs?colour=red", "`colour` cannot be asked"),
    ("{}/*.rs?category=unreadable", "`category` cannot be asked"),
    ("{}/Goal.rs  {}/Goal.c", "not a scope"),
    ("x{}/Goal.rs", "unknown context; ask for a `patient/` or `user/` scope"),
    ("{}s/Goal.rs", "unknown context"),
    ("/Goal.rs", "unknown context"),
    ("*/Goal.rs", "unknown context"),
    (
        "system/Goal.rs",
        "`system/` is for systems, where no person signs in; ask for a `patient/` or `user/` scope",
    ),
    ("{}/Goal.rs system/Goal.r", "for systems, where no person signs in"),
    ("launch/patient", "not a scope"),
    ("openid", "not a scope"),
]


@pytest.mark.parametrize("context", OF_PERSONS)
@pytest.mark.parametrize(("text", "because"), FOR_PERSONS)
def test_what_is_not_exactly_a_scope_of_persons_is_refused_to_an_app_and_says_why(context, text, because):
    written = text.replace("{}", context)
    with pytest.raises(ScopeError, match=because):
        parse_scopes(written, TYPES, OF_PERSONS)


@pytest.mark.parametrize("context", CONTEXTS)
def test_every_context_has_the_same_grammar(context):
    text = f"{context}/Goal.rs {context}/*.read {context}/CarePlan.* {context}/Consent.c?status=x"
    scopes = parse_scopes(text, TYPES, OF_SYSTEMS if context == "system" else OF_PERSONS)
    assert {grant.context for grant in scopes.grants} == {context}
    assert str(scopes) == f"{context}/*.rs {context}/CarePlan.cud {context}/Consent.c?status=x"


def test_scopes_of_one_context_neither_cover_nor_meet_those_of_another():
    text = "patient/Goal.rs system/Goal.rs user/Goal.rs"
    assert str(parse_scopes(text)) == text
    for one in CONTEXTS:
        for other in CONTEXTS:
            both = narrowed(parse_scopes(f"{one}/Goal.rs"), parse_scopes(f"{other}/*.cruds"))
            assert str(both) == (f"{one}/Goal.rs" if one == other else "")


def test_a_context_and_its_query_hold_together():
    scopes = parse_scopes("patient/Goal.rs?category=a user/Goal.r?category=b user/*.s")
    assert scopes.openings("r", "Goal") == {
        Opening("patient", (("category", "a"),)),
        Opening("user", (("category", "b"),)),
    }
    assert scopes.openings("s", "Goal") == {Opening("patient", (("category", "a"),)), Opening("user")}


def test_only_those_of_some_contexts_are_left():
    scopes = parse_scopes("patient/Goal.r user/Goal.r system/Goal.r")
    assert str(scopes.within(OF_PERSONS)) == "patient/Goal.r user/Goal.r"
    assert str(scopes.within(OF_SYSTEMS)) == "system/Goal.r"
    assert not scopes.within(())


def test_every_refused_scope_of_a_string_is_named_at_once():
    with pytest.raises(ScopeError) as refused:
        parse_scopes("system/goal.rs system/Goal.rs user/Goal.rs", TYPES, OF_SYSTEMS)
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
    assert not any(Scopes().allows(letter, name) for letter in LETTERS for name in (*NAMES, "*", ""))


@pytest.mark.parametrize("asked", ["", "rs", "cruds", "x", "*", "R"])
def test_only_one_letter_at_a_time_can_be_allowed(asked):
    assert not parse_scopes("system/*.*").allows(asked, "Goal")


GRANULAR = [
    ("system/Goal.rs?category=a", {(("category", "a"),)}),
    ("system/Goal.rs?category=a system/Goal.r?category=b", {(("category", "a"),), (("category", "b"),)}),
    ("system/Goal.rs?status=x&category=a", {(("category", "a"), ("status", "x"))}),
    ("system/Goal.rs?category=a&category=b", {(("category", "a"), ("category", "b"))}),
    ("system/Goal.rs?category=a,b", {(("category", "a,b"),)}),
    ("system/Goal.rs?category=http://x.example/s|a%26b", {(("category", "http://x.example/s|a&b"),)}),
    ("system/Goal.rs?category=a system/Goal.r", {()}),
    ("system/Goal.rs?category=a system/Goal.rs?category=a&status=x", {(("category", "a"),)}),
    ("system/*.rs?_tag=a system/Goal.r?category=b", {(("_tag", "a"),), (("category", "b"),)}),
    ("system/*.rs system/Goal.r?category=b", {()}),
    ("system/CarePlan.r system/Goal.s", set()),
]


def queries_of(scopes, letter):
    return {query for _, query in scopes.openings(letter, "Goal")}


@pytest.mark.parametrize(("text", "queries"), GRANULAR)
def test_several_granular_scopes_on_one_type_are_a_union_of_their_queries(text, queries):
    assert queries_of(parse_scopes(text, TYPES), "r") == queries


def test_each_letter_has_queries_of_its_own():
    scopes = parse_scopes("system/Goal.r?category=a system/Goal.s?category=b system/Goal.u", TYPES)
    assert [queries_of(scopes, letter) for letter in LETTERS] == [
        set(),
        {(("category", "a"),)},
        {()},
        set(),
        {(("category", "b"),)},
    ]


def test_only_a_wildcard_allows_all_types_at_once():
    assert parse_scopes("system/*.r").allows("r", "*")
    assert not parse_scopes("system/Goal.r").allows("r", "*")


@pytest.mark.parametrize(
    ("requested", "registered", "granted"),
    [
        ("patient/*.rs", "patient/Goal.rs user/*.rs", "patient/Goal.rs"),
        ("user/*.rs patient/*.cruds", "patient/Goal.c user/Goal.r", "patient/Goal.c user/Goal.r"),
        ("patient/Goal.rs?category=a", "patient/*.r?_tag=x", "patient/Goal.r?_tag=x&category=a"),
        ("user/Goal.rs", "system/*.cruds", ""),
        ("system/*.rs", "system/Goal.rs", "system/Goal.rs"),
        ("system/Goal.rs", "system/*.rs", "system/Goal.rs"),
        ("system/*.cruds", "system/*.rs system/Consent.c", "system/*.rs system/Consent.c"),
        ("system/Goal.cruds", "system/Goal.rs system/*.u", "system/Goal.rus"),
        ("system/Goal.write", "system/Goal.rs", ""),
        ("system/Goal.rs", "system/CarePlan.rs", ""),
        ("system/*.r system/Goal.c", "system/Goal.cr", "system/Goal.cr"),
        ("system/Goal.rs?category=a", "system/*.rs", "system/Goal.rs?category=a"),
        ("system/*.rs", "system/Goal.r?category=a", "system/Goal.r?category=a"),
        ("system/Goal.rs?category=a", "system/Goal.r?status=b", "system/Goal.r?category=a&status=b"),
        ("system/Goal.rs?category=a", "system/CarePlan.rs?category=a", ""),
        (
            "system/Goal.r?category=a system/Goal.r?category=b",
            "system/*.r?_tag=x",
            "system/Goal.r?_tag=x&category=a system/Goal.r?_tag=x&category=b",
        ),
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
        ("system/Goal.rs?category=a", None),
        ("patient/*.rs user/Goal.cud", "patient/*.read user/Goal.write"),
        ("patient/Goal.rs user/Goal.r", None),
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
        ("system/Goal.rs?category=a.read", False),
    ],
)
def test_v1_words_are_told_from_v2_letters(text, answer):
    assert is_v1(text) is answer


_letters = st.sets(st.sampled_from(LETTERS), min_size=1).map(lambda s: "".join(x for x in LETTERS if x in s))
_query = st.lists(st.sampled_from(("category=a", "category=b", "status=a%26b", "_tag=x|y")), max_size=2)
_scope = st.builds(
    lambda context, name, letters, query: (
        f"{context}/{name}.{letters}" + (f"?{'&'.join(query)}" if query else "")
    ),
    st.sampled_from(CONTEXTS),
    st.sampled_from((*NAMES, "*")),
    _letters,
    _query,
)
_texts = st.lists(_scope, min_size=1, max_size=6).map(" ".join)
_PAIRS = [("category", "a"), ("category", "b"), ("status", "a&b"), ("_tag", "x|y")]
_RESOURCES = [frozenset(held) for n in range(5) for held in combinations(_PAIRS, n)]
"""What holds of a resource: any of the queries above may."""

_QUESTIONS = [
    (context, letter, name, held)
    for context in CONTEXTS
    for letter in LETTERS
    for name in (*NAMES, "Other")
    for held in _RESOURCES
]


def _answers(scopes: Scopes) -> list[bool]:
    """For each context, letter, type and resource, whether some query of that context holds of it."""
    return [
        any(one.context == context and held.issuperset(one.query) for one in scopes.openings(letter, name))
        for context, letter, name, held in _QUESTIONS
    ]


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
def test_scopes_are_equal_exactly_when_they_are_written_the_same_and_then_allow_the_same(first, second):
    one, other = parse_scopes(first), parse_scopes(second)
    assert (one == other) == (str(one) == str(other))
    assert one != other or _answers(one) == _answers(other)


@given(_texts)
def test_a_letter_is_allowed_exactly_where_some_resource_is_opened(text):
    scopes = parse_scopes(text)
    for letter in LETTERS:
        for name in (*NAMES, "*", "Other"):
            assert scopes.allows(letter, name) == bool(scopes.openings(letter, name))


@given(_texts)
def test_the_canonical_string_reads_back_as_the_same_scopes(text):
    assert parse_scopes(str(parse_scopes(text)), TYPES) == parse_scopes(text)


@given(st.text(alphabet="system/patienuGoalCreadwiu*?.=&%\t\n -", max_size=40))
def test_any_string_is_either_granted_as_system_scopes_or_refused(text):
    try:
        granted = parse_scopes(text, TYPES, OF_SYSTEMS)
    except ScopeError:
        return
    assert granted
    assert all(scope.startswith("system/") for scope in text.split(" "))


@given(_texts, st.sets(st.sampled_from(CONTEXTS)))
def test_scopes_within_contexts_allow_what_they_allowed_there_and_nothing_else(text, contexts):
    scopes = parse_scopes(text)
    kept = [
        answer and question[0] in contexts
        for answer, question in zip(_answers(scopes), _QUESTIONS, strict=True)
    ]
    assert _answers(scopes.within(contexts)) == kept


@given(_texts)
def test_a_string_is_taken_exactly_when_each_of_its_contexts_may_be_written(text):
    written = {scope.partition("/")[0] for scope in text.split(" ")}
    for contexts in (OF_SYSTEMS, OF_PERSONS):
        try:
            parse_scopes(text, TYPES, contexts)
        except ScopeError:
            assert not written <= set(contexts)
        else:
            assert written <= set(contexts)
