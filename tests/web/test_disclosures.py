"""Who saw what of a client, and what a partner could see at a moment gone by."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

from builders import (
    DOMAIN,
    FOOD,
    HOUSING,
    PARTNER,
    STRANGER,
    Answer,
    Api,
    a_care_plan,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
    concept,
    label,
)
from careplan_service.access.clients import Client
from careplan_service.resources import r4
from web.persons import Persons

Document = dict[str, Any]
SHARE = a_provision(to=PARTNER, purpose=["COC"], codes=[HOUSING])
FORM = "application/fhir+json"
INLINE = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"


def events(answer: Answer) -> list[Document]:
    return [entry["resource"] for entry in answer.json.get("entry", [])]


def told(event: Document) -> tuple[str, str, list[str]]:
    """Who, with what outcome, which versions."""
    who = [agent["who"].get("reference", "") for agent in event["agent"]]
    versions = [one["what"]["reference"] for one in event["entity"] if one.get("role", {}).get("code") == "4"]
    return " ".join(one for one in who if one), event["outcome"], versions


def test_staff_and_the_client_herself_are_told_who_saw_what_and_nobody_else_is(api: Api) -> None:
    clock: Any = api.service.clock
    ann, bob = (api.agency.make(a_patient(name)) for name in ("Ann", "Bob"))
    goal, other = (api.agency.make(a_goal(of=whose)) for whose in (ann, bob))
    consents = [api.agency.make(a_consent(whose, SHARE)) for whose in (ann, bob)]
    clock.go_on(hours=1)
    api.partner.get(f"/fhir/Goal?_id={goal.partition('/')[2]},{other.partition('/')[2]}")
    api.stranger.get(f"/fhir/{goal}")
    api.stranger.get(f"/fhir/Goal?patient={ann}")
    clock.go_on(hours=1)
    dana = Persons(api.service)
    staff = dana.signed_in("Practitioner/dana", "user/*.rs")
    staff.get(f"/fhir/{goal}")
    herself = dana.signed_in(ann, "patient/*.rs", patient=ann)
    path = f"/fhir/{ann}/$disclosures"
    expected = [
        ("Practitioner/dana Organization/agency", "0", [f"{goal}/_history/1"]),
        (STRANGER, "4", []),
        (PARTNER, "0", [f"{goal}/_history/1"]),
    ]
    for who in (api.agency, staff, herself):
        answer = who.get(f"{path}?start=2026-06-01T12:30:00Z")
        assert (answer.status, answer.json["total"]) == (200, 3)
        assert [told(event) for event in events(answer)] == expected
        for event in events(answer):
            assert r4.check(event, "AuditEvent") == ()
            assert "profile" not in event["meta"]
            assert "REDACTED" in str(event["meta"]["security"])
        # Bob's goal stood in the same search; whoever asks about Ann is not told of him.
        for hidden in (other, other.partition("/")[2], bob, "query", "req-", '127.0.0.1"'):
            assert hidden not in answer.body.decode(), hidden
    policies = [agent["policy"] for agent in events(answer)[2]["agent"] if "policy" in agent]
    assert policies == [[f"http://127.0.0.1:8000/fhir/{consents[0]}/_history/1#provision"]]
    for who in (api.partner, api.stranger, dana.signed_in("RelatedPerson/mum", "patient/*.rs", patient=ann)):
        refused = [who.get(f"/fhir/{one}/$disclosures") for one in (ann, "Patient/none")]
        assert {answer.status for answer in refused} == {403}
        assert refused[0].body == refused[1].body
    assert dana.signed_in(bob, "patient/*.rs", patient=bob).get(path).status == 404
    assert api.agency.get("/fhir/Patient/none/$disclosures").status == 404
    assert dana.signed_in(ann, "patient/Goal.rs", patient=ann).get(path).status == 403


def test_disclosures_are_narrowed_paged_and_given_as_csv(api: Api) -> None:
    clock: Any = api.service.clock
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann))
    consent = api.agency.make(a_consent(ann, SHARE))
    for _ in range(5):
        clock.go_on(days=1)
        api.partner.get(f"/fhir/{goal}")
    path = f"/fhir/{ann}/$disclosures"
    pages = api.agency.pages(f"{path}?recipient={PARTNER}&_count=2")
    assert [len(events(page)) for page in pages] == [2, 2, 1]
    assert [page.json["total"] for page in pages] == [5, 5, 5]
    ids = [event["id"] for page in pages for event in events(page)]
    assert len(set(ids)) == 5
    narrowed = {"start=2026-06-03": 4, "end=2026-06-03": 2, "start=2026-06-03&end=2026-06-04": 2}
    for question, many in narrowed.items():
        found = api.agency.get(f"{path}?recipient={PARTNER}&{question}")
        assert found.json["total"] == many, question
    assert api.agency.get(f"{path}?recipient=Organization/other").json["total"] == 0
    asked = [{"name": "start", "valueDate": "2026-06-03"},
             {"name": "recipient", "valueReference": {"reference": PARTNER}}]  # fmt: skip
    posted = api.agency("POST", path, {"resourceType": "Parameters", "parameter": asked})
    assert posted.json["total"] == 4
    for wrong in ("colour=red", "start=x", "start=2026&start=2027", "recipient=", "_cursor=x"):
        assert api.agency.get(f"{path}?{wrong}").status == 400, wrong
    for body in ({"resourceType": "Goal"}, {"resourceType": "Parameters", "parameter": [{"name": "start"}]},
                 {"resourceType": "Parameters", "parameter": {}}):  # fmt: skip
        assert api.agency("POST", path, body).status == 400
    table = api.agency.get(f"{path}?_format=text/csv&recipient={PARTNER}&_count=2")
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert 'rel="next"' in table.headers["Link"]
    rows = list(csv.reader(io.StringIO(table.body.decode("utf-8-sig"))))
    assert rows[0][0] == "when"
    assert rows[1][1:] == ["partner", "", PARTNER, "COC", "read", "shown", f"{goal}/_history/1",
                           f"{consent}/_history/1#provision"]  # fmt: skip
    assert len(rows) == 3


def test_what_a_partner_could_see_is_what_it_got_then(api: Api) -> None:
    clock: Any = api.service.clock
    story = Told(api)
    ann, bob = story.ann, story.bob
    food = a_provision(to=PARTNER, purpose=["TREAT", "COC"], codes=[FOOD])
    goals = [api.agency.make(a_goal(of=ann, about=about)) for about in (HOUSING, FOOD, HOUSING)]
    his = api.agency.make(a_goal(of=bob, about=HOUSING))
    extension = {"url": "http://example.org/like", "valueReference": {"reference": his}}
    goals.append(api.agency.make(a_goal(of=ann, about=HOUSING, extension=[extension])))
    note = {"extension": [{"url": INLINE, "valueCoding": label("PSY")}], "text": "Sleeps badly"}
    api.agency.make(a_goal(of=ann, about=FOOD, labels=("PROCESSINLINELABEL",), note=[note]))
    api.agency.make(a_care_plan(ann, goals=tuple(goals), category=[concept(DOMAIN, HOUSING)]))
    story.look("nothing is agreed")
    housing = api.agency.make(a_consent(ann, SHARE))
    story.look("housing is shared")
    api.agency.put(goals[0], a_goal(of=ann, labels=("R",)))
    story.look("a goal is restricted")
    api.agency.put(housing, a_consent(ann, food))
    story.look("the consent is changed to food")
    more = api.agency.make(a_consent(ann, SHARE, dateTime="2026-06-04"))
    story.look("housing again, from a day to come")
    clock.go_on(days=2)
    own = api.partner.make(a_goal(of=ann, about="transport"))
    story.look("a goal of its own")
    deny = api.agency.make(a_consent(ann, a_provision("deny", to=PARTNER, codes=[FOOD])))
    story.look("food is denied")
    api.agency.make(a_consent(bob, SHARE))
    story.look("his housing is shared too")
    api.agency.put(goals[2], a_goal(of=bob))
    story.look("a goal moved to another client")
    api.agency("DELETE", f"/fhir/{deny}")
    api.agency("DELETE", f"/fhir/{goals[1]}")
    story.look("the deny and a goal are deleted")
    api.agency.put(more, a_consent(ann, SHARE, status="inactive"))
    story.look("the consent is revoked")
    api.partner("DELETE", f"/fhir/{own}")
    story.look("it takes its own back")
    sizes = [len(got) for *_, got, _ in story.looks]
    assert sizes[0] == 0
    assert len(set(sizes)) > 2
    assert len({len(copied) for *_, copied in story.looks}) > 2
    for title, purpose, at, got, copied in story.looks:
        answer = api.agency.get(f"/fhir/{ann}/$seen-by?partner={PARTNER}&at={at}&purpose={purpose}")
        assert answer.status == 200, answer.body
        assert r4.check(answer.json, "Parameters") == ()
        assert story.versions(answer) == got, (title, purpose)
        assert story.copies(answer) == copied, (title, purpose)
        assert story.versions(api.agency.get(
            f"/fhir/{ann}/$seen-by?partner={STRANGER}&at={at}&purpose={purpose}")) == []  # fmt: skip


class Told:
    """What the partner got of one client, each time with the moment and the purpose."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.ann, self.bob = (api.agency.make(a_patient(name)) for name in ("Ann", "Bob"))
        treats = Client("treats", "T", "partner", PARTNER, "system/*.cruds", "TREAT")
        api.service.clients.add(treats)
        self.clients = {"COC": "partner", "TREAT": "treats"}
        self.looks: list[tuple[str, str, str, list[str], list[str]]] = []

    def look(self, title: str) -> None:
        """The partner asks for the whole record, a minute after and a minute before anything happens."""
        clock: Any = self.api.service.clock
        clock.go_on(minutes=1)
        for purpose in ("COC", "TREAT"):
            found = self.api.asking(self.clients[purpose]).get(f"/fhir/{self.ann}/*?_count=1000")
            assert found.status == 200, found.body
            resources = [entry["resource"] for entry in found.json.get("entry", [])]
            got = {f"{r['resourceType']}/{r['id']}/_history/{r['meta']['versionId']}": r for r in resources}
            copied = [name for name, r in got.items() if "REDACTED" in str(r["meta"].get("security"))]
            at = datetime.fromtimestamp(clock.now.timestamp(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            self.looks.append((title, purpose, at, sorted(got), sorted(copied)))
        clock.go_on(minutes=1)

    def versions(self, answer: Answer) -> list[str]:
        seen = [one for one in answer.json["parameter"] if one["name"] == "seen"]
        assert answer.json["parameter"][3] == {"name": "total", "valueInteger": len(seen)}
        return sorted(one["part"][0]["valueReference"]["reference"] for one in seen)

    def copies(self, answer: Answer) -> list[str]:
        parts = [one["part"] for one in answer.json["parameter"] if one["name"] == "seen"]
        marked = [part for part in parts if {"name": "in-part", "valueBoolean": True} in part]
        return sorted(part[0]["valueReference"]["reference"] for part in marked)


def test_the_consent_that_opened_a_version_is_told_and_who_may_ask(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann))
    own = api.partner.make(a_goal(of=ann, about=FOOD))
    consent = api.agency.make(a_consent(ann, SHARE))
    path = f"/fhir/{ann}/$seen-by"
    asked = [
        {"name": "partner", "valueReference": {"reference": PARTNER}},
        {"name": "purpose", "valueCode": "COC"},
    ]
    answer = api.agency("POST", path, {"resourceType": "Parameters", "parameter": asked})
    parts = [
        [part.get("valueString") or part["valueReference"]["reference"] for part in one["part"]]
        for one in answer.json["parameter"][4:]
    ]
    rule = f"permit {PARTNER}, for COC, about {DOMAIN}|{HOUSING}"
    opened = [f"{goal}/_history/1", f"{consent}/_history/1", "provision", rule]
    assert sorted(parts) == sorted([opened, [f"{own}/_history/1"]])
    assert (answer.status, api.audit()[-1]["interaction"]) == (200, "seen-by")
    # Without a purpose no permit that names one matches.
    assert api.agency.get(f"{path}?partner={PARTNER}").json["parameter"][2]["valueInteger"] == 1
    for question in ("", "partner=x", f"partner={ann}", f"partner={PARTNER}&at=2027-01-01", "partner=",
                     f"partner={PARTNER}&at=yesterday", f"partner={PARTNER}&partner={PARTNER}"):  # fmt: skip
        assert api.agency.get(f"{path}?{question}").status == 400, question
    herself = Persons(api.service).signed_in(ann, "patient/*.rs", patient=ann)
    for who in (api.partner, api.stranger, herself):
        refused = [who.get(f"/fhir/{one}/$seen-by?partner={PARTNER}") for one in (ann, "Patient/none")]
        assert {one.status for one in refused} == {403}
        assert refused[0].body == refused[1].body
    assert api.agency.get(f"/fhir/Patient/none/$seen-by?partner={PARTNER}").status == 404
    for scope in ("system/Goal.rs", "system/Patient.rs"):
        assert api.asking("agency", scope=scope).get(f"{path}?partner={PARTNER}").status == 403
