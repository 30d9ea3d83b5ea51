"""Software statements of UDAP: signed by the client itself, with a certificate that says who it is.

https://hl7.org/fhir/us/udap-security/STU1/registration.html#software-statement
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from careplan_service.oauth.signed import NotSigned, Signed, is_time, read_signed
from careplan_service.oauth.software_statements import invalid, unapproved
from careplan_service.oauth.udap_certificates import ALGORITHMS, Anchors, Leaf, NoChain, NotTrusted

LIFETIME = 300
"""Seconds from `iat` to `exp` at most."""
SKEW = 10
"""Seconds that the client's clock may differ from ours."""


@dataclass(frozen=True)
class Said:
    """Who signed a statement: the URI in the certificate; and what the statement says."""

    uri: str
    claims: Mapping[str, Any]
    leaf: Leaf


@dataclass(frozen=True)
class UdapStatements:
    """Verifies statements made for `audience`, the absolute URL of the registration endpoint.

    `remember_jti(uri, jti, expires)` is False for a `jti` seen before, `now` gives seconds.
    """

    anchors: Anchors
    audience: str
    remember_jti: Callable[[str, str, float], bool]
    now: Callable[[], float]

    def read(self, statement: object) -> Said:
        """Raises InvalidSoftwareStatementError or, for a certificate of nobody trusted, Unapproved..."""
        try:
            signed = read_signed(statement if isinstance(statement, str) else "")
            leaf = self.anchors.leaf(signed.header.get("x5c"), self.now())
        except (NotSigned, NoChain) as error:
            raise invalid(f"the software statement cannot be read: {error}") from error
        except NotTrusted as error:
            raise unapproved(str(error)) from error
        if faults := list(self._faults(signed, leaf)):
            raise invalid("; ".join(faults))
        algorithm, claims = signed.header["alg"], signed.claims
        key = leaf.key(algorithm)
        if key is None or not signed.is_signed_with(key, algorithm):
            raise invalid("the software statement is not signed with the key of its first certificate")
        if not self.remember_jti(claims["iss"], claims["jti"], claims["exp"] + SKEW):
            raise invalid("`jti` was used before; make a new software statement for every request")
        return Said(claims["iss"], claims, leaf)

    def _faults(self, signed: Signed, leaf: Leaf) -> Iterator[str]:
        claims, now = signed.claims, self.now()
        if signed.header.get("alg") not in ALGORITHMS:
            yield f"`alg` must be {' or '.join(ALGORITHMS)}"
        issuer = claims.get("iss")
        if not isinstance(issuer, str) or issuer not in leaf.uris:
            yield "`iss` must be a URI among the subject alternative names of the certificate"
        if claims.get("sub") != issuer:
            yield "`sub` must be the same as `iss`"
        if claims.get("aud") not in (self.audience, [self.audience]):
            yield f"`aud` must be `{self.audience}`"
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= 255 or not jti.isprintable():
            yield "`jti` must be a new string of 1 to 255 characters"
        issued, expires = claims.get("iat"), claims.get("exp")
        if not is_time(issued) or issued > now + SKEW:
            yield "`iat` must be a number of seconds since the epoch that is not in the future"
        elif not is_time(expires) or not max(now - SKEW, issued) < expires <= issued + LIFETIME:
            yield f"`exp` must be seconds since the epoch, not over and {LIFETIME} after `iat` at most"
