"""A certificate authority of the tests: anchors, CAs below them, leaves, and JWTs with their chains."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import urlsafe_b64encode

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)


def a_key(name: str, kind: str = "rsa") -> PrivateKey:
    """Made once for a name: making RSA keys is slow."""
    return _made(name, kind)


@cache
def _made(name: str, kind: str) -> PrivateKey:
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key({"p256": ec.SECP256R1(), "p384": ec.SECP384R1()}[kind])


@dataclass(frozen=True)
class Certified:
    """A certificate with its key, and those between it and its anchor (which is not among them)."""

    certificate: x509.Certificate
    key: PrivateKey
    between: tuple[x509.Certificate, ...] = ()

    @property
    def x5c(self) -> list[str]:
        return [
            base64.b64encode(one.public_bytes(Encoding.DER)).decode()
            for one in (self.certificate, *self.between)
        ]

    @property
    def pem(self) -> bytes:
        return b"".join(one.public_bytes(Encoding.PEM) for one in (self.certificate, *self.between))

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def signed(self, claims: dict[str, Any], algorithm: str = "RS256", **header: Any) -> str:
        """A JWT with the chain in `x5c`, signed with the key, whatever the algorithm is called."""
        return self.signed_by(self.key, claims, algorithm, **header)

    def signed_by(self, key: PrivateKey, claims: dict[str, Any], algorithm: str, **header: Any) -> str:
        """The same, with a key that may be another one."""
        head = {"alg": algorithm, "x5c": self.x5c} | header
        parts = [
            urlsafe_b64encode(json.dumps({n: v for n, v in part.items() if v is not None}).encode())
            for part in (head, claims)
        ]
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        kind = RSAKey if isinstance(key, rsa.RSAPrivateKey) else ECKey
        signature = jws.JWSRegistry.algorithms[algorithm].sign(b".".join(parts), kind.import_key(pem))
        return b".".join([*parts, urlsafe_b64encode(signature)]).decode()


def issued(
    name: str,
    by: Certified | None = None,
    *,
    ca: bool = False,
    uris: tuple[str, ...] = (),
    kind: str = "rsa",
    key: str = "",
    days: tuple[int, int] = (-10, 100),
    path_length: int | None = None,
    signs: bool = True,
) -> Certified:
    """A certificate, by itself where nobody issues it; `days` from now it begins and ends."""
    own = a_key(key or name, kind)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer = by.certificate.subject if by else subject
    signer = by.key if by else own
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca, path_length), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=signs and not ca, content_commitment=False, key_encipherment=not ca,
                data_encipherment=False, key_agreement=False, key_cert_sign=ca, crl_sign=ca,
                encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
    )  # fmt: skip
    if uris:
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri) for uri in uris])
        builder = builder.add_extension(names, critical=False)
    between = (by.certificate, *by.between) if by and by.certificate.issuer != by.certificate.subject else ()
    return Certified(builder.sign(signer, hashes.SHA256()), own, between)


@cache
def the_anchor() -> Certified:
    """The CA that the operator trusts."""
    return issued("Trust Community Root", ca=True)


@cache
def the_ca() -> Certified:
    """A CA below it."""
    return issued("Trust Community CA", the_anchor(), ca=True, path_length=0)


def files(folder: Path, base_url: str) -> dict[str, str]:
    """The settings of a service that trusts the anchor and has a certificate below it."""
    ours = issued("careplan", the_ca(), uris=(f"{base_url}/fhir",))
    paths = {name: folder / f"{name}.pem" for name in ("udap_anchors", "udap_certificate", "udap_key")}
    paths["udap_anchors"].write_bytes(the_anchor().pem)
    paths["udap_certificate"].write_bytes(ours.pem)
    paths["udap_key"].write_bytes(ours.key_pem)
    return {name: str(path) for name, path in paths.items()}
