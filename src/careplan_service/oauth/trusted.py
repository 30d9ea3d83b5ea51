"""Access tokens of other authorization servers: issuer, signature, audience and times are verified here.

Whose client it is, and what that may do at most, says our own register, where a client is bound to its
issuer. https://www.rfc-editor.org/rfc/rfc9068#section-4
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from careplan_service.access.consent.terminology import ACT_REASON
from careplan_service.access.scope_text import ScopeError, parse_scopes
from careplan_service.access.scopes import Scopes, scopes_of
from careplan_service.oauth.issuer_keys import IssuerKeys
from careplan_service.oauth.issuer_metadata import IssuerMetadata
from careplan_service.oauth.signed import Signed, is_time

ALGORITHMS = ("RS256", "RS384", "ES256", "ES384")
SKEW = 10
"""Seconds that the issuer's clock may differ from ours."""

CLAIMS: Mapping[str, tuple[str, ...]] = {
    "client": ("client_id", "azp"),
    "scope": ("scope", "scp"),
    "purpose": ("purpose_of_use",),
}
"""What is read from a token, and the claims where it stands; the first that is there counts."""

_TYPES = ("at+jwt", "application/at+jwt", "jwt")


@dataclass(frozen=True)
class Stated:
    """What a verified token states: nothing of it is granted yet; purposes are v3-ActReason codes.

    `user_id` is the person it acts for, empty for none, `patient` the plain id of the one in the launch
    context; both only in tokens of our own.
    """

    client_id: str
    scopes: Scopes
    purposes: tuple[str, ...]
    expires: int
    user_id: str = ""
    patient: str = ""


class TrustedIssuers:
    """Reads tokens of the issuers that are trusted, for `audience`.

    `remote_jwks(url, kid)` gives a JWK Set as text, `now` seconds since the epoch; `claims` says for
    some of CLAIMS in which claim it stands instead.
    """

    def __init__(
        self,
        issuers: Collection[str],
        audience: str,
        remote_jwks: Callable[[str, str], str],
        now: Callable[[], float],
        claims: Mapping[str, str] = {},
    ) -> None:
        self._audience, self._now = audience, now
        self._claims = {**CLAIMS, **{name: (claim,) for name, claim in claims.items()}}
        self._issuers = frozenset(issuers)
        self.metadata = IssuerMetadata(now)
        self._keys = IssuerKeys(remote_jwks, self.metadata)

    def __contains__(self, issuer: object) -> bool:
        return isinstance(issuer, str) and issuer in self._issuers

    def read(self, signed: Signed) -> Stated | None:
        """What a token of a trusted issuer states; None unless all of it can be verified."""
        claims = signed.claims
        algorithm = signed.header.get("alg")
        client_id = self._found(claims, "client")
        is_good = (
            claims.get("iss") in self
            and str(signed.header.get("typ", "JWT")).lower() in _TYPES
            and isinstance(client_id, str)
            and _is_for(claims.get("aud"), self._audience)
            and self._is_timely(claims)
            and algorithm in ALGORITHMS
            and any(signed.is_signed_with(key, algorithm) for key in self._keys.of(signed, algorithm))
        )
        if not is_good:
            return None
        return Stated(client_id, self._scopes(claims), self._purposes(claims), int(claims["exp"]))

    def _is_timely(self, claims: Mapping[str, Any]) -> bool:
        now = self._now()
        begins = [claims.get(name, now) for name in ("nbf", "iat")]
        return is_time(claims.get("exp")) and all(is_time(one) and one <= now + SKEW for one in begins)

    def _found(self, claims: Mapping[str, Any], name: str) -> Any:
        return next((claims[claim] for claim in self._claims[name] if claim in claims), None)

    def _scopes(self, claims: Mapping[str, Any]) -> Scopes:
        """Those that are SMART scopes; others (`openid`) grant nothing here."""
        given = self._found(claims, "scope")
        words = given.split(" ") if isinstance(given, str) else given if isinstance(given, list) else []
        return scopes_of(grant for word in words for grant in _read(word).grants)

    def _purposes(self, claims: Mapping[str, Any]) -> tuple[str, ...]:
        extension = claims.get("extensions")
        iua = extension.get("ihe_iua") if isinstance(extension, dict) else None
        given = iua.get("purpose_of_use") if isinstance(iua, dict) else self._found(claims, "purpose")
        codings = given if isinstance(given, list) else [given]
        return tuple(code for coding in codings if (code := _purpose(coding)))


def _read(word: object) -> Scopes:
    try:
        return parse_scopes(word) if isinstance(word, str) else Scopes()
    except ScopeError:
        return Scopes()


def _purpose(coding: object) -> str:
    if isinstance(coding, dict):
        coding = coding.get("code") if coding.get("system") == ACT_REASON else None
    return coding if isinstance(coding, str) else ""


def _is_for(audiences: object, wanted: str) -> bool:
    return wanted in audiences if isinstance(audiences, list) else audiences == wanted
