"""What is referred to is here, and stays: over HTTP, with references enforced. docs/adr/0010

https://hl7.org/fhir/R4/references.html#literal
"""

from __future__ import annotations

from typing import Any

import pytest

from builders import (
    DOMAIN,
    FOOD,
    HOUSING,
    PARTNER,
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

BASE = "http://127.0.0.1:8000/fhir"
URN = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0{}"
ANN, GOAL, PLAN = (URN.format(n) for n in range(3))


@pytest.fixture
def api(strict_api: Api) -> Api:
    """Every test here runs on the service as it comes."""
    return strict_api


def _ann(api: Api, *codes: str) -> str:
    """A patient of whom the partner may know, as far as the codes go (all without any)."""
    ann = api.agency.make(a_patient("Ann"))
    share = a_provision(to="Organization/agency", **({"codes": codes} if codes else {}))
    share["actor"][0]["reference"]["reference"] = PARTNER
    _an_organization(api)
    api.agency.make(a_consent(ann, share))
    return ann


def _an_organization(api: Api) -> None:
    body = {"resourceType": "Organization", "name": "the partner"}
    assert api.agency.put(PARTNER, body).status in (200, 201)


def _post(caller: Any, document: Document) -> Answer:
    answer: Answer = caller("POST", f"/fhir/{document['resourceType']}", document)
    return answer


def test_every_reference_to_what_is_not_here_is_named_at_once(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann))
    gone = api.agency.make(a_goal(of=ann))
    api.agency("DELETE", f"/fhir/{gone}")
    plan = a_care_plan(
        ann,
        goals=(goal, "Goal/never", gone, f"{BASE}/Goal/nor-this", f"{goal}/_history/2", f"{goal}/_history/x"),
        supportingInfo=[{"reference": "Device/1"}, {"reference": "#in"}],
        contained=[
            {"resourceType": "Goal", "id": "in", "lifecycleStatus": "active", "description": {"text": "x"},
             "subject": {"reference": "Patient/nobody"}}
        ],
        activity=[{"detail": {"status": "scheduled", "performer": [{"reference": "Practitioner/x"}]}}],
        extension=[{"url": "http://example.org/x", "valueReference": {"reference": "Group/none"}}],
    )  # fmt: skip
    answer = _post(api.agency, plan)
    assert answer.status == 422
    assert {code["code"] for code in answer.json["issue"]} == {"not-found"}
    assert sorted((where or "", text.split("`")[1]) for where, text in answer.faults) == [
        ("CarePlan.activity[0].detail.performer[0]", "Practitioner/x"),
        ("CarePlan.contained[0].subject", "Patient/nobody"),
        ("CarePlan.extension[0].value", "Group/none"),
        ("CarePlan.goal[1]", "Goal/never"),
        ("CarePlan.goal[2]", gone),
        ("CarePlan.goal[3]", f"{BASE}/Goal/nor-this"),
        ("CarePlan.goal[4]", f"{goal}/_history/2"),
        ("CarePlan.goal[5]", f"{goal}/_history/x"),
        ("CarePlan.supportingInfo[0]", "Device/1"),
    ]
    assert api.agency.get("/fhir/CarePlan").json["total"] == 0


def test_what_points_elsewhere_or_nowhere_in_particular_is_taken(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann))
    plan = a_care_plan(
        f"{BASE}/{ann}",
        goals=(f"{goal}/_history/1", f"{BASE}/{goal}", "https://elsewhere.example/fhir/Goal/1"),
        author={"identifier": {"system": "http://example.org", "value": "1"}},
        contributor=[{"display": "a friend"}, {"reference": "Organization/agency"}],
    )
    assert _post(api.agency, plan).status == 201


def test_a_urn_that_nothing_resolves_is_refused(api: Api) -> None:
    assert _post(api.agency, a_goal(of=ANN)).faults[0][0] == "Goal.subject"
    batch = {**a_transaction(an_entry("POST", "Goal", a_goal(of=ANN))), "type": "batch"}
    (entry,) = api.agency("POST", "/fhir", batch).json["entry"]
    assert entry["response"]["status"].startswith("422")


def test_update_and_patch_are_judged_by_what_they_add(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann))
    lost = a_goal(of="Patient/lost")
    assert api.agency.put(goal, lost).status == 422
    assert api.agency("PUT", "/fhir/Goal?_id=none", lost).status == 422
    assert api.agency.put("Goal/named", lost).status == 422
    patch = [{"op": "add", "path": "/expressedBy", "value": {"reference": "Practitioner/lost"}}]
    headers = {"Content_Type": "application/json-patch+json"}
    answer = api.agency("PATCH", f"/fhir/{goal}", patch, **headers)
    assert (answer.status, answer.faults[0][0]) == (422, "Goal.expressedBy")
    assert api.agency.get(f"/fhir/{goal}").headers["ETag"] == 'W/"1"'
    itself = a_care_plan(ann, basedOn=[{"reference": "CarePlan/mine"}])
    assert api.agency.put("CarePlan/mine", itself).status == 201


