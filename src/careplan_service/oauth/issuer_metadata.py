"""What an issuer publishes about itself: fetched with bounds, kept for an hour.

https://www.rfc-editor.org/rfc/rfc8414#section-3 and
https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from careplan_service.oauth import remote_jwks
from careplan_service.oauth.each_alone import EachAlone
from careplan_service.oauth.remote_jwks import Fetch

Metadata = Mapping[str, Any]

_WELL_KNOWN = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")
_KEPT, _RETRY = 3600.0, 10.0


class IssuerMetadata:
    """The metadata by issuer; `now` gives seconds since the epoch.

    What cannot be had is asked for again after ten seconds.
    """

    def __init__(self, now: Callable[[], float], fetch: Fetch = remote_jwks.fetch) -> None:
        self._now, self._fetch = now, fetch
        self._kept: dict[str, tuple[Metadata | None, float]] = {}
        self._alone = EachAlone()

    def of(self, issuer: str) -> Metadata | None:
        """The document, which names the issuer itself and a `jwks_uri`; None when it cannot be had."""
        with self._alone.of(issuer):
            found, until = self._kept.get(issuer, (None, 0.0))
            if self._now() >= until:
                found = next(filter(None, (self._at(issuer, path) for path in _WELL_KNOWN)), None)
                self._kept[issuer] = found, self._now() + (_KEPT if found else _RETRY)
            return found

    def _at(self, issuer: str, path: str) -> Metadata | None:
        try:
            document = json.loads(self._fetch(issuer.rstrip("/") + path)[0])
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(document, dict) or document.get("issuer") != issuer:
            return None
        return document if isinstance(document.get("jwks_uri"), str) else None
