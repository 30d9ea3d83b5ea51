"""What pages of other origins may ask from a browser. https://fetch.spec.whatwg.org/#http-cors-protocol"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from builders import Answer, Api, a_patient
from careplan_service.access.clients import Client
from careplan_service.app import Service
from conftest import Clock

APP, OTHER = "https://app.example.org", "https://evil.example.org"
PATHS = ("/fhir/Goal/x", "/fhir", "/oauth/token", "/plans")
OPEN = (
    "/fhir/metadata",
    "/fhir/.well-known/smart-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
    "/oauth/jwks",
)


# How an answer is written has nothing to do with the database it comes from.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def api_for(service: Service, *origins: str) -> Api:
    return Api(replace(service, settings=replace(service.settings, cors_origins=origins)))


def asked(api: Api, method: str, path: str, origin: str, **headers: str) -> Mapping[str, str]:
    given = {"Origin": origin, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Answer(api.http.open(path, method=method, headers=given)).headers


def preflight(api: Api, path: str, origin: str) -> Mapping[str, str]:
    headers = {"Access_Control_Request_Method": "PUT", "Access_Control_Request_Headers": "authorization"}
    return asked(api, "OPTIONS", path, origin, **headers)


def cors_of(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.startswith("Access-Control")}


@pytest.mark.parametrize("origins", [(), (APP,), ("*",)])
def test_what_is_read_before_there_is_a_token_is_open_to_every_page(
    service: Service, origins: tuple[str, ...]
) -> None:
    api = api_for(service, *origins)
    for path in OPEN:
        for headers in (
            asked(api, "GET", path, OTHER),
            preflight(api, path, OTHER),
            api.http.get(path).headers,
        ):
            assert headers["Access-Control-Allow-Origin"] == "*"
            assert "Access-Control-Allow-Credentials" not in headers
            assert "Origin" not in headers.get("Vary", "")


def test_without_the_setting_nothing_else_is_added(api: Api) -> None:
    for path in PATHS:
        assert cors_of(preflight(api, path, APP)) == cors_of(asked(api, "GET", path, APP)) == {}
        assert "Origin" in asked(api, "GET", path, APP)["Vary"]  # an app may be registered any time


def test_a_named_origin_may_ask_and_no_other(service: Service) -> None:
    api = api_for(service, APP, "http://localhost:3000")
    for path in PATHS:
        allowed = preflight(api, path, APP)
        assert allowed["Access-Control-Allow-Origin"] == APP
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
            assert method in allowed["Access-Control-Allow-Methods"].split(", ")
        for name in (
            "Authorization",
            "Content-Type",
            "If-Match",
            "If-None-Exist",
            "Prefer",
            "Idempotency-Key",
        ):
            assert name in allowed["Access-Control-Allow-Headers"].split(", ")
        answer = asked(api, "GET", path, APP)
        assert answer["Access-Control-Allow-Origin"] == APP
        for name in ("ETag", "Location", "Content-Location", "Last-Modified"):
            assert name in answer["Access-Control-Expose-Headers"].split(", ")
        for origin in (OTHER, "null", f"{APP}.evil.org", "https://APP.example.org", f"{APP}:443", ""):
            assert cors_of(preflight(api, path, origin)) == cors_of(asked(api, "GET", path, origin)) == {}
        for origin in (APP, OTHER):
            assert "Origin" in asked(api, "GET", path, origin)["Vary"].split(", ")
        assert "Access-Control-Allow-Credentials" not in {**allowed, **answer}


def test_any_origin_may_ask_where_that_is_set(service: Service) -> None:
    api = api_for(service, "*")
    for path in PATHS:
        for headers in (preflight(api, path, OTHER), asked(api, "GET", path, OTHER)):
            assert headers["Access-Control-Allow-Origin"] == "*"
            assert "Access-Control-Allow-Credentials" not in headers
    assert (
        cors_of(asked(api, "GET", "/health/live", OTHER)) == cors_of(preflight(api, "/metrics", OTHER)) == {}
    )


def test_an_answer_says_what_it_depends_on_and_who_may_read_it(service: Service) -> None:
    api = api_for(service, APP)
    made = api.agency("POST", "/fhir/Patient", a_patient(), Origin=APP)
    assert (made.status, made.headers["Access-Control-Allow-Origin"]) == (201, APP)
    assert made.headers["Vary"] == "Accept, Accept-Encoding, Origin"
    assert api.agency("OPTIONS", "/fhir/Goal", Origin=APP).status == 200


def test_a_preflight_asks_no_token_and_leaves_no_trace(service: Service) -> None:
    api = api_for(service, APP)
    headers = {"Origin": APP, "Access-Control-Request-Method": "GET"}
    answer = Answer(api.http.open("/fhir/Goal", method="OPTIONS", headers=headers))
    assert (answer.status, answer.body, api.audit()) == (204, b"", [])


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/introspect", "/fhir/Goal/x"])
def test_pages_of_a_registered_app_may_ask(service: Service, clock: Clock, path: str) -> None:
    api = api_for(service)
    assert cors_of(asked(api, "POST", path, APP)) == cors_of(preflight(api, path, APP)) == {}
    app = Client("app", "App", "app", "Organization/app", "user/*.rs", "COC", redirect_uris=(f"{APP}/back",))
    service.clients.add(app)
    service.clients.add(replace(app, id="closed", redirect_uris=(f"{OTHER}/back",), enabled=False))
    clock.go_on(seconds=1)

    headers = asked(api, "POST", path, APP)
    assert headers["Access-Control-Allow-Origin"] == APP
    assert "Origin" in headers["Vary"]
    assert preflight(api, path, APP)["Access-Control-Allow-Origin"] == APP
    for other in (OTHER, f"{APP}:8443", "http://app.example.org", "null", f"{APP}.evil.example"):
        assert cors_of(asked(api, "POST", path, other)) == {}


@pytest.mark.parametrize("origin", [APP, "*"])
def test_no_page_asks_where_people_decide(service: Service, origin: str) -> None:
    api = api_for(service, origin)
    for path in ("/oauth/authorize", "/oauth/authorize/allow", "/oauth/authorize/decision"):
        assert cors_of(asked(api, "GET", path, APP)) == {}
        assert cors_of(preflight(api, path, APP)) == {}
