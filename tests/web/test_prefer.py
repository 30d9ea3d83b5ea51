"""`Prefer: return=...` on every write. https://hl7.org/fhir/R4/http.html#ops"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from builders import Answer, Api, a_goal, a_transaction, an_entry

DONE = [{"op": "replace", "path": "/lifecycleStatus", "value": "completed"}]


def _writes(api: Api, **headers: str) -> dict[str, Answer]:
    made = api.agency("POST", "/fhir/Goal", a_goal(of="Patient/ann"), **headers)
    goal = api.agency.make(a_goal(of="Patient/ann"))
    ways: dict[str, Callable[[], Answer]] = {
        "update": lambda: api.agency.put(goal, a_goal(of="Patient/ann"), **headers),
        "update as create": lambda: api.agency.put("Goal/named", a_goal(of="Patient/ann"), **headers),
        "conditional update": lambda: api.agency(
            "PUT", f"/fhir/Goal?_id={goal[5:]}", a_goal(of="Patient/ann"), **headers
        ),
        "conditional create": lambda: api.agency(
            "POST", "/fhir/Goal", a_goal(of="Patient/ann"), If_None_Exist=f"_id={goal[5:]}", **headers
        ),
        "patch": lambda: api.agency(
            "PATCH", f"/fhir/{goal}", DONE, Content_Type="application/json-patch+json", **headers
        ),
    }
    return {"create": made, **{name: write() for name, write in ways.items()}}


WANTED = ["create", "update", "update as create", "conditional update", "conditional create", "patch"]


def test_without_a_preference_the_resource_comes_back(api: Api) -> None:
    for name, answer in _writes(api).items():
        assert answer.json["resourceType"] == "Goal", name
        assert "Preference-Applied" not in answer.headers


@pytest.mark.parametrize(
    "prefer",
    [
        "return=minimal",
        "Return=Minimal",
        'return="minimal"',
        "respond-async, return=minimal",
        "return=minimal; x=1",
    ],
)
def test_minimal_is_headers_only(api: Api, prefer: str) -> None:
    answers = _writes(api, Prefer=prefer)
    assert list(answers) == WANTED
    for name, answer in answers.items():
        assert answer.body == b"", name
        assert answer.headers["Preference-Applied"] == "return=minimal"
        assert answer.headers["ETag"].startswith('W/"')
        assert "Last-Modified" in answer.headers
        assert "/_history/" in answer.headers["Location"]
        assert "Content-Type" not in answer.headers
        assert answer.headers["Content-Length"] == "0"
    assert answers["create"].status == 201
    assert answers["update"].status == 200


def test_an_outcome_says_what_was_done(api: Api) -> None:
    for name, answer in _writes(api, Prefer="return=OperationOutcome").items():
        (issue,) = answer.json["issue"]
        place = answer.headers["Location"].partition("/fhir/")[2].partition("/_history")[0]
        assert (answer.json["resourceType"], issue["severity"]) == ("OperationOutcome", "information"), name
        assert f"`{place}`" in issue["diagnostics"]
        assert answer.headers["Preference-Applied"] == "return=OperationOutcome"


@pytest.mark.parametrize("prefer", ["return=everything", "handling=strict", "", "xreturn=minimal", "return"])
def test_what_is_no_preference_changes_nothing(api: Api, prefer: str) -> None:
    answer = api.agency("POST", "/fhir/Goal", a_goal(of="Patient/ann"), Prefer=prefer)
    assert (answer.status, answer.json["resourceType"]) == (201, "Goal")
    assert "Preference-Applied" not in answer.headers


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_the_entries_of_a_bundle_follow_it(api: Api, kind: str) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    bundle = {
        **a_transaction(
            an_entry("POST", "Goal", a_goal(of="Patient/ann")),
            an_entry("GET", goal),
            an_entry("DELETE", f"Goal/{api.agency.make(a_goal(of='Patient/ann'))[5:]}"),
        ),
        "type": kind,
    }

    def told(prefer: str) -> list[tuple[bool, bool]]:
        answer = api.agency("POST", "/fhir", bundle, **({"Prefer": f"return={prefer}"} if prefer else {}))
        assert answer.status == 200, answer.body
        assert answer.headers.get("Preference-Applied") == (f"return={prefer}" if prefer else None)
        bundle["entry"][2]["request"]["url"] = api.agency.make(a_goal(of="Patient/ann"))
        return [("resource" in e, "outcome" in e["response"]) for e in answer.json["entry"]]

    assert told("") == [(False, False), (True, False), (False, False)]
    assert told("minimal") == [(False, False), (True, False), (False, False)]
    assert told("representation") == [(True, False), (True, False), (False, False)]
    assert told("OperationOutcome") == [(False, True), (True, False), (False, True)]
