"""Who may be registered, and the codes of the second factor."""

from __future__ import annotations

from dataclasses import replace

import pytest

from careplan_service.access.people import User
from careplan_service.errors import Invalid
from careplan_service.oauth.people import checked_user, folded
from careplan_service.oauth.second_factor import otpauth_uri, step_of

ANN = User("1", "ann.lee@example.org", "", "Practitioner/ann", "Organization/agency")


@pytest.mark.parametrize("typed", ["Ann", " ANN ", "ａｎｎ", "ann"])
def test_a_username_is_the_same_however_it_is_typed(typed: str) -> None:
    assert folded(typed) == "ann"


def test_a_folded_name_stays_as_it_is() -> None:
    assert {name for name in map(chr, range(0x3000)) if folded(folded(name)) != folded(name)} == set()


@pytest.mark.parametrize("kind", ["Practitioner", "PractitionerRole", "Patient", "RelatedPerson"])
def test_a_person_is_a_record_of_four_kinds_that_is_here(kind: str) -> None:
    user = replace(ANN, fhir_user=f"{kind}/x")
    assert checked_user(user, lambda reference: reference == f"{kind}/x") is user

    with pytest.raises(Invalid, match="is not here"):
        checked_user(user, lambda reference: False)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "an"),
        ("username", "a" * 65),
        ("username", "ann lee"),
        ("username", "ann\x00lee"),
        ("username", "Ann"),
        ("fhir_user", "Organization/x"),
        ("fhir_user", "https://example.org/Practitioner/x"),
        ("fhir_user", "Practitioner/"),
        ("fhir_user", "Practitioner/x\n"),
        ("organization", "agency"),
    ],
)
def test_each_fault_is_told_with_its_field(field: str, value: str) -> None:
    with pytest.raises(Invalid) as refusal:
        checked_user(replace(ANN, **{field: value}), lambda reference: True)

    assert [fault.expression for fault in refusal.value.faults] == [field]


def test_the_codes_are_those_of_the_standard() -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238, appendix B, last six digits
    for now, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        assert step_of(secret, code, now, 0) == now // 30
        assert step_of(secret, code, now, now // 30) is None


def test_an_app_is_told_whose_code_it_is() -> None:
    secret = "ABCDEFGHABCDEFGHABCDEFGH"
    told = "otpauth://totp/Careplan%20Service:ann?secret=" + secret
    told += "&issuer=Careplan%20Service"

    assert otpauth_uri(secret, "ann") == told
