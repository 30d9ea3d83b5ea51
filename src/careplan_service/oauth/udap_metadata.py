"""What is offered to clients with certificates, signed with our own.

https://hl7.org/fhir/us/udap-security/STU1/discovery.html
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, RSAKey

from careplan_service.errors import Malformed
from careplan_service.oauth.discovery import TOKEN
from careplan_service.oauth.issuing import audience
from careplan_service.oauth.registration_endpoint import REGISTRATION
from careplan_service.oauth.udap_certificates import ALGORITHMS, public_key, uris_of

UDAP_METADATA = "/fhir/.well-known/udap"
"""Where the document is."""

_LIFETIME = 24 * 3600
_RENEWED = 3600


@dataclass(frozen=True)
class Identity:
    """Our certificate, those between it and an anchor, and its private key for `algorithm`."""

    chain: tuple[x509.Certificate, ...]
    key: Key
    algorithm: str


def read_identity(certificate: Path, key: Path, base_url: str) -> Identity:
    """Our own, from PEM files. Raises Malformed for files that do not fit, or not to our address."""
    try:
        chain = tuple(x509.load_pem_x509_certificates(certificate.read_bytes()))
        text = key.read_bytes()
    except (OSError, ValueError) as error:
        raise Malformed(f"`{certificate}` or `{key}` cannot be read; name PEM files") from error
    issuer = audience(base_url)
    if issuer not in uris_of(chain[0]):
        raise Malformed(f"`{certificate}` has no URI `{issuer}` among its subject alternative names")
    for algorithm, kind in ALGORITHMS.items():
        public = public_key(chain[0], algorithm)
        private = _private(text, RSAKey if kind == "RSA" else ECKey)
        if public and private and private.thumbprint() == public.thumbprint():
            return Identity(chain, private, algorithm)
    raise Malformed(f"`{key}` is not the private key of the first certificate in `{certificate}`")


def _private(text: bytes, kind: type[RSAKey] | type[ECKey]) -> Key | None:
    try:
        found = kind.import_key(text)
    except (JoseError, ValueError, TypeError):
        return None
    return found if found.is_private else None


class UdapMetadata:
    """The document; it is signed anew every hour. `authorization_endpoint` is absolute, empty for none."""

    def __init__(
        self,
        identity: Identity,
        base_url: str,
        grant_types: Sequence[str],
        authorization_endpoint: str,
        now: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._identity, self._issuer, self._grants = identity, audience(base_url), list(grant_types)
        self._now, self._new_id = now, new_id
        self._endpoints = {
            **({"authorization_endpoint": authorization_endpoint} if authorization_endpoint else {}),
            "token_endpoint": f"{base_url}{TOKEN}",
            "registration_endpoint": f"{base_url}{REGISTRATION}",
        }
        self._signed = "", 0.0

    def __call__(self) -> dict[str, Any]:
        return {
            "udap_versions_supported": ["1"],
            "udap_profiles_supported": ["udap_dcr", "udap_authn", "udap_authz"],
            "udap_authorization_extensions_supported": ["hl7-b2b"],
            # In every token request of a system; a person's app sends none.
            "udap_authorization_extensions_required": (
                [] if "authorization_code" in self._grants else ["hl7-b2b"]
            ),
            "udap_certifications_supported": [],
            "grant_types_supported": self._grants,
            **self._endpoints,
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
            "registration_endpoint_jwt_signing_alg_values_supported": list(ALGORITHMS),
            "signed_metadata": self._signature(),
        }

    def _signature(self) -> str:
        now = self._now()
        signed, until = self._signed
        if now >= until:
            signed = self._sign(int(now))
            self._signed = signed, now + _RENEWED
        return signed

    def _sign(self, issued: int) -> str:
        chain = [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in self._identity.chain]
        claims = {
            "iss": self._issuer,
            "sub": self._issuer,
            "iat": issued,
            "exp": issued + _LIFETIME,
            "jti": self._new_id(),
            **self._endpoints,
        }
        header = {"alg": self._identity.algorithm, "x5c": chain}
        return jwt.encode(header, claims, self._identity.key, algorithms=[self._identity.algorithm])
