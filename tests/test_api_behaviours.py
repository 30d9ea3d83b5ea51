"""Twenty behaviours of an API that consents decide, API-01 to API-20, each carried out over HTTP by itself.

What is given, what is called and what must come of it stands beside each in our own words; the ids are those
of the public vectors of kind `api`. Most are shown at more length elsewhere (`test_nonleak.py`,
`test_attacks.py`). https://hl7.org/fhir/R4/security.html#AccessDenied
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from builders import (
    DOMAIN,
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
from web.explaining import one, told
from web.persons import Persons

ANN = "Patient/p1"
VIOLENCE = "intimate-partner-violence"
SHARE = a_provision(to=PARTNER, codes=[HOUSING])


class Behaviour(NamedTuple):
    """What is given, what is called, what must come of it, and the test that carries it out."""

    given: str
    call: str
    expected: str
    holds: Callable[[Api], None]


BEHAVIOURS: dict[str, Behaviour] = {}


def behaviour(
    id_: str, given: str, call: str, expected: str
) -> Callable[[Callable[[Api], None]], Callable[[Api], None]]:
    """Enter a test in the table."""

    def enter(holds: Callable[[Api], None]) -> Callable[[Api], None]:
        BEHAVIOURS[id_] = Behaviour(given, call, expected, holds)
        return holds

    return enter


def put(api: Api, *documents: Document) -> None:
    """Store documents, each under the id it has, in one transaction of the custodian."""
    entries = [an_entry("PUT", f"{one['resourceType']}/{one['id']}", one) for one in documents]
    answer = api.agency("POST", "/fhir", a_transaction(*entries))
    assert answer.status == 200, answer.body


def goal(id_: str, about: str = HOUSING, of: str = ANN, **more: Any) -> Document:
    return {**a_goal(of, about, **more), "id": id_}


def consent(id_: str, provision: Document = SHARE, of: str = ANN, **more: Any) -> Document:
    return {**a_consent(of, provision, **more), "id": id_}


def opened(id_: str, *types: str) -> Document:
    """A consent that opens whole types to the partner."""
    return consent(id_, a_provision(to=PARTNER, classes=types))


def three_goals(api: Api, hidden: str = "g3") -> None:
    """Ann's goals g1 to g3, of which the partner may see all but the one that is hidden."""
    goals = [goal(id_, FOOD if id_ == hidden else HOUSING) for id_ in ("g1", "g2", "g3")]
    put(api, {**a_patient("Ann"), "id": "p1"}, consent("c1"), *goals)


def total(by: As, path: str) -> int:
    """The exact total of a search that is answered."""
    answer = by.get(f"/fhir/{path}{'&' if '?' in path else '?'}_total=accurate")
    assert answer.status == 200, answer.body
    return int(answer.json["total"])


def as_told(answer: Answer) -> tuple[int, list[tuple[str, str]], bytes]:
    return answer.status, sorted(answer.headers.items()), answer.body


# Searches


@behaviour(
    "API-01",
    "three goals of one client, one of them hidden from the partner",
    "the partner searches the client's goals and asks for an exact total",
    "two in the total and two entries",
)
def a_total_counts_what_may_be_seen(api: Api) -> None:
    three_goals(api)
    found = api.partner.get("/fhir/Goal?patient=p1&_total=accurate")
    assert (found.json["total"], sorted(found.ids)) == (2, ["g1", "g2"])
    assert total(api.agency, "Goal?patient=p1") == 3


@behaviour(
    "API-02",
    "three goals, the last of them hidden",
    "page by page of one, along the `next` links",
    "two pages with one entry each, no `next` on the second",
)
def no_page_is_empty_or_short(api: Api) -> None:
    three_goals(api)
    pages = api.partner.pages("/fhir/Goal?patient=p1&_count=1")
    assert [len(page.ids) for page in pages] == [1, 1]
    assert "next" not in [link["relation"] for link in pages[-1].json["link"]]


