"""History of an instance, a type and the whole system: newest first, in pages, each version judged."""

from __future__ import annotations

from typing import Any

import pytest

from builders import FOOD, HOUSING, PARTNER, Answer, Api, As, a_consent, a_goal, a_patient, a_provision


@pytest.fixture
def story(api: Api, clock: Any) -> dict[str, str]:
    """One day after the other: ann, her goal, its second version, another goal, its deletion."""
    ann = api.agency.make(a_patient("Ann"))
    clock.go_on(days=1)
    goal = api.agency.make(a_goal(of=ann, about=HOUSING))
    clock.go_on(days=1)
    api.agency.put(goal, a_goal(of=ann, about=HOUSING))
    clock.go_on(days=1)
    other = api.agency.make(a_goal(of=ann, about=FOOD))
    clock.go_on(days=1)
    assert api.agency("DELETE", f"/fhir/{other}").status == 204
    return {"ann": ann, "goal": goal, "other": other}


def _versions(answer: Answer, story: dict[str, str]) -> str:
    assert answer.status == 200, answer.body
    names = {key: name for name, key in story.items()}
    found = []
    for entry in answer.json.get("entry", []):
        key = "/".join(entry["fullUrl"].split("/")[-2:])
        version = entry["response"]["etag"][3:-1]
        found.append(f"{names.get(key, key)}{version}")
    return " ".join(found)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/fhir/{goal}/_history", "goal2 goal1"),
        ("/fhir/{other}/_history", "other2 other1"),
        ("/fhir/Goal/_history", "other2 other1 goal2 goal1"),
        ("/fhir/Patient/_history", "ann1"),
        ("/fhir/CarePlan/_history", ""),
        ("/fhir/_history", "other2 other1 goal2 goal1 ann1"),
        ("/fhir/_history?_since=2026-06-03T12:00:00Z", "other2 other1 goal2"),
        ("/fhir/_history?_since=2026-06-05", "other2"),
        ("/fhir/Goal/_history?_since=2026-06-04T00:00:00Z", "other2 other1"),
        ("/fhir/{goal}/_history?_since=2026-06-03T00:00:00Z", "goal2"),
        ("/fhir/{goal}/_history?_at=2026-06-02T18:00:00Z", "goal1"),
        ("/fhir/{goal}/_history?_at=2026-06-03", "goal2 goal1"),
        ("/fhir/{goal}/_history?_at=2027", "goal2"),
        ("/fhir/{goal}/_history?_at=2025", ""),
        ("/fhir/_history?_at=2026-06-02T18:00:00Z", "goal1 ann1"),
        ("/fhir/{goal}/_history?_count=1", "goal2"),
    ],
)
def test_a_history_holds_the_versions_asked_for(
    api: Api, story: dict[str, str], path: str, expected: str
) -> None:
    assert _versions(api.agency.get(path.format(**story)), story) == expected


@pytest.mark.parametrize("path", ["/fhir/_history", "/fhir/Goal/_history", "/fhir/{goal}/_history"])
def test_its_pages_hold_each_version_once(api: Api, story: dict[str, str], path: str) -> None:
    whole = _versions(api.agency.get(path.format(**story)), story)
    pages = api.agency.pages(path.format(**story) + "?_count=1")
    assert " ".join(_versions(page, story) for page in pages) == whole


def test_deletions_and_first_versions_say_what_they_were(api: Api, story: dict[str, str]) -> None:
    entries = api.agency.get("/fhir/Goal/_history").json["entry"]
    assert [(e["request"]["method"], e["response"]["status"][:3], "resource" in e) for e in entries] == [
        ("DELETE", "204", False),
        ("POST", "201", True),
        ("PUT", "200", True),
        ("POST", "201", True),
    ]


@pytest.mark.parametrize(
    "query", ["_since=yesterday", "_at=x", "_count=x", "colour=red", "_since=2026&_since=2027", "_sort=_id"]
)
def test_what_a_history_does_not_take_is_refused(api: Api, story: dict[str, str], query: str) -> None:
    for path in ("/fhir/_history", "/fhir/Goal/_history", f"/fhir/{story['goal']}/_history"):
        assert api.agency.get(f"{path}?{query}").status == 400


def test_a_partner_sees_the_versions_that_are_open_to_it(api: Api, story: dict[str, str]) -> None:
    """Attack 10, at every level."""
    assert _versions(api.partner.get("/fhir/_history"), story) == ""
    share = a_provision(to=PARTNER, purpose=["COC"], codes=[HOUSING])
    consent = api.agency.make(a_consent(story["ann"], share))
    for path in ("/fhir/_history", "/fhir/Goal/_history", f"/fhir/{story['goal']}/_history"):
        assert _versions(api.partner.get(path), story) == "goal2 goal1", path
    secret = a_goal(of=story["ann"], about=HOUSING, labels=("R",))
    api.agency.put(story["goal"], secret)
    for path in ("/fhir/_history", "/fhir/Goal/_history"):
        assert _versions(api.partner.get(path), story) == "", path
    assert api.partner.get(f"/fhir/{story['goal']}/_history").status == 404
    assert api.agency.get(f"/fhir/{consent}/_history").status == 200


def test_a_history_holds_only_what_the_token_opens(api: Api, story: dict[str, str]) -> None:
    narrow = As(api, "agency", scope="system/Patient.rs")
    assert _versions(narrow.get("/fhir/_history"), story) == "ann1"
    assert narrow.get("/fhir/Goal/_history").status == 403
