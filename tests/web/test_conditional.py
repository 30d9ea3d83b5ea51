"""Conditional create, update, patch and delete over HTTP. https://hl7.org/fhir/R4/http.html#ccreate"""

from __future__ import annotations

import json
from typing import Any

import pytest

from builders import FOOD, PARTNER, Answer, Api, As, Document, a_consent, a_goal, a_patient, a_provision

SYSTEM = "http://example.org/goals"
BASE = "http://127.0.0.1:8000/fhir"
JSON_PATCH = "application/json-patch+json"
WHERE = f"identifier={SYSTEM}|7"
DONE = [{"op": "replace", "path": "/lifecycleStatus", "value": "completed"}]


def numbered(number: str = "7", of: str = "Patient/ann", **more: Any) -> Document:
    return a_goal(of=of, identifier=[{"system": SYSTEM, "value": number}], **more)


def create(caller: As, document: Document, where: str = WHERE, **headers: str) -> Answer:
    return caller("POST", f"/fhir/{document['resourceType']}", document, If_None_Exist=where, **headers)


def patch(caller: As, where: str = WHERE, **headers: str) -> Answer:
    return caller("PATCH", f"/fhir/Goal?{where}", DONE, Content_Type=JSON_PATCH, **headers)


def goals(api: Api) -> int:
    return int(api.agency.get("/fhir/Goal").json["total"])


# Create


def test_a_conditional_create_makes_what_is_not_there_and_gives_what_is(api: Api) -> None:
    made = create(api.agency, numbered())
    assert made.status == 201
    again = create(api.agency, numbered(outcomeCode=[{"text": "other"}]))
    assert (again.status, again.body) == (200, made.body)
    kept = ("ETag", "Location", "Last-Modified")
    assert [again.headers[name] for name in kept] == [made.headers[name] for name in kept]
    assert goals(api) == 1
    assert create(api.agency, numbered("8"), f"identifier={SYSTEM}|8").status == 201
    several = create(api.agency, numbered(), f"identifier={SYSTEM}|7,{SYSTEM}|8")
    assert (several.status, several.json["issue"][0]["code"]) == (412, "multiple-matches")
    assert goals(api) == 2


def test_what_was_deleted_does_not_match(api: Api) -> None:
    made = create(api.agency, numbered()).json["id"]
    api.agency("DELETE", f"/fhir/Goal/{made}")
    assert create(api.agency, numbered()).status == 201


CRITERIA = {
    "": 400,
    "identifier=": 400,
    "identifer=7": 400,
    "foo": 400,
    "_count=1": 400,
    f"{WHERE}&_count=0": 400,
    f"{WHERE}&_sort=_lastUpdated": 400,
    f"{WHERE}&_include=Goal:subject": 400,
    f"{WHERE}&_summary=true": 400,
    f"{WHERE}&_cursor=x": 400,
    "_format=json": 400,
    "identifier=%00": 400,
    "identifier=%ff": 400,
    "_has:Goal:subject": 400,
    "start-date=soon": 400,
}


@pytest.mark.parametrize("criteria", CRITERIA)
def test_a_condition_that_is_not_understood_never_matches_everything(api: Api, criteria: str) -> None:
    goal = api.agency.make(numbered())
    answers = {
        "create": create(api.agency, numbered(), criteria),
        "update": api.agency("PUT", f"/fhir/Goal?{criteria}", numbered(), If_Match="*"),
        "patch": patch(api.agency, criteria),
        "delete": api.agency("DELETE", f"/fhir/Goal?{criteria}"),
    }
    assert {name: answer.status for name, answer in answers.items()} == dict.fromkeys(
        answers, CRITERIA[criteria]
    )
    assert api.agency.get(f"/fhir/{goal}").headers["ETag"] == 'W/"1"'
    assert goals(api) == 1


# Update