@behaviour("API-03", "as API-01", "the same search for its count alone", "two")
def a_count_alone_counts_what_may_be_seen(api: Api) -> None:
    three_goals(api)
    counted = api.partner.get("/fhir/Goal?patient=p1&_summary=count").json
    assert (counted["total"], "entry" in counted) == (2, False)


@behaviour(
    "API-05",
    "a hidden goal",
    "a search for its id",
    "found: nothing, with 200",
)
def the_id_of_what_is_hidden_finds_nothing(api: Api) -> None:
    three_goals(api)
    assert total(api.partner, "Goal?_id=g3") == total(api.partner, "Goal?_id=none") == 0
    assert total(api.agency, "Goal?_id=g3") == 1


@behaviour(
    "API-06",
    "goals that may be seen, of a Patient that may not",
    "goals by the name of their subject",
    "nothing is found",
)
def no_chain_leads_through_what_is_hidden(api: Api) -> None:
    three_goals(api)
    assert total(api.partner, "Goal?subject:Patient.name=Ann") == 0
    assert total(api.agency, "Goal?subject:Patient.name=Ann") == 3
    put(api, opened("c2", "Patient"))
    assert total(api.partner, "Goal?subject:Patient.name=Ann") == 2


@behaviour(
    "API-07",
    "a client and her plan that may be seen, and a hidden goal about violence",
    "clients who have a goal about violence",
    "nobody is found",
)
def a_reverse_chain_tells_nothing_of_what_is_hidden(api: Api) -> None:
    three_goals(api)
    plan = {**a_care_plan(ANN), "id": "plan"}
    put(api, plan, opened("c2", "Patient", "CarePlan"), goal("g-ipv", VIOLENCE))
    asked = "Patient?_has:Goal:patient:category="
    assert (total(api.partner, "CarePlan"), total(api.partner, "Patient")) == (1, 1)
    assert total(api.partner, f"{asked}{DOMAIN}|{VIOLENCE}") == total(api.partner, asked + VIOLENCE) == 0
    assert total(api.partner, asked + HOUSING) == total(api.agency, asked + VIOLENCE) == 1


@behaviour(
    "API-08",
    "a plan that may be seen and names a hidden goal",
    "plans with the goals they refer to",
    "the goal is not brought, and the plan that leaves does not name it",
)
def no_include_brings_or_names_what_is_hidden(api: Api) -> None:
    three_goals(api)
    put(api, {**a_care_plan(ANN, ("Goal/g1", "Goal/g3")), "id": "plan"}, opened("c2", "CarePlan"))
    found = api.partner.get("/fhir/CarePlan?_include=CarePlan:goal")
    assert sorted(found.ids) == ["g1", "plan"]
    assert (b"Goal/g1" in found.body, b"Goal/g3" in found.body) == (True, False)
    assert sorted(api.agency.get("/fhir/CarePlan?_include=CarePlan:goal").ids) == ["g1", "g3", "plan"]


@behaviour(
    "API-09",
    "a goal that may be seen, named by a hidden plan",
    "goals with the plans that refer to them",
    "the plan is not brought",
)
def no_reverse_include_brings_what_is_hidden(api: Api) -> None:
    three_goals(api)
    put(api, {**a_care_plan(ANN, ("Goal/g1",)), "id": "plan"})
    found = api.partner.get("/fhir/Goal?_revinclude=CarePlan:goal")
    assert (sorted(found.ids), b"plan" in found.body) == (["g1", "g2"], False)
    assert "plan" in api.agency.get("/fhir/Goal?_revinclude=CarePlan:goal").ids


