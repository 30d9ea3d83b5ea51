"""The SMART configuration tells what is true, and nothing that is not there."""

from __future__ import annotations

from careplan_service.access.scope_text import parse_scopes
from careplan_service.oauth.discovery import smart_configuration, token_endpoint_url

BASE = "https://careplan.example"
TYPES = ("Goal", "CarePlan")


def test_the_configuration_is_that_of_a_backend_service():
    assert smart_configuration(BASE, TYPES) == {
        "token_endpoint": token_endpoint_url(BASE),
        "jwks_uri": "https://careplan.example/oauth/jwks",
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "scopes_supported": ["system/*.cruds", "system/CarePlan.cruds", "system/Goal.cruds"],
        "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
    }


def test_every_scope_that_is_advertised_can_be_asked_for():
    assert parse_scopes(" ".join(smart_configuration(BASE, TYPES)["scopes_supported"]), TYPES)
