"""Discovery over HTTP: the addresses of both documents, and the statement that agrees with them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from builders import Api
from conftest import BASE_URL

SMART, OAUTH = "/fhir/.well-known/smart-configuration", "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"
OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
NAMED = {
    "authorize": "authorization_endpoint",
    "token": "token_endpoint",
    "revoke": "revocation_endpoint",
    "introspect": "introspection_endpoint",
}

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize("accept", ["*/*", "application/fhir+json", "text/html", "application/fhir+xml", ""])
@pytest.mark.parametrize("path", [SMART, OAUTH, OPENID])
def test_both_are_json_whatever_is_accepted_and_need_no_token(api: Api, path: str, accept: str) -> None:
    answer = api.http.get(path, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json["token_endpoint"] == f"{BASE_URL}/oauth/token"
    assert api.audit() == []


@pytest.mark.parametrize("path", [SMART, OAUTH, OPENID])
def test_every_address_that_is_named_is_served(api: Api, path: str) -> None:
    for name, address in api.http.get(path).json.items():
        if name.endswith(("_endpoint", "_uri")):
            method = "GET" if name in ("jwks_uri", "management_endpoint") else "POST"
            answer = api.http.open(address.removeprefix(BASE_URL), method=method)
            assert answer.status_code in (200, 303, 400, 401), name


def test_the_two_agree_wherever_both_speak(api: Api) -> None:
    smart, oauth = api.http.get(SMART).json, api.http.get(OAUTH).json
    assert {name: smart[name] for name in smart if name in oauth} == {
        name: oauth[name] for name in oauth if name in smart
    }
    assert set(smart) - set(oauth) == {"capabilities", "management_endpoint"}


def test_the_issuer_is_the_one_that_stands_in_tokens(api: Api) -> None:
    assert api.http.get(OAUTH).json["issuer"] == BASE_URL


def _security(api: Api) -> dict[str, Any]:
    return json.loads(api.http.get("/fhir/metadata").data)["rest"][0]["security"]


def test_the_capability_statement_names_the_same_addresses(api: Api) -> None:
    (uris,) = (one for one in _security(api)["extension"] if one["url"] == OAUTH_URIS)
    stated = {NAMED[one["url"]]: one["valueUri"] for one in uris["extension"]}
    smart = api.http.get(SMART).json
    assert stated["authorization_endpoint"] == smart["authorization_endpoint"]
    assert stated == {name: smart[name] for name in NAMED.values() if name in smart}
