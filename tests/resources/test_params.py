"""Search parameters: the facts they take, the questions they make, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplan_service.access.facts import Fact, Facts
from careplan_service.access.filters import Any as AnyOf
from careplan_service.access.filters import Filter, Has, Is, Not, Reads, Within
from careplan_service.access.holds import Version, World, holds
from careplan_service.access.instants import BEGINNING, END, span
from careplan_service.access.labels import UNLABELLED
from careplan_service.errors import Malformed
from careplan_service.resources.params import (
    SearchParam,
    date,
    patient,
    reference,
    split_values,
    string,
    token,
    unescaped,
    uri,
)

BASE = "http://127.0.0.1:8000"
TOKEN = token("code", "code")
CODE = token("status", "status", system="http://example.org/status")
SUBJECT = reference("subject", "subject", targets=("Group", "Patient"))
BASED_ON = reference("based-on", "basedOn")
PATIENT = patient("patient", "subject")
DATE, NAME, ADDRESS = date("date", "when[x]"), string("name", "name"), uri("url", "url")


def facts(param: SearchParam, document: dict[str, Any]) -> list[Fact]:
    return list(param.facts("T", document, BASE))


def asked(param: SearchParam, text: str, modifier: str = "") -> Filter:
    return param.asked("T", modifier, text, BASE)


TAKEN: list[tuple[SearchParam, dict[str, Any], list[tuple[Any, ...]]]] = [
    (
        TOKEN,
        {"code": {"coding": [{"system": "S", "code": "a"}, {"code": "b"}, {"display": "c"}]}},
        [("a", "S"), ("b", "")],
    ),
    (TOKEN, {"code": [{"coding": [{"system": "S", "code": "a"}]}, {"text": "free"}]}, [("a", "S")]),
    (TOKEN, {"code": {"system": "S", "code": "a"}}, [("a", "S")]),
    (TOKEN, {"code": [{"system": "urn:id", "value": "7"}, {"value": "8"}]}, [("7", "urn:id"), ("8", "")]),
    (TOKEN, {"code": True}, [("true", "")]),
    (TOKEN, {"code": False}, [("false", "")]),
    (TOKEN, {"code": {"system": "phone", "value": "555"}}, [("555", "")]),
    (CODE, {"status": "active"}, [("active", "http://example.org/status")]),
    (
        token("email", "telecom", only="email"),
        {"telecom": [{"system": "email", "value": "a@b"}, {"system": "phone", "value": "5"}]},
        [("a@b", "")],
    ),
    (SUBJECT, {"subject": {"reference": "Patient/1"}}, [("Patient/1",)]),
    (SUBJECT, {"subject": {"reference": f"{BASE}/fhir/Patient/1/_history/2"}}, [("Patient/1",)]),
    (
        SUBJECT,
        {"subject": {"reference": "https://elsewhere.example/Patient/1"}},
        [("https://elsewhere.example/Patient/1",)],
    ),
    (SUBJECT, {"subject": {"reference": "#contained"}}, []),
    (SUBJECT, {"subject": {"display": "Ann"}}, []),
    (
        BASED_ON,
        {"basedOn": ["http://a/q|2", "http://b"]},
        [("http://a/q|2",), ("http://a/q",), ("http://b",)],
    ),
    (PATIENT, {"subject": {"reference": "Patient/1"}}, []),
    (DATE, {"whenDateTime": "2026"}, [("", "", *span("2026"))]),
    (DATE, {"whenPeriod": {"start": "2026"}}, [("", "", span("2026")[0], END)]),
    (DATE, {"whenPeriod": {"end": "2026"}}, [("", "", BEGINNING, span("2026")[1])]),
    (DATE, {"whenTiming": {"event": ["2024", "2025"]}}, [("", "", *span("2024")), ("", "", *span("2025"))]),
    (
        DATE,
        {"whenTiming": {"repeat": {"boundsPeriod": {"start": "2026", "end": "2026"}}}},
        [("", "", *span("2026"))],
    ),
    (DATE, {"whenTiming": {"repeat": {"frequency": 1}}}, []),
    (DATE, {"whenString": "some day"}, []),
    (NAME, {"name": "  Jörg   ÅSE "}, [("jorg ase", "  Jörg   ÅSE ")]),
    (
        NAME,
        {"name": {"family": "Doe", "given": ["Ann", "Bea"], "use": "usual"}},
        [("doe", "Doe"), ("ann", "Ann"), ("bea", "Bea")],
    ),
    (
        NAME,
        {"name": {"line": ["1 Elm"], "city": "Ulm", "text": "all"}},
        [("1 elm", "1 Elm"), ("ulm", "Ulm"), ("all", "all")],
    ),
    (NAME, {"name": "STRAßE"}, [("strasse", "STRAßE")]),
    (ADDRESS, {"url": "http://a"}, [("http://a",)]),
    (
        string("city", "address.city"),
        {"address": [{"city": "Ulm"}, {"city": "Bonn"}]},
        [("ulm", "Ulm"), ("bonn", "Bonn")],
    ),
]


@pytest.mark.parametrize("row", range(len(TAKEN)))
def test_the_facts_a_parameter_takes(row: int) -> None:
    param, document, rows = TAKEN[row]
    assert facts(param, document) == [Fact(f"T.{param.name}", *values) for values in rows]


def test_a_long_text_is_kept_in_part() -> None:
    (fact,) = facts(NAME, {"name": "x" * 5000})
    assert len(fact.value) == len(fact.system) == 1000


def within(prefix: str, text: str) -> Within:
    return Within("T.date", prefix, *span(text))


QUESTIONS: list[tuple[SearchParam, str, str, Filter]] = [
    (TOKEN, "", "a", Has("T.code", "a")),
    (TOKEN, "", "S|a", Has("T.code", "a", "S")),
    (TOKEN, "", "S|", Has("T.code", None, "S")),
    (TOKEN, "", "|a", Has("T.code", "a", "")),
    (TOKEN, "", r"a\|b", Has("T.code", "a|b")),
    (TOKEN, "", r"S\|T|a\,b\$\\", Has("T.code", "a,b$\\", "S|T")),
    (TOKEN, "", "S|a|b", Has("T.code", "a|b", "S")),
    (TOKEN, "", "a,b", AnyOf((Has("T.code", "a"), Has("T.code", "b")))),
    (TOKEN, "", r"a\,b", Has("T.code", "a,b")),
    (TOKEN, "not", "a", Not(Has("T.code", "a"))),
    (TOKEN, "not", "a,b", Not(AnyOf((Has("T.code", "a"), Has("T.code", "b"))))),
    (TOKEN, "missing", "true", Not(Has("T.code"))),
    (TOKEN, "missing", "false", Has("T.code")),
    (SUBJECT, "", "Patient/1", Has("T.subject", "Patient/1")),
    (SUBJECT, "", "1", AnyOf((Has("T.subject", "Group/1"), Has("T.subject", "Patient/1")))),
    (SUBJECT, "Patient", "1", Has("T.subject", "Patient/1")),
    (SUBJECT, "Patient", "Patient/1", Has("T.subject", "Patient/1")),
    (SUBJECT, "", f"{BASE}/fhir/Patient/1", Has("T.subject", "Patient/1")),
    (
        SUBJECT,
        "",
        "https://elsewhere.example/Patient/1",
        Has("T.subject", "https://elsewhere.example/Patient/1"),
    ),
    (SUBJECT, "", "urn:uuid:7", Has("T.subject", "urn:uuid:7")),
    (PATIENT, "", "1", Is("patient", "Patient/1")),
    (PATIENT, "", "Patient/1", Is("patient", "Patient/1")),
    (PATIENT, "Patient", "1", Is("patient", "Patient/1")),
    (PATIENT, "missing", "true", Not(Not(Is("patient", "")))),
    (PATIENT, "missing", "false", Not(Is("patient", ""))),
    (DATE, "", "2026", within("eq", "2026")),
    *((DATE, "", f"{p}2026-01", within(p, "2026-01")) for p in "eq ne gt lt ge le sa eb".split()),
    (DATE, "", "ge2026-01-01T00:00:00 02:00", within("ge", "2026-01-01T00:00:00+02:00")),
    (DATE, "", "2025,2026", AnyOf((within("eq", "2025"), within("eq", "2026")))),
    (DATE, "missing", "true", Not(Has("T.date"))),
    (NAME, "", "JÖRG  a", Reads("T.name", "starts", "jorg a")),
    (NAME, "contains", "Ör", Reads("T.name", "contains", "or")),
    (NAME, "exact", "Jörg A", Reads("T.name", "exact", "Jörg A")),
    (NAME, "", r"Doe\, Ann", Reads("T.name", "starts", "doe, ann")),
    (ADDRESS, "", "http://a|b", Has("T.url", "http://a|b")),
]


@pytest.mark.parametrize("row", range(len(QUESTIONS)))
def test_the_question_a_parameter_makes(row: int) -> None:
    param, modifier, text, expected = QUESTIONS[row]
    assert asked(param, text, modifier) == expected


def test_approximately_is_the_date_and_as_much_on_either_side() -> None:
    lo, hi = span("2026-01-02")
    assert asked(DATE, "ap2026-01-02") == Within("T.date", "ap", span("2026-01-01")[0], hi + (hi - lo + 1))


MALFORMED: list[tuple[SearchParam, str, str]] = [
    *((param, "", "") for param in (TOKEN, SUBJECT, DATE, NAME, ADDRESS)),
    (TOKEN, "", "|"),
    (TOKEN, "", "a,|"),
    (TOKEN, "exact", "a"),
    (TOKEN, "in", "http://set"),
    (TOKEN, "missing", "yes"),
    (SUBJECT, "Practitioner", "1"),
    (SUBJECT, "Patient", "Group/1"),
    (SUBJECT, "", "not an id"),
    (SUBJECT, "not", "Patient/1"),
    (DATE, "", "yesterday"),
    (DATE, "", "2026-02-30"),
    (DATE, "", "xx2026"),
    (DATE, "", "ge"),
    (DATE, "", "0000"),
    (DATE, "", "2026-01-01T24:00:00Z"),
    (DATE, "not", "2026"),
    (NAME, "not", "a"),
    (ADDRESS, "below", "http://a"),
    (PATIENT, "missing", ""),
]


@pytest.mark.parametrize("row", range(len(MALFORMED)))
def test_what_cannot_be_read_is_malformed_and_told_in_one_line(row: int) -> None:
    param, modifier, text = MALFORMED[row]
    with pytest.raises(Malformed) as told:
        asked(param, text, modifier)
    assert told.value.status == 400
    assert "\n" not in told.value.text
    assert f"`{param.name}" in told.value.text or "`:" in told.value.text


def escaped(text: str) -> str:
    for character in "\\,|$":
        text = text.replace(character, "\\" + character)
    return text


@given(st.lists(st.text("ab,|$\\ ", min_size=1), min_size=1, max_size=4))
def test_escaped_values_come_back_as_they_were(values: list[str]) -> None:
    joined = ",".join(escaped(value) for value in values)
    assert [unescaped(value) for value in split_values(joined)] == values


@given(st.text(min_size=1, max_size=30))
def test_any_text_finds_the_record_that_holds_it_by_every_kind_of_parameter(text: str) -> None:
    none: frozenset[str] = frozenset()
    documents: list[tuple[SearchParam, dict[str, Any], str]] = [
        (TOKEN, {"code": {"coding": [{"system": text, "code": text}]}}, f"{escaped(text)}|{escaped(text)}"),
        (TOKEN, {"code": {"coding": [{"system": "S", "code": text}]}}, escaped(text)),
        (ADDRESS, {"url": text}, escaped(text)),
        (NAME, {"name": text}, escaped(text)),
    ]
    for param, document, query in documents:
        rows = tuple(facts(param, document))
        version = Version(Facts("T", "", none, UNLABELLED, none, none, none, rows), "1", 0, "")
        assert holds(asked(param, query), version, World({}))


@given(st.text("aä Ößoﬀİı é", min_size=1, max_size=12), st.integers(1, 12))
def test_a_text_is_found_by_its_beginning_whatever_the_case(text: str, length: int) -> None:
    (fact,) = facts(NAME, {"name": text})
    for variant in (text[:length], text[:length].upper(), text[:length].lower()):
        question = asked(NAME, variant)
        assert isinstance(question, Reads)
        if variant.casefold() == text[:length].casefold():
            assert fact.value.startswith(question.text) or not question.text
