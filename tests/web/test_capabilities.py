"""/fhir/metadata says what the routes and the registry do. https://hl7.org/fhir/R4/capabilitystatement.html"""

from __future__ import annotations

from builders import Api
from careplan_service.interactions.includes import include_of
from careplan_service.interactions.terminology.finding import PARAMETERS
from careplan_service.interventions.vocabulary.whole import TYPES
from careplan_service.resources import r4
from careplan_service.resources.audit_event import AUDIT_EVENT
from careplan_service.resources.params import COMMON
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
    common = {
        ("_id", "token"),
        ("_lastUpdated", "date"),
        ("_text", "string"),
        ("_content", "string"),
        ("_filter", "special"),
    }
    common |= {(p.name, p.kind) for p in COMMON}
    of_log = told.pop("AuditEvent")
    assert {told.pop(type_) == {(n, kind) for n, (kind, _) in PARAMETERS.items()} for type_ in TYPES} == {
        True
    }
    assert of_log >= {(p.name, p.kind) for p in AUDIT_EVENT.params}
    assert told == {t: common | {(p.name, p.kind) for p in spec.params} for t, spec in SERVED.items()}
    assert {one["code"] for one in rest["interaction"]} == {
        "transaction",
        "batch",
        "search-system",
        "history-system",
    }


def test_every_parameter_it_names_is_taken(api: Api) -> None:
    (rest,) = api.agency.get("/fhir/metadata").json["rest"]
    for resource in rest["resource"]:
        for param in resource["searchParam"]:
            if not param["name"].startswith("_"):
                asked = f"{param['name']}=x" if resource["type"] in TYPES else f"{param['name']}:missing=true"
                answer = api.agency.get(f"/fhir/{resource['type']}?{asked}&_count=0")
                assert answer.status == 200, (resource["type"], param["name"], answer.body)


def test_every_include_it_names_is_taken(api: Api) -> None:
    (rest,) = api.agency.get("/fhir/metadata").json["rest"]
    for resource in (one for one in rest["resource"] if one["type"] not in ("AuditEvent", *TYPES)):
        for name, key in (("_include", "searchInclude"), ("_revinclude", "searchRevInclude")):
            assert len(resource[key]) >= 1
            for text in resource[key]:
                include_of(name, text)


def test_every_interaction_it_names_is_answered(api: Api) -> None:
    (rest,) = api.agency.get("/fhir/metadata").json["rest"]
    calls = {
        "read": ("GET", "/fhir/{}/1"),
        "vread": ("GET", "/fhir/{}/1/_history/1"),
        "update": ("PUT", "/fhir/{}/1"),
        "patch": ("PATCH", "/fhir/{}/1"),
        "delete": ("DELETE", "/fhir/{}/1"),
        "history-instance": ("GET", "/fhir/{}/1/_history"),
        "history-type": ("GET", "/fhir/{}/_history"),
        "create": ("POST", "/fhir/{}"),
        "search-type": ("GET", "/fhir/{}"),
    }
    operations = dict.fromkeys(("validate", "meta-add", "meta-delete"), ("POST", "1/"))
    operations |= dict.fromkeys(("meta", "everything", "disclosures", "seen-by", "why-access"), ("GET", "1/"))
    operations |= {"explain-search": ("GET", ""), "extract": ("POST", "")}
    operations |= dict.fromkeys(
        ("file-consent", "fileConsent", "revoke-consent", "revokeConsent", "preview", "what-if"), ("POST", "")
    )
    for resource in rest["resource"]:
        if resource["type"] in ("AuditEvent", *TYPES):
            assert [one["code"] for one in resource["interaction"]] == ["read", "search-type"]
            continue
        assert {one["code"] for one in resource["interaction"]} == set(calls)
        asked = [(method, path.format(resource["type"])) for method, path in calls.values()]
        asked += [
            (method, f"/fhir/{resource['type']}/{instance}${one['name']}")
            for one in resource["operation"]
            for method, instance in [operations[one["name"]]]
        ]
        for method, path in asked:
            answer = api.agency(method, path, "{")
            assert answer.status in (200, 400, 404), answer.body
            assert b"not offered" not in answer.body
            assert b"not served" not in answer.body
            assert b"nothing is served" not in answer.body
