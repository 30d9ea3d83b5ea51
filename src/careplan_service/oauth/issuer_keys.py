"""The keys of other authorization servers, where their metadata says they are.

https://www.rfc-editor.org/rfc/rfc8414#section-3
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from joserfc.jwk import Key

from careplan_service.oauth import jwks
from careplan_service.oauth.issuer_metadata import IssuerMetadata
from careplan_service.oauth.signed import Signed


@dataclass(frozen=True)
class IssuerKeys:
    """Finds keys; only for issuers that are trusted already, since their address is asked.

    `remote_jwks(url, kid)` gives a JWK Set as text.
    """

    remote_jwks: Callable[[str, str], str]
    metadata: IssuerMetadata

    def of(self, signed: Signed, algorithm: str) -> Iterator[Key]:
        """The keys of a token's `iss` that may have signed it with an algorithm."""
        metadata, kid = self.metadata.of(signed.claims["iss"]), signed.header.get("kid")
        if metadata is None or not isinstance(kid, str):
            return
        for entry in jwks.entries(self.remote_jwks(metadata["jwks_uri"], kid)):
            key = jwks.verification_key(entry, algorithm) if entry.get("kid") == kid else None
            if key:
                yield key
