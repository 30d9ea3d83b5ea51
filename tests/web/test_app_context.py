"""What an app is told beside its access token, from the launch to introspection.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#launch-context-arrives-with-your-access_token
"""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from builders import Api, a_goal, a_patient
from web.authorizing import BACK, BASE, VERIFIER, Browser, a_person, an_app, way_back

VISIT = {
    "resourceType": "Encounter",
    "status": "planned",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
    "subject": {"reference": "Patient/ann"},
}
CONTEXT = {
    "encounter": "e1",
    "intent": "review-plan",
    "need_patient_banner": False,
    "fhirContext": [
        {"reference": "Goal/g1"},
        {"canonical": "https://q.example/form", "type": "Questionnaire"},
        {"reference": "Patient/bob", "role": "https://roles.example/neighbour"},
    ],
}
SCOPE = "launch launch/patient launch/encounter openid fhirUser patient/Goal.rs user/Practitioner.r"


@pytest.fixture
def dana(api: Api) -> Browser:
    """Dana of the agency, signed in; Ann is a patient with a visit and a goal, Bob another one."""
    for id_ in ("ann", "bob"):
        api.agency.put(f"Patient/{id_}", a_patient())
    api.agency.put("Practitioner/dana", {"resourceType": "Practitioner"})
    api.agency.put("Encounter/e1", VISIT)
    api.agency.put("Goal/g1", a_goal(of="Patient/ann"))
    an_app(api.service)
    a_person(api.service, "dana", "Practitioner/dana")
    browser = Browser(api.service)
    browser.sign_in("dana")
    return browser


def redeemed(api: Api, browser: Browser) -> dict[str, Any]:
    """The token response to the code of what the person allows now."""
    code = way_back(browser.decide())[1]["code"]
    form = {"code": code, "redirect_uri": BACK, "code_verifier": VERIFIER, "client_id": "app"}
    answer = api.http.post("/oauth/token", data={"grant_type": "authorization_code", **form})
    assert answer.status_code == 200, answer.data
    return dict(answer.json)


def launched(api: Api, browser: Browser) -> dict[str, Any]:
    """The token response to a launch by the agency."""
    body = {"client_id": "app", "patient": "ann", **CONTEXT}
    prepared = api.agency("POST", "/oauth/launch", body, Content_Type="application/json")
    browser.ask(scope=SCOPE, launch=prepared.json["launch"])
    return redeemed(api, browser)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_launch_is_told_in_the_token_response_and_again_by_introspection(api: Api, dana: Browser) -> None:
    told = launched(api, dana)
    expected = {"patient": "ann", **CONTEXT}
    access = told["access_token"]

    assert {name: told[name] for name in expected} == expected
    assert told["scope"] == SCOPE
    again = api.http.post("/oauth/introspect", data={"token": access}, headers=bearer(access)).json
    assert {name: again[name] for name in expected} == expected


def test_without_a_launch_the_app_is_told_patient_and_visit_that_were_chosen(api: Api, dana: Browser) -> None:
    dana.ask(scope="launch/patient launch/encounter patient/Goal.rs")
    dana.choose("ann")
    dana.follow(dana.post("/oauth/authorize/patient", {**dana.fields(), "patient": "ann", "encounter": "e1"}))
    told = redeemed(api, dana)

    assert (told["patient"], told["encounter"], told["need_patient_banner"]) == ("ann", "e1", True)
    assert {"smart_style_url", "tenant", "id_token", "refresh_token"}.isdisjoint(told)


def test_the_person_of_the_id_token_is_a_record_that_the_app_reads(api: Api, dana: Browser) -> None:
    told = launched(api, dana)
    keys = KeySet.import_key_set(api.http.get("/oauth/jwks").json)
    person = jwt.decode(told["id_token"], keys, algorithms=["RS256"]).claims["fhirUser"]

    assert person == f"{BASE}/fhir/Practitioner/dana"
    read = api.http.get(person.removeprefix(BASE), headers=bearer(told["access_token"])).json
    assert (read["resourceType"], read["id"]) == ("Practitioner", "dana")


def test_id_tokens_are_signed_with_rs256_by_a_published_bare_key(api: Api, dana: Browser) -> None:
    header = jws.extract_compact(launched(api, dana)["id_token"].encode()).headers()
    published = {key["kid"]: key for key in api.http.get("/oauth/jwks").json["keys"]}

    assert header["alg"] == "RS256"
    assert set(published[header["kid"]]) == {"kty", "n", "e", "kid", "use", "alg"}


def test_a_type_that_is_not_served_is_refused_and_not_answered_with_nothing(api: Api) -> None:
    assert api.agency.get("/fhir/Device").status == 404
    assert api.agency.get("/fhir/Device/x").status == 404


@pytest.mark.parametrize("asked", ["launch/patient?role=https://roles.example/x", "launch/patient?role="])
def test_a_role_of_the_context_that_nobody_knows_gives_the_context_there_is(
    api: Api, dana: Browser, asked: str
) -> None:
    dana.ask(scope=f"{asked} launch/encounter?role=y patient/Goal.rs")
    dana.choose("ann")
    dana.follow(dana.post("/oauth/authorize/patient", {**dana.fields(), "patient": "ann", "encounter": "e1"}))
    told = redeemed(api, dana)

    assert (told["patient"], told["encounter"]) == ("ann", "e1")
    assert told["scope"] == "launch/patient launch/encounter patient/Goal.rs"
