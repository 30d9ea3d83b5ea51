"""Ways in through writes, tried over HTTP on both databases: conditions, bundles, cut copies, hidden targets.

Conditions as oracles are in `test_conditional.py`, references as oracles in `test_integrity.py`, moments
that coincide in `test_races.py`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from builders import (
    FOOD,
    HOUSING,
    PARTNER,
    Answer,
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
)

SYSTEM = "http://example.org/goals"
ABSENT = "Goal/00000000-0000-4000-8000-000000000000"
SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
DONE = [{"op": "replace", "path": "/lifecycleStatus", "value": "completed"}]
ON_HOLD: Document = {
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
RESTRICTED: Document = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "meta",
            "valueMeta": {
                "security": [
                    {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
                ],
                "tag": [{"system": "urn:example:tags", "code": "p"}],
            },
        },
        {"name": "reason", "valueString": "set by mistake"},
    ],
}
PATCH = {"Content_Type": "application/json-patch+json"}


def a_batch(*entries: Document) -> Document:
    return {**a_transaction(*entries), "type": "batch"}


def _ann(api: Api) -> str:
    """A patient whose housing goals the partner may see."""
    ann = api.agency.make(a_patient("Ann"))
    api.agency.make(a_consent(ann, a_provision(to=PARTNER, codes=[HOUSING])))
    return ann


def _hidden(api: Api, ann: str) -> dict[str, str]:
    """What a partner must not tell from what never was."""
    secret = api.agency.make(a_goal(of=ann, about=FOOD))
    once_shown = api.agency.make(a_goal(of=ann))
    api.agency.put(once_shown, a_goal(of=ann, about=FOOD))
    deleted = api.agency.make(a_goal(of=ann))
    api.agency("DELETE", f"/fhir/{deleted}")
    own = api.partner.make(a_goal(of=ann))
    api.partner("DELETE", f"/fhir/{own}")
    return {"hidden": secret, "once shown": once_shown, "deleted": deleted, "its own, deleted": own}


# 11, 22: nothing tells what is hidden from what is not there


def _approaches(caller: As, goal: str, ann: str) -> dict[str, Answer]:
    """Every way of writing to one resource, and of making others that depend on it."""
    id_ = goal[5:]
    body = {**a_goal(of=ann), "id": id_}
    entries = {
        "put": an_entry("PUT", goal, body),
        "put if the first": an_entry("PUT", goal, body, ifMatch='W/"1"'),
        "put if none": an_entry("PUT", goal, body, ifNoneMatch="*"),
        "put if no other": an_entry("PUT", goal, body, ifNoneMatch='W/"1"'),
        "put where": an_entry("PUT", f"Goal?_id={id_}", body),
        "patch": an_entry("PATCH", goal, ON_HOLD),
        "patch if the second": an_entry("PATCH", goal, ON_HOLD, ifMatch='W/"2"'),
        "patch where": an_entry("PATCH", f"Goal?_id={id_}", ON_HOLD),
        "delete": an_entry("DELETE", goal),
        "delete where": an_entry("DELETE", f"Goal?_id={id_}"),
        "delete if the first": an_entry("DELETE", goal, ifMatch='W/"1"'),
        "get": an_entry("GET", goal),
        "head": an_entry("HEAD", goal),
        "get if changed": an_entry("GET", goal, ifNoneMatch='W/"1"'),
        "vread": an_entry("GET", f"{goal}/_history/1"),
        "history": an_entry("GET", f"{goal}/_history"),
        "conditional reference": an_entry("POST", "CarePlan", a_care_plan(ann, (f"Goal?_id={id_}",))),
    }  # fmt: skip
    ways: dict[str, Callable[[], Answer]] = {
        "patch by itself": lambda: caller("PATCH", f"/fhir/{goal}", DONE, **PATCH),
        "patch by itself if the first": lambda: caller(
            "PATCH", f"/fhir/{goal}", DONE, If_Match='W/"1"', **PATCH
        ),
        "patch that tests": lambda: caller(
            "PATCH", f"/fhir/{goal}", [{"op": "test", "path": "/status", "value": "x"}], **PATCH
        ),
        "patch that is none": lambda: caller("PATCH", f"/fhir/{goal}", "[", **PATCH),
        "put if none by itself": lambda: caller("PUT", f"/fhir/{goal}", body, If_None_Match="*"),
        "labels put on": lambda: caller("POST", f"/fhir/{goal}/$meta-add", RESTRICTED),
        "labels put on if the first": lambda: caller(
            "POST", f"/fhir/{goal}/$meta-add", RESTRICTED, If_Match='W/"1"'
        ),
        "labels taken off": lambda: caller("POST", f"/fhir/{goal}/$meta-delete", RESTRICTED),
        "put with a key": lambda: caller("PUT", f"/fhir/{goal}", body, Idempotency_Key=f"key-{id_}"),
    }
    for name, entry in entries.items():
        ways[f"batch: {name}"] = lambda entry=entry: caller("POST", "/fhir", a_batch(entry))
        ways[f"transaction: {name}"] = lambda entry=entry: caller("POST", "/fhir", a_transaction(entry))
    return {name: send() for name, send in ways.items()}


def test_no_write_tells_hidden_deleted_and_absent_apart(strict_api: Api) -> None:
    api = strict_api
    api.agency.put(PARTNER, {"resourceType": "Organization", "name": "the partner"})
    ann = _ann(api)
    api.agency.make(a_goal(of=ann))

    def seen(goal: str) -> dict[str, Any]:
        answers = _approaches(api.partner, goal, ann)
        # what repeats the id of the question cannot be the same; everything else is
        return {
            name: (
                a.status,
                sorted(a.headers.items()),
                a.body.replace(goal[5:].encode(), ABSENT[5:].encode()),
            )
            for name, a in answers.items()
        }

    there = _hidden(api, ann)
    plain = seen(ABSENT)
    statuses = {name: found[0] for name, found in plain.items()}
    assert statuses.pop("labels taken off") == 403  # whatever it is about
    assert set(statuses.values()) <= {200, 404, 422, 412}, statuses
    for name, goal in there.items():
        assert seen(goal) == plain, name
    kept = {name: api.agency.get(f"/fhir/{goal}/_history").json["total"] for name, goal in there.items()}
    assert kept == {"hidden": 1, "once shown": 2, "deleted": 2, "its own, deleted": 2}


# 18: a stale write, in whatever form it comes


def test_a_stale_version_is_refused_in_every_form(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    api.agency.put(goal, a_goal(of="Patient/ann"))
    body = {**a_goal(of="Patient/ann"), "id": goal[5:]}
    entries = [
        an_entry("PUT", goal, body, ifMatch='W/"1"'),
        an_entry("PUT", f"Goal?_id={goal[5:]}", body, ifMatch='W/"1"'),
        an_entry("PATCH", goal, ON_HOLD, ifMatch='W/"1"'),
        an_entry("DELETE", goal, ifMatch='W/"1"'),
        an_entry("DELETE", f"Goal?_id={goal[5:]}", ifMatch='W/"1"'),
    ]
    for entry in entries:
        assert api.agency("POST", "/fhir", a_transaction(entry)).status == 412
    found = api.agency("POST", "/fhir", a_batch(*entries)).json["entry"]
    assert [entry["response"]["status"][:3] for entry in found] == ["412"] * len(entries)
    assert api.agency.get(f"/fhir/{goal}").headers["ETag"] == 'W/"2"'


# 19: a reduced copy must not become the whole


def test_a_copy_that_was_cut_is_not_stored(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann", note=[{"text": "kept"}]))
    cut = {**a_goal(of="Patient/ann"), "meta": {"tag": [{"code": "x"}, SUBSETTED]}}
    refused = {
        "update": api.agency.put(goal, cut),
        "update as create": api.agency.put("Goal/named", cut),
        "conditional update": api.agency("PUT", f"/fhir/Goal?_id={goal[5:]}", cut),
        "batch": api.agency("POST", "/fhir", a_batch(an_entry("PUT", goal, {**cut, "id": goal[5:]}))),
    }
    for name in ("update", "update as create", "conditional update"):
        assert (refused[name].status, refused[name].faults[0][0]) == (422, "Goal.meta.tag[1]"), name
    assert refused["batch"].json["entry"][0]["response"]["status"].startswith("422")
    other = {**cut, "meta": {"tag": [{"system": "http://example.org", "code": "SUBSETTED"}]}}
    assert api.agency.put(goal, other).status == 200


def test_what_a_summary_gives_cannot_be_sent_back(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann", note=[{"text": "kept"}]))
    for part in ("_summary=true", "_elements=lifecycleStatus"):
        copy = api.agency.get(f"/fhir/{goal}?{part}")
        assert copy.status == 200
        assert api.agency("PUT", f"/fhir/{goal}", copy.body).status == 422
    assert api.agency.get(f"/fhir/{goal}").json["note"] == [{"text": "kept"}]


# 20: a batch has no rules of its own


def test_an_entry_of_a_batch_gets_what_its_request_alone_would_get(api: Api) -> None:
    ann = _ann(api)
    api.agency.make(a_goal(of=ann))
    _hidden(api, ann)
    shown = api.agency.make(a_goal(of=ann))
    callers = {
        "partner": api.partner,
        "stranger": api.stranger,
        "narrow": api.asking("partner", scope="system/Goal.r"),
        "blind": api.asking("partner", scope="system/Task.cruds"),
    }
    urls = [
        "Goal", f"Goal?patient={ann}", "Goal?_count=1", "Goal?_summary=count", "Goal?_total=accurate",
        "Goal?_include=Goal:subject", "Goal?subject:Patient.family=Ann", "Patient?_has:Goal:subject:_id=x",
        f"{ann}/$everything", f"{shown}/_history", "_history", "Goal/_history", "Consent", ann, shown,
        f"{shown}?_elements=lifecycleStatus", f"{shown}?_summary=true", "Patient?_revinclude=Goal:subject",
    ]  # fmt: skip
    for name, caller in callers.items():
        alone = [caller.get(f"/fhir/{url}") for url in urls]
        batch = caller("POST", "/fhir", a_batch(*(an_entry("GET", url) for url in urls))).json["entry"]
        for url, one, entry in zip(urls, alone, batch, strict=True):
            told = (
                int(entry["response"]["status"][:3]),
                entry.get("resource", entry["response"].get("outcome")),
            )
            assert told == (one.status, one.json), (name, url)


def test_an_entry_asks_for_nothing_outside_the_api(api: Api) -> None:
    urls = [
        "../plans/1", "../health/live", "../metrics", "//elsewhere", "http://127.0.0.1:8000/metrics",
        "https://elsewhere/fhir/Goal", "javascript:x", "Goal/../../metrics", "%2e%2e/metrics", ".", "#",
        "Goal#x", "../oauth/jwks", ".well-known/smart-configuration", "Goal/%00", "Goal?_id=%00", "\u00e4",
    ]  # fmt: skip
    answer = api.agency("POST", "/fhir", a_batch(*(an_entry("GET", url) for url in urls)))
    assert answer.status == 200, answer.body
    found = [entry["response"]["status"][:3] for entry in answer.json["entry"]]
    assert set(found) <= {"400", "404"}, dict(zip(urls, found, strict=True))
    nested = [an_entry("POST", url, a_batch(an_entry("GET", "Goal"))) for url in ("Bundle", "x")]
    for entry in api.agency("POST", "/fhir", a_batch(*nested)).json["entry"]:
        assert entry["response"]["status"][:3] in ("404", "422")


def test_a_batch_forgets_no_scope_and_no_self_service(api: Api) -> None:
    active = a_consent("Patient/ann", a_provision(to=PARTNER))
    reader = api.asking("partner", scope="system/*.rs")
    entries = [
        an_entry("POST", "Consent", active),
        an_entry("POST", "Goal", a_goal(of="Patient/ann")),
        an_entry("PUT", "Goal/x", {**a_goal(of="Patient/ann"), "id": "x"}),
        an_entry("PATCH", "Goal/x", ON_HOLD),
        an_entry("DELETE", "Goal/x"),
    ]
    for entry in reader("POST", "/fhir", a_batch(*entries)).json["entry"]:
        assert entry["response"]["status"].startswith("403")
    (own,) = api.partner("POST", "/fhir", a_batch(entries[0])).json["entry"]
    assert own["response"]["status"].startswith("403")
    assert api.agency.get("/fhir/Consent").json["total"] == 0


# 28: bundles that are made to break


def _nested(depth: int) -> Document:
    inner: Document = {"url": "x", "valueString": "x"}
    for _ in range(depth):
        inner = {"url": "x", "extension": [inner]}
    return inner


HOSTILE: dict[str, Callable[[], Any]] = {
    "ten thousand entries": lambda: a_batch(*[an_entry("GET", "Goal")] * 10_000),
    "deep nesting": lambda: a_batch(
        an_entry("POST", "Goal", a_goal(of="Patient/x", extension=[_nested(200)]))
    ),
    "a number of a thousand digits": lambda: json.dumps(
        a_batch(an_entry("POST", "Goal", a_goal(of="Patient/x", target=[{"detailInteger": 7}])))
    ).replace("7}", "7" * 1000 + "}"),
    "an entry that is a list": lambda: {**a_batch(), "entry": [[]]},
    "a request that is a list": lambda: a_batch({"request": []}),
    "the same name twice": lambda: '{"resourceType":"Bundle","type":"batch","entry":[],"entry":[]}',
    "escaped names": lambda: '{"resourceType":"Bundle","type":"batch","\\u0065ntry":[]}',
    "a NUL in an address": lambda: a_batch(an_entry("GET", "Goal?_id=\x00")),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_a_hostile_bundle_is_refused_whole_and_quickly(api: Api, name: str, kind: str) -> None:
    bundle = HOSTILE[name]()
    text = bundle if isinstance(bundle, str) else json.dumps(bundle)
    begun = time.monotonic()
    answer = api.agency("POST", "/fhir", text.replace('"batch"', f'"{kind}"'))
    assert answer.status in (400, 413, 422), answer.body[:300]
    assert time.monotonic() - begun < 5
    assert api.agency.get("/fhir/Goal").json["total"] == 0


def test_a_script_in_a_narrative_does_not_come_in_by_a_bundle(api: Api) -> None:
    for evil in ("<script>x</script>", '<a href="javascript:x">x</a>', '<img src="x" onerror="x"/>'):
        text = {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{evil}</div>'}
        entry = an_entry("POST", "Goal", a_goal(of="Patient/x", text=text))
        assert api.agency("POST", "/fhir", a_transaction(entry)).status == 422, evil
        (one,) = api.agency("POST", "/fhir", a_batch(entry)).json["entry"]
        assert one["response"]["status"].startswith("422"), evil


def test_many_links_and_conditions_take_time_in_proportion(api: Api) -> None:
    urns = [f"urn:uuid:00000000-0000-4000-8000-{n:012}" for n in range(300)]
    entries = [an_entry("POST", "Patient", a_patient("x"), fullUrl=urns[0])]
    entries += [
        an_entry(
            "POST", "Goal", a_goal(of=urns[0], addresses=[{"reference": f"Observation/{n}"}]), fullUrl=urn
        )
        for n, urn in enumerate(urns[1:])
    ]
    begun = time.monotonic()
    answer = api.agency("POST", "/fhir", a_transaction(*entries))
    assert answer.status == 200, answer.body[:500]
    assert time.monotonic() - begun < 20
