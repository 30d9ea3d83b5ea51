"""The three documents of discovery tell what is true, and nothing that is not there."""

from __future__ import annotations

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata

from careplan_service.access.granted import split
from careplan_service.access.scope_text import parse_scopes
from careplan_service.oauth.discovery import openid_configuration, server_metadata, smart_configuration

BASE = "https://careplan.example"
TYPES = ("Goal", "CarePlan")
METHODS = ["private_key_jwt", "client_secret_basic", "client_secret_post", "none"]
SHARED = {
    "issuer": BASE,
    "authorization_endpoint": "https://careplan.example/oauth/authorize",
    "token_endpoint": "https://careplan.example/oauth/token",
    "jwks_uri": "https://careplan.example/oauth/jwks",
    "response_types_supported": ["code"],
    "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
    "code_challenge_methods_supported": ["S256"],
    "authorization_response_iss_parameter_supported": True,
    "token_endpoint_auth_methods_supported": METHODS,
    "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
    "scopes_supported": [
        *("openid", "fhirUser", "profile", "launch", "launch/patient", "offline_access", "online_access"),
        *("patient/*.cruds", "patient/CarePlan.cruds", "patient/Goal.cruds"),
        *("user/*.cruds", "user/CarePlan.cruds", "user/Goal.cruds"),
        *("system/*.cruds", "system/CarePlan.cruds", "system/Goal.cruds"),
    ],
}
ENDPOINTS = {
    "introspection_endpoint": "https://careplan.example/oauth/introspect",
    "revocation_endpoint": "https://careplan.example/oauth/revoke",
}
STANDARD = {
    "response_modes_supported": ["query"],
    "introspection_endpoint_auth_methods_supported": [*METHODS[:3], "Bearer"],
    "introspection_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
    "revocation_endpoint_auth_methods_supported": METHODS,
    "revocation_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
}
DOCUMENTS = (smart_configuration, server_metadata, openid_configuration)


def test_the_configuration_is_that_of_apps_and_of_backend_services():
    found = smart_configuration(BASE, TYPES)
    capabilities = found.pop("capabilities")
    assert found == SHARED | ENDPOINTS | {"management_endpoint": "https://careplan.example/account/apps"}
    assert set(capabilities) == {
        *("launch-ehr", "launch-standalone", "authorize-post", "sso-openid-connect", "context-banner"),
        *("client-public", "client-confidential-symmetric", "client-confidential-asymmetric"),
        *("context-ehr-patient", "context-ehr-encounter", "context-standalone-patient"),
        *("permission-offline", "permission-online", "permission-patient", "permission-user"),
        *("permission-v1", "permission-v2"),
    }


def test_the_metadata_says_how_clients_prove_who_they_are_at_each_endpoint():
    assert server_metadata(BASE, TYPES) == SHARED | ENDPOINTS | STANDARD


def test_the_openid_configuration_says_what_an_id_token_is_like():
    assert openid_configuration(BASE, TYPES) == SHARED | ENDPOINTS | STANDARD | {
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": [
            *("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "fhirUser"),
        ],
        "request_uri_parameter_supported": False,
    }


def test_the_metadata_is_what_rfc_8414_and_9207_ask_for():
    fields = AuthorizationServerMetadata(server_metadata(BASE, TYPES))
    of_rfc_9207 = {"authorization_response_iss_parameter_supported"}
    assert set(fields) <= {*AuthorizationServerMetadata.REGISTRY_KEYS, *of_rfc_9207}
    fields.validate()


def test_the_openid_configuration_is_what_openid_connect_asks_for():
    OpenIDProviderMetadata(openid_configuration(BASE, TYPES)).validate()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_address_is_absolute_and_below_the_base_url(document):
    found = document(BASE, TYPES)
    addresses = {name: value for name, value in found.items() if name.endswith(("_endpoint", "_uri"))}
    assert addresses
    assert all(address.startswith(f"{BASE}/") for address in addresses.values())


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_scope_that_is_advertised_can_be_asked_for(document):
    words, rest = split(" ".join(document(BASE, TYPES)["scopes_supported"]))
    assert words
    assert parse_scopes(rest, dict.fromkeys(TYPES, lambda name, value: ""))