def test_what_stood_there_before_may_stay(api: Api) -> None:
    ann = _ann(api)
    own = api.partner.make(a_goal(of=ann))
    consent = api.agency.get("/fhir/Consent").ids[0]
    api.agency("DELETE", f"/fhir/Consent/{consent}")
    assert api.partner.get(f"/fhir/{ann}").status == 404
    assert api.partner.put(own, a_goal(of=ann, lifecycleStatus="completed")).status == 200
    assert _post(api.partner, a_goal(of=ann)).status == 422


def test_hidden_and_absent_targets_are_refused_in_the_same_words(api: Api) -> None:
    """Attack 22."""
    ann = _ann(api, HOUSING)
    hidden = api.agency.make(a_goal(of=ann, about=FOOD))
    gone = api.agency.make(a_goal(of=ann))
    api.agency("DELETE", f"/fhir/{gone}")
    own = api.partner.make(a_goal(of="https://elsewhere.example/Patient/1"))
    absent = "Goal/00000000-0000-4000-8000-000000000000"

    def attempts(target: str) -> list[Answer]:
        made = an_example("Provenance", "")
        documents = [{**made, "target": [{"reference": one}]} for one in (target, f"{target}/_history/1")]
        entries = [an_entry("POST", "Provenance", one) for one in documents]
        return [
            *(_post(api.partner, one) for one in documents),
            api.partner("POST", "/fhir", a_transaction(*entries)),
            api.partner.put(own, a_goal(of="https://elsewhere.example/Patient/1", addresses=[
                {"reference": f"Condition/{target[5:]}"}])),
        ]  # fmt: skip

    plain = [(one.status, one.body, sorted(one.headers.items())) for one in attempts(absent)]
    assert {status for status, _, _ in plain} == {422}
    for target in (hidden, gone):
        found = [
            (
                one.status,
                one.body.replace(target[5:].encode(), absent[5:].encode()),
                sorted(one.headers.items()),
            )
            for one in attempts(target)
        ]
        assert found == plain


def test_a_partner_may_refer_to_the_patient_of_what_it_was_shown_and_to_its_custodian(api: Api) -> None:
    ann = _ann(api, HOUSING)
    assert api.partner.get(f"/fhir/{ann}").status == 404
    assert _post(api.partner, a_goal(of=ann)).status == 422
    api.agency.make(a_goal(of=ann))
    goal = a_goal(of=ann, expressedBy={"reference": ann})
    assert _post(api.partner, goal).status == 201
    task = {"resourceType": "Task", "status": "requested", "intent": "order", "for": {"reference": ann}}
    for organization, status in (("agency", 201), ("partner", 201), ("stranger", 422)):
        owned = {**task, "owner": {"reference": f"Organization/{organization}"}}
        assert _post(api.partner, owned).status == status, organization
    assert _post(api.partner, a_goal(of=ann, expressedBy={"reference": "Patient/other"})).status == 422


def test_a_token_for_one_type_may_refer_to_another(api: Api) -> None:
    ann = _ann(api)
    narrow = api.asking("partner", scope="system/Goal.crus")
    assert narrow.get(f"/fhir/{ann}").status == 403
    assert _post(narrow, a_goal(of=ann)).status == 201
    assert _post(api.asking("stranger", scope="system/Goal.c"), a_goal(of=ann)).status == 422


def test_in_a_transaction_the_entries_count_as_here_and_what_it_deletes_does_not(api: Api) -> None:
    old = api.agency.make(a_patient("Old"))
    plan = a_transaction(
        an_entry("POST", "CarePlan", a_care_plan(ANN, goals=(GOAL, "Goal/named")), fullUrl=PLAN),
        an_entry("POST", "Goal", a_goal(of=ANN), fullUrl=GOAL),
        an_entry("PUT", "Goal/named", {**a_goal(of=ANN), "id": "named"}),
        an_entry("POST", "Patient", a_patient("Ann"), fullUrl=ANN),
        an_entry("DELETE", old),
    )
    assert api.agency("POST", "/fhir", plan).status == 200
    bob = api.agency.make(a_patient("Bob"))
    answer = api.agency(
        "POST",
        "/fhir",
        a_transaction(
            an_entry("POST", "Goal", a_goal(of=bob)),
            an_entry("POST", "Goal", a_goal(of="Patient/lost")),
            an_entry("DELETE", bob),
        ),
    )
    assert answer.status == 422
    assert sorted(str(where) for where, _ in answer.faults) == [
        "Bundle.entry[0].resource.subject",
        "Bundle.entry[1].resource.subject",
    ]
    assert api.agency.get(f"/fhir/{bob}").status == 200


# Deleting


