"""The part of FHIRPath that a patch may use. https://hl7.org/fhirpath/N1/grammar.html"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from careplan_service.errors import Invalid
from careplan_service.resources.patching.finder import Finder
from careplan_service.resources.patching.path import LONGEST_PATH, Item, Member, OfType, Where, steps

OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "valueQuantity": {"value": Decimal("1.50"), "unit": "it's"},
    "referenceRange": [{"text": 1}],
    "component": [
        {"code": {"coding": [{"code": "a"}, {"code": "b"}]}, "valueInteger": 7},
        {"code": {"coding": [{"code": "c"}]}, "valueBoolean": True},
        {"code": {"text": "or so"}, "valueDateTime": "2020-01-01T10:00:00+01:00", "valueString": None},
    ],
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Patient.name", (Member("Patient"), Member("name"))),
        ("name[0].given[12]", (Member("name"), Item(0), Member("given"), Item(12))),
        (" name . first() [ 0 ] . last ( ) ", (Member("name"), Item(0), Item(0), Item(-1))),
        ("value.ofType(Quantity)", (Member("value"), OfType("Quantity"))),
        ("extension('u')", (Member("extension"), Where((((Member("url"),), "u"),)))),
        (
            "a.where(b.c = 'x' and d = 1.0)",
            (Member("a"), Where((((Member("b"), Member("c")), "x"), ((Member("d"),), Decimal(1))))),
        ),
        ("a.where($this = true)", (Member("a"), Where((((), True),)))),
        (
            r"a.where(b = 'it\'s \\ \u00e9 \n \/')",
            (Member("a"), Where((((Member("b"),), "it's \\ é \n /"),))),
        ),
        ("where.and.first", (Member("where"), Member("and"), Member("first"))),
    ],
)
def test_a_path_is_read_into_steps(path: str, expected: Any) -> None:
    assert steps(path) == expected


@pytest.mark.parametrize(
    "path",
    [
        *[
            "",
            " ",
            ".",
            "a.",
            ".a",
            "a..b",
            "a b",
            "a[",
            "a[]",
            "a[x]",
            "a[-1]",
            "a[1.0]",
            "a[1",
            "a['x']",
            "[0]",
            "a[9999999999]",
        ],
        *[
            "a.where()",
            "a.where(b)",
            "a.where(b = )",
            "a.where(b = c)",
            "a.where(b != 'c')",
            "a.where(b = 'c' or d = 'e')",
        ],
        *[
            "a.where(b = 'c'",
            "a.where(b = 'c')) ",
            "a.where(b = 'c' and)",
            "a.where(b ~ 'c')",
            "a.where('c' = b)",
            "where(a = 'b",
        ],
        *[
            "a.exists()",
            "a.resolve()",
            "a.children()",
            "a.first(1)",
            "a.ofType('x')",
            "a.ofType()",
            "extension(url)",
            "a | b",
            "(a)",
        ],
        *[
            "$this",
            "a.$this",
            "%resource",
            "a as b",
            "a + 1",
            "a.where(b = @)",
            "a`b`",
            "a.where(b.exists() = true)",
            "a\x00",
            "é",
        ],
    ],
)
def test_everything_else_is_refused_with_the_grammar(path: str) -> None:
    with pytest.raises(Invalid, match=r"use members, \[n\], first\(\)"):
        steps(path)


def test_a_path_has_a_length() -> None:
    assert steps("a" * LONGEST_PATH)
    with pytest.raises(Invalid, match="at most 1000"):
        steps("a" * (LONGEST_PATH + 1))


def test_the_deepest_criteria_can_be_read_and_followed() -> None:
    deep = "id" + ".where(id" * 62 + " = 'x')" * 62
    assert LONGEST_PATH - 20 < len(deep) <= LONGEST_PATH
    assert Finder(OBSERVATION).all(deep) == []


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("Observation.status", ["status"]),
        ("status", ["status"]),
        ("Observation.value", ["valueQuantity"]),
        ("Observation.value.ofType(Quantity).unit", ["unit"]),
        ("Observation.value.ofType(string)", []),
        ("Observation.component.value", ["valueInteger", "valueBoolean", "valueDateTime"]),
        ("Observation.component[1].value", ["valueBoolean"]),
        ("Observation.component[9]", []),
        ("Observation.component.last().value", ["valueDateTime"]),
        ("Observation.component.where(value = 7).value", ["valueInteger"]),
        ("Observation.component.where(value = 7.0).value", ["valueInteger"]),
        ("Observation.component.where(value = '7').value", []),
        ("Observation.component.where(value = true).value", ["valueBoolean"]),
        ("Observation.component.where(value = 1).value", []),
        ("Observation.referenceRange.where(text = true)", []),
        ("Observation.component.where(value = @2020-01-01T10:00:00+01:00).value", ["valueDateTime"]),
        ("Observation.component.where(code.coding.code = 'c').value", ["valueBoolean"]),
        ("Observation.component.where(code.coding.code = 'a').value", []),
        ("Observation.component.where(code.coding.where(code = 'a').code = 'a').value", ["valueInteger"]),
        ("Observation.component.where(code.text = 'or so' and value = 7).value", []),
        ("Observation.value.where(unit = 'it\\'s' and value = 1.5).value", ["value"]),
        ("Observation.component.code.coding.where(code = 'b')", ["coding"]),
    ],
)
def test_a_path_finds_places(path: str, keys: list[str]) -> None:
    assert [place.key for place in Finder(OBSERVATION).all(path)] == keys  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "path",
    [
        "nope",
        "Observation.valueQuantity",
        "resourceType",
        "Observation._status",
        "status.nope",
        "Patient.status",
    ],
)
def test_a_name_that_is_no_element_is_refused(path: str) -> None:
    with pytest.raises(Invalid, match="is no element of"):
        Finder(OBSERVATION).all(path)
