"""Patch over HTTP. https://hl7.org/fhir/R4/http.html#patch"""

from __future__ import annotations

from typing import Any

import pytest

from builders import FOOD, PARTNER, Answer, Api, As, a_consent, a_goal, a_patient, a_provision

JSON_PATCH = "application/json-patch+json"
DONE = [{"op": "replace", "path": "/lifecycleStatus", "value": "completed"}]
SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
ELEMENT = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "replace"},
                {"name": "path", "valueString": "Goal.lifecycleStatus"},
                {"name": "value", "valueCode": "on-hold"},
            ],
        }
    ],
}


def patch(caller: As, goal: str, changes: Any = DONE, kind: str = JSON_PATCH, **headers: str) -> Answer:
    return caller("PATCH", f"/fhir/{goal}", changes, Content_Type=kind, **headers)


def test_a_patch_makes_a_version_and_leaves_every_other_byte(api: Api) -> None:
    value = '{"value":1.50}'
    sent = (
        '{"resourceType":"Goal","lifecycleStatus":"active","description":{"text":"x"},'
        f'"subject":{{"reference":"Patient/ann"}},"target":[{{"measure":{{"text":"m"}},"detailQuantity":{value}}}]}}'
    )
    made = api.agency("POST", "/fhir/Goal", sent)
    changed = patch(api.agency, f"Goal/{made.json['id']}")
    assert (changed.status, changed.headers["ETag"]) == (200, 'W/"2"')
    assert changed.headers["Location"].endswith("/_history/2")
    wanted = made.body.replace(b'"active"', b'"completed"').replace(b'"versionId":"1"', b'"versionId":"2"')
    assert changed.body.replace(b"12:00:00.001Z", b"12:00:00.000Z") == wanted
    assert api.agency.get(f"/fhir/Goal/{made.json['id']}").body == changed.body
    history = api.agency.get(f"/fhir/Goal/{made.json['id']}/_history").json
    assert history["entry"][0]["request"] == {"method": "PATCH", "url": f"Goal/{made.json['id']}"}
    assert api.agency.get("/fhir/Goal?lifecycle-status=completed").json["total"] == 1
    (row,) = (row for row in api.audit() if row["interaction"] == "patch")
    assert (row["status"], row["shown"]) == (200, f"Goal/{made.json['id']}/_history/2")


@pytest.mark.parametrize("kind", ["application/fhir+json", "application/json"])
def test_parameters_are_a_fhirpath_patch(api: Api, kind: str) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    changed = patch(api.agency, goal, ELEMENT, kind)
    assert (changed.status, changed.json["lifecycleStatus"]) == (200, "on-hold")


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/xml-patch+xml", "<diff/>", 415),
        ("text/plain", "x", 415),
        ("application/merge-patch+json", {"lifecycleStatus": "completed"}, 415),
        (JSON_PATCH, "{", 400),
        (JSON_PATCH, "", 400),
        (JSON_PATCH, {"op": "replace"}, 400),
        (JSON_PATCH, [{"op": "replace", "path": "/none", "value": 1}], 422),
        (JSON_PATCH, [{"op": "test", "path": "/lifecycleStatus", "value": "planned"}], 422),
        (JSON_PATCH, [{"op": "replace", "path": "/lifecycleStatus", "value": "odd"}], 422),
        (JSON_PATCH, [{"op": "remove", "path": "/subject"}], 422),
        (JSON_PATCH, [{"op": "replace", "path": "/id", "value": "other"}], 422),
        (JSON_PATCH, [{"op": "replace", "path": "/resourceType", "value": "Task"}], 422),
        (JSON_PATCH, [{"op": "add", "path": "/meta/tag", "value": [SUBSETTED]}], 422),
        ("application/fhir+json", {"resourceType": "Goal"}, 400),
    ],
)  # fmt: skip
def test_what_is_no_patch_changes_nothing(api: Api, kind: str, body: Any, status: int) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    answer = patch(api.agency, goal, body, kind)
    assert answer.status == status, answer.body
    if status == 415:
        assert answer.headers["Accept-Patch"].split(", ")[:2] == [JSON_PATCH, "application/fhir+json"]
    assert api.agency.get(f"/fhir/{goal}").headers["ETag"] == 'W/"1"'


def test_a_patch_keeps_to_its_version_and_to_what_is_there(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    assert patch(api.agency, goal, If_Match='W/"2"').status == 412
    assert patch(api.agency, goal, If_Match='W/"1"').status == 200
    assert patch(api.agency, "Goal/never-was").status == 404
    assert patch(api.asking("agency", scope="system/Goal.crds"), goal).status == 403
    assert patch(api.agency, goal, If_None_Match="*").status == 501
    api.agency("DELETE", f"/fhir/{goal}")
    assert patch(api.agency, goal).status == 410


def test_a_partner_patches_what_it_contributed_and_learns_nothing_of_the_rest(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    api.agency.make(a_consent(ann, a_provision(to=PARTNER, codes=["housing-instability"])))
    shown, hidden = api.agency.make(a_goal(of=ann)), api.agency.make(a_goal(of=ann, about=FOOD))
    own = api.partner.make(a_goal(of=ann))
    assert patch(api.partner, own).status == 200
    assert patch(api.partner, shown).status == 403
    probe = [{"op": "test", "path": "/lifecycleStatus", "value": "active"}]
    answers = [patch(api.partner, goal, probe) for goal in (hidden, "Goal/" + "0" * 36)]
    assert {(one.status, one.body, str(one.headers)) for one in answers} == {
        (404, answers[0].body, str(answers[0].headers))
    }


def test_a_partner_does_not_patch_a_consent_active(api: Api) -> None:
    consent = a_consent("Patient/ann", a_provision(to=PARTNER), status="proposed")
    own = api.partner.make(consent)
    answer = patch(api.partner, own, [{"op": "replace", "path": "/status", "value": "active"}])
    assert (answer.status, answer.faults[0][0]) == (403, "Consent.status")
    assert api.agency.get(f"/fhir/{own}").json["status"] == "proposed"


def test_a_patched_consent_decides_from_the_next_request_on(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann))
    consent = api.agency.make(a_consent(ann, a_provision(to=PARTNER)))
    assert api.partner.get(f"/fhir/{goal}").status == 200
    off = [{"op": "replace", "path": "/status", "value": "inactive"}]
    assert patch(api.agency, consent, off).status == 200
    assert api.partner.get(f"/fhir/{goal}").status == 404
