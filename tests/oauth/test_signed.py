"""A signature counts for one key and one algorithm, whatever the header says."""

from __future__ import annotations

import pytest
from joserfc.jwk import OctKey

from careplan_service.oauth.signed import is_time, read_signed


def test_a_signature_counts_for_its_key_and_algorithm_only(sign, ring):
    signed = read_signed(sign({"alg": "RS384"}, {"sub": "x"}, ring.rsa))
    assert signed.claims == {"sub": "x"}
    assert signed.is_signed_with(ring.rsa, "RS384")
    assert not signed.is_signed_with(ring.other_rsa, "RS384")
    assert not signed.is_signed_with(ring.rsa, "RS256")
    assert not signed.is_signed_with(ring.ec, "ES384")


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_the_algorithm_is_chosen_by_us_and_not_by_the_header(sign, ring, algorithm):
    public = ring.rsa.as_pem(private=False)
    signed = read_signed(sign({"alg": algorithm}, {}, OctKey(public, public)))
    assert not signed.is_signed_with(ring.rsa, "RS384")
    assert not signed.is_signed_with(OctKey(public, public), "RS384")


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (0, True),
        (1.5, True),
        (10**400, True),
        (True, False),
        (float("nan"), False),
        (float("-inf"), False),
        ("1", False),
        (None, False),
    ],
)
def test_a_time_is_a_finite_number(value, answer):
    assert is_time(value) is answer