def test_a_conditional_update_creates_updates_or_refuses(api: Api) -> None:
    put = f"/fhir/Goal?{WHERE}"
    made = api.agency("PUT", put, numbered())
    id_ = made.json["id"]
    assert (made.status, made.headers["Location"]) == (201, f"{BASE}/Goal/{id_}/_history/1")
    changed = api.agency("PUT", put, numbered(outcomeCode=[{"text": "step"}]))
    assert (changed.status, changed.json["id"], changed.headers["ETag"]) == (200, id_, 'W/"2"')
    same = api.agency("PUT", put, {**numbered(), "id": id_})
    assert (same.status, same.headers["ETag"]) == (200, 'W/"3"')
    other = api.agency("PUT", put, {**numbered(), "id": "other"})
    assert (other.status, other.faults[0][0]) == (400, "Goal.id")
    api.agency.make(numbered())
    assert api.agency("PUT", put, numbered()).status == 412
    assert api.agency.get(f"/fhir/Goal/{id_}").headers["ETag"] == 'W/"3"'


def test_an_id_of_its_own_without_a_match_is_update_as_create(api: Api) -> None:
    body = {**numbered(), "id": "named"}
    made = api.agency("PUT", f"/fhir/Goal?{WHERE}", body)
    assert (made.status, made.json["id"]) == (201, "named")
    assert api.partner("PUT", f"/fhir/Goal?identifier={SYSTEM}|9", {**body, "id": "its-own"}).status == 404
    without = api.asking("agency", scope="system/Goal.us")
    assert without("PUT", f"/fhir/Goal?identifier={SYSTEM}|8", numbered("8")).status == 403
    assert without("PUT", f"/fhir/Goal?identifier={SYSTEM}|9", {**body, "id": "x"}).status == 201


def test_a_conditional_write_keeps_to_the_version_it_is_for(api: Api) -> None:
    put = f"/fhir/Goal?{WHERE}"
    assert api.agency("PUT", put, numbered(), If_Match='W/"1"').status == 412
    assert api.agency("PUT", put, numbered()).status == 201
    assert api.agency("PUT", put, numbered(), If_Match='W/"2"').status == 412
    assert api.agency("PUT", put, numbered(), If_None_Match="*").status == 412
    assert api.agency("PUT", put, numbered(), If_Match='W/"1"').status == 200
    assert patch(api.agency, If_Match='W/"1"').status == 412
    assert patch(api.agency, If_Match='W/"2"').status == 200
    assert api.agency("DELETE", put, If_Match='W/"2"').status == 412
    assert api.agency("DELETE", put, If_Match='W/"3"').status == 204


def test_if_none_match_on_put_lets_through_what_is_not_there(api: Api) -> None:
    goal = {**numbered(), "id": "named"}
    assert api.agency("PUT", "/fhir/Goal/named", goal, If_None_Match="*").status == 201
    assert api.agency("PUT", "/fhir/Goal/named", goal, If_None_Match="*").status == 412
    assert api.agency("PUT", "/fhir/Goal/named", goal, If_None_Match='W/"1"').status == 412
    assert api.agency("PUT", "/fhir/Goal/named", goal, If_None_Match='W/"2", W/"1"').status == 412
    assert api.agency("PUT", "/fhir/Goal/named", goal, If_None_Match='W/"2"').status == 200
    assert api.agency("PUT", "/fhir/Goal/named", goal, If_None_Match="1").status == 400
    api.agency("DELETE", "/fhir/Goal/named")
    assert api.agency("PUT", "/fhir/Goal/named", goal, If_None_Match="*").status == 201


# Patch and delete


def test_patch_and_delete_take_exactly_one_match(api: Api) -> None:
    assert patch(api.agency).status == 404
    assert api.agency("DELETE", f"/fhir/Goal?{WHERE}").status == 404
    goal = api.agency.make(numbered())
    changed = patch(api.agency)
    assert (changed.status, changed.json["lifecycleStatus"]) == (200, "completed")
    assert changed.headers["ETag"] == 'W/"2"'
    twin = api.agency.make(numbered())
    assert patch(api.agency).status == 412
    assert api.agency("DELETE", f"/fhir/Goal?{WHERE}").status == 412
    api.agency("DELETE", f"/fhir/{twin}")
    gone = api.agency("DELETE", f"/fhir/Goal?{WHERE}&_format=json")
    assert (gone.status, gone.headers["ETag"]) == (204, 'W/"3"')
    assert api.agency.get(f"/fhir/{goal}").status == 410


