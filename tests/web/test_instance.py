"""Create, read, vread, update, delete and history over HTTP. https://hl7.org/fhir/R4/http.html"""

from __future__ import annotations

import uuid
from email.utils import parsedate_to_datetime
from typing import Any

from builders import Answer, Api, Document, a_goal, a_patient, an_example
from careplan_service.resources.registry import SERVED

BASE = "http://127.0.0.1:8000/fhir"


def test_every_served_type_is_created_read_found_updated_and_deleted(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    for type_ in SERVED:
        made = api.agency("POST", f"/fhir/{type_}", an_example(type_, ann))
        reference = f"{type_}/{made.json.get('id')}"
        steps = {
            "create": made.status,
            "read": api.agency.get(f"/fhir/{reference}").status,
            "search": api.agency.get(f"/fhir/{type_}?_id={reference.partition('/')[2]}").json["total"],
            "update": api.agency.put(reference, an_example(type_, ann)).status,
            "vread": api.agency.get(f"/fhir/{reference}/_history/1").status,
            "history": api.agency.get(f"/fhir/{reference}/_history").json["total"],
            "delete": api.agency("DELETE", f"/fhir/{reference}").status,
            "gone": api.agency.get(f"/fhir/{reference}").status,
        }
        wanted = [201, 200, 1, 200, 200, 2, 204, 410]
        assert (type_, steps) == (type_, dict(zip(steps, wanted, strict=True))), made.body


def test_a_created_resource_has_a_random_id_a_version_and_an_absolute_location(api: Api) -> None:
    sent = {**a_goal(of="Patient/ann"), "id": "mine", "meta": {"versionId": "77", "tag": [{"code": "x"}]}}
    made = api.agency("POST", "/fhir/Goal", sent)
    id_ = made.json["id"]
    assert made.status == 201
    assert uuid.UUID(id_).version == 4
    assert made.json["meta"] == {
        "versionId": "1",
        "lastUpdated": "2026-06-01T12:00:00.000Z",
        "tag": [{"code": "x"}],
    }
    assert made.headers["Location"] == f"{BASE}/Goal/{id_}/_history/1"
    assert made.headers["Content-Type"] == "application/fhir+json; charset=utf-8"
    assert _versioned(made) == ('W/"1"', "2026-06-01T12:00:00+00:00")
    assert {k: v for k, v in made.json.items() if k not in ("id", "meta")} == {
        k: v for k, v in sent.items() if k not in ("id", "meta")
    }


def _versioned(answer: Answer) -> tuple[str, str]:
    return answer.headers["ETag"], parsedate_to_datetime(answer.headers["Last-Modified"]).isoformat()


def test_versions_follow_each_other_and_each_stays_readable(api: Api, clock: Any) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    for version in (2, 3):
        clock.go_on(hours=1)
        changed = api.agency.put(goal, a_goal(of="Patient/ann", outcomeCode=[{"text": f"step {version}"}]))
        assert (changed.status, changed.headers["ETag"]) == (200, f'W/"{version}"')
        assert changed.headers["Location"] == f"{BASE}/{goal}/_history/{version}"
    for version in (1, 2, 3):
        past = api.agency.get(f"/fhir/{goal}/_history/{version}")
        assert _versioned(past) == (f'W/"{version}"', f"2026-06-01T{11 + version}:00:00+00:00")
        assert past.json["meta"]["versionId"] == str(version)
    assert api.agency.get(f"/fhir/{goal}").body == api.agency.get(f"/fhir/{goal}/_history/3").body
    for unknown in ("0", "4", "01", "-1", "1.0", "x", "99999999999999999999", "١"):
        assert api.agency.get(f"/fhir/{goal}/_history/{unknown}").status == 404, unknown


def test_two_changes_in_one_moment_are_still_told_apart_in_time(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    changed = api.agency.put(goal, a_goal(of="Patient/ann"))
    assert changed.json["meta"]["lastUpdated"] == "2026-06-01T12:00:00.001Z"


def test_if_match_lets_through_the_current_version_only(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))

    def refused(method: str, if_match: str) -> int:
        body = {**a_goal(of="Patient/ann"), "id": goal[5:]} if method == "PUT" else None
        return api.agency(method, f"/fhir/{goal}", body, If_Match=if_match).status

    wrong = {
        'W/"2"': 412,
        '"7"': 412,
        'W/"01"': 412,
        "1": 400,
        "": 400,
        "W/1": 400,
        'W/"1", W/"2"': 400,
        "x y": 400,
    }
    for method in ("PUT", "DELETE"):
        assert {text: refused(method, text) for text in wrong} == wrong
    assert api.agency.get(f"/fhir/{goal}").headers["ETag"] == 'W/"1"'
    right = ['W/"1"', '"2"', "*", ' W/"4" ']
    assert [refused("PUT", text) for text in right] == [200] * 4
    assert refused("DELETE", 'W/"5"') == 204
    assert [refused("DELETE", text) for text in ('W/"6"', "*")] == [412, 412]
    assert [refused("PUT", text) for text in ('W/"6"', "*")] == [412, 412]


def test_an_agency_names_a_resource_itself_and_if_match_cannot_make_one(api: Api) -> None:
    goal = a_goal(of="Patient/ann")
    assert api.agency.put("Goal/plan-7.a", goal, If_Match='W/"1"').status == 412
    assert api.agency.put("Goal/plan-7.a", goal, If_Match="*").status == 412
    made = api.agency.put("Goal/plan-7.a", goal)
    assert (made.status, made.headers["ETag"]) == (201, 'W/"1"')
    assert made.headers["Location"] == f"{BASE}/Goal/plan-7.a/_history/1"
    assert api.agency.put("Goal/plan-7.a", goal).status == 200
    statuses = [e["response"]["status"] for e in api.agency.get("/fhir/Goal/plan-7.a/_history").json["entry"]]
    assert statuses == ["200", "201"]


def test_a_partner_and_a_token_without_update_name_nothing_themselves(api: Api) -> None:
    goal = a_goal(of="Patient/ann")
    assert api.partner.put("Goal/mine", goal).status == 404
    assert api.asking("agency", scope="system/Goal.crs").put("Goal/mine", goal).status == 403
    assert api.agency.get("/fhir/Goal/mine").status == 404
    assert api.asking("agency", scope="system/Goal.u").put("Goal/mine", goal).status == 201


def test_the_id_of_an_update_is_that_of_the_address(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    for body in (a_goal(of="Patient/ann"), {**a_goal(of="Patient/ann"), "id": "other"}):
        answer = api.agency("PUT", f"/fhir/{goal}", body)
        assert (answer.status, answer.faults[0][0]) == (400, "Goal.id")
    for id_ in ("a b", "ä", "a" * 65, "a_b"):
        assert (
            api.agency("PUT", f"/fhir/Goal/{id_}", {**a_goal(of="Patient/ann"), "id": goal[5:]}).status == 400
        )
    assert api.agency.get(f"/fhir/{goal}").headers["ETag"] == 'W/"1"'


def test_what_was_deleted_is_gone_until_it_is_put_again(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    first = api.agency("DELETE", f"/fhir/{goal}")
    assert (first.status, first.body, first.headers["ETag"]) == (204, b"", 'W/"2"')
    assert api.agency("DELETE", f"/fhir/{goal}").headers["ETag"] == 'W/"2"'
    assert api.agency.get(f"/fhir/{goal}").status == 410
    assert api.agency.get(f"/fhir/{goal}/_history/2").status == 410
    assert api.agency.get(f"/fhir/{goal}/_history/1").status == 200
    assert api.agency.get("/fhir/Goal").json["total"] == 0
    assert api.partner.get(f"/fhir/{goal}").status == 404
    revived = api.agency.put(goal, a_goal(of="Patient/ann"))
    assert (revived.status, revived.headers["ETag"]) == (201, 'W/"3"')
    assert api.agency.get("/fhir/Goal").json["total"] == 1
    assert api.agency("DELETE", "/fhir/Goal/never-was").status == 404


def test_the_history_tells_every_version_newest_first_and_in_pages(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    api.agency.put(goal, a_goal(of="Patient/ann"))
    api.agency("DELETE", f"/fhir/{goal}")
    whole = api.agency.get(f"/fhir/{goal}/_history").json
    told = [
        (e["request"], e["response"]["status"], e["response"]["etag"], "resource" in e)
        for e in whole["entry"]
    ]
    assert told == [
        ({"method": "DELETE", "url": goal}, "204", 'W/"3"', False),
        ({"method": "PUT", "url": goal}, "200", 'W/"2"', True),
        ({"method": "POST", "url": "Goal"}, "201", 'W/"1"', True),
    ]
    assert (whole["type"], whole["total"], whole["entry"][0]["fullUrl"]) == ("history", 3, f"{BASE}/{goal}")
    pages = api.agency.pages(f"/fhir/{goal}/_history?_count=1")
    assert [page.json["total"] for page in pages] == [3, 3, 3]
    assert [e["response"]["etag"] for page in pages for e in page.json["entry"]] == [
        'W/"3"',
        'W/"2"',
        'W/"1"',
    ]
    none = api.agency.get(f"/fhir/{goal}/_history?_count=0").json
    assert (none["total"], "entry" in none, len(none["link"])) == (3, False, 1)


def test_head_answers_as_get_does_without_the_body(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    for path in (
        f"/fhir/{goal}",
        f"/fhir/{goal}/_history/1",
        f"/fhir/{goal}/_history",
        "/fhir/Goal",
        "/fhir/Goal/no",
    ):
        got, head = api.agency.get(path), api.agency("HEAD", path)
        assert (head.status, head.body, dict(head.headers)) == (got.status, b"", dict(got.headers)), path


def test_a_slash_at_the_end_changes_nothing_and_nothing_is_redirected(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    for path in (f"/fhir/{goal}", "/fhir/Goal", "/fhir/metadata", f"/fhir/{goal}/_history", "/health/live"):
        assert (path, api.agency.get(f"{path}/").body) == (path, api.agency.get(path).body)
    for path in ("/fhir//Goal", "//fhir/Goal", f"/fhir/Goal//{goal[5:]}"):
        assert api.agency.get(path).status == 404, path


def test_a_mistaken_write_changes_nothing(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    before = api.agency.get(f"/fhir/{goal}/_history").body
    wrong: Document = {**a_goal(of="Patient/ann"), "id": goal[5:], "lifecycleStatus": "whatever"}
    assert api.agency("PUT", f"/fhir/{goal}", wrong).status == 422
    assert api.agency.put(goal, a_goal(of="Patient/ann"), If_Match='W/"9"').status == 412
    assert api.agency("PUT", f"/fhir/{goal}", "{").status == 400
    assert api.agency.get(f"/fhir/{goal}/_history").body == before


def test_what_is_not_offered_at_an_address_is_told_with_what_is(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    wanted = {
        ("POST", f"/fhir/{goal}"): {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "PUT"},
        ("PUT", f"/fhir/{goal}/_history/1"): {"GET", "HEAD", "OPTIONS"},
        ("DELETE", "/fhir"): {"GET", "HEAD", "OPTIONS", "POST"},
    }
    for (method, path), allowed in wanted.items():
        answer = api.agency(method, path, a_goal(of="Patient/ann"))
        assert (answer.status, set(answer.headers["Allow"].split(", "))) == (405, allowed), path
        assert answer.json["issue"][0]["code"] == "not-supported"
