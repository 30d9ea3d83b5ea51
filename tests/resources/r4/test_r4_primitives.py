"""The formats of the primitive types, as 4.0.1 has them and fhir.resources partly misses."""

from __future__ import annotations

from decimal import Decimal

import pytest

from careplan_service.resources.r4 import check
from careplan_service.resources.r4.primitives import FORMATS, LONGEST_STRING
from resources.r4.samples import extended, patient

VALID = {
    "base64Binary": ["aGVsbG8=", "aGVs\nbG8=", "QQ==", "AAAA", "+/+/"],
    "boolean": [True, False],
    "canonical": ["http://example.org/a|1.0", "urn:x#y"],
    "code": ["a", "a b", "a-b.c", "ä", "a\u00a0b", "<="],
    "date": ["2024", "2024-12", "2024-02-29", "0001-01-01", "9999-12-31"],
    "dateTime": [
        "2024",
        "2024-12",
        "2024-02-29",
        "2024-02-29T00:00:00Z",
        "2024-02-29T23:59:60.1234567890+14:00",
    ],
    "decimal": [1, Decimal("1.50"), Decimal("1E-400"), 12345678901234567890, 0.5, -3],
    "elementId": ["a", "a/b", "_"],
    "id": ["a", "A-9.z", "x" * 64],
    "instant": ["2024-02-29T23:59:59.123Z", "2016-12-31T23:59:60-00:00"],
    "integer": [0, -2147483648, 2147483647],
    "markdown": ["# a\n\tb\r\n"],
    "oid": ["urn:oid:1.2.840.0", "urn:oid:2.999"],
    "positiveInt": [1, 2147483647],
    "string": ["a", " a ", "a\tb\r\nc", "\u00a0", "\U0001f600", "x" * LONGEST_STRING],
    "time": ["00:00:00", "23:59:60.5"],
    "unsignedInt": [0],
    "uri": ["a", "http://example.org/ä?b=c#d", "urn:uuid:x", "mailto:a@b.c"],
    "url": ["https://example.org", "file.pdf"],
    "uuid": ["urn:uuid:c757873d-ec9a-1326-a141-556f43239520"],
    "xhtml": ['<div xmlns="http://www.w3.org/1999/xhtml">a</div>'],
}
INVALID = {
    "base64Binary": ["", " ", "aGVsbG8", "aGVs*G8=", "=aaa", "a===", "äöüß", 3],
    "boolean": ["true", 1, 0, None],
    "canonical": ["", "a b", 3],
    "code": ["", " a", "a ", "a  b", "a\nb", "a\tb", "a\u0000", "\ud800", 3, True],
    "date": [
        "",
        "24",
        "0000",
        "2024-13",
        "2024-00",
        "2024-02-30",
        "2023-02-29",
        "2024-1-1",
        "2024-01-01T00:00:00Z",
        "2024-01-01\n",
        "\u0662024",
        2024,
    ],
    "dateTime": [
        "2024-01T00:00:00Z",
        "2024T00:00:00Z",
        "2024-01-01T00:00:00",
        "2024-01-01T00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:00:61Z",
        "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00+14:01",
        "2024-04-31T00:00:00Z",
        "2024-01-01 00:00:00Z",
    ],
    "decimal": ["1", True, float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity"), None, "1.5"],
    "elementId": ["", "a b", "a\n", 3],
    "id": ["", "a_b", "x" * 65, "a b", "ä", "a\n", 3],
    "instant": ["2024", "2024-01-01", "2024-01-01T00:00:00", "2023-02-29T00:00:00Z"],
    "integer": [2147483648, -2147483649, Decimal("1.0"), 1.0, True, "1", 10**5000],
    "markdown": ["", "a\u0000", 3],
    "oid": ["1.2.3", "urn:oid:3.1", "urn:oid:1.02", "urn:oid:1"],
    "positiveInt": [0, -1, Decimal("1"), "1"],
    "string": [
        "",
        "a\u0000b",
        "a\u000bb",
        "a\u001fb",
        "\ud800",
        "x" * (LONGEST_STRING + 1),
        3,
        True,
        None,
        {},
        [],
    ],
    "time": ["24:00:00", "10:00", "10:00:00Z", "10:60:00", 10],
    "unsignedInt": [-1, "0"],
    "uri": ["", "a b", "a\nb", "a\u0000", 3],
    "url": ["", "a b"],
    "uuid": [
        "c757873d-ec9a-1326-a141-556f43239520",
        "urn:uuid:C757873D-EC9A-1326-A141-556F43239520",
        "urn:uuid:1",
    ],
    "xhtml": ["", "text", 3],
}


@pytest.mark.parametrize("kind", FORMATS)
def test_values_of_the_format_pass(kind):
    for value in VALID[kind]:
        assert FORMATS[kind](value) is None, value


@pytest.mark.parametrize("kind", FORMATS)
def test_values_outside_the_format_are_told_in_one_short_line(kind):
    for value in INVALID[kind]:
        sentence = FORMATS[kind](value)
        assert sentence, value
        assert len(sentence) < 260
        assert sentence.isprintable()
        assert sentence.encode()


def test_a_resource_id_is_checked():
    assert [fault.expression for fault in check(patient(id="a_b"), "Patient")] == ["Patient.id"]


def test_an_element_id_is_checked():
    assert [fault.expression for fault in check(patient(name=[{"id": "a b", "text": "x"}]), "Patient")] == [
        "Patient.name[0].id"
    ]


@pytest.mark.parametrize("value", ["a\u0000b", "\ud800"])
def test_what_no_database_can_store_is_refused_in_every_text(value):
    for kind in (
        "String",
        "Markdown",
        "Code",
        "Uri",
        "Url",
        "Canonical",
        "Id",
        "Oid",
        "Uuid",
        "DateTime",
        "Base64Binary",
    ):
        assert check(extended(**{"value" + kind: value}), "Patient"), kind
    assert check(patient(**{value: "x"}), "Patient")
    assert check(patient(gender=value), "Patient")
    assert check(patient(generalPractitioner=[{"reference": "Practitioner/" + value}]), "Patient")


def test_a_sentence_repeats_the_senders_text_short_and_without_backticks():
    (fault,) = check(patient(gender="`x`\n" + "y" * 500), "Patient")
    assert fault.text.startswith("`?x??" + "y" * 56 + "...` is not allowed")
