"""Elements with labels of their own: withheld on every way of reading, found by no search, never unlabelled.

https://build.fhir.org/ig/HL7/fhir-security-label-ds4p/inline_security_labels.html
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builders import (
    ACT_CODE,
    AGENCY,
    DOMAIN,
    FOOD,
    HOUSING,
    PARTNER,
    Api,
    Document,
    a_care_plan,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
    a_transaction,
    an_entry,
    concept,
    label,
)
from careplan_service.resources import r4

ANN, GOAL = "Patient/ann", "Goal/ann-1"
URL = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"
TAG = {"system": ACT_CODE, "code": "PROCESSINLINELABEL"}
REDACTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "REDACTED"}
SECRET = "Hidden Lane"


def labelled(*codes: str) -> Document:
    """What an element has among its members to be labelled."""
    return {"extension": [{"url": URL, "valueCoding": label(code)} for code in codes]}


def tagged(document: Document, *security: Document) -> Document:
    return {**document, "meta": {**document.get("meta", {}), "security": [TAG, *security]}}


def ann(**more: Any) -> Document:
    home = {"use": "home", "city": SECRET, **labelled("R")}
    office = {"use": "work", "city": "Eastgate"}
    given = {"given": ["Ann", "Secretname"], "_given": [None, labelled("SDV")], "family": "Berg"}
    return tagged(a_patient(address=[home, office], name=[given], **more))


@pytest.fixture
def world(api: Api) -> Api:
    """A partner that may have what is normal of Ann."""
    api.agency.put(ANN, ann())
    note = [{"text": "about the parcel"}, {"text": f"she hides in {SECRET}", **labelled("SDV", "R")}]
    target = [{"dueDate": "2026-09-09", "_dueDate": labelled("V")}, {"dueDate": "2026-10-10"}]
    goal = a_goal(ANN, note=note, target=target, statusReason="out of a cellar", _statusReason=labelled("R"))
    api.agency.put(GOAL, tagged(goal))
    api.agency.put("Consent/ann", a_consent(ANN, a_provision(to=PARTNER, purpose=["COC"], labels=["N"])))
    return api


READING = [
    "{}", "{}/_history/1", "{}/_history", "{type}", "{type}?_id={id}", "?_type={type}", "{type}/_history",
    "_history",     "{}?_format=xml", "{}?_elements={elements}", "Patient/ann/$everything",
    "Patient/ann/*", "Goal?_include=Goal:subject", "Patient?_revinclude=Goal:subject", "{}?_pretty=true",
]  # fmt: skip


@pytest.mark.parametrize("reference", [ANN, GOAL])
def test_what_is_labelled_leaves_by_no_way_of_reading(world: Api, reference: str) -> None:
    type_, id_ = reference.split("/")
    elements = "address,name" if type_ == "Patient" else "note,target"
    reading = [path.format(reference, type=type_, id=id_, elements=elements) for path in READING]
    for path in reading:
        answer = world.partner.get(f"/fhir/{path}")
        assert answer.status == 200, path
        for secret in (SECRET, "Secretname", "2026-09-09", "cellar"):
            assert secret.encode() not in answer.body, (path, secret)
    for path in reading:
        answer = world.agency.get(f"/fhir/{path}")
        assert SECRET.encode() in answer.body, path


def test_a_copy_is_valid_and_says_that_it_is_one(world: Api) -> None:
    patient = world.partner.get(f"/fhir/{ANN}")
    assert r4.check(patient.json, "Patient") == ()
    assert patient.json["address"] == [{"use": "work", "city": "Eastgate"}]
    assert patient.json["name"] == [{"given": ["Ann"], "_given": [None], "family": "Berg"}]
    assert REDACTED in patient.json["meta"]["security"]
    goal = world.partner.get(f"/fhir/{GOAL}").json
    assert r4.check(goal, "Goal") == ()
    assert goal["note"] == [{"text": "about the parcel"}]
    assert goal["target"] == [{"dueDate": "2026-10-10"}]
    assert "statusReason" not in goal
    assert "_statusReason" not in goal
    whole = world.agency.get(f"/fhir/{ANN}")
    assert REDACTED not in whole.json["meta"]["security"]
    assert whole.headers["ETag"] != patient.headers["ETag"]


@pytest.mark.parametrize(
    "query",
    [
        f"Patient?address={SECRET}", f"Patient?address-city={SECRET}", "Patient?given=Secretname",
        "Patient?name=Secretname", f"Patient?_content={SECRET}", "Patient?_text=Secretname",
        f"?_type=Patient,Goal&_content={SECRET}", "Goal?target-date=2026-09-09",
        f"Goal?subject.address={SECRET}", "Patient?_has:Goal:subject:target-date=2026-09-09",
        f"Patient?_filter=address co \"{SECRET}\"",
    ],
)  # fmt: skip
def test_no_search_finds_anything_by_what_is_labelled(world: Api, query: str) -> None:
    address = f"/fhir/{query.replace(' ', '%20')}"
    assert world.agency.get(address).json["total"] == 0, query
    asked = world.partner.get(address)
    in_words = "_content" in query or "_text" in query
    assert asked.status == 400 if in_words else asked.json["total"] == 0, query
    for query_ in ("Patient?address=Eastgate", "Patient?given=Ann", "Goal?target-date=2026-10-10"):
        assert world.partner.get(f"/fhir/{query_}").json["total"] == 1, query_


def test_a_consent_that_permits_the_label_opens_the_element_at_once(world: Api) -> None:
    more = a_provision(to=PARTNER, purpose=["COC"], labels=["R", "SDV", "V"])
    assert world.agency.put("Consent/more", a_consent(ANN, more)).status == 201
    assert SECRET.encode() in world.partner.get(f"/fhir/{ANN}").body
    assert SECRET.encode() in world.partner.get(f"/fhir/{GOAL}").body
    deny = a_provision("deny", labels=["SDV"])
    narrower = a_provision(to=PARTNER, purpose=["COC"], labels=["R"], provision=[deny])
    world.agency.put("Consent/more", a_consent(ANN, narrower))
    assert world.partner.get(f"/fhir/{ANN}").json["address"][0]["city"] == SECRET
    assert world.partner.get(f"/fhir/{ANN}").json["name"][0]["given"] == ["Ann"]
    assert SECRET.encode() not in world.partner.get(f"/fhir/{GOAL}").body
    world.agency("DELETE", "/fhir/Consent/more")
    assert SECRET.encode() not in world.partner.get(f"/fhir/{ANN}").body


def test_a_deny_of_the_label_takes_the_element_from_staff_too(world: Api) -> None:
    deny = a_provision("deny", to=AGENCY, labels=["SDV"])
    assert world.agency.put("Consent/no", a_consent(ANN, deny)).status == 201
    goal = world.agency.get(f"/fhir/{GOAL}").json
    assert [one["text"] for one in goal["note"]] == ["about the parcel"]
    assert goal["statusReason"] == "out of a cellar"
    assert world.agency.get(f"/fhir/{ANN}").json["name"][0]["given"] == ["Ann"]


def test_what_is_labelled_now_is_withheld_from_what_was_before(world: Api) -> None:
    world.agency.put("Patient/ben", a_patient(address=[{"city": "Old Lane"}]))
    world.agency.put("Consent/ben", a_consent("Patient/ben", a_provision(to=PARTNER, labels=["N"])))
    past = "/fhir/Patient/ben/_history/1"
    assert b"Old Lane" in world.partner.get(past).body
    now = tagged(a_patient(address=[{"city": "New Lane", **labelled("R")}, {"city": "Eastgate"}]))
    assert world.agency.put("Patient/ben", now).status == 200
    for path in (past, "/fhir/Patient/ben/_history", "/fhir/Patient/_history", "/fhir/_history"):
        answer = world.partner.get(path)
        assert answer.status == 200
        for secret in (b"Old Lane", b"New Lane"):
            assert secret not in answer.body, path
    assert b"Old Lane" in world.agency.get(past).body
    assert world.agency.put("Patient/ben", tagged(a_patient(address=[{"city": "Eastgate"}]))).status == 200
    for path in (past, "/fhir/Patient/ben/_history/2", "/fhir/Patient/ben/_history", "/fhir/_history"):
        for secret in (b"Old Lane", b"New Lane"):
            assert secret not in world.partner.get(path).body, path


def test_who_wrote_a_label_reads_what_it_wrote(world: Api) -> None:
    own = world.partner.make(tagged(a_goal(ANN, note=[{"text": "ours", **labelled("V")}])))
    assert world.partner.get(f"/fhir/{own}").json["note"][0]["text"] == "ours"
    assert world.agency.get(f"/fhir/{own}").json["note"][0]["text"] == "ours"


def test_a_copy_is_patched_and_not_put(world: Api) -> None:
    deny = a_provision("deny", to=AGENCY, labels=["SDV", "V"])
    world.agency.put("Consent/no", a_consent(ANN, deny))
    seen = world.agency.get(f"/fhir/{GOAL}").json
    assert world.agency.put(GOAL, seen).status == 409
    patch = [{"op": "replace", "path": "/note/0/text", "value": "about two parcels"}]
    done = world.agency("PATCH", f"/fhir/{GOAL}", patch, Content_Type="application/json-patch+json")
    assert done.status == 200, done.body
    assert SECRET.encode() not in done.body
    world.agency("DELETE", "/fhir/Consent/no")
    whole = world.agency.get(f"/fhir/{GOAL}").json
    assert [one["text"] for one in whole["note"]] == ["about two parcels", f"she hides in {SECRET}"]
    assert whole["note"][1]["extension"] == labelled("SDV", "R")["extension"]
    assert whole["target"][0] == {"dueDate": "2026-09-09", "_dueDate": labelled("V")}
    assert (whole["statusReason"], whole["_statusReason"]) == ("out of a cellar", labelled("R"))
    assert REDACTED not in whole["meta"]["security"]


def test_a_label_of_an_element_is_not_lost_in_passing(world: Api) -> None:
    whole = world.agency.get(f"/fhir/{ANN}").json
    plain = {**whole, "address": [{"use": "home", "city": SECRET}, whole["address"][1]]}
    refused = world.agency.put(ANN, plain)
    assert (refused.status, refused.json["issue"][0]["expression"]) == (409, ["Patient.address"])
    assert "is labelled `R`" in refused.json["issue"][0]["diagnostics"]
    patch = [{"op": "remove", "path": "/address/0/extension"}]
    kind = {"Content_Type": "application/json-patch+json"}
    assert world.agency("PATCH", f"/fhir/{ANN}", patch, **kind).status == 409
    entry = an_entry("PUT", ANN, plain)
    assert world.agency("POST", "/fhir", a_transaction(entry)).status == 409
    gone = {**whole, "address": whole["address"][1:]}
    assert world.agency.put(ANN, gone).status == 200
    assert world.agency.put(ANN, whole).status == 200
    more = {**whole, "address": [*whole["address"], {"city": "Northgate"}]}
    assert world.agency.put(ANN, more).status == 200
    restricted = {**plain, "meta": {"security": [TAG, label("R")]}}
    assert world.agency.put(ANN, restricted).status == 200
    assert world.partner.get(f"/fhir/{ANN}").status == 404


LOST = [
    ("the sibling went", [("Hiding", "R"), ("Work", "")], [("Hiding", "")]),
    ("another's label", [("Hiding", "V"), ("Work", "R")], [("Hiding", "R")]),
    ("said otherwise", [("Hiding", "R"), ("Work", "")], [("Hiding place", "")]),
    ("changed places", [("Hiding", "R"), ("Work", "")], [("Hiding", ""), ("Work", "R")]),
    ("lowered", [("Hiding", "V")], [("Hiding", "R")]),
]
KEPT = [
    ("gone with its label", [("Hiding", "R"), ("Work", "")], [("Work", "")]),
    ("raised", [("Hiding", "R")], [("Hiding", "V")]),
    ("one more", [("Hiding", "R")], [("Hiding", "R"), ("Work", "")]),
    ("moved", [("Hiding", "R"), ("Work", "")], [("Work", ""), ("New hiding", "R")]),
]


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [*((*row[1:], 409) for row in LOST), *((*row[1:], 200) for row in KEPT)],
    ids=[row[0] for row in (*LOST, *KEPT)],
)
def test_what_becomes_of_labels_in_an_update(
    api: Api, before: list[tuple[str, str]], after: list[tuple[str, str]], status: int
) -> None:
    def patient(cities: list[tuple[str, str]]) -> Document:
        return tagged(
            a_patient(address=[{"city": city, **(labelled(code) if code else {})} for city, code in cities])
        )

    assert api.agency.put(ANN, patient(before)).status == 201
    assert api.agency.put(ANN, patient(after)).status == status


def test_a_permit_by_a_code_does_not_see_a_labelled_one(world: Api) -> None:
    hidden = {**concept(DOMAIN, FOOD), **labelled("R")}
    made = a_goal(ANN, category=[concept(DOMAIN, HOUSING), hidden])
    world.agency.put("Goal/two", tagged(made))
    world.agency.put("Consent/ann", a_consent(ANN, a_provision(to=PARTNER, purpose=["COC"], codes=[FOOD])))
    assert world.partner.get("/fhir/Goal/two").status == 404
    assert b"food" not in world.partner.get("/fhir/$my-access").body
    world.agency.put("Consent/ann", a_consent(ANN, a_provision(to=PARTNER, purpose=["COC"], codes=[HOUSING])))
    assert world.partner.get("/fhir/Goal/two").status == 200
    deny = a_consent(ANN, a_provision("deny", to=PARTNER, codes=[FOOD]))
    world.agency.put("Consent/no", deny)
    assert world.partner.get("/fhir/Goal/two").status == 404


def test_part_2_data_in_an_element_leaves_with_its_notice(world: Api) -> None:
    note = [{"text": "in recovery", **labelled("SUD", "R")}]
    world.agency.put("Goal/sud", tagged(a_goal(ANN, note=note)))
    for path in ("Goal/sud", "Goal?_id=sud"):
        answer = world.partner.get(f"/fhir/{path}")
        assert "X-Careplan-Notice" not in answer.headers, path
    more = a_provision(to=PARTNER, purpose=["COC"], labels=["R", "SUD"])
    world.agency.put("Consent/more", a_consent(ANN, more))
    for path in ("Goal/sud", "Goal?_id=sud"):
        answer = world.partner.get(f"/fhir/{path}")
        assert b"in recovery" in answer.body
        assert "42 CFR part 2" in answer.headers["X-Careplan-Notice"], path
    assert {one["code"] for one in answer.json["meta"]["security"]} == {"R", "NORDSCLCD"}


def test_a_response_with_labelled_answers_is_not_extracted(world: Api) -> None:
    answer = {"valueString": "often", **labelled("R")}
    response = {
        "resourceType": "QuestionnaireResponse", "status": "completed", "subject": {"reference": ANN},
        "item": [{"linkId": "1", "answer": [answer]}],
    }  # fmt: skip
    stored = world.agency.make(tagged(response))
    for path, sent in ((f"{stored}/$extract?store=true", None), ("QuestionnaireResponse/$extract", response)):
        done = world.agency("POST", f"/fhir/{path}", tagged(sent) if sent else None)
        assert done.status == 422
        assert "label the whole response" in done.json["issue"][0]["diagnostics"]


def test_a_print_is_without_what_has_a_label_of_its_own(world: Api) -> None:
    told = json.loads((Path(__file__).parents[2] / "fixtures/plans/family-eviction.json").read_text())
    made = world.agency("POST", "/plans", told, Content_Type="application/json").json
    found = world.agency.get("/fhir/Goal?identifier=FE-2025-014/1.1").json["entry"][0]["resource"]
    words = found["description"]["text"]
    page = f"/plans/{made['id']}.html"
    assert words in world.agency.get(page).body.decode()
    found["note"] = [*found.get("note", []), {"text": "x", **labelled("R")}]
    found["meta"]["security"].append(TAG)
    assert world.agency.put(f"Goal/{found['id']}", found).status == 200
    assert words not in world.agency.get(page).body.decode()
    assert words in world.agency.get(f"{page}?include=sensitive").body.decode()


def test_staff_is_told_which_elements_a_partner_lacks(world: Api) -> None:
    why = world.agency.get(f"/fhir/{ANN}/$why-access?partner=Organization/partner")
    assert why.status == 200
    assert b"Patient.address[0]" in why.body


NOT = "not-supported"
REFUSED = [
    ("no tag", {"note": [{"text": "x", **labelled("R")}]}, (), "Goal.meta.security", "business-rule"),
    ("the resource itself", labelled("R"), (TAG,), "Goal.extension", NOT),
    ("what is required", {"description": {"text": "x", **labelled("R")}}, (TAG,), "Goal.description", NOT),
    ("a required primitive", {"_lifecycleStatus": labelled("R")}, (TAG,), "Goal.lifecycleStatus", NOT),
    ("whose record it is", {"subject": {"reference": ANN, **labelled("R")}}, (TAG,), "Goal.subject", NOT),
    ("a reference", {"addresses": [{"reference": "Condition/c", **labelled("R")}]}, (TAG,),
     "Goal.addresses[0]", NOT),
    ("a reference within", {"note": [{"text": "x", "authorReference": {"reference": ANN}, **labelled("R")}]},
     (TAG,), "Goal.note[0]", NOT),
    ("handling", {"note": [{"text": "x", **labelled("NORDSCLCD")}]}, (TAG,), "Goal.note[0]", NOT),
    ("no coding", {"note": [{"text": "x", "extension": [{"url": URL, "valueString": "R"}]}]}, (TAG,),
     "Goal.note[0]", NOT),
    ("of the meta", {"meta": {"tag": [{"code": "x", **labelled("R")}], "security": [TAG]}}, (),
     "Goal.meta.tag[0]", NOT),
    ("a date", {"startDate": "2026-01-02", "_startDate": labelled("R")}, (TAG,), "Goal", NOT),
    ("a modifier", {"identifier": [{"value": "7", "use": "old", "_use": labelled("R")}]}, (TAG,),
     "Goal.identifier[0].use", NOT),
    ("a modifying extension", {"modifierExtension": [{"url": "urn:x", "valueBoolean": True,
                                                      "_valueBoolean": labelled("R")}]}, (TAG,),
     "Goal.modifierExtension[0].valueBoolean", NOT),
    ("contained", {"contained": [{"resourceType": "Patient", "id": "c", **labelled("R")}],
                   "expressedBy": {"reference": "#c"}}, (TAG,), "Goal.contained[0]", NOT),
    ("too many", {"note": [{"text": "x", **labelled("R")}] * 51}, (TAG,), "Goal", "too-costly"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "security", "where", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_a_label_that_cannot_be_enforced_is_refused(
    world: Api, more: Document, security: tuple[Document, ...], where: str, code: str
) -> None:
    goal = {**a_goal(ANN), **more}
    if security:
        goal = tagged(goal, *security[1:])
    answer = world.agency("POST", "/fhir/Goal", goal)
    assert answer.status == 422
    issue = answer.json["issue"][0]
    assert (issue["expression"], issue["code"]) == ([where], code)
    assert "\n" not in issue["diagnostics"]


def test_labels_in_what_no_consent_decides_about_are_refused(world: Api) -> None:
    place = {"resourceType": "Location", "address": {"city": SECRET, **labelled("R")}}
    assert world.agency("POST", "/fhir/Location", tagged(place)).status == 422
    consent = a_consent(ANN, a_provision(to=PARTNER), dateTime="2026-01-01", _dateTime=labelled("R"))
    assert world.agency("POST", "/fhir/Consent", tagged(consent)).status == 422


def test_a_tag_or_label_that_is_written_with_escapes_does_not_pass_unseen(world: Api) -> None:
    url = URL.replace("inline", "\\u0069nline")
    note = (
        f'{{"text":"x","extension":[{{"url":"{url}","valueCoding":{{"system":"{ACT_CODE}","code":"SDV"}}}}]}}'
    )
    text = (
        f'{{"resourceType":"Goal","meta":{{"security":[{{"system":"{ACT_CODE}",'
        '"code":"PROCESSINLINE\\u004cABEL"}]},"lifecycleStatus":"active","description":{"text":"x"},'
        f'"subject":{{"reference":"{ANN}"}},"note":[{note}]}}'
    )
    answer = world.agency("POST", "/fhir/Goal", text, Content_Type="application/fhir+json")
    assert answer.status == 422
    assert "plainly" in answer.json["issue"][0]["diagnostics"]
    untagged = text.replace("PROCESSINLINE\\u004cABEL", "SDV")
    answer = world.agency("POST", "/fhir/Goal", untagged, Content_Type="application/fhir+json")
    assert (answer.status, answer.json["issue"][0]["expression"]) == (422, ["Goal.meta.security"])


def test_a_plan_that_names_what_is_labelled_is_as_usual(world: Api) -> None:
    plan = world.agency.make(a_care_plan(ANN, (GOAL,)))
    assert world.partner.get(f"/fhir/{plan}").json["goal"] == [{"reference": GOAL}]
