"""References as `Type/id`, whoever wrote them."""

from __future__ import annotations

import pytest

from careplan_service.access.consent import recipients

BASE = "http://here.example"
LONG = f"http://there.example/{'x' * 5000}"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("Goal/1", "Goal/1"),
        (f"{BASE}/fhir/Goal/1/_history/2", "Goal/1"),
        ("http://there.example/fhir/Goal/1", "http://there.example/fhir/Goal/1"),
        (LONG, LONG),
    ],
    ids=["local", "with address and version", "foreign", "too long to be kept"],
)
def test_only_what_is_ours_is_made_local(reference: str, expected: str) -> None:
    for _ in range(2):
        assert recipients.local(reference, BASE) == expected


def test_a_long_reference_is_not_kept_in_memory() -> None:
    before = recipients._local.cache_info().currsize
    recipients.local(f"{LONG}/once", BASE)
    assert recipients._local.cache_info().currsize == before
