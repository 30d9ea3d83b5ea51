"""The log over FHIR: one AuditEvent per row and patient, for administrators, in the IHE BALP shapes."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest

from builders import FOOD, HOUSING, PARTNER, STRANGER, Api, As, a_consent, a_goal, a_patient, a_provision
from careplan_service.access.filters import EVERYTHING
from careplan_service.access.holds import Version, World, holds
from careplan_service.access.instants import span
from careplan_service.interactions.conditions import Asker
from careplan_service.interactions.query import query_of
from careplan_service.resources import r4
from careplan_service.resources.audit_event import AUDIT_EVENT
from conftest import BASE_URL
from web.persons import Persons

Document = dict[str, Any]
BALP = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
SHARE = a_provision(to=PARTNER, purpose=["COC"], codes=[HOUSING])


class Story:
    """Three clients share housing with the partner; the partner searches, reads and is refused."""

    def __init__(self, api: Api) -> None:
        self.api = api
        agency = api.agency
        self.patients = [agency.make(a_patient(name)) for name in ("Ann", "Bob", "Cid")]
        self.ann, self.bob, self.cid = self.patients
        self.goals = [agency.make(a_goal(of=patient)) for patient in self.patients]
        self.hidden = agency.make(a_goal(of=self.ann, about=FOOD))
        self.consents = [agency.make(a_consent(patient, SHARE)) for patient in self.patients]

    def events(self, question: str = "") -> list[Document]:
        """All that match, over every page, oldest first."""
        pages = self.api.agency.pages(f"/fhir/AuditEvent?_sort=date&_count=1000&{question}")
        return [entry["resource"] for page in pages for entry in page.json.get("entry", [])]


@pytest.fixture
def story(api: Api) -> Story:
    return Story(api)


def references(event: Document) -> list[str]:
    return [one["what"]["reference"] for one in event["entity"] if "reference" in one.get("what", {})]


def test_a_search_that_showed_three_clients_is_three_events_each_with_its_own_part(story: Story) -> None:
    assert len(story.api.partner.get("/fhir/Goal", X_Request_Id="req-7").json["entry"]) == 3
    found = story.events("agent=Organization/partner")
    assert len(found) == 3
    assert len({event["id"] for event in found}) == 3
    rows = zip(found, story.patients, story.goals, story.consents, strict=True)
    for event, patient, goal, consent in rows:
        assert event["meta"]["profile"] == [f"{BALP}PatientQuery"]
        assert references(event) == [patient, f"{goal}/_history/1", f"{consent}/_history/1"]
        queries = [base64.b64decode(one["query"]).decode() for one in event["entity"] if "query" in one]
        assert queries == ["GET /fhir/Goal"]
        (why,) = [one["detail"] for one in event["entity"] if "detail" in one]
        assert why == [{"type": "provision", "valueString": "provision"}]
        policies = [agent["policy"] for agent in event["agent"] if "policy" in agent]
        assert policies == [[f"{BASE_URL}/fhir/{consent}/_history/1#provision"]]
        assert event["purposeOfEvent"][0]["coding"][0]["code"] == "COC"
        identified = [one["what"] for one in event["entity"] if "identifier" in one.get("what", {})]
        assert identified == [{"identifier": {"value": "req-7"}}]
        assert event["outcome"] == "0"
        read = story.api.agency.get(f"/fhir/AuditEvent/{event['id']}")
        assert (read.status, read.json) == (200, event)


def test_every_event_is_valid_r4_and_meets_the_profile_it_claims(story: Story, api: Api) -> None:
    ann, goal, hidden = story.ann, story.goals[0], story.hidden
    partner, agency = api.partner, api.agency
    for path in (f"/fhir/{goal}", f"/fhir/{goal}/_history/1", f"/fhir/{hidden}", f"/fhir/{goal}/_history",
                 f"/fhir/Goal?patient={ann}", "/fhir?_type=Goal", f"/fhir/{ann}/Goal",
                 f"/fhir/{ann}/$everything", "/fhir/Goal?colour=red", "/fhir/Practitioner"):  # fmt: skip
        partner.get(path)
    agency.put(goal, a_goal(of=ann))
    agency("PATCH", f"/fhir/{goal}", '[{"op":"replace","path":"/lifecycleStatus","value":"completed"}]',
           Content_Type="application/json-patch+json")  # fmt: skip
    own = partner.make(a_goal(of=ann))
    partner("DELETE", f"/fhir/{own}")
    agency.make({"resourceType": "Organization", "name": "nobody's record"})
    Persons(api.service).signed_in("Practitioner/dana", "user/*.rs").get(f"/fhir/{goal}")
    claimed: set[str] = set()
    events = story.events()
    for event in events:
        assert r4.check(event, "AuditEvent") == (), event
        for profile in event["meta"].get("profile", []):
            name = profile.removeprefix(BALP)
            require(name, event)
            claimed.add(name)
    assert claimed == {"PatientRead", "PatientQuery", "PatientCreate", "PatientUpdate", "PatientDelete",
                       "Create", "Query"}  # fmt: skip
    assert not [event for event in events if event["outcome"] != "0" and "profile" in event["meta"]]


EMPTY = ["agent=Practitioner/dan", "entity=Goal/none", "outcome=8", "date=ge2026-06-02", "policy=urn:other",
         "type=110114", "type:text=rest", "type:missing=true"]  # fmt: skip
PATIENT = {"system": "http://terminology.hl7.org/CodeSystem/audit-entity-type", "code": "1"}
REST = {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"}
DCM = "http://dicom.nema.org/resources/ontology/DCM"
SUBTYPES = {
    "Create": {"create"},
    "Read": {"read", "vread"},
    "Update": {"update", "patch"},
    "Delete": {"delete"},
    "Query": {"search", "search-type", "search-system"},
}
ACTIONS = {"Create": "C", "Read": "R", "Update": "U", "Delete": "D", "Query": "E"}
AGENTS = {
    "Create": ("110153", "110152", {"AUT", "INF", "CST"}),
    "Read": ("110152", "110153", {"IRCP"}),
    "Update": ("110153", "110152", {"AUT", "INF", "CST"}),
    "Delete": ("110150", "custodian", {"AUT", "INF", "CST"}),
    "Query": ("110153", "110152", {"IRCP"}),
}


def require(profile: str, event: Document) -> None:
    """The must-haves of the BALP profiles, as their StructureDefinitions list them."""
    kind = profile.removeprefix("Patient")
    assert event["type"] == REST
    interactions = [
        one["code"] for one in event["subtype"] if one["system"] == "http://hl7.org/fhir/restful-interaction"
    ]
    assert len(interactions) == 1
    assert interactions[0] in SUBTYPES[kind]
    assert (event["action"], event["outcome"]) == (ACTIONS[kind], "0")
    by_type: dict[str, list[Document]] = {}
    for agent in event["agent"]:
        (one,) = agent["type"]["coding"]
        by_type.setdefault(one["code"], []).append(agent)
    client, server, persons = AGENTS[kind]
    for code in (client, server):
        (agent,) = by_type[code]
        assert agent["who"]["identifier"]["value"]
        assert agent["network"]["address"]
    for code in persons & by_type.keys():
        (agent,) = by_type[code]
        assert agent["requestor"] is True
        assert agent["who"]["reference"]
    entities: dict[tuple[str, str], list[Document]] = {}
    for entity in event["entity"]:
        entities.setdefault((entity["type"]["system"].rpartition("/")[2], entity["type"]["code"]), []).append(
            entity
        )
    (one,) = entities["audit-entity-type", "2"]
    if kind == "Query":
        assert (one["role"]["code"], "what" in one, "detail" in one) == ("24", False, False)
        assert one["query"]
    else:
        assert one["role"]["code"] in {"4", "3", "20"}
        assert one["what"]["reference"]
    patients = entities.get(("audit-entity-type", "1"), [])
    if profile.startswith("Patient"):
        (patient,) = patients
        assert patient["what"]["reference"].startswith("Patient/")
        assert patient["role"] == {"system": "http://terminology.hl7.org/CodeSystem/object-role", "code": "1"}
    else:
        assert patients == []
    assert event["source"]["observer"]["identifier"]["value"] == BASE_URL


def test_a_refused_read_names_the_client_whose_record_it_was_and_why(story: Story) -> None:
    assert story.api.stranger.get(f"/fhir/{story.hidden}").status == 404
    (event,) = story.events(f"agent={STRANGER}&patient={story.ann}&outcome=4")
    assert references(event) == [story.ann, STRANGER][:1]
    assert event["outcomeDesc"].startswith("no such resource was found")
    assert event["subtype"][0]["code"] == "read"


def test_searches_say_in_sql_what_the_events_themselves_say(story: Story, api: Api) -> None:
    goal, consent = story.goals[0], story.consents[0]
    api.partner.get("/fhir/Goal")
    api.service.clock.go_on(hours=1)  # type: ignore[attr-defined]
    api.partner.get(f"/fhir/{goal}", X_Request_Id="req-1")
    api.stranger.get(f"/fhir/{story.hidden}")
    api.agency.put(goal, a_goal(of=story.bob))  # the goal moves to another client
    api.agency.get("/fhir/Goal")
    api.partner.get("/fhir/Goal?subject=Patient/nobody&colour=red")
    api.partner.get(f"/fhir/{story.ann}/$everything")
    api.agency.get("/fhir/Practitioner")
    Persons(api.service).signed_in("Practitioner/dana", "user/*.rs").get(f"/fhir/{goal}")
    questions = [
        "", f"patient={story.ann}", f"patient={story.ann},{story.cid}", "_id=1-1,2-1",
        f"agent={PARTNER}", "agent=Practitioner/dana", "agent=Practitioner/dan", "agent:identifier=partner",
        "agent:identifier=calm-app", f"agent:identifier={BASE_URL}", f"entity={goal}",
        f"entity={story.hidden}",
        f"entity={consent}", f"entity={story.ann}", "entity=Goal/none", "entity:identifier=req-1",
        "entity:missing=true", "type=rest", "type=110114", "subtype=read", "subtype=create,update",
        "subtype:not=read",
        "type:text=rest", "type:missing=true",
        "subtype=search-type", "subtype=everything", "action=R", "action=R,C",
        "action:not=E",
        "outcome=0", "outcome=4", "outcome=8", "outcome:not=0", "date=2026-06-01",
        "date=gt2026-06-01T12:30:00Z",
        "date=lt2026-06-01T12:30:00Z", "date=ge2026-06-02", "policy:missing=false",
        f"policy={BASE_URL}/fhir/{consent}/_history/1%23provision",
        f"policy:below={BASE_URL}/fhir/{consent}", "policy=urn:other",
        f"patient={story.ann}&agent={PARTNER}&outcome=0&subtype=read",
        f"_filter=patient eq {story.ann} and not (outcome eq 0)", "_lastUpdated=gt2026-06-01T12:30:00Z",
    ]  # fmt: skip
    everything = story.events()
    known = {event["id"] for event in everything}
    answers: dict[str, int] = {}
    asker = Asker(BASE_URL, lambda type_: EVERYTHING)
    for question in questions[1:]:
        about = query_of(["AuditEvent"], parse_qsl(question), asker).about
        wanted = [event["id"] for event in everything if holds(about, version_of(event), World({}))]
        told = [event["id"] for event in story.events(question)]
        assert [id_ for id_ in told if id_ in known] == wanted, question
        answers[question] = len(wanted)
    assert sorted(question for question, many in answers.items() if not many) == sorted(EMPTY)


def version_of(event: Document) -> Version:
    """The event as the filters see a stored resource; whose record it is stands in a column."""
    facts = AUDIT_EVENT.facts(event, BASE_URL)
    patient = [one["what"]["reference"] for one in event["entity"] if one["type"] == PATIENT]
    return Version(replace(facts, patient="".join(patient)), event["id"], span(event["recorded"])[0], "")


def test_pages_and_totals_are_right_in_both_orders(story: Story, api: Api) -> None:
    api.partner.get("/fhir/Goal")
    api.agency.get("/fhir/Goal")
    last = int(
        api.agency.get("/fhir/AuditEvent?_count=1").json["entry"][0]["resource"]["id"].partition("-")[0]
    )
    question = f"/fhir/AuditEvent?date=le2026-06-01T12:00:00Z&agent={PARTNER},{STRANGER}&subtype=search-type"
    for sort in ("-date", "date"):
        pages = api.agency.pages(f"{question}&_sort={sort}&_count=2")
        ids = [entry["resource"]["id"] for page in pages for entry in page.json["entry"]]
        assert [page.json["total"] for page in pages] == [3, 3]
        assert [len(page.json["entry"]) for page in pages] == [2, 1]
        assert len(set(ids)) == 3
        keys = [tuple(map(int, id_.split("-"))) for id_ in ids]
        assert keys == sorted(keys, reverse=sort == "-date")
        assert keys[0][0] < last
    assert api.agency.get(f"{question}&_count=0").json["total"] == 3
    assert "total" not in api.agency.get(f"{question}&_total=none&_count=1").json
    by_form = api.agency("POST", "/fhir/AuditEvent/_search", f"agent={PARTNER}&_count=1",
                         Content_Type="application/x-www-form-urlencoded")  # fmt: skip
    assert (by_form.status, by_form.json["total"]) == (200, 3)


def test_who_reads_the_log_is_in_the_log(story: Story, api: Api) -> None:
    api.partner.get(f"/fhir/{story.goals[0]}")
    (seen,) = story.events(f"agent={PARTNER}")
    api.agency.get(f"/fhir/AuditEvent/{seen['id']}")
    found = story.events(f"entity=AuditEvent/{seen['id']}&subtype=read")
    assert [references(event) for event in found] == [[story.ann, f"AuditEvent/{seen['id']}/_history/1"]]


def test_nobody_but_an_administrator_is_told_more_than_that_it_is_out_of_scope(
    story: Story, api: Api
) -> None:
    (one, *_) = story.events()
    narrow = api.register("narrow", "agency", "system/Goal.rs")
    granular = api.register("clerk", "agency", "system/*.rs?_tag=x")
    dana = Persons(api.service).signed_in("Practitioner/dana", "user/*.cruds")
    callers: list[As] = [api.partner, api.stranger, narrow, granular, dana]
    for who in callers:
        for path in (f"/fhir/AuditEvent/{one['id']}", "/fhir/AuditEvent/none", "/fhir/AuditEvent/0-1",
                     "/fhir/AuditEvent", f"/fhir/AuditEvent?patient={story.ann}", "/fhir/AuditEvent?_count=0",
                     "/fhir/AuditEvent?colour=red"):  # fmt: skip
            answer = who.get(path)
            assert answer.status == 403, path
            (issue,) = answer.json["issue"]
            verb, letter = ("search", "s") if path.partition("?")[0].count("/") == 2 else ("read", "r")
            context = "user" if who is dana else "system"
            wanted = (
                f"this token does not allow to {verb} AuditEvent; ask for `{context}/AuditEvent.{letter}`"
            )
            assert (issue["code"], issue["diagnostics"]) == ("forbidden", wanted)
    auditor = api.register("auditor", "agency", "system/AuditEvent.rs")
    assert auditor.get("/fhir/AuditEvent").status == 200
    assert auditor.get(f"/fhir/AuditEvent/{one['id']}").json == one
    assert auditor.get("/fhir/AuditEvent/0-1").status == auditor.get("/fhir/AuditEvent/x").status == 404
    assert auditor.get("/fhir/Goal").status == 403


def test_nobody_writes_audit_events(api: Api) -> None:
    event = {"resourceType": "AuditEvent"}
    writes = "POST  PUT/1-1 PATCH/1-1 DELETE/1-1 PUT?type=rest DELETE?type=rest".split()
    for write in writes:
        method, path = re.sub(r"(?<=[A-Z])(?=[^A-Z]|$)", " ", write, count=1).split(" ", 1)
        for who in (api.agency, api.partner):
            answer = who(method, f"/fhir/AuditEvent{path}", event)
            assert answer.status == 405, (method, path)
            assert answer.json["issue"][0]["diagnostics"].startswith("AuditEvents are made by this service")


def test_what_a_search_of_the_log_does_not_offer_is_refused(api: Api) -> None:
    for question in ("colour=red", "_include=*", "_content=food", "agent:Organization.name=x", "_sort=action",
                     "_sort=date,_id", "_tag=x", "patient:missing=x", "policy:below=x"):  # fmt: skip
        answer = api.agency.get(f"/fhir/AuditEvent?{question}")
        assert answer.status == 400, question
        assert answer.json["issue"][0]["diagnostics"]


def test_the_log_has_no_versions_no_parts_and_no_profiles_of_its_own(story: Story, api: Api) -> None:
    (one, *_) = story.events()
    for path in (f"{one['id']}/_history/1", f"{one['id']}/_history", f"{one['id']}/$meta"):
        assert api.agency.get(f"/fhir/AuditEvent/{path}").status == 405, path
    for question in ("_summary=true", "_elements=agent"):
        assert api.agency.get(f"/fhir/AuditEvent?{question}").status == 400, question
        assert api.agency.get(f"/fhir/AuditEvent/{one['id']}?{question}").status == 400, question
    assert api.agency.get("/fhir/AuditEvent?_summary=count").json["total"] > 10
    assert api.agency.get("/fhir/AuditEvent?_count=1&_pretty=true").body.count(b"\n") > 10
    as_xml = api.agency.get(f"/fhir/AuditEvent/{one['id']}?_format=xml").body
    assert as_xml.startswith(
        b'<?xml version="1.0" encoding="UTF-8"?><AuditEvent xmlns="http://hl7.org/fhir">'
    )


def test_a_batch_reads_the_log_as_its_caller_may(story: Story, api: Api) -> None:
    entry = {"request": {"method": "GET", "url": f"AuditEvent?patient={story.ann}&subtype=create"}}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
    statuses = [
        who("POST", "/fhir", bundle).json["entry"][0]["response"]["status"]
        for who in (api.agency, api.partner)
    ]
    assert statuses == ["200 OK", "403 Forbidden"]
