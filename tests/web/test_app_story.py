"""A whole story: an app asks, a person allows, the app reads, the person takes it back. Both databases.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
"""

from __future__ import annotations

from builders import Api, a_goal, a_patient
from careplan_service.app import Service
from web.authorizing import BACK, SCOPE, VERIFIER, Browser, a_person, an_app, question, way_back


def test_an_app_is_allowed_reads_one_record_and_is_taken_back(service: Service, api: Api) -> None:
    api.agency.put("Patient/ben", a_patient("Ben"))
    api.agency.put("Patient/eve", a_patient("Eve"))
    own = api.agency.make(a_goal(of="Patient/ben"))
    api.agency.make(a_goal(of="Patient/eve"))
    an_app(service, name="Planner")
    a_person(service, "ben", "Patient/ben")
    browser = Browser(service)

    browser.get(question())
    browser.come_in("ben")
    back, query = way_back(browser.decide())
    assert back == BACK
    asked = {
        "grant_type": "authorization_code",
        "code": query["code"],
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
        "client_id": "app",
    }
    told = api.http.post("/oauth/token", data=asked).json
    assert told["patient"] == "ben"
    assert set(told["scope"].split()) <= set(SCOPE.split())

    bearer = {"Authorization": f"Bearer {told['access_token']}"}
    found = api.http.get("/fhir/Goal", headers=bearer).json
    assert [entry["resource"]["id"] for entry in found["entry"]] == [own.removeprefix("Goal/")]
    refreshed = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"], "client_id": "app"}
    bearer = {"Authorization": f"Bearer {api.http.post('/oauth/token', data=refreshed).json['access_token']}"}
    assert api.http.get("/fhir/Goal", headers=bearer).status_code == 200

    assert "Planner" in browser.get("/account/apps").text
    browser.post("/account/apps", {"form": browser.hidden(), "app": browser.hidden("app")})
    assert api.http.get("/fhir/Goal", headers=bearer).status_code == 401