@behaviour(
    "API-10",
    "a goal that may be seen, with a note by somebody who may not be known",
    "searches and orders by the text and by what was taken out",
    "400, or as of the redacted copy",
)
def what_was_taken_out_neither_finds_nor_sorts(api: Api) -> None:
    three_goals(api)
    aunt = {"resourceType": "RelatedPerson", "id": "aunt", "patient": {"reference": ANN}}
    note = [{"authorReference": {"reference": "RelatedPerson/aunt"}, "text": "called"}]
    plan = {**a_care_plan(ANN, ("Goal/g1", "Goal/g3")), "id": "plan"}
    put(api, aunt, goal("g1", note=note), plan, opened("c2", "CarePlan"))
    assert b"aunt" not in api.partner.get("/fhir/Goal/g1").body
    for asked in ("_text=called", "_content=aunt", "_sort=note", "_filter=note co called"):
        assert api.partner.get(f"/fhir/Goal?{asked}").status == 400, asked
    assert api.partner.get("/fhir/CarePlan?_sort=goal").status == 400
    for asked in ("goal=Goal/", "_filter=goal eq Goal/"):
        assert [total(api.partner, f"CarePlan?{asked}{id_}") for id_ in ("g1", "g3")] == [1, 0], asked


@behaviour(
    "API-20",
    "as API-01",
    "the client's goals",
    "nothing in the answer says that something was left out",
)
def no_answer_says_that_something_was_left_out(api: Api) -> None:
    three_goals(api)
    found = api.partner.get("/fhir/Goal?patient=p1")
    api.agency("DELETE", "/fhir/Goal/g3")
    assert as_told(api.partner.get("/fhir/Goal?patient=p1")) == as_told(found)
    assert [entry["search"]["mode"] for entry in found.json["entry"]] == ["match", "match"]
    (link,) = found.json["link"]
    assert (link["relation"], link["url"].partition("/fhir/")[2]) == ("self", "Goal?patient=p1")


# One resource


@behaviour(
    "API-04",
    "a hidden goal, and an id that nobody has",
    "read, HEAD, read if changed, one version, history",
    "404 for both, and the same to the byte",
)
def hidden_and_absent_answer_alike(api: Api) -> None:
    three_goals(api)
    for path, header in (("", {}), ("", {"If_None_Match": 'W/"1"'}), ("/_history/1", {}), ("/_history", {})):
        for method in ("GET", "HEAD"):
            hidden, absent = (
                as_told(api.partner(method, f"/fhir/Goal/{id_}{path}", **header)) for id_ in ("g3", "none")
            )
            assert (hidden, hidden[0]) == (absent, 404), (method, path, header)
    assert api.agency.get("/fhir/Goal/g3").status == 200


@behaviour(
    "API-11",
    "a hidden goal with an identifier",
    "create a goal unless there is one with this identifier",
    "created, 201",
)
def a_condition_on_a_create_tells_nothing(api: Api) -> None:
    three_goals(api)
    identifier = [{"system": "urn:s", "value": "1"}]
    put(api, goal("g3", FOOD, identifier=identifier))
    new = a_goal(ANN, identifier=identifier)
    status = {
        by: asked("POST", "/fhir/Goal", new, If_None_Exist="identifier=urn:s|1").status
        for by, asked in (("agency", api.agency), ("partner", api.partner))
    }
    assert status == {"agency": 200, "partner": 201}


@behaviour(
    "API-12",
    "a hidden goal, and an id that nobody has",
    "an update of each",
    "the same status and the same body, and the hidden one is as it was",
)
def an_update_tells_nothing(api: Api) -> None:
    three_goals(api)
    before = api.agency.get("/fhir/Goal/g3").body
    hidden, absent = (as_told(api.partner.put(f"Goal/{id_}", a_goal(ANN))) for id_ in ("g3", "none"))
    assert hidden == absent
    assert api.agency.get("/fhir/Goal/g3").body == before


# Several answers


@behaviour(
    "API-13",
    "the first of three pages was read, and the consent was revoked",
    "the next page",
    "no entry, and none in the total",
)
def a_revocation_counts_from_the_next_page_on(api: Api) -> None:
    three_goals(api, hidden="")
    first = api.partner.get("/fhir/Goal?patient=p1&_count=1&_total=accurate")
    assert (first.json["total"], len(first.ids)) == (3, 1)
    put(api, consent("c1", status="inactive"))
    following = api.partner.next_of(first)
    assert following is not None
    assert (following.status, following.ids, following.json.get("total", 0)) == (200, [], 0)
    assert total(api.partner, "Goal?patient=p1") == 0


