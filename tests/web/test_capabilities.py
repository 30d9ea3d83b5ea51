"""/fhir/metadata says what the routes and the registry do. https://hl7.org/fhir/R4/capabilitystatement.html"""

from __future__ import annotations

from builders import Api
from careplan_service.resources import r4
from careplan_service.resources.registry import SERVED


def test_the_statement_is_valid_and_needs_no_token(api: Api) -> None:
    answer = api.http.get("/fhir/metadata")
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        200,
        "application/fhir+json; charset=utf-8",
    )
    assert r4.check(r4.parse(answer.data), "CapabilityStatement") == ()
    assert answer.json["fhirVersion"] == "4.0.1"
    assert answer.json["implementation"]["url"] == "http://127.0.0.1:8000/fhir"


def test_it_names_every_served_type_with_its_parameters_and_no_other(api: Api) -> None:
    (rest,) = api.agency.get("/fhir/metadata").json["rest"]
    told = {r["type"]: {(p["name"], p["type"]) for p in r["searchParam"]} for r in rest["resource"]}
    common = {("_id", "token"), ("_lastUpdated", "date")}
    assert told == {t: common | {(p.name, p.kind) for p in spec.params} for t, spec in SERVED.items()}
    assert rest["interaction"] == [{"code": "transaction"}]


def test_every_interaction_it_names_is_answered(api: Api) -> None:
    (rest,) = api.agency.get("/fhir/metadata").json["rest"]
    calls = {
        "read": ("GET", "/fhir/{}/1"),
        "vread": ("GET", "/fhir/{}/1/_history/1"),
        "update": ("PUT", "/fhir/{}/1"),
        "delete": ("DELETE", "/fhir/{}/1"),
        "history-instance": ("GET", "/fhir/{}/1/_history"),
        "create": ("POST", "/fhir/{}"),
        "search-type": ("GET", "/fhir/{}"),
    }
    for resource in rest["resource"]:
        assert {one["code"] for one in resource["interaction"]} == set(calls)
        for method, path in calls.values():
            answer = api.agency(method, path.format(resource["type"]), "{")
            assert answer.status in (200, 400, 404), answer.body
            assert b"not offered" not in answer.body
            assert b"not served" not in answer.body
