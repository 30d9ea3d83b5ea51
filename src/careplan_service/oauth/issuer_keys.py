"""The keys of other authorization servers, where their metadata says they are.

https://www.rfc-editor.org/rfc/rfc8414#section-3
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator

from joserfc.jwk import Key

from careplan_service.oauth import jwks
from careplan_service.oauth.remote_jwks import fetch
from careplan_service.oauth.signed import Signed

_WELL_KNOWN = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")
_KEPT, _RETRY = 3600.0, 10.0


class IssuerKeys:
    """Finds keys; only for issuers that are trusted already, since their address is asked.

    `remote_jwks(url, kid)` gives a JWK Set as text, `now` seconds since the epoch.
    """

    def __init__(self, remote_jwks: Callable[[str, str], str], now: Callable[[], float]) -> None:
        self._remote_jwks, self._now = remote_jwks, now
        self._keys_at: dict[str, tuple[str | None, float]] = {}
        self._lock = threading.Lock()

    def of(self, signed: Signed, algorithm: str) -> Iterator[Key]:
        """The keys of a token's `iss` that may have signed it with an algorithm."""
        url, kid = self._jwks_uri(signed.claims["iss"]), signed.header.get("kid")
        if url is None or not isinstance(kid, str):
            return
        for entry in jwks.entries(self._remote_jwks(url, kid)):
            key = jwks.verification_key(entry, algorithm) if entry.get("kid") == kid else None
            if key:
                yield key

    def _jwks_uri(self, issuer: str) -> str | None:
        with self._lock:
            url, until = self._keys_at.get(issuer, (None, 0.0))
            if self._now() >= until:
                url = next(filter(None, (_jwks_uri_at(issuer, path) for path in _WELL_KNOWN)), None)
                self._keys_at[issuer] = url, self._now() + (_KEPT if url else _RETRY)
            return url


def _jwks_uri_at(issuer: str, path: str) -> str | None:
    """Where the issuer says its keys are; its document must name the issuer itself (RFC 8414 section 3.3)."""
    try:
        document = json.loads(fetch(issuer.rstrip("/") + path)[0])
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        return None
    url = document.get("jwks_uri")
    return url if isinstance(url, str) else None
