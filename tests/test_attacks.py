"""Ways in that broke other servers, tried on this one over HTTP, on SQLite and PostgreSQL."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from builders import (
    FOOD,
    HOUSING,
    PARTNER,
    Answer,
    Api,
    As,
    a_care_plan,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
    a_transaction,
    an_entry,
    an_example,
    label,
)
from careplan_service.log import configure_log
from careplan_service.resources.registry import SERVED

FORM = "application/x-www-form-urlencoded"
SHARE = a_provision(to=PARTNER, purpose=["COC"], codes=[HOUSING])


@pytest.fixture(autouse=True)
def _plain_log() -> None:
    configure_log("error")


def _ann(api: Api) -> str:
    """A patient whose housing goals the partner may see."""
    ann = api.agency.make(a_patient("Ann"))
    api.agency.make(a_consent(ann, SHARE))
    return ann


def _seen(answer: Answer) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    return answer.status, tuple(sorted(answer.headers.items())), answer.body


# 4, 22: direct access; what is hidden, absent and deleted


def _approaches(caller: As, reference: str) -> dict[str, Answer]:
    """Every way a caller can point at one resource."""
    id_ = reference[5:]
    goal = {**a_goal(of="Patient/x"), "id": id_}
    ways: dict[str, Callable[[], Answer]] = {
        "read": lambda: caller.get(f"/fhir/{reference}"),
        "read in a format": lambda: caller.get(f"/fhir/{reference}?_format=json"),
        "conditional read": lambda: caller.get(f"/fhir/{reference}", If_None_Match='W/"1"'),
        "read if changed": lambda: caller.get(
            f"/fhir/{reference}", If_Modified_Since="Mon, 01 Jun 2026 12:00:00 GMT"
        ),
        "vread": lambda: caller.get(f"/fhir/{reference}/_history/1"),
        "vread of the last": lambda: caller.get(f"/fhir/{reference}/_history/2"),
        "history": lambda: caller.get(f"/fhir/{reference}/_history"),
        "history total": lambda: caller.get(f"/fhir/{reference}/_history?_count=0"),
        "head": lambda: caller("HEAD", f"/fhir/{reference}"),
        "head of a version": lambda: caller("HEAD", f"/fhir/{reference}/_history/1"),
        "put": lambda: caller("PUT", f"/fhir/{reference}", goal),
        "put if the first": lambda: caller("PUT", f"/fhir/{reference}", goal, If_Match='W/"1"'),
        "put if another": lambda: caller("PUT", f"/fhir/{reference}", goal, If_Match='W/"7"'),
        "put if any": lambda: caller("PUT", f"/fhir/{reference}", goal, If_Match="*"),
        "put if none": lambda: caller("PUT", f"/fhir/{reference}", goal, If_None_Match="*"),
        "put of what is not valid": lambda: caller("PUT", f"/fhir/{reference}", {**goal, "startDate": "x"}),
        "delete": lambda: caller("DELETE", f"/fhir/{reference}"),
        "delete if the first": lambda: caller("DELETE", f"/fhir/{reference}", If_Match='W/"1"'),
        "delete if another": lambda: caller("DELETE", f"/fhir/{reference}", If_Match='W/"7"'),
        "put in a transaction": lambda: caller(
            "POST", "/fhir", a_transaction(an_entry("PUT", reference, goal))
        ),
        "delete in a transaction": lambda: caller(
            "POST", "/fhir", a_transaction(an_entry("DELETE", reference))
        ),
        "delete of a version in a transaction": lambda: caller(
            "POST", "/fhir", a_transaction(an_entry("DELETE", reference, ifMatch='W/"1"'))
        ),
        "search by id": lambda: caller("POST", "/fhir/Goal/_search", f"_id={id_}", Content_Type=FORM),
    }
    return {name: ask() for name, ask in ways.items()}


def test_hidden_absent_and_deleted_answer_alike_to_the_byte(api: Api) -> None:
    ann = _ann(api)
    hidden = api.agency.make(a_goal(of=ann, about=FOOD))
    once_shown = api.agency.make(a_goal(of=ann))
    api.agency.put(once_shown, a_goal(of=ann, about=FOOD))
    deleted = api.agency.make(a_goal(of=ann))
    assert api.partner.get(f"/fhir/{deleted}").status == 200
    api.agency("DELETE", f"/fhir/{deleted}")
    own = api.partner.make(a_goal(of="Patient/bob"))
    api.partner("DELETE", f"/fhir/{own}")
    absent = "Goal/00000000-0000-4000-8000-000000000000"
    plain = {name: _seen(answer) for name, answer in _approaches(api.partner, absent).items()}
    assert {status for status, _, _ in plain.values()} == {404, 422, 200}
    for reference in (hidden, once_shown, deleted, own):
        found = {name: _seen(answer) for name, answer in _approaches(api.partner, reference).items()}
        # what repeats the id of the question cannot be the same; everything else is
        found = {
            n: (s, h, b.replace(reference[5:].encode(), absent[5:].encode()))
            for n, (s, h, b) in found.items()
        }
        assert found == plain, reference
    for name, (status, _, body) in plain.items():
        assert status != 404 or absent[5:].encode() not in body, name


def test_a_hidden_resource_stays_as_it_is_whatever_a_partner_tries(api: Api) -> None:
    hidden = api.agency.make(a_goal(of=_ann(api), about=FOOD))
    before = api.agency.get(f"/fhir/{hidden}/_history").body
    _approaches(api.partner, hidden)
    assert api.agency.get(f"/fhir/{hidden}/_history").body == before


# 5, 6, 9, 12: totals, pages, forms, misspelt parameters


def test_no_count_of_a_search_tells_of_hidden_rows(api: Api) -> None:
    ann = _ann(api)
    shown = [api.agency.make(a_goal(of=ann, about=about))[5:] for about in (HOUSING, FOOD) * 3][::2]
    for query in ("", f"patient={ann}", "_sort=_lastUpdated", "_count=0", "_count=1", "_count=2", "_count=3"):
        assert api.partner.get(f"/fhir/Goal?{query}").json["total"] == 3, query
        posted = api.partner("POST", "/fhir/Goal/_search", query, Content_Type=FORM)
        assert posted.json["total"] == 3, query
    for count in (1, 2, 3):
        pages = api.partner.pages(f"/fhir/Goal?_count={count}")
        assert [id_ for page in pages for id_ in page.ids] == shown
        assert [len(page.ids) for page in pages[:-1]] == [count] * (len(pages) - 1)
        assert pages[-1].ids
    for query in ("pateint=x", "patient:missing=x", "_summary=x", "_total=exact", "foo"):
        assert api.partner.get(f"/fhir/Goal?{query}").status == 400, query


# 10: a version that was public once


def test_a_version_that_was_public_once_is_not_shown_once_the_current_one_is_secret(api: Api) -> None:
    ann = _ann(api)
    goal = api.agency.make(a_goal(of=ann))
    assert api.partner.get(f"/fhir/{goal}/_history/1").status == 200
    for secret in (a_goal(of=ann, labels=("R",)), a_goal(of=ann, about=FOOD), a_goal(of="Patient/bob")):
        api.agency.put(goal, secret)
        for path in ("", "/_history/1", "/_history/2", "/_history"):
            assert api.partner.get(f"/fhir/{goal}{path}").status == 404, (path, secret)
        api.agency.put(goal, a_goal(of=ann))
        lowered = [{"name": "meta", "valueMeta": {"security": [label("R")]}},
                   {"name": "reason", "valueString": "it was a mistake"}]  # fmt: skip
        api.agency("POST", f"/fhir/{goal}/$meta-delete", {"resourceType": "Parameters", "parameter": lowered})
        assert api.partner.get(f"/fhir/{goal}/_history/1").status == 200


# 14: one scope opens one type


def test_a_scope_opens_its_own_type_and_its_own_interactions_only(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    made = {type_: api.agency.make(an_example(type_, ann)) for type_ in SERVED}
    calls = {
        "r": [("GET", "/fhir/{}"), ("GET", "/fhir/{}/_history"), ("GET", "/fhir/{}/_history/1")],
        "s": [("GET", "/fhir/{type}"), ("POST", "/fhir/{type}/_search")],
        "c": [("POST", "/fhir/{type}")],
        "u": [("PUT", "/fhir/{}")],
        "d": [("DELETE", "/fhir/{}")],
    }
    for letter in calls:
        narrow = api.asking("agency", scope=f"system/Goal.{letter}")
        for type_ in ("Goal", "CarePlan", "Consent"):
            for other, requests in calls.items():
                if (type_, letter) == ("Goal", other):
                    continue
                for method, path in requests:
                    form = "_search" in path
                    body = None if method == "GET" else "" if form else "{"
                    kind = FORM if form else "application/fhir+json"
                    answer = narrow(method, path.format(made[type_], type=type_), body, Content_Type=kind)
                    assert answer.status == 403, (letter, method, path, type_)
    for type_, reference in made.items():
        status = api.asking("agency", scope="system/Goal.r").get(f"/fhir/{reference}").status
        assert status == (200 if type_ == "Goal" else 403), type_


# 17: two consents that match


@pytest.mark.parametrize("deny_first", [True, False])
def test_a_deny_wins_over_a_permit_whichever_came_first(api: Api, deny_first: bool) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann))
    permit, deny = a_consent(ann, SHARE), a_consent(ann, a_provision("deny", to=PARTNER))
    made = [api.agency.make(one) for one in ((deny, permit) if deny_first else (permit, deny))]
    assert api.partner.get(f"/fhir/{goal}").status == 404
    api.agency("DELETE", f"/fhir/{made[0 if deny_first else 1]}")
    api.agency.make(permit)
    assert api.partner.get(f"/fhir/{goal}").status == 200


# 16, 3: nothing without a matching consent, at once after withdrawal, for another purpose


def test_a_consent_counts_for_its_recipient_and_purpose_and_from_request_to_request(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann))
    researcher = api.register("researcher", "partner", purpose="HRESCH")
    assert api.partner.get(f"/fhir/{goal}").status == 404
    consent = api.agency.make(a_consent(ann, SHARE))
    for _ in range(3):
        assert [c.get(f"/fhir/{goal}").status for c in (api.partner, api.stranger, researcher)] == [
            200,
            404,
            404,
        ]
        api.agency.put(consent, a_consent(ann, SHARE, status="inactive"))
        assert api.partner.get(f"/fhir/{goal}").status == 404
        api.agency.put(consent, a_consent(ann, SHARE))


# 18: concurrent writes


def _at_once(jobs: list[Callable[[], Any]]) -> list[Any]:
    start, results = threading.Barrier(len(jobs)), [None] * len(jobs)

    def run(n: int) -> None:
        start.wait(60)
        results[n] = jobs[n]()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def _sender(api: Api, method: str, path: str, body: Any, **headers: str) -> Callable[[], Any]:
    given = {
        "Authorization": f"Bearer {api.token('agency')}",
        "Content-Type": "application/fhir+json",
        **headers,
    }

    def send() -> Any:
        return api.http.application.test_client().open(
            path, method=method, data=json.dumps(body), headers=given
        )

    return send


def test_of_many_updates_of_one_version_exactly_one_wins(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    body = {**a_goal(of="Patient/ann"), "id": goal[5:]}
    for version in range(1, 6):
        send = _sender(api, "PUT", f"/fhir/{goal}", body, **{"If-Match": f'W/"{version}"'})
        assert sorted(a.status_code for a in _at_once([send] * 6)) == [200] + [412] * 5
    assert api.agency.get(f"/fhir/{goal}/_history").json["total"] == 6


def test_no_update_without_a_condition_is_lost_or_refused(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    body = {**a_goal(of="Patient/ann"), "id": goal[5:]}
    answers = _at_once([_sender(api, "PUT", f"/fhir/{goal}", body)] * 6)
    assert [a.status_code for a in answers] == [200] * 6
    assert sorted(a.headers["ETag"] for a in answers) == [f'W/"{n}"' for n in range(2, 8)]


def test_of_many_creates_under_one_id_one_creates_and_the_rest_update(api: Api) -> None:
    body = {**a_goal(of="Patient/ann"), "id": "named"}
    statuses = sorted(a.status_code for a in _at_once([_sender(api, "PUT", "/fhir/Goal/named", body)] * 6))
    assert statuses == [200] * 5 + [201]
    assert api.agency.get("/fhir/Goal/named/_history").json["total"] == 6


def test_many_deletes_at_once_are_one_delete(api: Api) -> None:
    for _ in range(3):
        goal = api.agency.make(a_goal(of="Patient/ann"))
        answers = _at_once([_sender(api, "DELETE", f"/fhir/{goal}", None)] * 6)
        assert {(a.status_code, a.headers["ETag"]) for a in answers} == {(204, 'W/"2"')}


def test_updates_and_deletes_at_once_leave_one_line_of_versions(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    body = {**a_goal(of="Patient/ann"), "id": goal[5:]}
    put, delete = _sender(api, "PUT", f"/fhir/{goal}", body), _sender(api, "DELETE", f"/fhir/{goal}", None)
    statuses = [a.status_code for a in _at_once([put, delete] * 3)]
    assert set(statuses) <= {200, 201, 204}
    etags = [e["response"]["etag"] for e in api.agency.get(f"/fhir/{goal}/_history").json["entry"]]
    assert etags == [f'W/"{n}"' for n in range(len(etags), 0, -1)]


def test_transactions_that_touch_the_same_resources_in_another_order_both_succeed(api: Api) -> None:
    goals = [api.agency.make(a_goal(of="Patient/ann")) for _ in range(8)]
    entries = [an_entry("PUT", goal, {**a_goal(of="Patient/ann"), "id": goal[5:]}) for goal in goals]
    for _ in range(3):
        forward, backward = (
            _sender(api, "POST", "/fhir", a_transaction(*e)) for e in (entries, entries[::-1])
        )
        assert [a.status_code for a in _at_once([forward, backward, forward, backward])] == [200] * 4
    assert {api.agency.get(f"/fhir/{goal}").headers["ETag"] for goal in goals} == {'W/"13"'}


# 19: what a partner may change


def test_a_partner_changes_only_what_it_contributed_and_what_is_still_current(api: Api) -> None:
    ann = _ann(api)
    shown = api.agency.make(a_goal(of=ann))
    assert api.partner.get(f"/fhir/{shown}").status == 200
    assert api.partner.put(shown, a_goal(of=ann)).status == 403
    assert api.partner("DELETE", f"/fhir/{shown}").status == 403
    own = api.partner.make(a_goal(of=ann))
    assert api.partner.put(own, a_goal(of=ann)).status == 200
    api.agency.put(own, a_goal(of=ann))
    assert api.partner.put(own, a_goal(of=ann)).status == 403
    assert api.partner("DELETE", f"/fhir/{own}").status == 403
    assert api.agency.get(f"/fhir/{own}").headers["ETag"] == 'W/"3"'


# 21: no answer without its audit row


def test_nothing_is_shown_or_kept_that_cannot_be_recorded(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    # On a connection of its own: psycopg forgets what it prepared on one that alters tables.
    with api.service.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit RENAME TO audit_away"))
    changed = {**a_goal(of="Patient/ann"), "id": goal[5:]}
    for method, path, body in (
        ("GET", f"/fhir/{goal}", None),
        ("GET", "/fhir/Goal", None),
        ("GET", "/fhir/Goal/none", None),
        ("POST", "/fhir/Goal", a_goal(of="Patient/ann")),
        ("PUT", f"/fhir/{goal}", changed),
        ("DELETE", f"/fhir/{goal}", None),
        ("POST", "/fhir", a_transaction(an_entry("PUT", goal, changed))),
    ):
        answer = api.agency(method, path, body)
        assert answer.status in (500, 503), (method, path)
        assert answer.json["resourceType"] == "OperationOutcome"
        assert b"housing" not in answer.body
    with api.service.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_away RENAME TO audit"))
    assert api.agency.get("/fhir/Goal").ids == [goal[5:]]
    assert api.agency.get(f"/fhir/{goal}").headers["ETag"] == 'W/"1"'


# 24: a partner opens a record to itself


def test_a_partner_files_no_active_consent_by_any_way(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann))
    active = a_consent(ann, SHARE)
    proposed = api.partner.make({**active, "status": "proposed"})
    own = {**active, "id": proposed[8:]}
    for method, path, body in (
        ("POST", "/fhir/Consent", active),
        ("PUT", f"/fhir/{proposed}", own),
        ("POST", "/fhir", a_transaction(an_entry("POST", "Consent", active))),
        ("POST", "/fhir", a_transaction(an_entry("PUT", proposed, own))),
    ):
        answer = api.partner(method, path, body)
        assert (answer.status, answer.faults[0][0]) in (
            (403, "Consent.status"),
            (403, "Bundle.entry[0].resource.status"),
        )
        assert api.partner.get(f"/fhir/{goal}").status == 404
    assert api.agency.put(proposed, active).status == 200
    assert api.partner.get(f"/fhir/{goal}").status == 200
    assert api.partner("DELETE", f"/fhir/{proposed}").status in (403, 404)
    assert api.partner.put(proposed, {**active, "status": "proposed"}).status in (403, 404)


# 28: content that hurts


NARRATIVES = [
    "<div xmlns='http://www.w3.org/1999/xhtml'><script>alert(1)</script></div>",
    "<div xmlns='http://www.w3.org/1999/xhtml'><img src='x' onerror='alert(1)'/></div>",
    "<div xmlns='http://www.w3.org/1999/xhtml'><a href='javascript:alert(1)'>x</a></div>",
    "<div xmlns='http://www.w3.org/1999/xhtml'><iframe src='https://x.example'/></div>",
    "<div xmlns='http://www.w3.org/1999/xhtml' onclick='x()'>x</div>",
    "<!DOCTYPE div [<!ENTITY a 'b'>]><div xmlns='http://www.w3.org/1999/xhtml'>&a;</div>",
    "<div xmlns='http://www.w3.org/1999/xhtml'><form action='/x'><input/></form></div>",
    "<p>no div</p>",
]


def test_a_narrative_that_could_run_is_refused_at_its_place(api: Api) -> None:
    for div in NARRATIVES:
        answer = api.agency(
            "POST", "/fhir/Goal", a_goal(of="Patient/ann", text={"status": "generated", "div": div})
        )
        assert (answer.status, answer.faults[0][0]) == (422, "Goal.text.div"), div
    assert api.agency.get("/fhir/Goal").json["total"] == 0


def test_values_that_look_like_statements_or_patterns_are_only_values(api: Api) -> None:
    odd = [
        "' OR 1=1 --",
        "%",
        "_",
        "*",
        "\\",
        "'; DROP TABLE resource; --",
        "${x}",
        "{{x}}",
        "%(p0)s",
        ":p0",
        "?",
        "\u202e",
    ]
    for value in odd:
        goal = api.agency.make(a_goal(of="Patient/ann", identifier=[{"value": value}]))
        quoted = value.replace("\\", "\\\\")
        found = api.agency("POST", "/fhir/Goal/_search", _form(identifier=quoted), Content_Type=FORM)
        assert found.ids == [goal[5:]], value
    api.agency.make(a_patient("Percent"))
    for value in ("%", "_ercent", "%ent", "*"):
        answer = api.agency("POST", "/fhir/Patient/_search", _form(family=value), Content_Type=FORM)
        assert answer.json["total"] == 0, value
    assert api.agency.get("/fhir/Goal").json["total"] == len(odd)


def _form(**parameters: str) -> str:
    return urlencode(parameters)


def test_no_value_takes_long_to_refuse(api: Api) -> None:
    api.agency.make(a_goal(of="Patient/ann"))
    many = 20_000
    asked = {
        "category": ["\\" * many, "|" * many, "\\|" * many, "a" * many + "\\"],
        "start-date": [
            "1" * many,
            "2026-01-01T00:00:00." + "1" * many,
            "ge" * many,
            "2026-01-01" + " " * many,
        ],
        "patient": ["/" * many, "http://" * 3000, "Patient/" + "a" * many, "a/" * many],
        "_id": ["a" * many, "-" * many],
        "_lastUpdated": ["2" * many],
        "_count": ["1" * many],
        "_cursor": ["A" * many, "=" * many],
    }
    for name, values in asked.items():
        for value in values:
            before = time.monotonic()
            answer = api.agency("POST", "/fhir/Goal/_search", _form(**{name: value}), Content_Type=FORM)
            assert answer.status in (200, 400, 413), (name, value[:20])
            assert time.monotonic() - before < 2, (name, value[:20])
    for header, value in (
        ("Accept", "a;" * many),
        ("Accept", "," * many),
        ("If_Match", 'W/"' * many),
        ("Content_Type", ";" * many),
    ):
        before = time.monotonic()
        answer = api.agency("PUT", "/fhir/Goal/x", {**a_goal(of="Patient/ann"), "id": "x"}, **{header: value})
        assert answer.status in (400, 406, 415), (header, answer.status)
        assert time.monotonic() - before < 2, header


def test_bodies_made_to_exhaust_are_refused_quickly(api: Api) -> None:
    deep: Any = "x"
    for _ in range(60):
        deep = (
            {"url": "http://x.example/e", "extension": [deep]}
            if deep != "x"
            else {"url": "x", "valueString": "x"}
        )
    bodies: dict[str, tuple[bytes | str, int]] = {
        "deep lists": (b"[" * 1_000_000, 400),
        "deep objects": (b'{"a":' * 200_000 + b"1" + b"}" * 200_000, 400),
        "deep extensions": (json.dumps(a_goal(of="Patient/ann", extension=[deep])), 400),
        "a long number": (b'{"resourceType":"Goal","x":' + b"9" * 1_000_000 + b"}", 400),
        "a large exponent": (b'{"resourceType":"Goal","x":1e100000000}', 400),
        "a NUL": (json.dumps(a_goal(of="Patient/ann", note=[{"text": "a\x00b"}])), 422),
        "a NUL in a name": (b'{"resourceType":"Goal","a\\u0000b":1}', 400),
        "many unknown names": (
            json.dumps({"resourceType": "Goal", **{f"x{n}": 1 for n in range(50_000)}}),
            422,
        ),
        "many faults": (json.dumps(a_goal(of="Patient/ann", target=[{"x": 1}] * 20_000)), 422),
        "backslashes": (b'{"resourceType":"Goal","x":"' + b"\\\\" * 500_000 + b'"}', 422),
        "XML": (b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", 400),
    }
    for name, (body, status) in bodies.items():
        before = time.monotonic()
        answer = api.agency("POST", "/fhir/Goal", body)
        assert (name, answer.status) == (name, status), answer.body[:300]
        assert answer.json["resourceType"] == "OperationOutcome"
        assert len(answer.body) < 100_000, name
        assert time.monotonic() - before < 10, name
    assert api.agency.get("/fhir/Goal").json["total"] == 0


# 23: contained in what is shown


def test_a_care_plan_is_hidden_or_whole(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    secret = api.agency.make(a_goal(of=ann, about=FOOD))
    plan = api.agency.make(a_care_plan(ann, goals=(secret,)))
    api.agency.make(a_consent(ann, SHARE))
    assert api.partner.get(f"/fhir/{plan}").status == 404
    assert api.partner.get(f"/fhir/CarePlan?goal={secret}").json["total"] == 0
    assert api.agency.get(f"/fhir/CarePlan?goal={secret}").ids == [plan[9:]]