@behaviour(
    "API-14",
    "25 goals of three clients, one of whom consented to nothing",
    "the whole records of 15 at once",
    "nothing of the client who did not consent (asked for in a batch: `$everything` is of one client)",
)
def whole_records_of_many_hold_what_is_consented_only(api: Api) -> None:
    goals = [goal(f"g{n}", of=f"Patient/p{n % 3}") for n in range(25)]
    patients = [{**a_patient(f"No{n}"), "id": f"p{n}"} for n in range(3)]
    put(api, *patients, *goals, consent("c0", of="Patient/p0"), consent("c1", of="Patient/p1"))
    assert api.partner.get("/fhir/Patient/$everything").status == 404
    assert api.partner.get("/fhir/Patient/$everything?id=p0,p1,p2").status == 400
    records = [an_entry("GET", f"Patient/p{n}/$everything?_count=50") for n in range(15)]
    answer = api.partner("POST", "/fhir", {**a_transaction(*records), "type": "batch"})
    found = [entry.get("resource", {}) for entry in answer.json["entry"]]
    ids = {one["resource"]["id"] for record in found for one in record.get("entry", ())}
    assert ids == {f"g{n}" for n in range(25) if n % 3 < 2}
    assert (b"Patient/p2" in answer.body, len(found)) == (False, 15)


@behaviour(
    "API-18",
    "250 active Consents of one client, the deny as the last of them",
    "read the goal",
    "404",
)
def every_consent_counts_however_many_there_are(api: Api) -> None:
    three_goals(api)
    assert api.partner.get("/fhir/Goal/g1").status == 200
    put(api, *(consent(f"more{n}") for n in range(248)))
    assert api.partner.get("/fhir/Goal/g1").status == 200
    put(api, consent("the-250th", a_provision("deny", to=PARTNER)))
    assert api.partner.get("/fhir/Goal/g1").status == 404
    assert total(api.agency, "Consent?status=active") == 250


@behaviour(
    "API-19",
    "a goal that a Consent hides, and one that a permit nearly reaches",
    "why the partner may see it: asked by the custodian, by the client and by the partner",
    "owners are told the Consent, the place in it, and what a permit fails by; the partner 404",
)
def why_is_told_to_owners_and_not_to_the_partner(api: Api) -> None:
    three_goals(api)
    put(api, consent("c2", a_provision("deny", to=PARTNER, codes=[HOUSING])))
    ann = Persons(api.service).signed_in(ANN, "patient/*.rs", patient=ANN)
    asked = {"resourceType": "Parameters", "parameter": [{"name": "partner", "valueString": PARTNER}]}
    for owner in (api.agency, ann):
        why = owner("POST", "/fhir/Goal/g1/$why-access", asked)
        held = [one(why, name) for name in ("reason", "consent", "provision")]
        assert held == ["CONSENT-DENY", "Consent/c2/_history/1", "provision"]
        near = told(owner("POST", "/fhir/Goal/g3/$why-access", asked))["near-miss"]
        assert near == [
            {"consent": ["Consent/c1/_history/1"], "provision": ["provision"], "dimension": ["code"]}
        ]
    hidden, absent = (api.partner("POST", f"/fhir/Goal/{g}/$why-access", asked) for g in ("g1", "none"))
    assert (as_told(hidden), hidden.status) == (as_told(absent), 404)


# What is not offered opens nothing


EXPORTS = [
    (method, f"{at}$export{query}")
    for method in ("GET", "POST")
    for at in ("", "Patient/", "Group/all/")
    for query in ("", "?_type=Goal")
]
SUBSCRIBED = ("Subscription", "SubscriptionTopic", "SubscriptionStatus")
SUBSCRIBING = [
    *(("GET", one) for one in SUBSCRIBED),
    *(("POST", one) for one in SUBSCRIBED),
    *(("PUT", f"{one}/s1") for one in SUBSCRIBED),
]
EVENTS = [
    (method, f"Subscription/{path}")
    for method in ("GET", "POST")
    for path in ("$status", "s1/$status", "s1/$events", "s1/$get-ws-binding-token")
]