def test_a_condition_may_ask_by_a_chain_and_in_any_order(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    api.agency.make(numbered(of=ann))
    assert create(api.agency, numbered(of=ann), "subject:Patient.family=ann").status == 200
    for where in (f"{WHERE}&lifecycle-status=active", f"lifecycle-status=active&{WHERE}"):
        assert create(api.agency, numbered(), where).status == 200


# The search is the caller's own


def test_a_condition_needs_the_scope_to_search(api: Api) -> None:
    api.agency.make(numbered())
    blind = api.asking("agency", scope="system/Goal.crud")
    assert create(blind, numbered()).status == 403
    assert blind("PUT", f"/fhir/Goal?{WHERE}", numbered()).status == 403
    assert patch(blind).status == 403
    assert blind("DELETE", f"/fhir/Goal?{WHERE}").status == 403
    for scope, status in (("system/Goal.s", 403), ("system/Goal.cs", 200)):
        assert create(api.asking("agency", scope=scope), numbered()).status == status


def _tell(answer: Answer) -> tuple[int, dict[str, str], Any]:
    """All of an answer but the id and time that are new each time."""
    body = json.loads(answer.body) if answer.body else None
    id_ = body.get("id", "-") if body else "-"
    headers = {name: text.replace(id_, "*") for name, text in answer.headers.items()}
    return answer.status, headers, json.loads(answer.body.replace(id_.encode(), b"*")) if body else None


def _attempts(caller: As, number: str, of: str) -> dict[str, Any]:
    where = f"identifier={SYSTEM}|{number}"
    goal = numbered("of-the-partner", of=of)
    return {
        "patch": _tell(patch(caller, where)),
        "delete": _tell(caller("DELETE", f"/fhir/Goal?{where}")),
        "update as create": _tell(caller("PUT", f"/fhir/Goal?{where}", {**goal, "id": "its-own"})),
        "update if there": _tell(caller("PUT", f"/fhir/Goal?{where}", goal, If_Match="*")),
        "create": _tell(create(caller, goal, where)),
        "update": _tell(caller("PUT", f"/fhir/Goal?{where}", goal)),
        "chain": _tell(create(caller, goal, f"subject:Patient.family=hidden-{number}")),
    }


def test_with_hidden_matches_every_answer_is_as_without_any(api: Api) -> None:
    """Attack 11: a condition is no oracle."""
    ann = api.agency.make(a_patient("hidden-1"))
    two = api.agency.make(a_patient("hidden-2"))
    api.agency.make(a_consent(ann, a_provision(to=PARTNER, codes=["housing-instability"])))
    one = api.agency.make(numbered("1", of=ann, about=FOOD))
    several = [api.agency.make(numbered("2", of=two)) for _ in range(2)]
    plain = _attempts(api.partner, "none", of=ann)
    assert [found[0] for found in plain.values()] == [404, 404, 404, 412, 201, 201, 201]
    for number in ("1", "2"):
        assert _attempts(api.partner, number, of=ann) == plain, number
    for hidden in (one, *several):
        assert api.agency.get(f"/fhir/{hidden}/_history").json["total"] == 1


def test_a_partner_changes_only_what_it_contributed_itself(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    api.agency.make(a_consent(ann, a_provision(to=PARTNER)))
    shown = api.agency.make(numbered(of=ann))
    assert create(api.partner, numbered(of=ann)).json["id"] == shown[5:]
    assert patch(api.partner).status == 403
    assert api.partner("PUT", f"/fhir/Goal?{WHERE}", numbered(of=ann)).status == 403
    assert api.partner("DELETE", f"/fhir/Goal?{WHERE}").status == 403
    api.partner.make(numbered("own", of=ann))
    assert patch(api.partner, f"identifier={SYSTEM}|own").status == 200


def test_a_conditional_write_leaves_one_audit_row(api: Api) -> None:
    made = create(api.agency, numbered()).json["id"]
    create(api.agency, numbered())
    api.agency("DELETE", f"/fhir/Goal?{WHERE}")
    api.agency("DELETE", f"/fhir/Goal?{WHERE}")
    told = [(row["interaction"], row["status"], row["shown"]) for row in api.audit()]
    assert told == [
        ("create", 201, f"Goal/{made}/_history/1"),
        ("create", 200, f"Goal/{made}/_history/1"),
        ("delete", 204, f"Goal/{made}/_history/2"),
        ("delete", 404, ""),
    ]