def test_what_others_refer_to_is_not_deleted(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann))
    task = {"resourceType": "Task", "status": "requested", "intent": "order", "for": {"reference": ann}}
    inputs = [{"type": {"text": "goal"}, "valueReference": {"reference": f"{BASE}/{goal}"}}]
    by = {
        "a search parameter": api.agency.make(a_care_plan(ann, goals=(goal,))),
        "no search parameter": api.agency.make({**task, "input": inputs}),
    }
    refused = api.agency("DELETE", f"/fhir/{goal}")
    assert (refused.status, refused.json["issue"][0]["code"]) == (409, "conflict")
    assert all(f"`{referrer}`" in refused.faults[0][1] for referrer in by.values())
    blocking = api.agency("DELETE", f"/fhir/{ann}").faults[0][1]
    assert all(f"`{one}`" in blocking for one in (goal, *by.values()))
    assert api.agency("DELETE", "/fhir/Goal?lifecycle-status=active").status == 409
    for referrer in by.values():
        assert api.agency("DELETE", f"/fhir/{goal}").status == 409
        assert api.agency("DELETE", f"/fhir/{referrer}").status == 204
    assert api.agency("DELETE", f"/fhir/{goal}").status == 204
    assert api.agency("DELETE", f"/fhir/{ann}").status == 204
    assert api.agency("DELETE", f"/fhir/{ann}").status == 204


def test_whose_record_it_is_counts_as_a_reference(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    friend = api.agency.make({"resourceType": "RelatedPerson", "patient": {"reference": f"{BASE}/{ann}"}})
    refused = api.agency("DELETE", f"/fhir/{ann}")
    assert (refused.status, friend in refused.faults[0][1]) == (409, True)


def test_a_reference_that_was_taken_back_blocks_nothing(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann))
    plan = api.agency.make(a_care_plan(ann, goals=(goal,)))
    api.agency.put(plan, a_care_plan(ann))
    assert api.agency("DELETE", f"/fhir/{goal}").status == 204


def test_a_transaction_may_delete_what_refers_to_each_other(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann))
    plan = api.agency.make(a_care_plan(ann, goals=(goal,)))
    some = a_transaction(an_entry("DELETE", ann), an_entry("DELETE", goal))
    refused = api.agency("POST", "/fhir", some)
    assert refused.status == 409
    assert all(plan in text for _, text in refused.faults)
    assert len(refused.faults) == 2
    whole = a_transaction(an_entry("DELETE", ann), an_entry("DELETE", goal), an_entry("DELETE", plan))
    assert api.agency("POST", "/fhir", whole).status == 200
    assert api.agency.get(f"/fhir/{ann}").status == 410


def test_at_most_twenty_referrers_are_named(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    bundle = a_transaction(*[an_entry("POST", "Goal", a_goal(of=ann))] * 25)
    assert api.agency("POST", "/fhir", bundle).status == 200
    text = api.agency("DELETE", f"/fhir/{ann}").faults[0][1]
    assert text.count("`Goal/") == 20
    assert "and more" in text


def test_to_a_partner_hidden_referrers_do_not_exist(api: Api) -> None:
    ann = _ann(api, HOUSING)
    api.agency.make(a_goal(of=ann))
    own = [api.partner.make(a_goal(of=ann)) for _ in range(3)]
    hidden, shown = own[:2]
    api.agency.make(a_care_plan(ann, goals=(hidden,)))
    category = [{"coding": [{"system": DOMAIN, "code": HOUSING}]}]
    plan = api.agency.make(a_care_plan(ann, goals=(shown,), category=category))
    refused = api.partner("DELETE", f"/fhir/{shown}")
    assert refused.status == 409
    assert plan in refused.faults[0][1]
    narrow = api.asking("partner", scope="system/Goal.crud")("DELETE", f"/fhir/{shown}")
    assert narrow.status == 409
    assert plan not in narrow.faults[0][1]
    free, blocked = (api.partner("DELETE", f"/fhir/{one}") for one in (own[2], hidden))
    assert (free.status, free.body, free.headers) == (204, b"", blocked.headers)
    assert (blocked.status, blocked.body) == (204, b"")


def test_to_a_custodian_what_it_may_not_see_stands_in_the_way_unnamed(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann, about=FOOD))
    note = api.agency.make(a_care_plan("Patient/" + ann[8:], goals=(goal,), category=[
        {"coding": [{"system": DOMAIN, "code": HOUSING}]}]))  # fmt: skip
    deny = a_provision("deny", codes=[HOUSING])
    api.agency.make(a_consent(ann, deny))
    assert api.agency.get(f"/fhir/{note}").status == 404
    refused = api.agency("DELETE", f"/fhir/{goal}")
    assert refused.status == 409
    assert note not in refused.body.decode()


def test_open_references_are_not_looked_at(service: Any) -> None:
    api = Api(service)
    goal = api.agency.make(a_goal(of="Patient/lost"))
    api.agency.make(a_care_plan("Patient/lost", goals=(goal,)))
    assert api.agency("DELETE", f"/fhir/{goal}").status == 204


def test_a_plan_in_the_practitioners_words_is_whole_by_itself(api: Api, request: Any) -> None:
    import json
    from pathlib import Path

    root = Path(request.config.rootpath)
    for file in sorted((root / "fixtures" / "plans").glob("*.json")):
        headers = {"Content_Type": "application/json"}
        answer = api.agency("POST", "/plans", json.loads(file.read_text()), **headers)
        assert answer.status == 201, (file.name, answer.body)
