"""What a client reads before it asks for a token: the SMART configuration and the server's metadata.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#using-well-known and
https://www.rfc-editor.org/rfc/rfc8414#section-2
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from careplan_service.oauth.introspection import BEARER
from careplan_service.oauth.jwks import ALGORITHMS
from careplan_service.oauth.server import AUTH_METHOD, GRANT_TYPE

SMART, OAUTH = "/fhir/.well-known/smart-configuration", "/.well-known/oauth-authorization-server"
"""Where the two documents are."""

TOKEN, REVOCATION, INTROSPECTION = "/oauth/token", "/oauth/revoke", "/oauth/introspect"
JWKS = "/oauth/jwks"


ACCESS = ("permission-v1", "permission-v2")
"""The capabilities that are those of the FHIR server, whoever issues its tokens."""


class _Field(NamedTuple):
    """A name, the documents it stands in, and its value, given the base URL and the types served."""

    name: str
    documents: tuple[str, ...]
    value: Callable[[str, Collection[str]], Any]


_BOTH = (SMART, OAUTH)


def _address(path: str) -> Callable[[str, Collection[str]], str]:
    return lambda base_url, _: f"{base_url}{path}"


def _always(*values: str) -> Callable[[str, Collection[str]], list[str]]:
    return lambda *_: list(values)


_METHOD, _ALGORITHMS = _always(AUTH_METHOD), _always(*ALGORITHMS)


def _scopes(_: str, types: Collection[str]) -> list[str]:
    return ["system/*.cruds", *(f"system/{name}.cruds" for name in sorted(types))]


# Left out, because nobody is sent to an authorization endpoint here yet:
# - `issuer` of the SMART configuration is that of OpenID Connect and goes with `sso-openid-connect` only;
# - `code_challenge_methods_supported`: SMART wants `S256` listed, but there is no authorization code to
#   challenge, and by RFC 8414 leaving the field out is how a server says that it does not support PKCE.
# Of `response_types_supported`, which RFC 8414 asks for, there are none.
_FIELDS = (
    _Field("issuer", (OAUTH,), _address("")),
    _Field("token_endpoint", _BOTH, _address(TOKEN)),
    _Field("jwks_uri", _BOTH, _address(JWKS)),
    _Field("response_types_supported", (OAUTH,), _always()),
    _Field("grant_types_supported", _BOTH, _always(GRANT_TYPE)),
    _Field("token_endpoint_auth_methods_supported", _BOTH, _METHOD),
    _Field("token_endpoint_auth_signing_alg_values_supported", _BOTH, _ALGORITHMS),
    _Field("introspection_endpoint", _BOTH, _address(INTROSPECTION)),
    _Field("introspection_endpoint_auth_methods_supported", (OAUTH,), _always(AUTH_METHOD, BEARER)),
    _Field("introspection_endpoint_auth_signing_alg_values_supported", (OAUTH,), _ALGORITHMS),
    _Field("revocation_endpoint", _BOTH, _address(REVOCATION)),
    _Field("revocation_endpoint_auth_methods_supported", (OAUTH,), _METHOD),
    _Field("revocation_endpoint_auth_signing_alg_values_supported", (OAUTH,), _ALGORITHMS),
    _Field("scopes_supported", _BOTH, _scopes),
    _Field("capabilities", (SMART,), _always("client-confidential-asymmetric", *ACCESS)),
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


def _document(which: str, base_url: str, types: Collection[str]) -> dict[str, Any]:
    return {field.name: field.value(base_url, types) for field in _FIELDS if which in field.documents}
