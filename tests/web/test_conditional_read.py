"""What the caller has already is not sent again, and what it may not see is as absent as ever."""

from __future__ import annotations

from typing import Any

import pytest

from builders import HOUSING, PARTNER, Api, a_consent, a_goal, a_patient, a_provision


@pytest.fixture
def goal(api: Api) -> str:
    return api.agency.make(a_goal(of=api.agency.make(a_patient("Ann"))))


@pytest.mark.parametrize(
    ("tags", "status"),
    [
        ('W/"1"', 304),
        ('"1"', 304),
        ('W/"7", W/"1"', 304),
        ("*", 304),
        ('W/"2"', 200),
        ('W/"01"', 200),
        ("1", 200),
        ("", 200),
    ],
)
def test_a_version_the_caller_names_is_not_sent_again(api: Api, goal: str, tags: str, status: int) -> None:
    answer = api.agency.get(f"/fhir/{goal}", If_None_Match=tags)
    plain = api.agency.get(f"/fhir/{goal}")
    assert answer.status == status
    assert (answer.body == b"") == (status == 304)
    for name in ("ETag", "Cache-Control"):
        assert answer.headers[name] == plain.headers[name]


def test_the_moment_of_a_copy_counts_to_the_second(api: Api, goal: str, clock: Any) -> None:
    known = {
        "Mon, 01 Jun 2026 12:00:00 GMT": 304,
        "Mon, 01 Jun 2026 11:59:59 GMT": 200,
        "Tue, 02 Jun 2026 12:00:00 GMT": 304,
        "yesterday": 200,
    }
    for moment, status in known.items():
        assert api.agency.get(f"/fhir/{goal}", If_Modified_Since=moment).status == status, moment
    both = {"If_Modified_Since": "Tue, 02 Jun 2026 12:00:00 GMT", "If_None_Match": 'W/"9"'}
    assert api.agency.get(f"/fhir/{goal}", **both).status == 200


def test_a_new_version_is_sent(api: Api, goal: str, clock: Any) -> None:
    clock.go_on(days=1)
    api.agency.put(goal, a_goal(of="Patient/ann"))
    assert api.agency.get(f"/fhir/{goal}", If_None_Match='W/"1"').json["meta"]["versionId"] == "2"
    assert api.agency.get(f"/fhir/{goal}", If_None_Match='W/"2"').status == 304


def test_what_is_hidden_absent_or_gone_answers_as_without_a_condition(api: Api, goal: str) -> None:
    """Attack 11: `If-None-Match` is no oracle."""
    for path in (f"/fhir/{goal}", "/fhir/Goal/nobody"):
        for tags in ('W/"1"', "*"):
            answer = api.partner.get(path, If_None_Match=tags)
            assert (answer.status, answer.body) == (404, api.partner.get(path).body)
    api.agency("DELETE", f"/fhir/{goal}")
    assert api.agency.get(f"/fhir/{goal}", If_None_Match="*").status == 410


def test_consent_withdrawn_ends_the_answer_that_nothing_changed(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann, about=HOUSING))
    consent = api.agency.make(a_consent(ann, a_provision(to=PARTNER, purpose=["COC"])))
    assert api.partner.get(f"/fhir/{goal}", If_None_Match='W/"1"').status == 304
    api.agency.put(consent, a_consent(ann, a_provision(to=PARTNER, purpose=["COC"]), status="inactive"))
    assert api.partner.get(f"/fhir/{goal}", If_None_Match='W/"1"').status == 404
