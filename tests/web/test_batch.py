"""Batches, and all that a transaction can do besides. https://hl7.org/fhir/R4/http.html#transaction"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from builders import (
    Answer,
    Api,
    Document,
    a_care_plan,
    a_goal,
    a_patient,
    a_transaction,
    an_entry,
)
from careplan_service.app import app_of
from careplan_service.errors import Malformed
from careplan_service.settings import Settings

SYSTEM = "http://example.org/goals"
URN = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0{}"
ANN, GOAL, PLAN = (URN.format(n) for n in range(3))
FHIRPATH: Document = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "replace"},
                {"name": "path", "valueString": "Goal.lifecycleStatus"},
                {"name": "value", "valueCode": "completed"},
            ],
        }
    ],
}
JSON_PATCH: Document = {
    "resourceType": "Binary",
    "contentType": "application/json-patch+json",
    "data": base64.b64encode(
        json.dumps([{"op": "replace", "path": "/lifecycleStatus", "value": "on-hold"}]).encode()
    ).decode(),
}


def a_batch(*entries: Document) -> Document:
    return {"resourceType": "Bundle", "type": "batch", "entry": list(entries)}


def numbered(number: str, **more: Any) -> Document:
    return a_goal(of="Patient/ann", identifier=[{"system": SYSTEM, "value": number}], **more)


def responses(answer: Answer) -> list[Document]:
    return [entry["response"] for entry in answer.json["entry"]]


def statuses(answer: Answer) -> list[str]:
    return [response["status"][:3] for response in responses(answer)]


def references(answer: Answer) -> list[str]:
    return [one["location"].partition("/_history")[0] for one in responses(answer) if "location" in one]


# Batch


def test_every_verb_in_a_batch_is_answered_in_its_place(api: Api) -> None:
    goal, other, old = (api.agency.make(numbered(n)) for n in "123")
    answer = api.agency(
        "POST",
        "/fhir",
        a_batch(
            an_entry("GET", goal),
            an_entry("HEAD", goal),
            an_entry("GET", f"{goal}/_history/1"),
            an_entry("GET", f"{goal}/_history"),
            an_entry("GET", f"Goal?identifier={SYSTEM}|2"),
            an_entry("GET", "metadata"),
            an_entry("GET", goal, ifNoneMatch='W/"1"'),
            an_entry("GET", goal, ifModifiedSince="2026-06-01T12:00:00Z"),
            an_entry("POST", "Goal", numbered("4")),
            an_entry("POST", "Goal", numbered("4"), ifNoneExist=f"identifier={SYSTEM}|4"),
            an_entry("PUT", goal, {**numbered("1"), "id": goal[5:]}, ifMatch='W/"1"'),
            an_entry("PUT", f"Goal?identifier={SYSTEM}|2", numbered("2")),
            an_entry("PATCH", other, FHIRPATH),
            an_entry("PATCH", f"Goal?identifier={SYSTEM}|1", JSON_PATCH),
            an_entry("DELETE", old),
            an_entry("DELETE", f"Goal?identifier={SYSTEM}|4"),
        ),
    )
    assert (answer.status, answer.json["type"]) == (200, "batch-response")
    assert statuses(answer) == "200 200 200 200 200 200 304 304 201 200 200 200 200 200 204 204".split()
    entries = answer.json["entry"]
    assert entries[0]["resource"]["id"] == goal[5:]
    assert entries[0]["response"] == {
        "status": "200 OK",
        "etag": 'W/"1"',
        "lastModified": entries[0]["resource"]["meta"]["lastUpdated"],
    }
    assert ["resource" in entry for entry in entries] == [True, False, True, True, True, True] + [False] * 10
    assert entries[4]["resource"]["total"] == 1
    assert api.agency.get(f"/fhir/{other}").json["lifecycleStatus"] == "completed"
    assert api.agency.get(f"/fhir/{goal}").json["lifecycleStatus"] == "on-hold"


def test_a_failing_entry_of_a_batch_leaves_the_others(api: Api) -> None:
    goal = api.agency.make(numbered("1"))
    failing = [
        (an_entry("GET", "Goal/never-was"), "404"),
        (an_entry("GET", "Goal?foo=1"), "400"),
        (an_entry("GET", "Foo"), "404"),
        (an_entry("GET", "a/b/c/d/e"), "404"),
        (an_entry("GET", "http://elsewhere/fhir/Goal"), "400"),
        (an_entry("GET", "/Goal"), "400"),
        (an_entry("GET", "Goal?x=%00"), "400"),
        (an_entry("GET", f"{goal}?_format=xml"), "406"),
        (an_entry("GET", ""), "422"),
        (an_entry("POST", ""), "422"),
        (an_entry("POST", "Goal", {**numbered("2"), "lifecycleStatus": "odd"}), "422"),
        (an_entry("POST", "Goal/1", numbered("2")), "422"),
        (an_entry("POST", "Goal", numbered("2"), ifNoneExist="_count=1"), "400"),
        (an_entry("PUT", goal, {**numbered("2"), "id": "x"}), "400"),
        (an_entry("PUT", goal, {**numbered("2"), "id": goal[5:]}, ifMatch='W/"7"'), "412"),
        (an_entry("PATCH", "Goal/never-was", FHIRPATH), "404"),
        (an_entry("PATCH", goal, numbered("2")), "422"),
        (an_entry("DELETE", "Goal/never-was"), "404"),
        (an_entry("DELETE", "Goal"), "422"),
        (an_entry("SEND", "Goal"), "422"),
    ]
    sent = [entry for entry, _ in failing if entry["request"]["url"]]
    answer = api.agency("POST", "/fhir", a_batch(*sent, an_entry("POST", "Goal", numbered("3"))))
    assert answer.status == 200, answer.body
    wanted = [status for entry, status in failing if entry in sent]
    assert statuses(answer) == [*wanted, "201"]
    for response in responses(answer)[:-1]:
        assert response["outcome"]["issue"][0]["diagnostics"]
        assert "location" not in response
    assert api.agency.get(f"/fhir/{goal}").headers["ETag"] == 'W/"1"'
    assert api.agency.get("/fhir/Goal").json["total"] == 2
    for entry, _ in failing:
        if entry not in sent:
            assert api.agency("POST", "/fhir", a_batch(entry)).status == 422


def test_a_batch_of_nothing_is_answered_with_nothing(api: Api) -> None:
    answer = api.agency("POST", "/fhir", {"resourceType": "Bundle", "type": "batch"})
    assert (answer.status, answer.json) == (200, {"resourceType": "Bundle", "type": "batch-response"})


def test_what_a_batch_did_is_in_the_audit_log_entry_by_entry(api: Api) -> None:
    goal = api.agency.make(numbered("1"))
    answer = api.agency(
        "POST",
        "/fhir",
        a_batch(
            an_entry("GET", goal),
            an_entry("POST", "Goal", numbered("2")),
            an_entry("DELETE", "Goal/never-was"),
            an_entry("GET", "Goal/never-was"),
        ),
    )
    rows = [(r["interaction"], r["asked"], r["status"], r["shown"]) for r in api.audit()[1:]]
    assert rows == [
        ("create", "POST Goal", 201, f"{references(answer)[0]}/_history/1"),
        ("delete", "DELETE Goal/never-was", 404, ""),
        ("batch", "GET Goal/never-was", 404, ""),
        ("batch", "POST /fhir", 200, f"{goal}/_history/1"),
    ]


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_the_number_of_entries_is_bounded_as_set(api: Api, kind: str) -> None:
    service = replace(api.service, settings=replace(api.service.settings, max_entries=3))
    few = Api.__new__(Api)
    few.__dict__.update(api.__dict__)
    few.service, few.http = service, app_of(service).test_client()
    for number, status in ((3, 200), (4, 413)):
        bundle = {**a_batch(*[an_entry("GET", "Goal")] * number), "type": kind}
        assert (
            Answer(
                few.http.post(
                    "/fhir", json=bundle, headers={"Authorization": f"Bearer {api.token('agency')}"}
                )
            ).status
            == status
        )


# Transaction


def test_reads_in_a_transaction_see_what_it_wrote(api: Api) -> None:
    goal = api.agency.make(numbered("1"))
    answer = api.agency(
        "POST",
        "/fhir",
        a_transaction(
            an_entry("GET", f"Goal?identifier={SYSTEM}|2"),
            an_entry("GET", goal),
            an_entry("POST", "Goal", numbered("2")),
            an_entry("PATCH", goal, FHIRPATH),
        ),
    )
    assert statuses(answer) == ["200", "200", "201", "200"]
    found, read = (entry["resource"] for entry in answer.json["entry"][:2])
    assert found["total"] == 1
    assert (read["lifecycleStatus"], read["meta"]["versionId"]) == ("completed", "2")
    (row,) = (row for row in api.audit() if row["interaction"] == "transaction")
    assert f"{goal}/_history/2" in row["shown"].split("\n")


def test_a_read_that_fails_undoes_the_transaction(api: Api) -> None:
    answer = api.agency(
        "POST",
        "/fhir",
        a_transaction(an_entry("POST", "Goal", numbered("2")), an_entry("GET", "Goal/never-was")),
    )
    assert (answer.status, answer.faults[0][0]) == (404, "Bundle.entry[1]")
    assert api.agency.get("/fhir/Goal").json["total"] == 0


def test_conditions_find_what_is_there_and_links_lead_to_it(api: Api) -> None:
    there = api.agency.make(a_patient("Ann", identifier=[{"system": SYSTEM, "value": "ann"}]))
    old = api.agency.make(numbered("old"))
    plan = a_transaction(
        an_entry("POST", "CarePlan", a_care_plan(ANN, goals=(GOAL,)), fullUrl=PLAN),
        an_entry("PUT", f"Goal?identifier={SYSTEM}|old", {**numbered("old"), "subject": {"reference": ANN}},
                 fullUrl=GOAL),
        an_entry("POST", "Patient", a_patient(), fullUrl=ANN, ifNoneExist=f"identifier={SYSTEM}|ann"),
    )  # fmt: skip
    answer = api.agency("POST", "/fhir", plan)
    assert statuses(answer) == ["201", "200", "200"]
    made = references(answer)[0]
    assert references(answer)[1:] == [old, there]
    kept = api.agency.get(f"/fhir/{made}").json
    assert (kept["subject"]["reference"], kept["goal"][0]["reference"]) == (there, old)
    assert api.agency.get(f"/fhir/{old}").json["subject"]["reference"] == there
    assert api.agency.get("/fhir/Patient").json["total"] == 1
    assert api.agency.get(f"/fhir/CarePlan?subject={there}").json["total"] == 1


def test_conditions_that_find_nothing_make_what_links_lead_to(api: Api) -> None:
    answer = api.agency(
        "POST",
        "/fhir",
        a_transaction(
            an_entry("PUT", f"Goal?identifier={SYSTEM}|1", a_goal(of=ANN), fullUrl=GOAL),
            an_entry("PUT", f"Goal?identifier={SYSTEM}|2", {**a_goal(of=ANN), "id": "named"}),
            an_entry("POST", "CarePlan", a_care_plan(ANN, goals=(GOAL,))),
            an_entry("POST", "Patient", a_patient(), fullUrl=ANN, ifNoneExist=f"identifier={SYSTEM}|ann"),
        ),
    )
    assert statuses(answer) == ["201"] * 4
    goal, named, plan, ann = references(answer)
    assert named == "Goal/named"
    kept = api.agency.get(f"/fhir/{plan}").json
    assert (kept["subject"]["reference"], kept["goal"][0]["reference"]) == (ann, goal)


def test_conditional_references_find_one_resource_even_of_this_transaction(api: Api) -> None:
    by_number = f"Patient?identifier={SYSTEM}|ann"
    new = an_entry("POST", "Patient", a_patient("Ann", identifier=[{"system": SYSTEM, "value": "ann"}]))
    goal = an_entry("POST", "Goal", a_goal(of=by_number))
    refused = api.agency("POST", "/fhir", a_transaction(goal))
    assert (refused.status, refused.faults[0][0]) == (422, "Bundle.entry[0].resource.subject")
    assert by_number in refused.faults[0][1]
    answer = api.agency("POST", "/fhir", a_transaction(goal, new))
    made, ann = references(answer)
    assert api.agency.get(f"/fhir/{made}").json["subject"]["reference"] == ann
    there = api.agency("POST", "/fhir", a_transaction(goal))
    assert api.agency.get(f"/fhir/{references(there)[0]}").json["subject"]["reference"] == ann
    several = api.agency("POST", "/fhir", a_transaction(goal, new))
    assert (several.status, several.faults[0][0]) == (412, "Bundle.entry[0].resource.subject")
    assert api.agency.get("/fhir/Patient").json["total"] == 1
    assert api.agency.get("/fhir/Goal").json["total"] == 2


def test_a_hidden_resource_is_no_target_of_a_conditional_reference(api: Api) -> None:
    api.agency.make(a_patient("Ann", identifier=[{"system": SYSTEM, "value": "ann"}]))
    answers = [
        api.partner(
            "POST",
            "/fhir",
            a_transaction(an_entry("POST", "Goal", a_goal(of=f"Patient?identifier={SYSTEM}|{who}"))),
        )
        for who in ("ann", "bob")
    ]
    assert answers[0].status == 422
    assert answers[0].body.replace(b"|ann", b"|bob") == answers[1].body


def test_what_is_touched_twice_by_conditions_fails_the_transaction(api: Api) -> None:
    goal = api.agency.make(numbered("1"))
    by_number, other = f"Goal?identifier={SYSTEM}|1", f"Goal?identifier={SYSTEM}|2"
    put = an_entry("PUT", goal, {**numbered("1"), "id": goal[5:]})
    new = an_entry("POST", "Goal", numbered("2"), ifNoneExist=f"identifier={SYSTEM}|2")
    for pair in (
        (put, an_entry("PUT", by_number, numbered("1"))),
        (put, an_entry("DELETE", by_number)),
        (an_entry("DELETE", by_number), an_entry("PATCH", goal, FHIRPATH)),
        (new, new),
        (new, an_entry("PUT", other, numbered("2"))),
    ):
        answer = api.agency("POST", "/fhir", a_transaction(*pair))
        assert (answer.status, answer.faults[0][0]) == (422, "Bundle.entry[1]"), answer.body
    found = an_entry("POST", "Goal", numbered("1"), ifNoneExist=f"identifier={SYSTEM}|1")
    assert statuses(api.agency("POST", "/fhir", a_transaction(found, put, found))) == ["200"] * 3
    assert api.agency.get("/fhir/Goal").json["total"] == 1


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_condition_without_a_match_fails_what_needs_one(api: Api, method: str) -> None:
    body = FHIRPATH if method == "PATCH" else None
    answer = api.agency(
        "POST",
        "/fhir",
        a_transaction(
            an_entry("POST", "Goal", numbered("2")), an_entry(method, f"Goal?identifier={SYSTEM}|1", body)
        ),
    )
    assert (answer.status, answer.faults[0][0]) == (404, "Bundle.entry[1]")
    assert api.agency.get("/fhir/Goal").json["total"] == 0


def test_links_in_narratives_and_addresses_are_resolved_and_canonicals_are_not(api: Api) -> None:
    root = "https://example.org/fhir"
    div = (
        f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{GOAL}">one</a> <a href=\'{GOAL}\'>two</a> '
        f'<img alt="{ANN}" src="{ANN}"/> {GOAL} <a href="{GOAL}#x">x</a></div>'
    )
    plan = a_care_plan(
        ANN,
        goals=(GOAL, f"{root}/Goal/7", f"{root}/Goal/7/_history/2"),
        text={"status": "additional", "div": div},
        instantiatesUri=[GOAL, "https://example.org/protocol"],
        instantiatesCanonical=[GOAL],
        title=GOAL,
        extension=[{"url": "http://example.org/x", "valueUri": ANN}, {"url": GOAL, "valueString": GOAL}],
    )
    answer = api.agency(
        "POST",
        "/fhir",
        a_transaction(
            an_entry("POST", "CarePlan", plan, fullUrl=f"{root}/CarePlan/1"),
            an_entry("POST", "Goal", a_goal(of="Patient/5"), fullUrl=f"{root}/Goal/7"),
            an_entry("POST", "Goal", a_goal(of=ANN), fullUrl=GOAL),
            an_entry("POST", "Patient", a_patient("Ann"), fullUrl=ANN),
            an_entry("POST", "Patient", a_patient("Eve"), fullUrl=f"{root}/Patient/5"),
        ),
    )
    assert answer.status == 200, answer.body
    made, seven, goal, ann, eve = references(answer)
    kept = api.agency.get(f"/fhir/{made}").json
    assert kept["text"]["div"] == (
        f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{goal}">one</a> <a href="{goal}">two</a> '
        f'<img alt="{ANN}" src="{ann}"/> {GOAL} <a href="{GOAL}#x">x</a></div>'
    )
    wanted = [goal, seven, f"{root}/Goal/7/_history/2"]
    assert [one["reference"] for one in kept["goal"]] == wanted
    assert kept["instantiatesUri"] == [goal, "https://example.org/protocol"]
    assert (kept["instantiatesCanonical"], kept["title"]) == ([GOAL], GOAL)
    assert kept["extension"] == [
        {"url": "http://example.org/x", "valueUri": ann},
        {"url": goal, "valueString": GOAL},
    ]
    # relative to the entry's own fullUrl
    assert api.agency.get(f"/fhir/{seven}").json["subject"]["reference"] == eve


def test_slashes_that_are_escaped_are_the_same_slashes(api: Api) -> None:
    link = "https://example.org/fhir/Patient/5"
    bundle = json.dumps(
        a_transaction(
            an_entry("POST", "Goal", a_goal(of=link)),
            an_entry("POST", "Patient", a_patient("Eve"), fullUrl=link),
        )
    ).replace("/", "\\/")
    goal, eve = references(api.agency("POST", "/fhir", bundle))
    assert api.agency.get(f"/fhir/{goal}").json["subject"]["reference"] == eve


def test_a_copy_that_was_cut_is_refused_in_a_transaction_too(api: Api) -> None:
    tag = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
    goal = api.agency.make(numbered("1"))
    cut = {**numbered("1"), "id": goal[5:], "meta": {"tag": [tag]}}
    for entry in (an_entry("PUT", goal, cut), an_entry("PUT", f"Goal?identifier={SYSTEM}|1", cut)):
        answer = api.agency("POST", "/fhir", a_transaction(entry))
        assert (answer.status, answer.faults[0][0]) == (422, "Bundle.entry[0].resource.meta.tag[0]")


# Settings


@pytest.mark.parametrize(
    ("name", "text"),
    [("MAX_ENTRIES", "0"), ("MAX_ENTRIES", "-1"), ("MAX_ENTRIES", "many"), ("REFERENCES", "loose")],
)
def test_a_setting_that_means_nothing_is_refused_by_its_name(name: str, text: str) -> None:
    with pytest.raises(Malformed, match=f"`CAREPLAN_{name}` is `{text}`"):
        Settings.from_env({f"CAREPLAN_{name}": text})


def test_references_are_enforced_unless_they_are_opened() -> None:
    read = Settings.from_env({"CAREPLAN_MAX_ENTRIES": "7", "CAREPLAN_REFERENCES": "open"})
    assert (read.max_entries, read.references) == (7, "open")
    assert (Settings().max_entries, Settings().references) == (2000, "enforced")
