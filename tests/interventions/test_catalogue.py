"""The thirteen kinds and the domains. https://hl7.org/fhir/R4/terminology-module.html"""

import csv
import os
from pathlib import Path

import pytest

from careplan_service.interventions.catalogue import domain_terms, domains, kind_terms, kinds, rows

SHARED = Path(os.environ.get("CAREPLAN_SHARED", Path(__file__).parents[3] / "shared")) / "domain"


def test_there_are_thirteen_kinds():
    assert set(kinds()) == {
        "individual-counselling",
        "family-therapy",
        "group-therapy",
        "case-management",
        "advocacy",
        "community-organising",
        "crisis-intervention",
        "psychoeducation",
        "psychosocial-intervention",
        "cbt",
        "community-intervention",
        "prevention",
        "empowerment",
    }


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.code)
def test_no_narrower_or_billing_code_is_sent_unasked(kind):
    sent = {
        coding["code"]
        for coding in kind.sent(None, "intervention", "service-type", "category", "referral", "billing")
    }
    rows_sent = [row for row in kind.codings if row.code in sent]
    assert all(row.fit != "narrower" and row.use != "billing" for row in rows_sent)
    assert all(row.fit in ("equivalent", "broader", "narrower", "related") for row in kind.codings)


def test_a_narrower_code_is_sent_when_its_method_is_named():
    sent = kinds()["family-therapy"].sent("structural family therapy", "intervention")
    assert [coding["code"] for coding in sent] == ["108313002", "361229007"]


def test_every_kind_and_domain_can_be_written():
    assert set(kind_terms().by_code) == set(kinds())
    assert set(domain_terms().by_code) == set(domains()) - {"protective-factor"}


PERMUTED = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def turned(a, b):
    """The product of two elements of the dihedral group of the pentagon."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b) % 5
    return 5 + (a - b) % 5 if b < 5 else (a - b) % 5


def check_digit_holds(code):
    """Verhoeff's check, which every SNOMED CT identifier passes."""
    value = 0
    for i, digit in enumerate(map(int, reversed(code))):
        for _ in range(i % 8):
            digit = PERMUTED[digit]
        value = turned(value, digit)
    return value == 0


@pytest.mark.parametrize("name", ["kind_codings.csv", "domain_codings.csv", "sensitivity.csv"])
def test_every_snomed_id_has_its_check_digit(name):
    wrong = [
        row
        for row in rows(name)
        if row["system"] == "sct" and not check_digit_holds(row.get("code") or row["value"])
    ]
    assert wrong == []


def test_the_check_digit_finds_the_wrong_code_of_the_reference_implementation():
    assert check_digit_holds("224165005")
    assert not check_digit_holds("224165006")


@pytest.mark.skipif(not SHARED.exists(), reason="the shared folder is not there")
@pytest.mark.parametrize(
    ("name", "table"), [("kind_codings.csv", "interventions.csv"), ("domain_codings.csv", "domains.csv")]
)
def test_every_standard_code_was_verified(name, table):
    with (SHARED / table).open(encoding="utf-8") as found:
        verified = {row["code"] for row in csv.DictReader(found) if row["verified"] == "yes"}
    assert {row["code"] for row in rows(name)} <= verified
