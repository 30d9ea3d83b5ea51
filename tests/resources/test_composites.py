"""Composite parameters: both values are of one element, never of two."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplan_service.access.facts import Facts
from careplan_service.access.filters import Filter
from careplan_service.access.holds import Version, World, holds
from careplan_service.access.labels import UNLABELLED
from careplan_service.errors import Malformed
from careplan_service.resources.registry import SERVED

UCUM = "http://unitsofmeasure.org"
SYSTOLIC, DIASTOLIC = "8480-6", "8462-4"


def concept(*codes: str, system: str = "urn:c") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code} if system else {"code": code} for code in codes]}


def amount(value: int, code: str = "mm[Hg]") -> dict[str, Any]:
    return {"value": value, "unit": code, "system": UCUM, "code": code}


def finds(query: str, document: dict[str, Any]) -> bool:
    """Whether `Type?name=value` finds a document of the type."""
    type_, _, rest = query.partition("?")
    name, _, text = rest.partition("=")
    plain, _, modifier = name.partition(":")
    none: frozenset[str] = frozenset()
    param = SERVED[type_].by_name[plain]
    rows = SERVED[type_].facts({"resourceType": type_, "id": "x", **document}, "").rows
    version = Version(Facts(type_, "", none, UNLABELLED, none, none, none, rows), "x", 0, "")
    return holds(param.asked(type_, modifier, text, ""), version, World({}))


PRESSURE: dict[str, Any] = {
    "code": concept("85354-9"),
    "component": [
        {"code": concept(SYSTOLIC), "valueQuantity": amount(120)},
        {"code": concept(DIASTOLIC), "valueQuantity": amount(80)},
        {"code": concept("cuff"), "valueCodeableConcept": concept("large", "adult")},
    ],
}
WEIGHT = {"code": concept("weight", "mass"), "valueQuantity": amount(70, "kg")}
HOUSED = {"code": concept("housed"), "valueCodeableConcept": concept("yes")}
DATED = {"code": concept("moved"), "valueDateTime": "2026-03-04"}
STAYED = {"code": concept("stayed"), "valuePeriod": {"start": "2026-03-04", "end": "2026-03-09"}}
SAID = {"code": concept("said", "a$b"), "valueString": "Ich  wohne, endlich!"}
LETTER = {"relatesTo": [{"code": "replaces", "target": {"reference": "DocumentReference/1"}},
                        {"code": "appends", "target": {"reference": "DocumentReference/2"}}]}  # fmt: skip
HOUSEHOLD = {
    "characteristic": [
        {"code": concept("size"), "valueCodeableConcept": concept("large", system=""), "exclude": False},
        {"code": concept("homeless"), "valueBoolean": True, "exclude": False},
    ]
}
FORM = {
    "useContext": [
        {
            "code": {"system": "urn:c", "code": "age"},
            "valueRange": {"low": amount(18, "a"), "high": amount(25, "a")},
        },
        {"code": {"system": "urn:c", "code": "focus"}, "valueCodeableConcept": concept("housing")},
    ]
}

CASES: list[tuple[dict[str, Any], list[str], list[str]]] = [
    (
        PRESSURE,
        [
            f"Observation?component-code-value-quantity={SYSTOLIC}$gt110",
            f"Observation?component-code-value-quantity=urn:c|{SYSTOLIC}$120|{UCUM}|mm[Hg]",
            f"Observation?component-code-value-quantity={SYSTOLIC}$120||mm[Hg]",
            f"Observation?component-code-value-quantity={SYSTOLIC}$16.0|{UCUM}|kPa",
            f"Observation?combo-code-value-quantity={DIASTOLIC}$lt90",
            f"Observation?component-code-value-quantity={DIASTOLIC}$1,{DIASTOLIC}$80",
            "Observation?component-code-value-concept=cuff$urn:c|large",
            "Observation?component-code-value-concept=cuff$adult",
            "Observation?combo-code-value-concept=urn:c|cuff$large",
            "Observation?component-value-quantity=80",
            "Observation?combo-value-quantity=80",
            "Observation?combo-code=cuff",
            "Observation?combo-code:not=other",
            "Observation?combo-code-value-quantity:missing=false",
            "Observation?code-value-quantity:missing=true",
        ],
        [
            f"Observation?component-code-value-quantity={DIASTOLIC}$gt110",
            f"Observation?component-code-value-quantity=urn:x|{SYSTOLIC}$gt110",
            f"Observation?component-code-value-quantity=|{SYSTOLIC}$gt110",
            f"Observation?component-code-value-quantity={SYSTOLIC}$120||kPa",
            f"Observation?component-code-value-quantity={SYSTOLIC}$120|{UCUM}|kPa",
            f"Observation?code-value-quantity={SYSTOLIC}$120",
            "Observation?code-value-quantity=85354-9$120",
            "Observation?component-code-value-concept=cuff$small",
            "Observation?component-code-value-concept=cuff$urn:x|large",
            f"Observation?component-code-value-concept={SYSTOLIC}$large",
            "Observation?value-quantity=80",
            "Observation?combo-code:not=cuff",
            "Observation?combo-code-value-quantity:missing=true",
        ],
    ),
    (
        WEIGHT,
        [
            "Observation?code-value-quantity=weight$70",
            "Observation?code-value-quantity=mass$70",
            f"Observation?combo-code-value-quantity=weight$70000|{UCUM}|g",
        ],
        [f"Observation?{name}=weight$ne70" for name in ("code-value-quantity", "combo-code-value-quantity")],
    ),
    (HOUSED, ["Observation?code-value-concept=housed$yes"], ["Observation?code-value-concept=yes$housed"]),
    (
        DATED,
        ["Observation?code-value-date=moved$2026-03", "Observation?code-value-date=urn:c|moved$ge2026-03-04"],
        ["Observation?code-value-date=moved$2026-04", "Observation?code-value-date=said$2026-03"],
    ),
    (
        STAYED,
        ["Observation?code-value-date=stayed$2026-03", "Observation?code-value-date=stayed$ap2026-03-05"],
        ["Observation?code-value-date=stayed$2026-03-04", "Observation?code-value-date=stayed$sa2026-03-05"],
    ),
    (
        SAID,
        [
            "Observation?code-value-string=said$ich wohne",
            r"Observation?code-value-string=said$ICH WOHNE\, END",
            r"Observation?code-value-string=a\$b$ich",
            "Observation?code-value-string=urn:c|said$ich",
        ],
        ["Observation?code-value-string=said$wohne", "Observation?code-value-string=ich$said"],
    ),
    (
        LETTER,
        [
            "DocumentReference?relationship=replaces$DocumentReference/1",
            "DocumentReference?relationship=http://hl7.org/fhir/document-relationship-type|appends$2",
        ],
        [
            "DocumentReference?relationship=replaces$DocumentReference/2",
            "DocumentReference?relationship=appends$1",
            "DocumentReference?relationship=|appends$2",
        ],
    ),
    (
        HOUSEHOLD,
        [
            "Group?characteristic-value=size$large",
            "Group?characteristic-value=urn:c|size$|large",
            "Group?characteristic-value=homeless$true",
        ],
        [
            "Group?characteristic-value=size$true",
            "Group?characteristic-value=homeless$large",
            "Group?characteristic-value=homeless$false",
        ],
    ),
    (
        FORM,
        [
            "Questionnaire?context-type-value=focus$housing",
            f"Questionnaire?context-type-quantity=age$ap20|{UCUM}|a",
            f"Questionnaire?context-type-quantity=age$gt240|{UCUM}|mo",
            f"Questionnaire?context-quantity=ge18|{UCUM}|a",
        ],
        [
            "Questionnaire?context-type-value=age$housing",
            "Questionnaire?context-type-quantity=focus$ap20",
            f"Questionnaire?context-type-quantity=age$gt30|{UCUM}|a",
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", range(len(CASES)))
def test_a_composite_finds_the_two_values_of_one_element(row: int) -> None:
    document, finding, missing = CASES[row]
    found = {query: finds(query, document) for query in (*finding, *missing)}
    assert found == {**dict.fromkeys(finding, True), **dict.fromkeys(missing, False)}


def test_every_composite_is_in_the_table() -> None:
    composites = {f"{t}?{p.name}" for t, spec in SERVED.items() for p in spec.params if p.kind == "composite"}
    assert composites <= {query.partition("=")[0] for _, finding, _ in CASES for query in finding}


def test_a_composite_has_four_rows_and_one_that_combines_others_has_none() -> None:
    weight = {"id": "x", "code": concept("weight"), "valueQuantity": amount(7, "kg")}
    params = [row.param for row in SERVED["Observation"].facts(weight, "").rows if "-quantity" in row.param]
    assert sorted(params) == [
        *["Observation.code-value-quantity"] * 2,
        *["Observation.code-value-quantity:ucum"] * 2,
        "Observation.value-quantity",
        "Observation.value-quantity:ucum",
    ]


BAD = [
    "code",
    "$",
    "code$",
    "$5",
    "code$5$6",
    "urn:c|$5",
    "|$5",
    "code$x",
    "code$5|mg",
    "a$5,b",
    "\x00$5",
    "a" * 10_000,
]


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_what_is_no_composite_is_malformed(text: str) -> None:
    with pytest.raises(Malformed, match="code-value-quantity"):
        SERVED["Observation"].by_name["code-value-quantity"].asked("Observation", "", text, "")


@pytest.mark.parametrize("text", ["said$", "$ich", "said"])
def test_a_composite_with_a_text_takes_both_as_well(text: str) -> None:
    with pytest.raises(Malformed, match="write token\\$string"):
        SERVED["Observation"].by_name["code-value-string"].asked("Observation", "", text, "")


def test_a_long_code_is_found_with_its_value() -> None:
    code = "x" * 5000
    assert finds(
        f"Observation?code-value-string={code}$yes", {"code": concept(code), "valueString": "Yes, of course"}
    )
    assert not finds(
        f"Observation?code-value-string={code}$yes", {"code": concept(code + "y"), "valueString": "Yes"}
    )


@given(st.text("a$,|\\5 -ge.", max_size=20), st.sampled_from(["quantity", "date", "string", "concept"]))
def test_any_text_is_a_filter_or_malformed(text: str, kind: str) -> None:
    with suppress(Malformed):
        found = SERVED["Observation"].by_name[f"code-value-{kind}"].asked("Observation", "", text, "")
        assert isinstance(found, Filter)
