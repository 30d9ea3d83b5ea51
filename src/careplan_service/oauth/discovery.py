"""What a client reads before it asks for anything: SMART and OpenID configuration, server metadata.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#using-well-known,
https://www.rfc-editor.org/rfc/rfc8414#section-2 and
https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from careplan_service.access.clients import AUTH_METHODS
from careplan_service.access.granted import FHIR_USER, OFFLINE, ONLINE, OPENID, PROFILE
from careplan_service.access.scopes import CONTEXTS
from careplan_service.oauth.authorization_code import METHOD
from careplan_service.oauth.client_authentication import BEARER
from careplan_service.oauth.jwks import ALGORITHMS
from careplan_service.oauth.keys import ALGORITHM
from careplan_service.oauth.server import GRANT_TYPES, PROVING

SMART, OAUTH, OPENID_CONNECT = (
    "/fhir/.well-known/smart-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
)
"""Where the documents are."""

AUTHORIZE, TOKEN, REVOCATION, INTROSPECTION = (
    "/oauth/authorize",
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/introspect",
)
JWKS = "/oauth/jwks"
APPS = "/account/apps"
"""Where a person sees which apps were allowed, and takes them back."""

CAPABILITIES = (
    "launch-ehr",
    "launch-standalone",
    "authorize-post",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-banner",
    "context-ehr-patient",
    "context-ehr-encounter",
    "context-standalone-patient",
    "permission-offline",
    "permission-online",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
)
_CLAIMS = ("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "fhirUser")
_WORDS = (OPENID, FHIR_USER, PROFILE, "launch", "launch/patient", OFFLINE, ONLINE)


ACCESS = ("permission-v1", "permission-v2")
"""The capabilities that are those of the FHIR server, whoever issues its tokens."""


class _Field(NamedTuple):
    """A name, the documents it stands in, and its value, given the base URL and the types served."""

    name: str
    documents: tuple[str, ...]
    value: Callable[[str, Collection[str]], Any]


_ALL, _STANDARD = (SMART, OAUTH, OPENID_CONNECT), (OAUTH, OPENID_CONNECT)


def _address(path: str) -> Callable[[str, Collection[str]], str]:
    return lambda base_url, _: f"{base_url}{path}"


def _always(*values: str) -> Callable[[str, Collection[str]], list[str]]:
    return lambda *_: list(values)


def _is(value: bool) -> Callable[[str, Collection[str]], bool]:
    return lambda *_: value


_METHODS, _ALGORITHMS = _always(*AUTH_METHODS), _always(*ALGORITHMS)


def _scopes(_: str, types: Collection[str]) -> list[str]:
    names = ("*", *sorted(types))
    return [*_WORDS, *(f"{context}/{name}.cruds" for context in CONTEXTS for name in names)]


_FIELDS = (
    _Field("issuer", _ALL, _address("")),
    _Field("authorization_endpoint", _ALL, _address(AUTHORIZE)),
    _Field("token_endpoint", _ALL, _address(TOKEN)),
    _Field("jwks_uri", _ALL, _address(JWKS)),
    _Field("response_types_supported", _ALL, _always("code")),
    _Field("response_modes_supported", _STANDARD, _always("query")),
    _Field("grant_types_supported", _ALL, _always(*GRANT_TYPES)),
    _Field("code_challenge_methods_supported", _ALL, _always(METHOD)),
    _Field("authorization_response_iss_parameter_supported", _ALL, _is(True)),
    _Field("token_endpoint_auth_methods_supported", _ALL, _METHODS),
    _Field("token_endpoint_auth_signing_alg_values_supported", _ALL, _ALGORITHMS),
    _Field("introspection_endpoint", _ALL, _address(INTROSPECTION)),
    _Field("introspection_endpoint_auth_methods_supported", _STANDARD, _always(*PROVING, BEARER)),
    _Field("introspection_endpoint_auth_signing_alg_values_supported", _STANDARD, _ALGORITHMS),
    _Field("revocation_endpoint", _ALL, _address(REVOCATION)),
    _Field("revocation_endpoint_auth_methods_supported", _STANDARD, _METHODS),
    _Field("revocation_endpoint_auth_signing_alg_values_supported", _STANDARD, _ALGORITHMS),
    _Field("scopes_supported", _ALL, _scopes),
    _Field("subject_types_supported", (OPENID_CONNECT,), _always("public")),
    _Field("id_token_signing_alg_values_supported", (OPENID_CONNECT,), _always(ALGORITHM)),
    _Field("claims_supported", (OPENID_CONNECT,), _always(*_CLAIMS)),
    # Left out it would say that there is such a parameter.
    _Field("request_uri_parameter_supported", (OPENID_CONNECT,), _is(False)),
    _Field("management_endpoint", (SMART,), _address(APPS)),
    _Field("capabilities", (SMART,), _always(*CAPABILITIES)),
)


def token_endpoint_url(base_url: str) -> str:
    """Where tokens are asked for: the `aud` of every client assertion."""
    return f"{base_url}{TOKEN}"


def smart_configuration(base_url: str, types: Collection[str]) -> dict[str, Any]:
    """The SMART configuration document; `types` are the resource type names served."""
    return _document(SMART, base_url, types)


def server_metadata(base_url: str, types: Collection[str]) -> dict[str, Any]:
    """The authorization server metadata document; `base_url` is the issuer."""
    return _document(OAUTH, base_url, types)


def openid_configuration(base_url: str, types: Collection[str]) -> dict[str, Any]:
    """The OpenID configuration document; `base_url` is the issuer."""
    return _document(OPENID_CONNECT, base_url, types)


def _document(which: str, base_url: str, types: Collection[str]) -> dict[str, Any]:
    return {field.name: field.value(base_url, types) for field in _FIELDS if which in field.documents}
