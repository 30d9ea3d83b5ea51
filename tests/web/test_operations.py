"""`$validate` and `$meta` over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from builders import FOOD, HOUSING, PARTNER, Api, a_consent, a_goal, a_patient, a_provision, coding

US_CORE_GOAL = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-goal"


def _parameters(**given: Any) -> dict[str, Any]:
    values = {"mode": "valueCode", "profile": "valueUri", "resource": "resource"}
    parts = [{"name": name, values[name]: value} for name, value in given.items()]
    return {"resourceType": "Parameters", "parameter": parts}


def _errors(answer: Any) -> list[str | None]:
    assert answer.status == 200, answer.body
    assert answer.json["resourceType"] == "OperationOutcome"
    return [
        (issue.get("expression") or [None])[0]
        for issue in answer.json["issue"]
        if issue["severity"] in ("error", "fatal")
    ]


GOAL = a_goal(of="Patient/ann")
NO_STATUS = {name: value for name, value in GOAL.items() if name != "lifecycleStatus"}


@pytest.mark.parametrize("path", ["/fhir/$validate", "/fhir/Goal/$validate", "/fhir/Goal/x/$validate"])
def test_a_resource_is_judged_and_not_kept(api: Api, path: str) -> None:
    assert _errors(api.agency("POST", path, GOAL)) == []
    assert _errors(api.agency("POST", path, _parameters(resource=GOAL))) == []
    assert _errors(api.agency("POST", path, NO_STATUS)) == ["Goal.lifecycleStatus"]
    assert _errors(api.agency("POST", path, _parameters(resource=NO_STATUS))) == ["Goal.lifecycleStatus"]
    assert api.agency.get("/fhir/Goal").json["total"] == 0


def test_the_type_of_the_address_counts(api: Api) -> None:
    assert _errors(api.agency("POST", "/fhir/Patient/$validate", GOAL)) == ["Patient.resourceType"]
    assert api.agency("POST", "/fhir/Device/$validate", GOAL).status == 404
    assert api.agency("POST", "/fhir/$validate", {"resourceType": "Device"}).status == 404


@pytest.mark.parametrize("way", ["query", "parameters", "claimed"])
def test_a_profile_counts_however_it_is_named(api: Api, way: str) -> None:
    plan: dict[str, Any] = {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "subject": {"reference": "Patient/a"},
    }
    url = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-careplan"
    path, body = "/fhir/CarePlan/$validate", plan
    if way == "query":
        path = f"{path}?profile={url}"
    elif way == "parameters":
        body = _parameters(resource=plan, profile=url)
    else:
        body = {**plan, "meta": {"profile": [url]}}
    assert "CarePlan.category" in _errors(api.agency("POST", path, body))
    assert _errors(api.agency("POST", "/fhir/CarePlan/$validate", plan)) == []


def test_a_profile_that_is_not_known_is_no_yes(api: Api) -> None:
    answer = api.agency("POST", "/fhir/Goal/$validate?profile=http://example.org/mine", GOAL)
    assert _errors(answer) == ["Goal"]
    assert US_CORE_GOAL in answer.json["issue"][0]["diagnostics"]


def test_what_is_stored_is_judged_where_no_resource_is_sent(api: Api) -> None:
    goal = api.agency.make(a_goal(of=api.agency.make(a_patient("Ann"))))
    for query in ("", f"?profile={US_CORE_GOAL}", "?mode=delete"):
        assert _errors(api.agency.get(f"/fhir/{goal}/$validate{query}")) == []
    assert _errors(api.agency("POST", f"/fhir/{goal}/$validate", _parameters(mode="delete"))) == []
    for path in (goal, "Goal/nobody"):
        hidden = api.partner.get(f"/fhir/{path}/$validate")
        assert (hidden.status, hidden.body) == (404, api.partner.get("/fhir/Goal/nobody").body)
    wrong = _parameters(mode="update", resource={**GOAL, "id": "other"})
    assert _errors(api.agency("POST", f"/fhir/{goal}/$validate", wrong)) == ["Goal.id"]


@pytest.mark.parametrize(
    ("body", "query", "says"),
    [
        (b"{", "", "not JSON"),
        (GOAL, "?mode=guess", "`mode` is `guess`"),
        (_parameters(), "", "send the resource"),
        (_parameters(mode="delete"), "", "`Type/id/$validate`"),
        (GOAL, "?colour=red", "`colour`"),
    ],
)
def test_what_cannot_be_read_is_refused(api: Api, body: Any, query: str, says: str) -> None:
    answer = api.agency("POST", f"/fhir/Goal/$validate{query}", body)
    assert (answer.status, says in answer.faults[0][1]) == (400, True), answer.body


def _meta(answer: Any) -> dict[str, Any]:
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json["parameter"][0].get("valueMeta", {})
    return found


def test_meta_tells_the_labels_of_one_of_a_type_and_of_all(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann", meta={"tag": [coding("urn:t", "a")]}))
    profile = "http://example.org/p"
    goal = api.agency.make(a_goal(of=ann, about=HOUSING, labels=("R",), meta={"profile": [profile]}))
    api.agency.make(a_goal(of=ann, about=FOOD, meta={"tag": [coding("urn:t", "b")]}))
    one = _meta(api.agency.get(f"/fhir/{goal}/$meta"))
    assert (one["versionId"], one["profile"], one["security"][0]["code"]) == ("1", [profile], "R")
    assert _meta(api.agency.get(f"/fhir/{goal}/_history/1/$meta")) == one
    of_type = _meta(api.agency.get("/fhir/Goal/$meta"))
    assert (of_type["profile"], [t["code"] for t in of_type["tag"]]) == ([profile], ["b"])
    assert {t["code"] for t in _meta(api.agency.get("/fhir/$meta"))["tag"]} == {"a", "b"}


def test_meta_tells_nothing_of_what_is_hidden(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    hidden = api.agency.make(a_goal(of=ann, about=FOOD, meta={"tag": [coding("urn:t", "hidden")]}))
    api.agency.make(a_goal(of=ann, about=HOUSING, meta={"tag": [coding("urn:t", "shown")]}))
    assert _meta(api.partner.get("/fhir/$meta")) == {}
    api.agency.make(a_consent(ann, a_provision(to=PARTNER, purpose=["COC"], codes=[HOUSING])))
    for path in ("/fhir/$meta", "/fhir/Goal/$meta"):
        assert [t["code"] for t in _meta(api.partner.get(path))["tag"]] == ["shown"]
    assert api.partner.get(f"/fhir/{hidden}/$meta").status == 404
