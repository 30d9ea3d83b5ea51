"""The two documents of discovery tell what is true, and nothing that is not there."""

from __future__ import annotations

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from careplan_service.access.scope_text import parse_scopes
from careplan_service.oauth.discovery import server_metadata, smart_configuration

BASE = "https://careplan.example"
TYPES = ("Goal", "CarePlan")
SHARED = {
    "token_endpoint": "https://careplan.example/oauth/token",
    "jwks_uri": "https://careplan.example/oauth/jwks",
    "grant_types_supported": ["client_credentials"],
    "token_endpoint_auth_methods_supported": ["private_key_jwt"],
    "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
    "introspection_endpoint": "https://careplan.example/oauth/introspect",
    "revocation_endpoint": "https://careplan.example/oauth/revoke",
    "scopes_supported": ["system/*.cruds", "system/CarePlan.cruds", "system/Goal.cruds"],
}
DOCUMENTS = (smart_configuration, server_metadata)


def test_the_configuration_is_that_of_a_backend_service():
    assert smart_configuration(BASE, TYPES) == SHARED | {
        "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
    }


def test_the_metadata_names_the_issuer_how_clients_prove_who_they_are_and_no_response_type():
    methods, algorithms = ["private_key_jwt"], ["RS384", "ES384"]
    assert server_metadata(BASE, TYPES) == SHARED | {
        "issuer": BASE,
        "response_types_supported": [],
        "introspection_endpoint_auth_methods_supported": [*methods, "Bearer"],
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
    }


def test_the_metadata_is_what_rfc_8414_asks_for():
    fields = AuthorizationServerMetadata(server_metadata(BASE, TYPES))
    assert set(fields) <= set(AuthorizationServerMetadata.REGISTRY_KEYS)
    # It takes an empty list for a missing one; the RFC asks for the list, and there is no response type.
    AuthorizationServerMetadata({**fields, "response_types_supported": ["none"]}).validate()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_address_is_absolute_and_below_the_base_url(document):
    found = document(BASE, TYPES)
    addresses = {name: value for name, value in found.items() if name.endswith(("_endpoint", "_uri"))}
    assert addresses
    assert all(address.startswith(f"{BASE}/oauth/") for address in addresses.values())


@pytest.mark.parametrize("document", DOCUMENTS)
def test_without_an_authorization_endpoint_nothing_is_said_of_its_flow(document):
    found = document(BASE, TYPES)
    assert not {"authorization_endpoint", "code_challenge_methods_supported"} & set(found)
    assert "authorization_code" not in found["grant_types_supported"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_scope_that_is_advertised_can_be_asked_for(document):
    advertised = " ".join(document(BASE, TYPES)["scopes_supported"])
    assert parse_scopes(advertised, dict.fromkeys(TYPES, lambda name, value: ""))