def assert_not_offered(api: Api, ways: list[tuple[str, str]]) -> None:
    """Refused to everybody by each way, alone and in a batch; nothing of a goal is in the answer.

    400 is for parameters: `Patient/$export` is read as an id that no resource can have.
    """
    refused = {400, 404, 405, 501}
    for by in (api.partner, api.agency):
        for method, path in ways:
            type_ = path.partition("/")[0]
            body = None if method == "GET" else {"resourceType": type_, "criteria": "Goal", "id": "s1"}
            answer = by(method, f"/fhir/{path}", body)
            assert answer.status in refused, (method, path, answer.body)
            assert answer.json["resourceType"] == "OperationOutcome"
            assert b"about housing" not in answer.body
        entries = [an_entry("GET", path) for method, path in ways if method == "GET"]
        batch = by("POST", "/fhir", {**a_transaction(*entries), "type": "batch"}).json
        assert {int(entry["response"]["status"][:3]) for entry in batch["entry"]} <= refused


def capabilities(api: Api) -> Document:
    return api.partner.get("/fhir/metadata").json


@behaviour(
    "API-15",
    "as API-01",
    "every address of the bulk export",
    "not offered: refused without a line of data, and the CapabilityStatement claims none",
)
def a_bulk_export_is_not_offered(api: Api) -> None:
    three_goals(api)
    assert_not_offered(api, EXPORTS)
    (rest,) = capabilities(api)["rest"]
    offered = [*rest.get("operation", ()), *(o for t in rest["resource"] for o in t.get("operation", ()))]
    assert "everything" in [operation["name"] for operation in offered]
    assert not [operation for operation in offered if "export" in json.dumps(operation)]


@behaviour(
    "API-16",
    "a goal changes after its consent was revoked",
    "every way to subscribe, and the notification",
    "subscriptions are not offered: nobody can be notified",
)
def a_subscription_is_not_offered(api: Api) -> None:
    three_goals(api)
    put(api, consent("c1", status="inactive"))
    put(api, goal("g1", startDate="2026-01-01"))
    assert_not_offered(api, SUBSCRIBING)
    for type_ in SUBSCRIBED:
        entry = an_entry("POST", type_, {"resourceType": type_, "criteria": "Goal"})
        assert api.agency("POST", "/fhir", a_transaction(entry)).status == 422
    stated = capabilities(api)
    assert not {one["type"] for one in stated["rest"][0]["resource"]} & set(SUBSCRIBED)
    assert "subscription" not in json.dumps(stated).lower()


@behaviour(
    "API-17",
    "only a hidden goal changes",
    "every way to ask for events and their number",
    "subscriptions are not offered: there is no counter, and no answer changes",
)
def no_counter_of_events_is_offered(api: Api) -> None:
    three_goals(api)
    ways = [("GET", "Goal/_history"), ("GET", "metadata"), *EVENTS]

    def ask() -> list[Any]:
        return [as_told(api.partner(method, f"/fhir/{path}")) for method, path in ways]

    before = ask()
    put(api, goal("g3", FOOD, startDate="2026-01-01"))
    assert ask() == before
    assert_not_offered(api, EVENTS)


# The table


@pytest.mark.parametrize(
    "held", [pytest.param(one, id=f"{id_}-{one.holds.__name__}") for id_, one in sorted(BEHAVIOURS.items())]
)
def test_the_behaviour_holds(api: Api, held: Behaviour) -> None:
    held.holds(api)


def test_each_behaviour_says_what_is_given_called_and_expected() -> None:
    assert sorted(BEHAVIOURS) == [f"API-{number:02}" for number in range(1, 21)]
    assert all(text for one in BEHAVIOURS.values() for text in one[:3])


def test_the_table_has_the_ids_of_the_public_vectors(shared: Path) -> None:
    vectors = json.loads((shared / "vectors" / "consent-decisions.json").read_text(encoding="utf-8"))
    assert sorted(one["id"] for one in vectors["vectors"] if one["kind"] == "api") == sorted(BEHAVIOURS)
