"""Search parameters: the facts they take, the questions they make, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplan_service.access.facts import Fact, Facts
from careplan_service.access.filters import All, Filter, Has, Is, Not, Reads, Within
from careplan_service.access.filters import Any as AnyOf
from careplan_service.access.holds import Version, World, holds
from careplan_service.access.instants import BEGINNING, END, span
from careplan_service.access.labels import UNLABELLED
from careplan_service.errors import Malformed
from careplan_service.resources.params import (
    SearchParam,
    date,
    patient,
    phonetic,
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
NUMBER = token("identifier", "identifier")
DATE, NAME, ADDRESS = date("date", "when[x]"), string("name", "name"), uri("url", "url")


def facts(param: SearchParam, document: dict[str, Any]) -> list[Fact]:
    return list(param.facts("T", document, BASE))


def asked(param: SearchParam, text: str, modifier: str = "") -> Filter:
    return param.asked("T", modifier, text, BASE)


TAKEN: list[tuple[SearchParam, dict[str, Any], list[tuple[Any, ...]]]] = [
    (
        TOKEN,
        {"code": {"coding": [{"system": "S", "code": "a"}, {"code": "b"}]}},
        [("a", "S"), ("b", "")],
    ),
    (TOKEN, {"code": [{"coding": [{"system": "S", "code": "a"}]}]}, [("a", "S")]),
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


BESIDE: list[tuple[SearchParam, dict[str, Any], list[Fact]]] = [
    (
        TOKEN,
        {"code": {"text": " Free  Wörds", "coding": [{"display": "C"}, {"code": "b", "display": "C"}]}},
        [Fact("T.code:text", "free words"), *[Fact("T.code:text", "c")] * 2, Fact("T.code", "b")],
    ),
    (TOKEN, {"code": {"code": "a", "display": "A"}}, [Fact("T.code", "a"), Fact("T.code:text", "a")]),
    (
        NUMBER,
        {"identifier": {"value": "7", "type": {"text": "MRN", "coding": [{"system": "S", "code": "MR"}]}}},
        [
            Fact("T.identifier", "7"),
            Fact("T.identifier:text", "mrn"),
            Fact("T.identifier:of-type", "7", "S|MR"),
        ],
    ),
    (NUMBER, {"identifier": {"type": {"coding": [{"code": "MR"}]}}}, []),
    (
        SUBJECT,
        {"subject": {"identifier": {"system": "S", "value": "7"}}},
        [Fact("T.subject:identifier", "7", "S")],
    ),
    (PATIENT, {"subject": {"identifier": {"value": "7"}}}, [Fact("T.patient:identifier", "7")]),
    (PATIENT, {"subject": {"identifier": {"value": "7"}, "type": "Group"}}, []),
    (SUBJECT, {"subject": {"reference": "Device/1"}}, []),
    (SUBJECT, {"subject": {"reference": "https://elsewhere.example/Device/1"}}, []),
    (SUBJECT, {"subject": {"reference": "urn:uuid:7"}}, [Fact("T.subject", "urn:uuid:7")]),
]


@pytest.mark.parametrize("row", range(len(BESIDE)))
def test_the_facts_beside_the_codes_and_references(row: int) -> None:
    param, document, rows = BESIDE[row]
    assert sorted(facts(param, document)) == sorted(rows)


@pytest.mark.parametrize("letter", ["x", "ö", "日", "𐍈"])
def test_a_long_text_is_kept_so_that_an_index_takes_it(letter: str) -> None:
    (fact,) = facts(NAME, {"name": letter * 5000})
    assert max(len(fact.value.encode()), len(fact.system.encode())) <= 1200


def test_of_two_long_texts_that_begin_alike_each_is_found_alone() -> None:
    one, two = "x" * 5000 + "1", "x" * 5000 + "2"
    for param, modifier in ((TOKEN, ""), (ADDRESS, ""), (BASED_ON, ""), (NAME, "exact")):
        texts = [f"urn:{text}" for text in (one, two)]
        (path,) = param.paths
        document = {path: {"code": texts[0]} if param is TOKEN else texts[0]}
        found = [
            holds(asked(param, text, modifier), a_version(facts(param, document)), World({}))
            for text in texts
        ]
        assert found == [True, False], param


def a_version(rows: list[Fact]) -> Version:
    none: frozenset[str] = frozenset()
    return Version(Facts("T", "", none, UNLABELLED, none, none, none, tuple(rows)), "1", 0, "")


def within(prefix: str, text: str) -> Within:
    return Within("T.date", prefix, *span(text))


HL7 = "http://hl7.org/fhir"
SETS, LINKS = f"{HL7}/ValueSet", ("refer", "replaced-by", "replaces", "seealso")
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
SOUND = phonetic("sound", "name")


def clinical(*codes: str) -> Filter:
    return AnyOf(tuple(Has("T.code", code, CLINICAL) for code in codes))


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
    (TOKEN, "missing", "true", Not(AnyOf((Has("T.code"), Has("T.code:text"))))),
    (TOKEN, "missing", "false", AnyOf((Has("T.code"), Has("T.code:text")))),
    (
        TOKEN,
        "text",
        "Ör",
        AnyOf((Reads("T.code:text", "starts", "or"), Reads("T.code:text", "contains", " or"))),
    ),
    (
        TOKEN,
        "in",
        f"{SETS}/link-type|4.0.1",
        AnyOf(tuple(Has("T.code", c, f"{HL7}/link-type") for c in LINKS)),
    ),
    (
        TOKEN,
        "not-in",
        f"{SETS}/link-type",
        Not(AnyOf(tuple(Has("T.code", c, f"{HL7}/link-type") for c in LINKS))),
    ),
    (TOKEN, "below", f"{CLINICAL}|inactive", clinical("inactive", "remission", "resolved")),
    (TOKEN, "above", f"{CLINICAL}|relapse", clinical("active", "relapse")),
    (TOKEN, "above", f"{CLINICAL}|active", Has("T.code", "active", CLINICAL)),
    (NUMBER, "of-type", r"S\|T|MR|7\|8", Has("T.identifier:of-type", "7|8", "S|T|MR")),
    (SUBJECT, "identifier", "S|7", Has("T.subject:identifier", "7", "S")),
    (PATIENT, "identifier", "7", Has("T.patient:identifier", "7")),
    (BASED_ON, "Goal", "1", Has("T.based-on", "Goal/1")),
    (
        ADDRESS,
        "below",
        "http://a/b",
        AnyOf((Has("T.url", "http://a/b"), Reads("T.url", "starts", "http://a/b/"))),
    ),
    (ADDRESS, "below", "http://a/", AnyOf((Has("T.url", "http://a"), Reads("T.url", "starts", "http://a/")))),
    (
        ADDRESS,
        "above",
        "http://a/b",
        AnyOf(tuple(Has("T.url", url) for url in ("http://a", "http://a/", "http://a/b", "http://a/b/"))),
    ),
    (SOUND, "", "Kathryn Smyth", All((Has("T.sound", "K0RN"), Has("T.sound", "SM0")))),
    (SOUND, "", "李", Has("T.sound", "李")),
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
    (PATIENT, "missing", "true", Not(AnyOf((Not(Is("patient", "")), Has("T.patient:identifier"))))),
    (PATIENT, "missing", "false", AnyOf((Not(Is("patient", "")), Has("T.patient:identifier")))),
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
    (TOKEN, "not-in", "http://set"),
    (TOKEN, "text", " "),
    (TOKEN, "of-type", "S|MR|7"),
    (TOKEN, "below", "active"),
    (TOKEN, "below", f"{CLINICAL}|unheard-of"),
    (TOKEN, "above", "http://unheard.of|active"),
    (TOKEN, "", "a\x00b"),
    (TOKEN, "", "a\ud800b"),
    (TOKEN, "", ",,"),
    (TOKEN, "", ",".join(map(str, range(501)))),
    (NUMBER, "of-type", "MR|7"),
    (NUMBER, "of-type", "|MR|7"),
    (BASED_ON, "", "1"),
    (BASED_ON, "Dragon", "1"),
    (ADDRESS, "below", "urn:oid:1.2"),
    (ADDRESS, "above", "http://a" + "/a" * 60),
    (SOUND, "", " "),
    (SOUND, "exact", "Ann"),
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
    (ADDRESS, "not", "http://a"),
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


def test_a_backslash_at_the_end_stands_for_itself() -> None:
    assert split_values("a,b\\") == ["a", "b\\"]
    assert asked(TOKEN, "b\\") == Has("T.code", "b\\")


@given(st.lists(st.text("ab,|$\\ ", min_size=1), min_size=1, max_size=4))
def test_escaped_values_come_back_as_they_were(values: list[str]) -> None:
    joined = ",".join(escaped(value) for value in values)
    assert [unescaped(value) for value in split_values(joined)] == values


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_any_text_finds_the_record_that_holds_it_by_every_kind_of_parameter(text: str) -> None:
    documents: list[tuple[SearchParam, dict[str, Any], str]] = [
        (TOKEN, {"code": {"coding": [{"system": text, "code": text}]}}, f"{escaped(text)}|{escaped(text)}"),
        (TOKEN, {"code": {"coding": [{"system": "S", "code": text}]}}, escaped(text)),
        (ADDRESS, {"url": text}, escaped(text)),
        (NAME, {"name": text}, escaped(text)),
    ]
    for param, document, query in documents:
        assert holds(asked(param, query), a_version(facts(param, document)), World({}))


@given(st.text("aä Ößoﬀİı é", min_size=1, max_size=12), st.integers(1, 12))
def test_a_text_is_found_by_its_beginning_whatever_the_case(text: str, length: int) -> None:
    (fact,) = facts(NAME, {"name": text})
    for variant in (text[:length], text[:length].upper(), text[:length].lower()):
        question = asked(NAME, variant)
        assert isinstance(question, Reads)
        if variant.casefold() == text[:length].casefold():
            assert fact.value.startswith(question.text) or not question.text
