"""Numbers as integers of the same order, the ranges that queries mean, and units that find each other."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from careplan_service.access.filters import Filter, Has, Within
from careplan_service.access.holds import compare
from careplan_service.errors import Malformed
from careplan_service.resources.params import quantity
from careplan_service.resources.quantities import image, number_asked
from careplan_service.resources.units import canonical

UCUM = "http://unitsofmeasure.org"
AMOUNT = quantity("amount", "amount")
ANY_NUMBER = st.floats(allow_nan=False)


def asked(text: str, modifier: str = "") -> Filter:
    return AMOUNT.asked("T", modifier, text, "")


def holds(text: str, *amounts: dict[str, Any]) -> bool:
    """Whether the query finds a document with the amounts."""
    wanted = asked(text)
    assert isinstance(wanted, Within)
    return any(
        row.param == wanted.param
        and wanted.value in (None, row.value)
        and compare(wanted.prefix, wanted.lo, wanted.hi, row.lo, row.hi)
        for row in AMOUNT.facts("T", {"amount": list(amounts)}, "")
    )


def of(value: Any, code: str = "", unit: str = "", system: str = UCUM, **more: Any) -> dict[str, Any]:
    """A Quantity."""
    coded = {"system": system, "code": code} if code else {}
    named = {"unit": unit} if unit else {}
    return {"value": Decimal(str(value)), **coded, **named, **more}


# The image of a number


@given(ANY_NUMBER, ANY_NUMBER)
def test_the_image_of_the_greater_number_is_greater(one: float, other: float) -> None:
    assert (one < other) == (image(one) < image(other))
    assert (one == other) == (image(one) == image(other))


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(0.0)
@example(-0.0)
def test_images_fit_into_64_bits_and_none_is_zero(number: float) -> None:
    assert image(number) != 0
    assert -(2**63) <= image(-math.inf) < image(number) < image(math.inf) < 2**63


@pytest.mark.parametrize("comparator", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("code", ["mg", "{n}"])
def test_what_is_less_or_more_than_nothing_is_a_range_too(comparator: str, code: str) -> None:
    rows = list(AMOUNT.facts("T", {"amount": of(0, code, comparator=comparator)}, ""))
    assert rows
    assert all(row.lo and row.hi and row.lo < row.hi for row in rows)


@given(st.lists(st.decimals(-1000, 1000, places=3), min_size=2, max_size=20))
def test_decimals_keep_their_order(numbers: list[Decimal]) -> None:
    ordered = sorted(numbers)
    images = [image(float(number)) for number in ordered]
    assert images == sorted(images)
    assert all(
        (a == b) == (x == y) for (a, b), (x, y) in zip(pairwise(ordered), pairwise(images), strict=True)
    )


# What a number stands for


RANGES = [
    ("5.4", [5.35, 5.4, 5.4499], [5.3499, 5.45, 5.5, -5.4]),
    ("5.40", [5.395, 5.4, 5.4049], [5.35, 5.405]),
    ("100", [99.5, 100, 100.4999], [99.4999, 100.5, 101]),
    ("100.00", [99.995, 100.0049], [99.994, 100.005]),
    ("1e2", [95, 100, 104.999], [94.999, 105, 150]),
    ("1.5e1", [14.5, 15.4999], [14.4, 15.5]),
    ("-3", [-3.5, -3, -2.5001], [-3.6, -2.5, 3]),
    ("+3", [3], [-3]),
    ("0", [0, -0.5, 0.4999], [0.5, -0.51]),
    ("eq5.4", [5.4], [5.5]),
    ("ne5.4", [5.3499, 5.45, 6], [5.35, 5.4]),
    ("gt5.4", [5.41, 5.400001], [5.4, 5.3]),
    ("lt5.4", [5.39, -8], [5.4, 5.5]),
    ("ge5.4", [5.4, 6], [5.39999]),
    ("le5.4", [5.4, 5], [5.40001]),
    ("sa5.4", [5.41], [5.4]),
    ("eb5.4", [5.39], [5.4]),
    ("ap100", [90, 110, 100], [89.9, 110.1]),
    ("ap-100", [-90, -110], [-89.9, -110.1, 100]),
    ("1e-400", [0], [1]),
]


@pytest.mark.parametrize(("text", "finding", "missing"), RANGES)
def test_the_numbers_that_a_number_finds(text: str, finding: list[float], missing: list[float]) -> None:
    found = {number: holds(text, of(number)) for number in (*finding, *missing)}
    assert found == {**dict.fromkeys(finding, True), **dict.fromkeys(missing, False)}


@settings(deadline=None)  # the first unit loads their table
@given(st.decimals(-(10**9), 10**9, places=4))
def test_a_number_finds_itself_as_it_is_written(number: Decimal) -> None:
    for prefix, expected in {"": True, "ne": False, "ge": True, "le": True, "gt": False, "lt": False}.items():
        assert holds(f"{prefix}{number}", of(number)) is expected
        assert holds(f"{prefix}{number}|{UCUM}|mg", of(number, "mg")) is expected


# What stands in a resource


LESS, MORE = {"comparator": "<"}, {"comparator": ">="}
SHAPES: list[tuple[dict[str, Any], list[str], list[str]]] = [
    (of(5, **LESS), ["lt5", "lt4", "lt6", "le5", "ne5", "eb5"], ["ge5", "gt5", "eq4", "5"]),
    (of(5, comparator="<="), ["le5", "ge4.9", "lt5"], ["gt5", "5", "eb5"]),
    (of(5, comparator=">"), ["gt5", "gt6", "ge5", "sa5"], ["le5", "lt5", "5"]),
    (of(5, **MORE), ["ge5", "gt5", "le5.1"], ["lt5", "5", "sa5"]),
    ({"low": of(2), "high": of(6)}, ["gt5", "lt3", "ge5.9", "ap4", "sa1"], ["4", "gt6", "lt2", "sa2", "eb6"]),
    ({"low": of(2)}, ["gt1000", "ge2"], ["lt2"]),
    ({"high": of(6)}, ["lt-1000", "le6"], ["gt6"]),
    ({"low": of(4.9), "high": of(5.1)}, ["5"], ["5.0"]),
    (
        {
            "origin": of(10, "mV"),
            "factor": Decimal("0.5"),
            "period": 10,
            "dimensions": 1,
            "data": "2 4 E -2 6",
        },
        ["le9.1", "gt12.9", "ap11", f"gt0.0129|{UCUM}|V"],
        ["gt13", "lt9", "11"],
    ),
    ({"origin": of(0), "data": "1 U"}, ["gt99", "lt1.1"], ["lt1"]),
    ({"origin": of(0), "data": "L 1"}, ["lt-99", "gt0.9"], ["gt1"]),
    ({"origin": of(0), "data": "E E"}, [], ["gt0", "le0"]),
    ({"origin": of(0)}, [], ["gt-1"]),
    ({"unit": "mg", "code": "mg", "system": UCUM}, [], ["gt0", "le0"]),
    ({"value": Decimal("1e999")}, [], ["gt0"]),
]


@pytest.mark.parametrize("row", range(len(SHAPES)))
def test_quantities_with_comparators_ranges_and_samples(row: int) -> None:
    value, finding, missing = SHAPES[row]
    found = {text: holds(text, value) for text in (*finding, *missing)}
    assert found == {**dict.fromkeys(finding, True), **dict.fromkeys(missing, False)}


UNITS: list[tuple[dict[str, Any], list[str], list[str]]] = [
    (
        of("0.0054", "g"),
        [f"5.4|{UCUM}|mg", f"ge5.4|{UCUM}|mg", f"5400|{UCUM}|ug", f"0.0054|{UCUM}|g", "0.0054||g"],
        [f"5.5|{UCUM}|mg", "5.4||mg", f"gt5.4|{UCUM}|mg", f"5.4|{UCUM}|mL", "0.0054|http://other|g"],
    ),
    (of(5, "mg", "milligram"), ["5||milligram", "5||mg", "5"], ["5||MG", "5||kg"]),
    (of(5, unit="nights"), ["5", "5||nights"], ["5||days", f"5|{UCUM}|nights"]),
    (of(5, "{n}", "nights"), [f"5|{UCUM}|{{n}}", "5||{n}", "5||nights"], [f"5|{UCUM}|{{d}}", f"5|{UCUM}|1"]),
    (of(5, "x", system="urn:x"), ["5|urn:x|x", "5||x", "5"], ["5|urn:y|x", f"5|{UCUM}|x"]),
    (of("98.6", "[degF]"), [f"37.0|{UCUM}|Cel", f"ge310.15|{UCUM}|K"], [f"38|{UCUM}|Cel"]),
    (of(1, "a"), [f"12|{UCUM}|mo", f"gt51|{UCUM}|wk"], [f"gt53|{UCUM}|wk"]),
    (of(120, "mm[Hg]"), [f"120|{UCUM}|mm[Hg]", f"16.0|{UCUM}|kPa"], [f"120|{UCUM}|kPa"]),
    (of(1, "[iU]/mL"), [f"1|{UCUM}|[iU]/mL"], [f"1000|{UCUM}|[arb'U]/L", f"1000000|{UCUM}|/m3"]),
    (of(1, "dB"), [f"1|{UCUM}|dB"], [f"0.1|{UCUM}|B"]),
    (of(1, "10*9999999"), [f"1|{UCUM}|10*9999999"], []),
    (of(2, "wk", **LESS), [f"lt14|{UCUM}|d", f"le14|{UCUM}|d"], [f"ge14|{UCUM}|d"]),
]  # fmt: skip


@pytest.mark.parametrize("row", range(len(UNITS)))
def test_units_are_compared_by_what_they_measure(row: int) -> None:
    value, finding, missing = UNITS[row]
    found = {text: holds(text, value) for text in (*finding, *missing)}
    assert found == {**dict.fromkeys(finding, True), **dict.fromkeys(missing, False)}


def test_one_of_several_quantities_is_found_with_its_own_unit() -> None:
    both = of(5, "mg"), of(7, "kg")
    assert holds(f"7|{UCUM}|kg", *both)
    assert not holds(f"5|{UCUM}|kg", *both)


def test_a_quantity_has_two_rows_and_one_more_for_another_name_of_its_unit() -> None:
    def rows(**value: Any) -> int:
        return len(list(AMOUNT.facts("T", {"amount": value}, "")))

    assert rows(**of(5, "mg", "mg")) == 2
    assert rows(**of(5, "mg", "milligram")) == 3
    assert rows(**of(5, unit="mg")) == 1
    assert rows(**of(5)) == 1


def test_a_unit_asked_with_escapes_is_the_unit_meant() -> None:
    assert holds(r"5|urn:a\|b|c\,d\$", of(5, "c,d$", system="urn:a|b"))


def test_whether_there_is_a_quantity_can_be_asked() -> None:
    assert asked("false", "missing") == Has("T.amount")


BAD = [
    "", ",", "x", "5.", ".5", "5.4.3", "--5", "5e", "1e400", "-1e400", "1e99999", "9" * 41, "NaN", "Infinity",
    "ge", "xx5", "5 ", "5|mg", "5|", "5||", f"5|{UCUM}|", f"|{UCUM}|mg", "5\x00", "٣",
    "9" * 10_000, "5," * 600,
]  # fmt: skip


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_what_is_no_quantity_is_malformed_in_one_short_line(text: str) -> None:
    with pytest.raises(Malformed) as told:
        asked(text)
    assert "amount" in told.value.text
    assert "\n" not in told.value.text
    assert len(told.value.text) < 500


@pytest.mark.parametrize("modifier", ["not", "exact", "text", "in", "Patient"])
def test_a_quantity_takes_no_modifier_but_missing(modifier: str) -> None:
    with pytest.raises(Malformed, match="not offered"):
        asked("5", modifier)


@settings(deadline=None)  # the first unit loads their table
@given(st.text(max_size=40))
def test_any_text_is_a_filter_or_malformed(text: str) -> None:
    with suppress(Malformed):
        assert isinstance(asked(text), Filter)


@settings(deadline=None)  # the first unit loads their table
@given(st.text("0123456789m.*^()[]{}/-'\"UICal% gkLE10*", max_size=64))
def test_no_unit_takes_long_or_raises(code: str) -> None:
    began = time.perf_counter()
    canonical(code)
    list(AMOUNT.facts("T", {"amount": of(1, code)}, ""))
    assert time.perf_counter() - began < 3  # the first one loads the table of units


UNUSUAL = [
    "",
    "(" * 60,
    "10*9999999",
    "10^-9999999",
    "m9999999",
    "m999",
    "10*99" + ".10*99" * 9,
    "a" * 10_000,
    "m\n",
    "dB",
    "{n}",
    "m" + ".m" * 100,
]


@pytest.mark.parametrize("code", UNUSUAL, ids=range(len(UNUSUAL)))
def test_what_is_no_unit_stays_as_it_is(code: str) -> None:
    began = time.perf_counter()
    assert canonical(code) is None or code == "m999"
    assert time.perf_counter() - began < 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("kg", "g"), ("Cel", "[degF]"), ("mg/dL", "kg/m3"), ("wk", "h"), ("%", "1"), ("/min", "Hz"),
        ("10*3/uL", "/L"), ("mmol/L", "mol/m3"), ("[lb_av]", "kg"), ("[in_i]", "cm"),
    ],
)  # fmt: skip
def test_units_of_one_dimension_share_a_base(one: str, other: str) -> None:
    first, second = canonical(one), canonical(other)
    assert first is not None
    assert second is not None
    assert first.unit == second.unit


@settings(deadline=None)  # the first unit loads their table
@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.sampled_from(["mg", "Cel", "[degF]", "mm[Hg]", "a"]))
def test_conversion_keeps_the_order(one: float, other: float, code: str) -> None:
    unit = canonical(code)
    assert unit is not None
    assert (unit.convert(one) <= unit.convert(other)) or one > other


def test_a_long_number_is_read_at_once() -> None:
    began = time.perf_counter()
    for text in ("9" * 40, "0" * 40 + "." + "9" * 40, "1e-9999"):
        number_asked(text)
    assert time.perf_counter() - began < 0.1
