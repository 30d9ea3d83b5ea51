"""A write sent twice under one `Idempotency-Key` is carried out once.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from builders import (
    FOOD,
    PARTNER,
    Answer,
    Api,
    As,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
    a_transaction,
    an_entry,
)

KEY = '"8e03978e-40d5-43e8-bc93-6894a57f9324"'
DONE = [{"op": "replace", "path": "/lifecycleStatus", "value": "completed"}]


def _told(answer: Answer) -> tuple[int, list[tuple[str, str]], bytes]:
    return answer.status, sorted(answer.headers.items()), answer.body


def _writes(caller: As, goal: str, of: str = "Patient/ann") -> dict[str, Callable[[], Answer]]:
    changed = a_goal(of=of, lifecycleStatus="on-hold")
    patch = {"Content_Type": "application/json-patch+json"}
    where = f"/fhir/Goal?_id={goal[5:]}"
    bundle = a_transaction(
        an_entry("POST", "Goal", a_goal(of=of)),
        an_entry("GET", goal),
        an_entry("PUT", goal, {**changed, "id": goal[5:]}),
    )
    return {
        "create": lambda: caller("POST", "/fhir/Goal", a_goal(of=of), Idempotency_Key=KEY),
        "update": lambda: caller.put(goal, changed, Idempotency_Key=KEY, If_Match='W/"1"'),
        "conditional update": lambda: caller("PUT", where, changed, Idempotency_Key=KEY, If_Match='W/"1"'),
        "update as create": lambda: caller.put("Goal/named", changed, Idempotency_Key=KEY),
        "patch": lambda: caller(
            "PATCH", f"/fhir/{goal}", DONE, Idempotency_Key=KEY, If_Match='W/"1"', **patch
        ),
        "delete": lambda: caller("DELETE", f"/fhir/{goal}", Idempotency_Key=KEY, If_Match='W/"1"'),
        "transaction": lambda: caller("POST", "/fhir", bundle, Idempotency_Key=KEY),
        "batch": lambda: caller("POST", "/fhir", {**bundle, "type": "batch"}, Idempotency_Key=KEY),
    }


WRITES = list(_writes(None, "Goal/x"))  # type: ignore[arg-type]


def _versions(api: Api) -> int:
    return int(api.service.database.rows("SELECT count(*) FROM resource", {})[0][0])


@pytest.mark.parametrize("write", WRITES)
def test_the_first_answer_comes_again_and_nothing_is_written_twice(api: Api, write: str, clock: Any) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    send = _writes(api.agency, goal)[write]
    first = send()
    assert first.status < 300, first.body
    written = _versions(api)
    clock.go_on(minutes=5)
    for _ in range(2):
        again = send()
        if write in ("transaction", "batch"):  # what is read is read anew
            assert again.json["entry"][0] == first.json["entry"][0]
            assert again.json["entry"][2] == first.json["entry"][2]
        else:
            assert _told(again) == _told(first)
    assert _versions(api) == written
    assert api.audit()[-1]["status"] == first.status


def test_a_key_is_for_one_request_of_one_client(api: Api) -> None:
    goal = a_goal(of="Patient/ann")
    first = api.agency("POST", "/fhir/Goal", goal, Idempotency_Key=KEY)
    others: dict[str, Callable[[], Answer]] = {
        "another body": lambda: api.agency(
            "POST", "/fhir/Goal", a_goal(of="Patient/bob"), Idempotency_Key=KEY
        ),
        "another address": lambda: api.agency("POST", "/fhir/Goal?_format=json", goal, Idempotency_Key=KEY),
        "another condition": lambda: api.agency(
            "POST", "/fhir/Goal", goal, Idempotency_Key=KEY, If_None_Exist="_id=1"
        ),
        "another verb": lambda: api.agency(
            "DELETE", f"/fhir/Goal/{first.json['id']}", Idempotency_Key=KEY
        ),
        "a batch": lambda: api.agency(
            "POST", "/fhir", {**a_transaction(an_entry("POST", "Goal", goal)), "type": "batch"},
            Idempotency_Key=KEY,
        ),
    }  # fmt: skip
    for name, send in others.items():
        assert send().status == 422, name
    assert api.partner("POST", "/fhir/Goal", goal, Idempotency_Key=KEY).json["id"] != first.json["id"]
    other = api.agency("POST", "/fhir/Goal", goal, Idempotency_Key='"another"')
    assert (other.status, other.json["id"] != first.json["id"]) == (201, True)
    assert _versions(api) == 3


def test_the_same_key_with_and_without_quotes_is_the_same(api: Api) -> None:
    sent = [
        api.agency("POST", "/fhir/Goal", a_goal(of="Patient/ann"), Idempotency_Key=key)
        for key in ('"a-1"', "a-1", ' "a-1" ')
    ]
    assert len({answer.body for answer in sent}) == 1


@pytest.mark.parametrize("key", ["", '""', '"a', "a b", '"a", "b"', "a,b", "x" * 256, "ä"])
def test_what_is_no_key_is_refused(api: Api, key: str) -> None:
    assert api.agency("POST", "/fhir/Goal", a_goal(of="Patient/ann"), Idempotency_Key=key).status == 400
    assert _versions(api) == 0


def test_a_refusal_is_not_kept(api: Api) -> None:
    goal = {**a_goal(of="Patient/ann"), "id": "named"}
    refused = api.agency("PUT", "/fhir/Goal/named", goal, Idempotency_Key=KEY, If_Match="*")
    assert refused.status == 412
    api.agency("PUT", "/fhir/Goal/named", goal)
    assert api.agency("PUT", "/fhir/Goal/named", goal, Idempotency_Key=KEY, If_Match="*").status == 200


def test_a_key_is_forgotten_after_a_day(api: Api, clock: Any) -> None:
    first = api.agency("POST", "/fhir/Goal", a_goal(of="Patient/ann"), Idempotency_Key=KEY)
    clock.go_on(hours=23, minutes=59)
    again = api.agency("POST", "/fhir/Goal", a_goal(of="Patient/ann"), Idempotency_Key=KEY)
    assert again.body == first.body
    clock.go_on(minutes=2)
    assert api.agency("POST", "/fhir/Goal", a_goal(of="Patient/bob"), Idempotency_Key=KEY).status == 201
    rows = api.service.database.rows("SELECT key FROM idempotency", {})
    assert rows == [(KEY.strip('"'),)]
    clock.go_on(days=2)
    api.agency("POST", "/fhir/Goal", a_goal(of="Patient/ann"), Idempotency_Key="other")
    assert api.service.database.rows("SELECT key FROM idempotency", {}) == [("other",)]


def test_a_replay_shows_only_what_may_still_be_seen(api: Api) -> None:
    """The answer is judged anew: no body is kept."""
    ann = api.agency.make(a_patient("Ann"))
    sent = a_goal(of=ann)
    first = api.partner("POST", "/fhir/Goal", sent, Idempotency_Key=KEY)
    goal = f"Goal/{first.json['id']}"
    assert api.partner("POST", "/fhir/Goal", sent, Idempotency_Key=KEY).body == first.body
    api.agency.put(goal, a_goal(of=ann, about=FOOD, note=[{"text": "secret"}]))
    hidden = api.partner("POST", "/fhir/Goal", sent, Idempotency_Key=KEY)
    absent = api.partner.get("/fhir/Goal/never-was")
    assert (hidden.status, hidden.body) == (404, absent.body)
    assert _versions(api) == 3


def test_a_conditional_create_that_found_something_is_judged_anew_too(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    consent = api.agency.make(a_consent(ann, a_provision(to=PARTNER)))
    goal = api.agency.make(a_goal(of=ann))
    headers = {"If_None_Exist": f"_id={goal[5:]}", "Idempotency_Key": KEY}
    found = api.partner("POST", "/fhir/Goal", a_goal(of=ann), **headers)
    assert (found.status, found.json["id"]) == (200, goal[5:])
    api.agency("DELETE", f"/fhir/{consent}")
    assert api.partner("POST", "/fhir/Goal", a_goal(of=ann), **headers).status == 404


def test_a_plan_in_the_practitioners_words_goes_in_once(api: Api, request: pytest.FixtureRequest) -> None:
    plan = (request.config.rootpath / "fixtures" / "plans" / "family-eviction.json").read_bytes()
    json_kind = {"Content_Type": "application/json"}
    first = api.agency("POST", "/plans", plan, Idempotency_Key=KEY, **json_kind)
    written = _versions(api)
    again = api.agency("POST", "/plans", plan, Idempotency_Key=KEY, **json_kind)
    assert (first.status, _told(again)) == (201, _told(first))
    assert _versions(api) == written
    assert api.agency("POST", "/plans", plan, **json_kind).status == 409


def test_a_batch_that_broke_off_is_carried_on(api: Api) -> None:
    """Each entry is remembered with its own write: what was done is not done again, the rest is."""
    goal = api.agency.make(a_goal(of="Patient/ann"))
    bundle = {
        **a_transaction(
            an_entry("POST", "Goal", a_goal(of="Patient/ann")),
            an_entry("PUT", goal, {**a_goal(of="Patient/ann"), "id": goal[5:]}, ifMatch='W/"2"'),
        ),
        "type": "batch",
    }
    first = api.agency("POST", "/fhir", bundle, Idempotency_Key=KEY).json["entry"]
    assert [entry["response"]["status"][:3] for entry in first] == ["201", "412"]
    api.agency.put(goal, a_goal(of="Patient/ann"))
    second = api.agency("POST", "/fhir", bundle, Idempotency_Key=KEY).json["entry"]
    assert [entry["response"]["status"][:3] for entry in second] == ["201", "200"]
    assert second[0] == first[0]
