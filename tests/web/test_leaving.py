"""What leaves: references to what is hidden are taken out, on every path, and no search finds them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from builders import (
    ACT_CODE,
    AGENCY,
    CONFIDENTIALITY,
    DOMAIN,
    FOOD,
    HOUSING,
    PARTNER,
    Api,
    As,
    Document,
    a_care_plan,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
    a_transaction,
    an_entry,
    an_example,
    concept,
)
from careplan_service.resources import r4

ANN = "Patient/ann"
OPEN, HIDDEN = "Goal/open", "Goal/hidden"
SECRET = "hiv"
REDACTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "REDACTED"}
XML = "application/fhir+xml"


def named(reference: str) -> Document:
    """A reference that says more than where it leads."""
    return {"reference": reference, "display": SECRET, "identifier": {"value": SECRET}}


def a_plan() -> Document:
    """A CarePlan that names the hidden goal and an absent task in every kind of place."""
    about = {"status": "scheduled", "description": "walk"}
    return a_care_plan(
        ANN,
        text={"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{SECRET}</div>'},
        contained=[
            {"resourceType": "Condition", "id": "c", "subject": {"reference": ANN}, "code": {"text": "kept"},
             "evidence": [{"detail": [named(HIDDEN)]}]},
            {"resourceType": "Goal", "id": "g", "lifecycleStatus": "active", "subject": {"reference": ANN},
             "description": {"text": "kept"}},
        ],
        extension=[{"url": "http://x.org/why", "valueReference": named(HIDDEN)},
                   {"url": "http://x.org/link", "valueUri": f"http://127.0.0.1:8000/fhir/{HIDDEN}"}],
        addresses=[{"reference": "#c"}],
        goal=[named(HIDDEN), {"reference": OPEN}, {"reference": "#g"}, named(f"{HIDDEN}/_history/1")],
        activity=[
            {"reference": named("Task/hidden"), "progress": [{"text": SECRET}]},
            {"detail": {**about, "goal": [named(HIDDEN)]}},
            {"detail": {**about, "goal": [named(HIDDEN), {"reference": OPEN}]}},
        ],
        note=[{"text": "1.50", "authorReference": named("RelatedPerson/hidden")}],
    )  # fmt: skip


def permit(api: Api, *codes: str, to: str = PARTNER) -> None:
    provision = a_provision(to=to, codes=codes or (HOUSING,), purpose=["COC"])
    api.agency.put("Consent/c", a_consent(ANN, provision))


def prepared(api: Api) -> As:
    agency = api.agency
    agency.put(ANN, a_patient())
    agency.put(OPEN, a_goal(ANN))
    agency.put(HIDDEN, a_goal(ANN, FOOD, identifier=[{"value": SECRET}]))
    agency.put("Task/hidden", {**an_example("Task", ANN), "code": concept(DOMAIN, FOOD)})
    mother = {**an_example("RelatedPerson", ANN), "relationship": [concept(DOMAIN, FOOD)]}
    agency.put("RelatedPerson/hidden", mother)
    plan = agency.put("CarePlan/plan", {**a_plan(), "category": a_goal(ANN)["category"]})
    assert plan.status == 201, plan.json
    permit(api)
    return api.partner


def walked(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(one for held in inner for one in walked(held))]


def test_a_plan_that_is_shared_in_part_is_valid_and_names_nothing_hidden_on_any_path(api: Api) -> None:
    partner = prepared(api)
    plan = partner.get("/fhir/CarePlan/plan").json
    assert not r4.check(plan, "CarePlan")
    assert REDACTED in plan["meta"]["security"]
    assert plan["subject"] == {"reference": ANN}
    assert plan["goal"] == [{"reference": OPEN}, {"reference": "#g"}]
    assert [list(one["detail"]) for one in plan["activity"]] == [
        ["status", "description"], ["status", "description", "goal"]]  # fmt: skip
    assert plan["note"] == [{"text": "1.50"}]
    assert not {"text", "extension"} & plan.keys()
    paths = (
        "CarePlan/plan", "CarePlan/plan/_history/1", "CarePlan/plan/_history", "CarePlan/_history",
        "_history", "CarePlan", "CarePlan?_elements=goal,activity", "Goal?_revinclude=CarePlan:goal",
        "Patient/ann/CarePlan", "Patient/ann/$everything", "CarePlan/plan/$everything",
        "CarePlan?_include=*", "?_type=CarePlan,Goal",
    )  # fmt: skip
    for path in paths:
        for form in ("application/fhir+json", XML):
            answer = partner.get(f"/fhir/{path}", Accept=form)
            assert answer.status == 200, (path, answer.body)
            assert b"REDACTED" in answer.body, path
            for secret in (b"hidden", SECRET.encode()):
                assert secret not in answer.body, (path, form)
    batch = {**a_transaction(an_entry("GET", "CarePlan/plan"), an_entry("GET", "CarePlan")), "type": "batch"}
    answer = partner("POST", "/fhir", batch)
    assert b"REDACTED" in answer.body
    assert b"hidden" not in answer.body
    assert b"hidden" in api.agency.get("/fhir/CarePlan/plan").body
    assert b"REDACTED" not in api.agency.get("/fhir/CarePlan").body


def test_each_copy_has_a_tag_of_its_own(api: Api) -> None:
    partner = prepared(api)
    whole, part = (one.get("/fhir/CarePlan/plan") for one in (api.agency, partner))
    assert part.headers["ETag"] != whole.headers["ETag"] == 'W/"1"'
    assert "Last-Modified" not in part.headers
    entry = partner.get("/fhir/CarePlan/plan/_history").json["entry"][0]
    assert entry["response"]["etag"] == part.headers["ETag"]
    for tag, status in ((part.headers["ETag"], 304), ('W/"1"', 200)):
        assert partner.get("/fhir/CarePlan/plan", If_None_Match=tag).status == status
    assert partner.get("/fhir/CarePlan/plan", If_Modified_Since="Wed, 01 Jan 2031 00:00:00 GMT").status == 200
    permit(api, HOUSING, FOOD)
    more = partner.get("/fhir/CarePlan/plan", If_None_Match=part.headers["ETag"])
    assert more.status == 200
    assert named(HIDDEN) in more.json["goal"]


FINDS_NOTHING = (
    f"goal={HIDDEN}", "goal=hidden", "goal:Goal=hidden", "goal=http://127.0.0.1:8000/fhir/Goal/hidden",
    "goal._id=hidden", f"goal.category={FOOD}", f"_filter=goal eq {HIDDEN}", "activity-reference=Task/hidden",
    f"goal={HIDDEN},Goal/absent", "goal=Goal/absent",
)  # fmt: skip
REFUSED = ("goal:missing=true", "goal:identifier=hiv", "_content=hiv", "_text=hiv", "_sort=goal",
           "_filter=goal pr true")  # fmt: skip


def test_no_search_finds_a_plan_by_what_is_hidden(api: Api) -> None:
    partner = prepared(api)
    for query in FINDS_NOTHING:
        found = partner.get(f"/fhir/CarePlan?{query}")
        assert (found.status, found.json.get("total")) == (200, 0), query
    for query in REFUSED:
        assert partner.get(f"/fhir/CarePlan?{query}").status == 400, query
    for query in (f"goal={OPEN}", f"goal={OPEN},{HIDDEN}", "subject=Patient/ann", "patient=ann",
                  f"_has:CarePlan:part-of:goal={OPEN}&_id=none"):  # fmt: skip
        assert partner.get(f"/fhir/CarePlan?{query}").json["total"] == (0 if "_has" in query else 1), query
    assert partner.get(f"/fhir/Goal?_has:CarePlan:goal:goal={HIDDEN}").json["total"] == 0
    assert partner.get(f"/fhir/Goal?_has:CarePlan:goal:goal={OPEN}").json["total"] == 1
    for query in (*FINDS_NOTHING[:3], "goal=Goal/absent,Goal/hidden", "_content=hiv", "goal:missing=false"):
        assert api.agency.get(f"/fhir/CarePlan?{query}").json["total"] == 1, query


def test_who_wrote_a_resource_knows_what_it_says(api: Api) -> None:
    partner = prepared(api)
    permit(api, HOUSING, FOOD)
    mine = partner.make({**a_care_plan(ANN, (HIDDEN,)), "category": a_goal(ANN)["category"]})
    permit(api)
    assert partner.get(f"/fhir/{mine}").json["goal"] == [{"reference": HIDDEN}]
    assert partner.get(f"/fhir/CarePlan?goal={HIDDEN}").ids == [mine.split("/")[1]]
    sent = {**partner.get(f"/fhir/{mine}").json, "status": "completed"}
    assert partner("PUT", f"/fhir/{mine}", sent).json["goal"] == [{"reference": HIDDEN}]
    assert partner("PUT", f"/fhir/{mine}", {**sent, "meta": {"security": [REDACTED]}}).status == 409


@pytest.fixture
def denied(api: Api) -> Api:
    """Ann denies the agency what is about food, so its staff see her plan in part."""
    prepared(api)
    deny = a_provision("deny", to=AGENCY, codes=[FOOD])
    api.agency.put("Consent/no", a_consent(ANN, deny))
    return api


def patch(api: Api, *operations: Document, tag: str = "") -> Any:
    headers = {"Content_Type": "application/json-patch+json"} | ({"If_Match": tag} if tag else {})
    return api.agency("PATCH", "/fhir/CarePlan/plan", json.dumps(operations), **headers)


def test_what_is_redacted_is_changed_by_a_patch_that_touches_nothing_hidden(denied: Api) -> None:
    agency = denied.agency
    before = agency.get("/fhir/CarePlan/plan")
    assert before.json["goal"][0] == {"reference": OPEN}
    for query, total in ((f"goal={HIDDEN}", 0), (f"goal={HIDDEN},{OPEN}", 1), ("goal=Goal/absent", 0)):
        assert agency.get(f"/fhir/CarePlan?{query}").json["total"] == total, query
    refused = agency("PUT", "/fhir/CarePlan/plan", before.json)
    assert refused.status == 409
    assert "JSON Patch" in refused.json["issue"][0]["diagnostics"]
    untagged = {name: value for name, value in before.json.items() if name != "meta"}
    assert agency("PUT", "/fhir/CarePlan/plan", untagged).status == 409
    assert agency("PUT", "/fhir/CarePlan/plan", untagged, If_Match='W/"1"').status == 412

    tag = before.headers["ETag"]
    first = patch(denied, {"op": "test", "path": "/goal/0/reference", "value": OPEN},
                  {"op": "remove", "path": "/goal/0"},
                  {"op": "replace", "path": "/activity/0/detail/description", "value": "run"},
                  {"op": "add", "path": "/goal/-", "value": {"reference": "#g"}}, tag=tag)  # fmt: skip
    assert first.status == 200, first.json
    assert b"hidden" not in first.body
    assert patch(denied, {"op": "remove", "path": "/note"}, tag=tag).status == 412
    for path in ("/activity", "/activity/0", "/contained/0", ""):
        answer = patch(denied, {"op": "replace" if not path else "remove", "path": path, "value": {}})
        assert answer.status in (409, 422), (path, answer.json)
    assert patch(denied, {"op": "add", "path": "/text", "value": {}}).status == 409
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "replace"}, {"name": "path", "valueString": "CarePlan.note[0].text"},
        {"name": "value", "valueMarkdown": "better"}]}]}  # fmt: skip
    assert agency("PATCH", "/fhir/CarePlan/plan", parameters).status == 200

    agency("DELETE", "/fhir/Consent/no")
    whole = agency.get("/fhir/CarePlan/plan").json
    assert not r4.check(whole, "CarePlan")
    goals = [one["reference"] for one in whole["goal"]]
    assert goals == [HIDDEN, "#g", f"{HIDDEN}/_history/1", "#g"]
    assert whole["activity"][1]["detail"] == {
        "status": "scheduled", "description": "run", "goal": [named(HIDDEN)]}  # fmt: skip
    assert whole["note"][0] == {"text": "better", "authorReference": named("RelatedPerson/hidden")}
    assert SECRET in whole["text"]["div"]
    assert "security" not in whole["meta"]


def test_part_2_data_leaves_with_its_notice_and_a_bundle_says_how_secret_it_is(api: Api) -> None:
    partner, agency = api.partner, api.agency
    agency.put(ANN, a_patient())
    agency.put("Goal/plain", a_goal(ANN))
    agency.put("Goal/sud", a_goal(ANN, labels=("R", "SUD")))
    agency.put("Goal/masked", a_goal(ANN, labels=("R", "SUD"), identifier=[{"value": "m"}]))
    provision = a_provision(to=PARTNER, labels=["R", "SUD"], purpose=["COC"])
    agency.put("Consent/c", a_consent(ANN, provision))
    high = {"system": CONFIDENTIALITY, "code": "R"}
    for path in ("Goal/sud", "Goal/sud/_history/1", "Goal", "Goal/sud/_history"):
        answer = partner.get(f"/fhir/{path}")
        assert "42 CFR part 2" in answer.headers["X-Careplan-Notice"], path
    assert "X-Careplan-Notice" not in partner.get("/fhir/Goal/plain").headers
    assert "X-Careplan-Notice" not in agency.get("/fhir/Goal/sud").headers
    page = partner.get("/fhir/Goal").json
    assert page["meta"]["security"] == [high, {"system": ACT_CODE, "code": "NORDSCLCD"}]
    assert page["entry"][-1]["search"]["mode"] == "outcome"
    assert "42 CFR part 2" in page["entry"][-1]["resource"]["issue"][0]["diagnostics"]
    assert "meta" not in partner.get("/fhir/Goal?_id=plain").json
    batch = {**a_transaction(an_entry("GET", "Goal/sud")), "type": "batch"}
    assert "X-Careplan-Notice" in partner("POST", "/fhir", batch).headers


def a_deny_of(*goals: str) -> Document:
    data = [{"meaning": "instance", "reference": {"reference": goal}} for goal in goals]
    return a_consent(ANN, {**a_provision("deny", to=AGENCY), "data": data})


def test_an_update_is_answered_as_the_resource_reads_from_then_on(denied: Api) -> None:
    agency = denied.agency
    plan = a_care_plan(ANN, (OPEN,))
    assert agency.put("CarePlan/other", plan).status == 201
    assert agency.put("Consent/maybe", a_deny_of("Goal/absent")).status == 201
    for path, sent in (
        ("CarePlan/other", {**plan, "title": "anew"}),
        ("CarePlan/other", {**a_care_plan(ANN), "title": "anew"}),
        ("Consent/maybe", a_deny_of("Goal/absent", OPEN)),  # now it hides what it names
    ):
        answer = agency.put(path, sent)
        read = agency.get(f"/fhir/{path}")
        assert (answer.status, answer.json, answer.headers["ETag"]) == (200, read.json, read.headers["ETag"])
    assert OPEN not in json.dumps(read.json)
    assert agency.put("CarePlan/plan", {**a_plan(), "title": "anew"}).status == 409  # it names what is hidden
