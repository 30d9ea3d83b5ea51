"""Breaking the glass: people, one patient, a reason, a while, to look only; told, queued and ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from builders import AGENCY, PARTNER, Answer, Api, As, a_consent, a_goal, a_patient, a_provision
from careplan_service.app import Service
from careplan_service.interactions.break_glass import MOST_A_DAY, NOTICE
from careplan_service.log import configure_log
from careplan_service.resources import r4
from conftest import Clock
from web.persons import APP, Persons


@pytest.fixture(autouse=True)
def told(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """The log, which goes to the standard error of this test."""
    configure_log("info")
    yield capsys
    configure_log("info")


WARD = replace(APP, id="ward", purpose="TREAT", further_purposes=("BTG", "COC"))
REASON = "unconscious after a fall, no history known"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def claim(reason: str = REASON, **more: Any) -> dict[str, Any]:
    """What opens: a reason, and whatever else is given as (value[x], value)."""
    named = [{"name": name, kind: value} for name, (kind, value) in more.items()]
    return {"resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": reason}, *named]}


def switched(service: Service, policy: str = "policy") -> Service:
    return replace(service, settings=replace(service.settings, break_glass=policy))


def broken(by: As, patient: str, **more: Any) -> Answer:
    return by("POST", f"/fhir/{patient}/$break-glass", claim(**more))


class Ward:
    """Ann and Ben have a goal each and share neither; Pat works at the partner, Dana at the agency."""

    def __init__(self, service: Service, policy: str = "policy") -> None:
        self.service = switched(service, policy)
        self.api = Api(self.service)
        make = self.api.agency.make
        self.ann, self.ben = make(a_patient("Ann", identifier=[{"system": "urn:mrn", "value": "7"}])), ""
        self.ben = make(a_patient("Ben"))
        self.goal, self.bens = make(a_goal(self.ann)), make(a_goal(self.ben))
        self.persons = Persons(self.service)
        self.pat = self.person("Practitioner/pat", PARTNER)
        self.dana = self.person("Practitioner/dana", AGENCY)

    def person(self, fhir_user: str, organization: str = AGENCY, **more: Any) -> As:
        given = {"client": WARD, "purpose": "TREAT", **more}
        return self.persons.signed_in(fhir_user, "user/*.cruds", organization=organization, **given)


def test_a_practitioner_opens_one_record_for_a_while_to_look_at(service: Service, clock: Clock) -> None:
    ward = Ward(service)
    pat, ann = ward.pat, ward.ann
    assert (pat.get(f"/fhir/{ann}").status, pat.get(f"/fhir/{ward.goal}").status) == (404, 404)

    opened = broken(pat, ann)
    parameters = {one["name"]: one for one in opened.json["parameter"]}
    assert opened.status == 200
    assert parameters["until"]["valueInstant"] == "2026-06-01T13:00:00.000Z"
    assert (parameters["purpose"]["valueCode"], parameters["notice"]["valueString"]) == ("BTG", NOTICE)

    seen = pat.get(f"/fhir/{ward.goal}")
    assert (seen.status, seen.headers["X-Careplan-Notice"]) == (200, NOTICE)
    assert pat.get(f"/fhir/{ann}").status == pat("HEAD", f"/fhir/{ward.goal}").status == 200
    assert pat.get("/fhir/Goal").ids == [ward.goal.partition("/")[2]]
    assert len(pat.get(f"/fhir/{ann}/$everything").ids) == 2
    assert pat.get(f"/fhir/{ann}/Goal").json["total"] == 1
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    assert len(pat("POST", "/fhir/Goal/_search", f"patient={ann}", **form).ids) == 1
    assert pat.get(f"/fhir/Goal?patient={ann}&_include=Goal:patient").json["entry"][-1]["resource"]["id"]
    # Another patient, another person, another app, past versions, history and writes stay as they were.
    assert pat.get(f"/fhir/{ward.bens}").status == 404
    another = ward.person("Practitioner/kim", PARTNER)
    elsewhere = ward.person("Practitioner/pat", PARTNER, client=replace(WARD, id="other"))
    assert another.get(f"/fhir/{ward.goal}").status == elsewhere.get(f"/fhir/{ward.goal}").status == 404
    assert pat.get(f"/fhir/{ward.goal}/_history").status == 404
    assert pat.get("/fhir/Goal/_history").ids == []
    assert pat("DELETE", f"/fhir/{ward.goal}").status == 404
    assert pat.put(ward.goal, a_goal(ann)).status in (404, 405)
    assert pat.get(f"/fhir/{ann}/$disclosures").status == 403
    bundle = {"resourceType": "Bundle", "type": "batch",
              "entry": [{"request": {"method": "GET", "url": ward.goal}}]}  # fmt: skip
    assert pat("POST", "/fhir", bundle).json["entry"][0]["response"]["status"].startswith("404")
    clock.go_on(seconds=3600)
    assert pat.get(f"/fhir/{ward.goal}").status == 404
    assert pat.get("/fhir/Goal").ids == []


@on_sqlite
def test_what_is_another_patients_as_well_stays_closed(service: Service) -> None:
    ward = Ward(service)
    shared = ward.api.agency.make(
        {"resourceType": "CareTeam", "status": "active", "subject": {"reference": ward.ann},
         "participant": [{"member": {"reference": ward.ben}}]}
    )  # fmt: skip
    broken(ward.pat, ward.ann)
    assert ward.pat.get(f"/fhir/{shared}").status == 404
    assert ward.pat.get(f"/fhir/Goal?patient={ward.ben}").ids == []


@on_sqlite
def test_the_record_is_open_as_it_is_now(service: Service) -> None:
    ward = Ward(service)
    ward.api.agency.put(ward.goal, a_goal(ward.ann, startDate="2026-01-01"))
    broken(ward.pat, ward.ann)
    versions = [ward.pat.get(f"/fhir/{ward.goal}/_history/{number}").status for number in (1, 2)]
    assert versions == [404, 200]
    ward.api.agency("DELETE", f"/fhir/{ward.goal}")
    assert [ward.pat.get(f"/fhir/{ward.goal}{at}").status for at in ("", "/_history/3")] == [404, 404]


def test_a_deny_that_names_emergencies_holds_and_others_give_way(service: Service) -> None:
    ward = Ward(service)
    make = ward.api.agency.make
    make(a_consent(ward.ann, a_provision("deny"), policyRule=None) | {"policyRule": OPTOUT})
    assert ward.dana.get(f"/fhir/{ward.goal}").status == 404  # the custodian's own staff

    broken(ward.dana, ward.ann)
    assert ward.dana.get(f"/fhir/{ward.goal}").status == 200
    make(a_consent(ward.ann, a_provision("deny", purpose=("ETREAT",)), policyRule=OPTOUT))
    assert ward.dana.get(f"/fhir/{ward.goal}").status == 404
    broken(ward.pat, ward.ann)
    assert ward.pat.get(f"/fhir/{ward.goal}").status == 404


OPTOUT = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTOUT"}]}


def test_with_consent_only_consents_for_emergencies_open_it(service: Service) -> None:
    ward = Ward(service, "consent-only")
    broken(ward.pat, ward.ann)
    assert ward.pat.get(f"/fhir/{ward.goal}").status == 404
    ward.api.agency.make(a_consent(ward.ann, a_provision(to=PARTNER, purpose=("ETREAT",))))
    assert ward.pat.get(f"/fhir/{ward.goal}").status == 200
    assert ward.person("Practitioner/kim", PARTNER).get(f"/fhir/{ward.goal}").status == 404


@on_sqlite
def test_it_is_off_unless_set_and_switching_it_off_closes_every_glass(service: Service) -> None:
    ward = Ward(service)
    ward.api.agency.make(a_consent(ward.ann, a_provision(to=PARTNER, purpose=("ETREAT",))))
    broken(ward.pat, ward.ann)
    assert ward.pat.get(f"/fhir/{ward.goal}").status == 200

    off = Ward(switched(service, "off"), "off")
    assert service.settings.break_glass == "off"
    offered = [api.get("/fhir/metadata").body for api in (ward.pat, off.pat)]
    assert [b"Patient-break-glass" in statement for statement in offered] == [True, False]
    assert broken(off.pat, ward.ann).status == 501
    assert off.pat.get(f"/fhir/{ward.goal}").status == 404


@on_sqlite
def test_who_may_not_and_what_is_no_claim_is_refused_and_noted(service: Service) -> None:
    ward = Ward(service)
    refused = {
        "backend": broken(ward.api.partner, ward.ann),
        "agency's backend": broken(ward.api.agency, ward.ann),
        "client": broken(ward.person("Patient/x"), ward.ann),
        "relative": broken(ward.person("RelatedPerson/x"), ward.ann),
        "app": broken(ward.person("Practitioner/pat", PARTNER, client=APP, purpose="COC"), ward.ann),
        "purpose": broken(ward.pat, ward.ann, purpose=("valueCode", "ETREAT")),
    }
    assert {name: answer.status for name, answer in refused.items()} == dict.fromkeys(refused, 403)
    wrong = [
        broken(ward.pat, ward.ann, reason="   "),
        broken(ward.pat, ward.ann, reason="x" * 1001),
        ward.pat("POST", f"/fhir/{ward.ann}/$break-glass", {"resourceType": "Parameters"}),
        broken(ward.pat, ward.ann, purpose=("valueCode", "TREAT")),
        broken(ward.pat, ward.ann, identifier=("valueIdentifier", {"system": "urn:mrn", "value": "7"})),
        broken(ward.pat, "Patient", identifier=("valueIdentifier", {"value": "7"})),
        broken(ward.pat, "Patient"),
    ]
    assert [answer.status for answer in wrong] == [400] * len(wrong)
    assert ward.pat.get(f"/fhir/{ward.ann}").status == 404
    noted = [row for row in ward.api.audit() if row["interaction"] == "break-glass"]
    assert len(noted) == len(refused) + len(wrong)
    assert all(row["refusal"] for row in noted)
    assert service.records.glasses.queue() == []


def test_the_answer_does_not_tell_whether_there_is_such_a_patient(service: Service) -> None:
    ward = Ward(service)
    named = {"identifier": ("valueIdentifier", {"system": "urn:mrn", "value": "7"})}
    unknown = {"identifier": ("valueIdentifier", {"system": "urn:mrn", "value": "8"})}
    answers = [
        broken(ward.pat, ward.ann),
        broken(ward.pat, "Patient/nobody"),
        broken(ward.pat, "Patient", **unknown),
        broken(ward.pat, "Patient", **named),
    ]
    bodies = [answer.body.replace(answer.json["parameter"][0]["valueId"].encode(), b"") for answer in answers]
    assert [answer.status for answer in answers] == [200] * 4
    assert len(set(bodies)) == 1
    assert len(service.records.glasses.queue()) == 4

    kim = ward.person("Practitioner/kim", PARTNER)
    broken(kim, "Patient", **named)
    found = kim.get("/fhir/Patient?identifier=urn:mrn|7")
    assert found.ids == [ward.ann.partition("/")[2]]
    for _ in range(MOST_A_DAY - 1):
        assert broken(kim, "Patient/nobody").status == 200
    assert broken(kim, "Patient/nobody").status == 429


def test_every_look_is_in_the_log_and_the_client_is_told_of_it(
    service: Service, told: pytest.CaptureFixture[str]
) -> None:
    ward = Ward(service)
    id_ = broken(ward.pat, ward.ann).json["parameter"][0]["valueId"]
    line = json.loads(told.readouterr().err)
    assert (line["event"], line["glass"], line["client"]) == ("break_glass", id_, "ward")
    assert ward.ann not in str(line)
    ward.pat.get(f"/fhir/{ward.goal}")
    ward.pat.get(f"/fhir/Goal?patient={ward.ben}")
    left = ward.api.agency.get(f"/fhir/{ward.ann}/$disclosures").json["entry"]
    events = [one["resource"] for one in left[:2]]
    assert {one["resource"]["subtype"][-1]["code"] for one in left[2:]} == {"create"}
    assert [one["subtype"][-1]["code"] for one in events] == ["read", "break-glass"]
    for event in events:
        (glass,) = (e for e in event["entity"] if e["type"]["code"] == "break-glass")
        assert glass["what"]["identifier"]["value"] == id_
        assert glass["detail"] == [{"type": "reason", "valueString": "BREAK-GLASS"}]
        assert "BTG" in [c["coding"][0]["code"] for c in event["purposeOfEvent"]]
    opening = events[1]
    assert (opening["type"]["code"], opening["subtype"][0]["code"]) == ("110113", "110127")
    assert REASON not in str(left)
    assert not [fault for event in events for fault in r4.check(event, "AuditEvent")]
    # The client herself, and the administrator by the id of the glass.
    ann = ward.persons.signed_in(ward.ann, "patient/*.rs", patient=ward.ann)
    assert ann.get(f"/fhir/{ward.ann}/$disclosures").ids[:2] == [event["id"] for event in events]
    assert len(ward.api.agency.get(f"/fhir/AuditEvent?entity:identifier={id_}").ids) == 2
    of_ben = ward.api.agency.get(f"/fhir/{ward.ben}/$disclosures")
    assert (len(of_ben.ids), b"break-glass" in of_ben.body) == (2, False)
