"""The authorization server switched off: what is left, what others are told, whose tokens count.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#metadata
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import RSAKey
from openapi_spec_validator import OpenAPIV31SpecValidator

from builders import Api, a_goal
from careplan_service.access.clients import Client
from careplan_service.access.scope_text import parse_scopes
from careplan_service.app import app_of
from careplan_service.errors import Malformed
from careplan_service.oauth.issuing import TokenIssuer
from careplan_service.settings import Settings
from careplan_service.web.openapi import openapi_document
from careplan_service.web.people import PAGES
from oauth.idp import Idp, publishing

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SMART, OAUTH = "/fhir/.well-known/smart-configuration", "/.well-known/oauth-authorization-server"
OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


@pytest.fixture
def idp() -> Iterator[Idp]:
    with publishing([RSAKey.generate_key(2048, {"kid": "k1"})]) as server:
        yield server


def without(api: Api, *issuers: str) -> FlaskClient:
    """The service without its own server, trusting these."""
    settings = replace(api.service.settings, authorization_server=False, trusted_issuers=issuers)
    return app_of(replace(api.service, settings=settings)).test_client()


def security(http: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = http.get("/fhir/metadata").json["rest"][0]["security"]
    return found


def test_nothing_of_our_own_server_is_there(api: Api, idp: Idp) -> None:
    http = without(api, idp.issuer)
    paths = ("/oauth/token", "/oauth/introspect", "/oauth/revoke", "/oauth/jwks", OAUTH, "/people/page.css")
    for path in (*paths, *PAGES):
        assert (http.get(path).status_code, http.post(path).status_code) == (404, 404), path


def test_no_address_of_our_own_server_is_routed_or_described(api: Api, idp: Idp) -> None:
    http = without(api, idp.issuer)

    def paths(app: Flask) -> set[str]:
        return {rule.rule for rule in app.url_map.iter_rules()}

    own = paths(api.http.application) - paths(http.application)
    left = ("/fhir", "/plans", "/consents", "/health", "/metrics", "/docs")
    assert not [path for path in paths(http.application) if path != "/" and not path.startswith(left)]
    assert {
        "/oauth/authorize",
        "/oauth/register",
        "/oauth/launch",
        "/fhir/.well-known/udap",
        "/sign-in",
    } <= own
    assert {"/account/apps", "/.well-known/openid-configuration"} <= own
    told = {path.replace("{", "<").replace("}", ">") for path in openapi_document(own=False)["paths"]}
    assert not told & {path.replace("client_id", "id") for path in own}


NOT_READ = {
    "REGISTRATION": "approved",
    "APP_TOKEN_SECONDS": "600",
    "PROXIES": "1",
    "SIGN_IN_ISSUER": "https://other.example",
    "UDAP_KEY": "key.pem",
    "SOFTWARE_STATEMENT_ISSUERS": "https://trust.example",
    "LOCAL_PASSWORDS": "off",
}


@pytest.mark.parametrize("name", NOT_READ)
def test_what_is_set_for_it_all_the_same_is_refused(name: str, database_url: str) -> None:
    off = {"CAREPLAN_AUTHORIZATION_SERVER": "off", "CAREPLAN_TRUSTED_ISSUERS": "https://idp.example"}
    assert not Settings.from_env(off).authorization_server
    with pytest.raises(Malformed, match=f"`CAREPLAN_{name}` is for our own authorization server"):
        Settings.from_env({**off, f"CAREPLAN_{name}": NOT_READ[name]})


def test_our_own_tokens_count_for_nothing_and_those_of_the_issuer_do(api: Api, idp: Idp) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    http = without(api, idp.issuer)
    service = api.service
    issuer = TokenIssuer(service.settings.base_url, service.keys, service.seconds, service.new_id)
    agency = service.clients.get("agency")
    assert agency
    own = issuer.issue(agency, parse_scopes("system/*.cruds"), ("COC",))
    hospital = Client(
        "hospital", "Hospital", "agency", "Organization/agency", "system/Goal.r", "COC", issuer=idp.issuer
    )
    service.clients.add(hospital)
    claims = {"iss": idp.issuer, "aud": f"{service.settings.base_url}/fhir", "azp": "hospital"}
    claims |= {"exp": int(service.seconds()) + 60, "scope": "system/*.rs"}
    theirs = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, idp.keys[0])

    def read(token: str) -> int:
        return http.get(f"/fhir/{goal}", headers={"Authorization": f"Bearer {token}"}).status_code

    assert api.http.get(f"/fhir/{goal}", headers={"Authorization": f"Bearer {own}"}).status_code == 200
    assert (read(own), read(theirs)) == (401, 200)


def test_the_smart_configuration_names_the_endpoints_of_the_one_issuer(api: Api, idp: Idp) -> None:
    idp.about.update(
        {
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256", "ES384"],
            "grant_types_supported": ["client_credentials"],
            "code_challenge_methods_supported": ["S256"],
            "revocation_endpoint": "http://evil.example/plain",
            "introspection_endpoint": 7,
            "scopes_supported": ["openid"],
            "capabilities": ["launch-ehr"],
        }
    )
    here = f"http://127.0.0.1:{idp.server_port}"
    assert without(api, idp.issuer).get(SMART).json == {
        "authorization_endpoint": f"{here}/authorize?realm=1",
        "token_endpoint": f"{here}/token",
        "jwks_uri": f"{here}/keys",
        "grant_types_supported": ["client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "ES384"],
        "capabilities": [
            "client-confidential-asymmetric",
            "client-confidential-symmetric",
            "permission-v1",
            "permission-v2",
        ],
    }


def test_what_the_issuer_leaves_out_is_what_leaving_it_out_means(api: Api, idp: Idp) -> None:
    told = without(api, idp.issuer).get(SMART).json
    assert told["grant_types_supported"] == ["authorization_code", "implicit"]
    assert told["capabilities"] == ["client-confidential-symmetric", "permission-v1", "permission-v2"]
    assert "code_challenge_methods_supported" not in told


def test_the_capability_statement_names_them_as_well(api: Api, idp: Idp) -> None:
    told = security(without(api, idp.issuer))
    here = f"http://127.0.0.1:{idp.server_port}"
    assert told["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
    assert told["extension"] == [
        {
            "url": OAUTH_URIS,
            "extension": [
                {"url": "authorize", "valueUri": f"{here}/authorize?realm=1"},
                {"url": "token", "valueUri": f"{here}/token"},
            ],
        }
    ]


def test_with_several_issuers_none_is_named(api: Api, idp: Idp) -> None:
    http = without(api, idp.issuer, "https://other.example")
    assert http.get(SMART).status_code == 404
    told = security(http)
    assert "extension" not in told
    assert told["service"][0]["coding"][0]["code"] == "OAuth"


def test_while_the_issuer_cannot_be_reached_nothing_is_made_up(api: Api, idp: Idp) -> None:
    idp.documents.clear()
    http = without(api, idp.issuer)
    assert http.get(SMART).status_code == 503
    assert "extension" not in security(http)
    assert http.get("/health/ready").status_code == 200


def test_the_description_of_the_api_follows(api: Api, idp: Idp) -> None:
    told = without(api, idp.issuer).get("/docs/openapi.json").json
    assert list(OpenAPIV31SpecValidator(told).iter_errors()) == []
    assert not [path for path in told["paths"] if path.startswith("/oauth")]
    assert OAUTH not in told["paths"]
    assert SMART in told["paths"]
    assert "oauth2" not in str(told)
    assert set(openapi_document()["paths"]) > set(told["paths"])
