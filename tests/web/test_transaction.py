"""Transactions over HTTP: all or nothing, references resolved, faults placed.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

import json

from builders import (
    Answer,
    Api,
    Document,
    a_care_plan,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
    a_transaction,
    an_entry,
    an_example,
)

URN = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0{}"
JSON_PATCH = "application/json-patch+json"
ANN, GOAL, PLAN = (URN.format(n) for n in range(3))


def _plan() -> Document:
    """A patient, her goal and her plan, sent with the plan first."""
    return a_transaction(
        an_entry("POST", "CarePlan", a_care_plan(ANN, goals=(GOAL,)), fullUrl=PLAN),
        an_entry("POST", "Goal", a_goal(of=ANN), fullUrl=GOAL),
        an_entry("POST", "Patient", a_patient("Ann"), fullUrl=ANN),
    )


def _places(answer: Answer) -> list[str]:
    """The stored references `Type/id` of a transaction-response."""
    entries = answer.json["entry"]
    return [
        entry["response"]["location"].partition("/_history")[0]
        for entry in entries
        if "location" in entry["response"]
    ]


def _everything(api: Api) -> dict[str, int]:
    return {
        type_: api.agency.get(f"/fhir/{type_}").json["total"]
        for type_ in ("Patient", "Goal", "CarePlan", "Consent")
    }


def test_entries_refer_to_each_other_by_urn_and_are_answered_in_their_order(api: Api) -> None:
    answer = api.agency("POST", "/fhir", _plan())
    assert (answer.status, answer.json["type"]) == (200, "transaction-response")
    plan, goal, ann = _places(answer)
    assert [reference.partition("/")[0] for reference in (plan, goal, ann)] == ["CarePlan", "Goal", "Patient"]
    read = api.agency.get(f"/fhir/{plan}").json
    assert (read["goal"], read["subject"]) == ([{"reference": goal}], {"reference": ann})
    assert [entry["response"] for entry in answer.json["entry"]][2] == {
        "status": "201 Created",
        "etag": 'W/"1"',
        "lastModified": "2026-06-01T12:00:00.000Z",
        "location": f"{ann}/_history/1",
    }
    assert api.agency.get(f"/fhir/Goal?patient={ann}").ids == [goal[5:]]


def test_deletes_come_before_creates_and_creates_before_updates(api: Api) -> None:
    old, changed = (api.agency.make(a_goal(of="Patient/ann")) for _ in range(2))
    answer = api.agency(
        "POST",
        "/fhir",
        a_transaction(
            an_entry("PUT", changed, {**a_goal(of=ANN), "id": changed[5:]}, ifMatch='W/"1"'),
            an_entry("PUT", "Goal/named", {**a_goal(of="Patient/ann"), "id": "named"}),
            an_entry("POST", "Patient", a_patient("Ann"), fullUrl=ANN),
            an_entry("DELETE", old),
        ),
    )
    assert [entry["response"]["status"] for entry in answer.json["entry"]] == [
        "200 OK",
        "201 Created",
        "201 Created",
        "204 No Content",
    ]
    assert api.agency.get(f"/fhir/{changed}").json["subject"]["reference"] == _places(answer)[2]
    assert api.agency.get(f"/fhir/{old}").status == 410
    (row,) = (row for row in api.audit() if row["interaction"] == "transaction")
    shown = [place.partition("/_history")[0] for place in row["shown"].split("\n")]
    assert shown == [old, _places(answer)[2], changed, "Goal/named"]
    updated = [api.agency.get(f"/fhir/{one}").json["meta"]["lastUpdated"] for one in _places(answer)]
    assert updated == ["2026-06-01T12:00:00.001Z", "2026-06-01T12:00:00.000Z", "2026-06-01T12:00:00.000Z"]


def test_an_update_entry_may_be_referred_to_by_its_urn(api: Api) -> None:
    answer = api.agency(
        "POST",
        "/fhir",
        a_transaction(
            an_entry("POST", "Goal", a_goal(of=ANN)),
            an_entry("PUT", "Patient/ann", {**a_patient("Ann"), "id": "ann"}, fullUrl=ANN),
        ),
    )
    assert api.agency.get(f"/fhir/{_places(answer)[0]}").json["subject"] == {"reference": "Patient/ann"}


def test_only_references_are_rewritten(api: Api) -> None:
    text = f'see {GOAL} and "reference": "{GOAL}"'
    goal = a_goal(of=ANN, note=[{"text": text}], identifier=[{"system": "urn:ietf:rfc:3986", "value": GOAL}])
    bundle = a_transaction(
        an_entry("POST", "Goal", goal, fullUrl=GOAL), an_entry("POST", "Patient", a_patient(), fullUrl=ANN)
    )
    kept = api.agency.get(f"/fhir/{_places(api.agency('POST', '/fhir', bundle))[0]}").json
    assert (kept["note"], kept["identifier"]) == (goal["note"], goal["identifier"])


BROKEN_ENTRIES: dict[str, tuple[Document, str]] = {
    "no request": ({"resource": a_goal(of="Patient/ann")}, "request"),
    "an empty request": ({"resource": a_goal(of="Patient/ann"), "request": {}}, "request"),
    "an unknown method": (an_entry("SEND", "Goal", a_goal(of="Patient/ann")), ""),
    "a patch that is none": (an_entry("PATCH", "Goal/1", a_goal(of="Patient/ann")), "resourceType"),
    "a patch that is not base64": (
        an_entry("PATCH", "Goal/1", {"resourceType": "Binary", "contentType": JSON_PATCH, "data": "%"}),
        "data",
    ),
    "a method that is no text": ({"request": {"method": ["x"], "url": "Goal"}}, "request.method"),
    "a match that is no text": (an_entry("DELETE", "Goal/1", ifMatch=1), "request.ifMatch"),
    "a url that is no text": ({"request": {"method": "DELETE", "url": {"x": 1}}}, "request.url"),
    "an element unknown to R4": ({**an_entry("DELETE", "Goal/1"), "extra": 1}, "extra"),
    "a fullUrl that is no text": ({**an_entry("DELETE", "Goal/1"), "fullUrl": 5}, "fullUrl"),
    "an unknown type": (an_entry("POST", "Foo", {"resourceType": "Foo"}), ""),
    "an id on POST": (an_entry("POST", "Goal/1", a_goal(of="Patient/ann")), ""),
    "no id on PUT": (an_entry("PUT", "Goal", a_goal(of="Patient/ann")), ""),
    "a query on POST": (an_entry("POST", "Goal?identifier=1", a_goal(of="Patient/ann")), ""),
    "an id and a query": (an_entry("DELETE", "Goal/1?identifier=1"), ""),
    "an absolute url": (an_entry("DELETE", "http://elsewhere/fhir/Goal/1"), ""),
    "no resource": (an_entry("POST", "Goal"), ""),
    "a resource that is no object": ({**an_entry("POST", "Goal"), "resource": 5}, "resource"),
    "a condition of another method": (
        an_entry("PUT", "Goal/1", a_goal(of="Patient/ann"), ifNoneExist="identifier=1"),
        "",
    ),
    "a read condition": (an_entry("DELETE", "Goal/1", ifModifiedSince="2026-01-01T00:00:00Z"), ""),
    "a version to create": (an_entry("POST", "Goal", a_goal(of="Patient/ann"), ifMatch='W/"1"'), ""),
    "a version that is none": (an_entry("DELETE", "Goal/1", ifMatch="1"), ""),
    "another type": (an_entry("POST", "CarePlan", a_goal(of="Patient/ann")), "resource.resourceType"),
    "another id": (an_entry("PUT", "Goal/1", {**a_goal(of="Patient/ann"), "id": "2"}), "resource.id"),
    "no id in the resource": (an_entry("PUT", "Goal/1", a_goal(of="Patient/ann")), "resource.id"),
    "a fault": (an_entry("POST", "Goal", a_goal(of="Patient/ann", startDate="soon")), "resource.start"),
    "an unresolved urn": (an_entry("POST", "Goal", a_goal(of=PLAN)), "resource.subject.reference"),
    "a conditional reference": (
        an_entry("POST", "Goal", a_goal(of="Patient?identifier=1")),
        "resource.subject",
    ),
    "a conditional reference to what is not served": (
        an_entry(
            "POST", "Provenance", {**an_example("Provenance", ""), "target": [{"reference": "Media?_id=1"}]}
        ),
        "resource.target[0]",
    ),
    "an unenforceable consent": (
        an_entry(
            "POST",
            "Consent",
            a_consent(
                "Patient/ann",
                {**a_provision(), "data": [{"meaning": "instance", "reference": {"display": "it"}}]},
            ),
        ),
        "resource.provision.data[0]",
    ),
}


def test_a_broken_entry_is_named_by_its_place_and_nothing_of_the_transaction_is_kept(api: Api) -> None:
    before = _everything(api)
    good = an_entry("POST", "Goal", a_goal(of="Patient/ann"))
    for name, (entry, where) in BROKEN_ENTRIES.items():
        answer = api.agency("POST", "/fhir", a_transaction(good, entry, good))
        place = "Bundle.entry[1]" + (f".{where}" if where else "")
        assert answer.status == 422, (name, answer.body)
        assert [expression for expression, _ in answer.faults] == [place], (name, answer.faults)
    assert _everything(api) == before


def test_the_faults_of_all_entries_are_told_at_once(api: Api) -> None:
    bad = a_goal(of="Patient/ann", lifecycleStatus="odd", startDate="soon")
    answer = api.agency(
        "POST", "/fhir", a_transaction(an_entry("POST", "Goal", bad), an_entry("POST", "Goal", bad))
    )
    assert sorted({str(expression) for expression, _ in answer.faults}) == [
        f"Bundle.entry[{n}].resource.{name}" for n in (0, 1) for name in ("lifecycleStatus", "start")
    ]


def test_nothing_stands_in_a_transaction_twice(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    put = an_entry("PUT", goal, {**a_goal(of="Patient/ann"), "id": goal[5:]})
    post = an_entry("POST", "Goal", a_goal(of="Patient/ann"), fullUrl=GOAL)
    for entries in ((put, put), (put, an_entry("DELETE", goal)), (post, post)):
        answer = api.agency("POST", "/fhir", a_transaction(*entries))
        assert (answer.status, answer.faults[0][0]) == (422, "Bundle.entry[1]")
    assert api.agency.get(f"/fhir/{goal}/_history").json["total"] == 1


def test_what_is_no_transaction_is_refused(api: Api) -> None:
    wrong: list[Document] = [
        a_goal(of="Patient/ann"),
        {**_plan(), "type": "searchset"},
        {**_plan(), "entry": None},
        {**_plan(), "entry": {}},
        {**_plan(), "entry": ["x"]},
        {**_plan(), "entry": []},
        {**_plan(), "kind": "x"},
        {"resourceType": "Bundle"},
    ]
    for bundle in wrong:
        assert api.agency("POST", "/fhir", bundle).status == 422, bundle
    escaped = json.dumps(_plan()).replace('"entry"', '"\\u0065ntry"')
    assert api.agency("POST", "/fhir", escaped).status == 400
    assert api.agency("POST", "/fhir", {"resourceType": "Bundle", "type": "transaction"}).status == 200
    assert _everything(api) == {"Patient": 0, "Goal": 0, "CarePlan": 0, "Consent": 0}


def test_a_failing_entry_undoes_what_came_before_it_and_is_placed(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    changed = {**a_goal(of="Patient/ann"), "id": goal[5:]}
    for last, status in (
        (an_entry("PUT", goal, changed, ifMatch='W/"9"'), 412),
        (an_entry("DELETE", "Goal/never-was"), 404),
    ):
        answer = api.agency(
            "POST", "/fhir", a_transaction(an_entry("POST", "Goal", a_goal(of="Patient/ann")), last)
        )
        assert (answer.status, answer.faults[0][0]) == (status, "Bundle.entry[1]"), answer.body
    assert api.agency.get("/fhir/Goal").ids == [goal[5:]]
    assert api.agency.get(f"/fhir/{goal}").headers["ETag"] == 'W/"1"'


def test_a_token_must_allow_every_entry(api: Api) -> None:
    for scope in ("system/Goal.cruds system/CarePlan.cruds", "system/*.ruds", "system/*.rus"):
        assert api.asking("agency", scope=scope)("POST", "/fhir", _plan()).status == 403
    assert _everything(api) == {"Patient": 0, "Goal": 0, "CarePlan": 0, "Consent": 0}
    assert api.asking("agency", scope="system/*.c")("POST", "/fhir", _plan()).status == 200


def test_a_partner_contributes_in_a_transaction_and_reaches_nothing_hidden(api: Api) -> None:
    hidden = api.agency.make(a_goal(of="Patient/ann"))
    own = _places(api.partner("POST", "/fhir", _plan()))[1]
    assert api.partner.get(f"/fhir/{own}").status == 200
    tries = [
        entry
        for target in (hidden, "Goal/" + "0" * 36)
        for entry in (
            an_entry("PUT", target, {**a_goal(of="Patient/ann"), "id": target[5:]}),
            an_entry("DELETE", target),
        )
    ]
    answers = [api.partner("POST", "/fhir", a_transaction(an_entry("DELETE", own), one)) for one in tries]
    assert {(answer.status, answer.body) for answer in answers} == {(404, answers[0].body)}
    assert api.partner.get(f"/fhir/{own}").status == 200
    active = an_entry("POST", "Consent", a_consent("Patient/ann", a_provision(to="Organization/partner")))
    refused = api.partner("POST", "/fhir", a_transaction(an_entry("DELETE", own), active))
    assert (refused.status, refused.faults[0][0]) == (403, "Bundle.entry[1].resource.status")
    assert api.partner.get(f"/fhir/{own}").status == 200


def test_ten_thousand_entries_are_too_many(api: Api) -> None:
    answer = api.agency(
        "POST", "/fhir", a_transaction(*[an_entry("DELETE", f"Goal/{n}") for n in range(10_000)])
    )
    assert (answer.status, answer.json["issue"][0]["code"]) == (413, "too-long")


def test_a_transaction_leaves_one_audit_row_with_all_it_wrote(api: Api) -> None:
    answer = api.agency("POST", "/fhir", _plan())
    (row,) = api.audit()
    assert (row["interaction"], row["status"], row["asked"]) == ("transaction", 200, "POST /fhir")
    assert sorted(row["shown"].split("\n")) == sorted(f"{place}/_history/1" for place in _places(answer))
