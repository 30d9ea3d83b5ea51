"""What a client reads before it asks for a token.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#using-well-known
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from careplan_service.oauth.jwks import ALGORITHMS
from careplan_service.oauth.token_endpoint import AUTH_METHOD, GRANT_TYPE


def token_endpoint_url(base_url: str) -> str:
    """Where tokens are asked for: the `aud` of every client assertion."""
    return f"{base_url}/oauth/token"


def smart_configuration(base_url: str, types: Collection[str]) -> dict[str, Any]:
    """The SMART configuration document; `types` are the resource type names served."""
    return {
        "token_endpoint": token_endpoint_url(base_url),
        "jwks_uri": f"{base_url}/oauth/jwks",
        "grant_types_supported": [GRANT_TYPE],
        "token_endpoint_auth_methods_supported": [AUTH_METHOD],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "scopes_supported": ["system/*.cruds", *(f"system/{name}.cruds" for name in sorted(types))],
        "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
    }
