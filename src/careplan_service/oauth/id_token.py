"""ID tokens of an OpenID provider: who signed in there, for us and in answer to our question.

https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError
from joserfc.jwk import Key

from careplan_service.oauth import jwks
from careplan_service.oauth.signed import NotSigned, Signed, is_time, read_signed
from careplan_service.oauth.trusted import ALGORITHMS, SKEW

LONGEST_SUBJECT = 255
"""Characters."""


class NotSignedIn(ValueError):
    """Nobody signed in by this; the text is for the audit row."""


@dataclass(frozen=True)
class IdTokens:
    """Reads the ID tokens that an issuer makes for a client."""

    issuer: str
    client: str

    def subject(self, token: object, nonce: str, keys: JwkSet, now: float) -> str:
        """The subject of a token with that nonce at that moment, in seconds since the epoch.

        Raises NotSignedIn unless all of it is verified.
        """
        try:
            signed = read_signed(token if isinstance(token, str) else "")
        except NotSigned as error:
            raise NotSignedIn(f"the ID token cannot be read: {error}") from error
        algorithm = signed.header.get("alg")
        if algorithm not in ALGORITHMS:
            raise NotSignedIn("the ID token is signed with another algorithm")
        if not any(signed.is_signed_with(key, algorithm) for key in keys.verifying(signed, algorithm)):
            raise NotSignedIn("the ID token is not signed with a key of the issuer")
        self._judge(signed, nonce, now)
        return str(signed.claims["sub"])

    def _judge(self, signed: Signed, nonce: str, now: float) -> None:
        claims = signed.claims
        subject = claims.get("sub")
        if (
            not isinstance(subject, str)
            or not 0 < len(subject) <= LONGEST_SUBJECT
            or not subject.isprintable()
        ):
            raise NotSignedIn("the ID token has no usable `sub`")
        if not all(is_time(claims.get(name)) for name in ("exp", "iat")):
            raise NotSignedIn("the ID token has no `exp` or `iat`")
        options: Any = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self.client},
        }
        known = {"nonce": nonce, "client_id": self.client}
        try:
            CodeIDToken(claims, signed.header, options, known).validate(int(now), SKEW)
        except (JoseError, TypeError, ValueError) as error:
            raise NotSignedIn(f"the ID token is not for us: {error}"[:200]) from error


@dataclass(frozen=True)
class JwkSet:
    """A JWK Set as JSON text."""

    text: str

    def verifying(self, signed: Signed, algorithm: str) -> Iterator[Key]:
        """The keys that may have signed it; without `kid` the only one there is."""
        entries, kid = jwks.entries(self.text), signed.header.get("kid")
        if kid is None and len(entries) != 1:
            return
        for entry in entries:
            key = jwks.verification_key(entry, algorithm) if kid in (None, entry.get("kid")) else None
            if key:
                yield key
