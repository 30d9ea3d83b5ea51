"""Certificate chains in the `x5c` header of a JWT: followed to an anchor that the operator trusts.

Nothing is fetched: neither revocation lists nor missing certificates of the chain.
https://hl7.org/fhir/us/udap-security/STU1/index.html#jwt-headers and https://www.rfc-editor.org/rfc/rfc5280#section-6
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store
from cryptography.x509.verification import VerificationError as _Unverified
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, RSAKey

from careplan_service.errors import Malformed
from careplan_service.oauth import jwks

ALGORITHMS = {"RS256": "RSA", "ES256": "EC", **jwks.ALGORITHMS}
"""The signature algorithms a JWT with a certificate may use, and the kinds of their keys."""

_MOST = 6
_DEEPEST = 4
_KEYS: Mapping[str, type[RSAKey] | type[ECKey]] = {"RSA": RSAKey, "EC": ECKey}


class NoChain(ValueError):
    """The `x5c` header cannot be read as certificates; the text may be shown to the sender."""


class NotTrusted(ValueError):
    """The chain does not lead to a trusted anchor, or a certificate in it may not be used so."""


@dataclass(frozen=True)
class Leaf:
    """The certificate of whoever signed, in a chain that was verified."""

    certificate: x509.Certificate

    @property
    def uris(self) -> list[str]:
        """The URIs among its subject alternative names, as written."""
        return uris_of(self.certificate)

    @property
    def pem(self) -> str:
        """The certificate as text."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def key(self, algorithm: str) -> Key | None:
        """Its key if that may verify signatures of an algorithm of ALGORITHMS."""
        return public_key(self.certificate, algorithm)


class Anchors:
    """The trust anchors of a PEM file, or of all `.pem` files of a directory, read once.

    Raises Malformed where there is none, or one that is no CA.
    """

    def __init__(self, path: Path) -> None:
        files = sorted(path.glob("*.pem")) if path.is_dir() else [path]
        try:
            found = [one for file in files for one in x509.load_pem_x509_certificates(file.read_bytes())]
        except (OSError, ValueError) as error:
            raise Malformed(f"no trust anchors can be read from `{path}`; name PEM files") from error
        if not found or not all(map(_is_ca, found)):
            raise Malformed(f"`{path}` must hold the certificates of CAs, one at least, and no others")
        self._store = Store(found)

    def leaf(self, x5c: object, now: float) -> Leaf:
        """The first certificate of an `x5c` header, at a moment in seconds since the epoch.

        Raises NoChain or NotTrusted.
        """
        first, *others = _certificates(x5c)
        verifier = (
            PolicyBuilder()
            .store(self._store)
            .time(datetime.fromtimestamp(now, UTC))
            .max_chain_depth(_DEEPEST)
            .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=_EE)
            .build_client_verifier()
        )
        try:
            verifier.verify(first, others)
        except _Unverified as error:
            raise NotTrusted(
                "the certificates lead to no anchor that is trusted here at this moment"
            ) from error
        return Leaf(first)


def _certificates(x5c: object) -> list[x509.Certificate]:
    if not isinstance(x5c, list) or not 0 < len(x5c) <= _MOST or not all(isinstance(one, str) for one in x5c):
        raise NoChain(f"`x5c` must be a list of 1 to {_MOST} certificates")
    try:
        return [x509.load_der_x509_certificate(base64.b64decode(one, validate=True)) for one in x5c]
    except (ValueError, binascii.Error, x509.InvalidVersion) as error:
        raise NoChain("`x5c` holds what is no certificate in base64 of DER") from error


def uris_of(certificate: x509.Certificate) -> list[str]:
    """The URIs among the subject alternative names of a certificate."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return names.get_values_for_type(x509.UniformResourceIdentifier)


def described(pem: str) -> str:
    """Whose certificate it is, until when and its SHA-256, in one line."""
    one = x509.load_pem_x509_certificate(pem.encode())
    until = one.not_valid_after_utc.date().isoformat()
    return f"{one.subject.rfc4514_string()!a} until {until} sha256:{one.fingerprint(SHA256()).hex()}"


def public_key(certificate: x509.Certificate, algorithm: str) -> Key | None:
    """The key of a certificate if it may verify signatures of that algorithm, otherwise None."""
    try:
        pem = certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        entry = _KEYS[ALGORITHMS[algorithm]].import_key(pem).as_dict(private=False)
    except (JoseError, ValueError, TypeError):
        return None
    return jwks.verification_key(dict(entry), algorithm)


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _is_no_ca(policy: Policy, certificate: x509.Certificate, found: x509.BasicConstraints | None) -> None:
    if found is not None and found.ca:
        raise ValueError("a CA signs certificates, not requests")


def _signs(policy: Policy, certificate: x509.Certificate, found: x509.KeyUsage | None) -> None:
    if found is not None and not found.digital_signature:
        raise ValueError("the certificate is not for signing")


_EE = (
    ExtensionPolicy.permit_all()
    .require_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
    .may_be_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_no_ca)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs)
)
