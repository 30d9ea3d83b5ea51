"""What a client reads here where another server is the authorization server: that server's addresses.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#metadata and
https://www.rfc-editor.org/rfc/rfc8414#section-2
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from careplan_service.errors import NotFound, Unavailable
from careplan_service.oauth.discovery import ACCESS
from careplan_service.oauth.issuer_metadata import Metadata
from careplan_service.oauth.jwks import ALGORITHMS
from careplan_service.oauth.remote_jwks import is_fetchable

_ADDRESSES = (
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "registration_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
)
_LISTS = (
    "response_types_supported",
    "grant_types_supported",
    "code_challenge_methods_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
)
_METHODS, _SIGNATURES = _LISTS[-2:]
_DEFAULTS: Mapping[str, list[str]] = {
    "grant_types_supported": ["authorization_code", "implicit"],
    _METHODS: ["client_secret_basic"],
}
"""What a list that is left out means, where that is something."""
_OAUTH_URIS: Mapping[str, str] = {
    "authorize": "authorization_endpoint",
    "token": "token_endpoint",
    "register": "registration_endpoint",
    "introspect": "introspection_endpoint",
    "revoke": "revocation_endpoint",
}


class Foreign:
    """The one trusted issuer, as it describes itself; `metadata` gives its document if it can be had."""

    def __init__(self, metadata: Callable[[], Metadata | None]) -> None:
        self._metadata = metadata

    def addresses(self) -> Mapping[str, str]:
        """Its endpoints by the names of the CapabilityStatement; none while it cannot be reached."""
        told = _addresses(self._metadata() or {})
        return {name: told[field] for name, field in _OAUTH_URIS.items() if field in told}

    def smart_configuration(self) -> Mapping[str, Any]:
        """The SMART configuration. Raises Unavailable (503) while there is no token endpoint to name.

        Of scopes nothing is said: that server knows which it gives, we know which we read. So of its
        capabilities only those that its own document states.
        """
        metadata = self._metadata() or {}
        told = _addresses(metadata)
        if "token_endpoint" not in told:
            raise Unavailable("the authorization server cannot be reached for now; try again")
        lists = {name: found for name in _LISTS if (found := _list(metadata, name)) is not None}
        return {**told, **lists, "capabilities": [*_clients(lists), *ACCESS]}


def no_smart_configuration() -> Mapping[str, Any]:
    """What there is where none of several servers is ours to choose. Raises NotFound (404)."""
    raise NotFound("several authorization servers are trusted here; ask the one that knows you")


def _addresses(metadata: Metadata) -> dict[str, str]:
    return {
        name: url for name in _ADDRESSES if isinstance(url := metadata.get(name), str) and is_fetchable(url)
    }


def _list(metadata: Metadata, name: str) -> list[str] | None:
    found = metadata.get(name, _DEFAULTS.get(name))
    return found if isinstance(found, list) and all(isinstance(one, str) for one in found) else None


def _clients(lists: Mapping[str, list[str]]) -> list[str]:
    methods, signatures = lists.get(_METHODS, []), lists.get(_SIGNATURES, [])
    asymmetric = "private_key_jwt" in methods and not set(ALGORITHMS).isdisjoint(signatures)
    symmetric = "client_secret_basic" in methods
    known = {"client-confidential-asymmetric": asymmetric, "client-confidential-symmetric": symmetric}
    return [name for name, offered in known.items() if offered]
