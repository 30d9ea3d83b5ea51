"""Launches that a system of the agency prepares. https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from builders import Answer, Api, a_goal, a_patient
from careplan_service.app import Service
from conftest import Clock
from web.authorizing import Browser, a_person, an_app, code_of, error_of, question

JSON = "application/json"
SCOPE = "launch patient/Goal.rs"


@pytest.fixture
def dana(api: Api) -> Browser:
    """Dana of the agency, signed in; Ann is a patient with a visit and a goal."""
    api.agency.put("Patient/ann", a_patient(name=[{"family": "Example", "given": ["Ann"]}]))
    api.agency.put("Patient/bob", a_patient())
    class_ = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
    visit = {"resourceType": "Encounter", "status": "planned", "class": class_}
    api.agency.put("Encounter/e1", {**visit, "subject": {"reference": "Patient/ann"}})
    api.agency.put("Goal/g1", a_goal(of="Patient/ann"))
    an_app(api.service)
    a_person(api.service, "dana", "Practitioner/dana")
    a_person(api.service, "sam", "Practitioner/sam", "Organization/stranger")
    browser = Browser(api.service)
    browser.sign_in("dana")
    return browser


def prepared(api: Api, **other: Any) -> Answer:
    told = {"client_id": "app", "patient": "ann", **other}
    body = {name: value for name, value in told.items() if value is not None}
    return api.agency("POST", "/oauth/launch", body, Content_Type=JSON)


def handle(api: Api, **other: Any) -> str:
    answer = prepared(api, **other)
    assert answer.status == 201, answer.body
    return str(answer.json["launch"])


def test_a_launch_opens_the_app_for_its_patient_once(api: Api, dana: Browser) -> None:
    context = {
        "encounter": "e1",
        "intent": "review-plan",
        "need_patient_banner": False,
        "fhirContext": [
            {"reference": "Goal/g1"},
            {"canonical": "https://q.example/form", "type": "Questionnaire"},
        ],
    }
    answer = prepared(api, **context, user="dana")
    assert (answer.status, answer.json["expires_in"]) == (201, 300)
    url = urlsplit(answer.json["launch_url"])
    given = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert given == {"iss": "http://127.0.0.1:8000/fhir", "launch": answer.json["launch"]}
    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://app.example.org/launch"
    page = dana.ask(scope=f"{SCOPE} launch/encounter", launch=given["launch"])
    assert "Ann Example" in page.text
    authorization, _ = code_of(api.service, dana.decide())

    assert (authorization.patient, authorization.scope) == ("ann", "launch launch/encounter patient/Goal.rs")
    assert json.loads(authorization.context) == context
    assert error_of(dana.get(question(scope=SCOPE, launch=given["launch"]))) == "invalid_request"


def test_a_handle_is_kept_as_a_digest_only(api: Api, dana: Browser) -> None:
    kept = str(api.service.database.rows("SELECT * FROM oauth_launch", {}))
    assert handle(api) not in kept + str(api.service.database.rows("SELECT * FROM oauth_launch", {}))


def test_a_handle_of_two_forms_is_good_for_one_of_them(api: Api, dana: Browser) -> None:
    launch = handle(api)
    dana.ask(scope=SCOPE, launch=launch)
    first = dana.page
    fields = dana.fields()
    dana.ask(scope=SCOPE, launch=launch)
    code_of(api.service, dana.decide())
    late = dana.post("/oauth/authorize/decision", {**fields, "decision": "allow"})

    assert first is not None
    assert error_of(late) == "invalid_request"


def test_a_handle_is_over_after_five_minutes_but_who_reads_the_page_may_answer(
    api: Api, dana: Browser, clock: Clock
) -> None:
    launch = handle(api)
    clock.go_on(seconds=299)
    assert "asks for access" in dana.ask(scope=SCOPE, launch=launch).text
    fields = dana.fields()
    clock.go_on(seconds=1)
    assert error_of(dana.ask(scope=SCOPE, launch=launch)) == "invalid_request"
    page = dana.post("/oauth/authorize/decision", {**fields, "decision": "allow"})
    assert code_of(api.service, page)[0].patient == "ann"


def test_a_handle_is_good_for_its_app_and_its_person_only(api: Api, dana: Browser) -> None:
    an_app(api.service, "other")
    a_person(api.service, "dora", "Practitioner/dora")
    assert error_of(dana.ask(scope=SCOPE, launch=handle(api), client_id="other")) == "invalid_request"
    assert error_of(dana.ask(scope=SCOPE, launch=handle(api, user="dora"))) == "invalid_request"
    assert error_of(dana.ask(scope=SCOPE, launch=handle(api, user="Practitioner/dora"))) == "invalid_request"
    assert error_of(dana.ask(scope=SCOPE, launch="made-up")) == "invalid_request"
    assert "asks for access" in dana.ask(scope=SCOPE, launch=handle(api, user="Practitioner/dana")).text
    assert "asks for access" in dana.ask(scope=SCOPE, launch=handle(api, user="Dana")).text


def test_who_may_not_see_the_patient_cannot_use_the_handle(api: Api, dana: Browser) -> None:
    browser = Browser(api.service)
    browser.sign_in("sam")
    page = browser.ask(scope=SCOPE, launch=handle(api))

    assert error_of(page) == "invalid_request"
    assert "Ann" not in page.text


def test_what_the_person_may_not_see_is_left_out_of_the_context(api: Api, dana: Browser) -> None:
    launch = handle(api, fhirContext=[{"reference": "Goal/g1"}], patient=None)
    browser = Browser(api.service)
    browser.sign_in("sam")
    browser.ask(scope="launch user/Goal.rs", launch=launch)
    authorization, _ = code_of(api.service, browser.decide())

    assert (authorization.patient, json.loads(authorization.context)) == ("", {})


def test_a_launch_without_a_patient_opens_no_patient_scopes(api: Api, dana: Browser) -> None:
    assert error_of(dana.ask(scope=SCOPE, launch=handle(api, patient=None))) == "invalid_request"


@pytest.mark.parametrize(
    ("other", "at"),
    [
        ({"client_id": "agency"}, "client_id"),
        ({"client_id": "nobody"}, "client_id"),
        ({"client_id": 7}, "client_id"),
        ({"client_id": "closed"}, "client_id"),
        ({"patient": "nobody"}, "patient"),
        ({"patient": "Patient/ann"}, "patient"),
        ({"patient": "bob", "encounter": "e1"}, "encounter"),
        ({"encounter": "e9"}, "encounter"),
        ({"user": "a b"}, "user"),
        ({"user": 7}, "user"),
        ({"intent": "x" * 201}, "intent"),
        ({"intent": "a\nb"}, "intent"),
        ({"need_patient_banner": "yes"}, "need_patient_banner"),
        ({"smart_style_url": "https://x.example"}, "smart_style_url"),
        ({"fhirContext": {"reference": "Goal/g1"}}, "fhirContext"),
        ({"fhirContext": [{"reference": "Goal/g1"}] * 21}, "fhirContext"),
        ({"fhirContext": [{}]}, "fhirContext[0]"),
        ({"fhirContext": ["Goal/g1"]}, "fhirContext[0]"),
        ({"fhirContext": [{"reference": "Goal/nobody"}]}, "fhirContext[0].reference"),
        ({"fhirContext": [{"reference": "https://x.example/Goal/1"}]}, "fhirContext[0]"),
        ({"fhirContext": [{"reference": "Patient/ann"}]}, "fhirContext[0]"),
        ({"fhirContext": [{"reference": "Goal/g1", "role": ""}]}, "fhirContext[0]"),
        ({"fhirContext": [{"reference": "Goal/g1", "role": "mine"}]}, "fhirContext[0]"),
        ({"fhirContext": [{"canonical": "x"}]}, "fhirContext[0]"),
        ({"fhirContext": [{"identifier": "x"}]}, "fhirContext[0]"),
        ({"fhirContext": [{"identifier": {"value": 1.5}}]}, "fhirContext[0]"),
        ({"fhirContext": [{"identifier": {"system": "urn:x"}}]}, "fhirContext[0]"),
        ({"fhirContext": [{"canonical": "urn:x:y", "role": 1.5}]}, "fhirContext[0]"),
        ({"fhirContext": [{"canonical": "urn:x:y", "type": 7}]}, "fhirContext[0]"),
        ({"fhirContext": [{"canonical": "urn:x:y", "more": 7}]}, "fhirContext[0]"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_wrong_with_a_launch_is_named(api: Api, dana: Browser, other: Any, at: str) -> None:
    an_app(api.service, "closed", pending=True)
    answer = prepared(api, **other)

    assert answer.status == 422
    assert at in [where for where, _ in answer.faults]
    assert api.service.database.rows("SELECT * FROM oauth_launch", {}) == []


def test_a_patient_in_another_role_may_stand_in_the_context(api: Api, dana: Browser) -> None:
    item = {"reference": "Patient/bob", "role": "https://roles.example/neighbour"}
    assert prepared(api, fhirContext=[item]).status == 201


def test_only_a_system_of_the_agency_prepares_launches(api: Api, dana: Browser) -> None:
    body = {"client_id": "app", "patient": "ann"}
    assert api.partner("POST", "/oauth/launch", body, Content_Type=JSON).status == 403
    assert api.http.post("/oauth/launch", json=body).status_code == 401
    narrow = api.asking("agency", scope="system/Goal.rs")
    assert narrow("POST", "/oauth/launch", body, Content_Type=JSON).status == 403
    for sent in (b"[1]", b"{", b"", b"[" * 5000):
        assert api.agency("POST", "/oauth/launch", sent, Content_Type=JSON).status in (400, 422)
    assert api.agency("POST", "/oauth/launch", body).status == 415


def test_a_launch_is_recorded(api: Api, dana: Browser) -> None:
    handle(api)
    prepared(api, patient="nobody")
    rows = [row for row in api.audit() if row["interaction"] == "prepare-launch"]

    assert [(row["client"], row["status"]) for row in rows] == [("agency", 201), ("agency", 422)]
    assert "Patient/ann/_history/1" in rows[0]["shown"]
    assert rows[0]["asked"] == "POST /oauth/launch client_id=app patient=ann"


def test_handles_that_are_long_over_are_forgotten(
    service: Service, api: Api, dana: Browser, clock: Clock
) -> None:
    handle(api)
    clock.go_on(seconds=2 * 3600)
    api.agency.get("/fhir/Patient/ann")
    handle(api)
    assert len(service.database.rows("SELECT * FROM oauth_launch", {})) == 1
