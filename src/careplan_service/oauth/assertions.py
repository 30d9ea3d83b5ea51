"""Client assertions: a client proves who it is with a JWT signed by its registered key.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#authenticating-to-the-token-endpoint
and https://www.rfc-editor.org/rfc/rfc7523#section-3
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from joserfc.jwk import ECKey, Key, RSAKey

from careplan_service.access.clients import PRIVATE_KEY_JWT, Client
from careplan_service.oauth import jwks
from careplan_service.oauth.purposes import asserted_purposes
from careplan_service.oauth.signed import NotSigned, Signed, is_time, read_signed

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

LIFETIME = 300
"""Seconds that an assertion may be valid for at most."""

SKEW = 10
"""Seconds that a client's clock may differ from ours, either way, in every comparison of times."""

UNKNOWN = (
    "the assertion is not signed with a registered key of a registered client; check `iss`, `kid` and the key"
)

CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,63}")


class AssertionRefused(ValueError):
    """Client authentication failed; OAuth's `invalid_client`. The text may be shown to the sender."""


@dataclass(frozen=True)
class Authenticated:
    """A client that proved who it is, and the purposes of use it acts for (v3-ActReason codes)."""

    client: Client
    purposes: tuple[str, ...]


@dataclass(frozen=True)
class Way:
    """A way to prove who signed: what is wrong with a header, which keys may have signed for a client (who
    may be unknown), which purposes of use the claims name.
    """

    header_faults: Callable[[Signed], Iterable[str]]
    keys: Callable[[Signed, Client | None], Iterable[Key]]
    purposes: Callable[[Mapping[str, Any], Client], tuple[str, ...]] = asserted_purposes


@dataclass(frozen=True)
class Assertions:
    """Verifies client assertions made for `token_endpoint` (its absolute URL) or for the `issuer`.

    Another endpoint also takes those made for `itself`, its own absolute URL. SMART has clients name the
    token endpoint, https://datatracker.ietf.org/doc/html/draft-ietf-oauth-rfc7523bis#section-4 the issuer.

    `find_client` gives the registered client of an id, `remember_jti(client_id, jti, expires)` is
    False for a `jti` seen before, `remote_jwks(url, kid)` gives the JWK Set text at a registered
    URL, `now` seconds since the epoch. `by_certificate` is the way of requests that name UDAP, where
    that is offered.
    """

    token_endpoint: str
    find_client: Callable[[str], Client | None]
    remember_jti: Callable[[str, str, float], bool]
    remote_jwks: Callable[[str, str], str]
    now: Callable[[], float]
    itself: str | None = None
    issuer: str | None = None
    by_certificate: Way | None = None

    def verify(self, assertion: str, client_id: str | None = None, udap: str | None = None) -> Authenticated:
        """The client that signed an assertion; `client_id`, `udap` are the form parameters, if sent.

        An unknown, a disabled client and a wrong signature are refused with the same words after
        the same work. Raises AssertionRefused, or PurposeRefused once the client is known.
        """
        try:
            signed = read_signed(assertion)
        except NotSigned as error:
            raise AssertionRefused(f"the client assertion cannot be read: {error}") from error
        way = self._way(udap)
        if faults := [*way.header_faults(signed), *self._claim_faults(signed, client_id)]:
            raise AssertionRefused("; ".join(faults))
        client = self._signer(signed, way)
        claims = signed.claims
        if not self.remember_jti(client.id, claims["jti"], claims["exp"] + SKEW):
            raise AssertionRefused("`jti` was used before; make a new assertion for every request")
        return Authenticated(client, way.purposes(claims, client))

    def _way(self, udap: str | None) -> Way:
        if udap == "1" and self.by_certificate:
            return self.by_certificate
        return Way(_header_faults, self._keys)

    def _signer(self, signed: Signed, way: Way) -> Client:
        algorithm = signed.header["alg"]
        client = self.find_client(signed.claims["sub"])
        known = client if client and _may_assert(client) else None
        keys = list(way.keys(signed, known)) or [_decoy(algorithm)]
        verified = [key for key in keys if signed.is_signed_with(key, algorithm)]
        if known is None or not verified:
            raise AssertionRefused(UNKNOWN)
        return known

    def _keys(self, signed: Signed, client: Client | None) -> Iterator[Key]:
        if client is None or not _names_registered_url(signed, client):
            return
        kid, algorithm = signed.header["kid"], signed.header["alg"]
        text = client.jwks or (self.remote_jwks(client.jwks_url, kid) if client.jwks_url else '{"keys": []}')
        for entry in jwks.entries(text):
            key = jwks.verification_key(entry, algorithm) if entry.get("kid") == kid else None
            if key:
                yield key

    def _claim_faults(self, signed: Signed, client_id: str | None) -> Iterator[str]:
        claims = signed.claims
        subject = claims.get("sub")
        if not isinstance(subject, str) or not CLIENT_ID.fullmatch(subject) or claims.get("iss") != subject:
            yield "`iss` and `sub` must both be the client id"
        elif client_id not in (None, subject):
            yield "`client_id` must be the client id of the assertion, or be left out"
        audiences = [url for url in (self.token_endpoint, self.itself, self.issuer) if url]
        if claims.get("aud") not in (*audiences, *([url] for url in audiences)):
            yield f"`aud` must be {' or '.join(f'`{url}`' for url in audiences)}"
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= 255 or not jti.isprintable():
            yield "`jti` must be a new string of 1 to 255 characters"
        yield from self._time_faults(signed)

    def _time_faults(self, signed: Signed) -> Iterator[str]:
        claims, now = signed.claims, self.now()
        expires = claims.get("exp")
        if not is_time(expires):
            yield "`exp` must be a number of seconds since the epoch"
        elif expires <= now - SKEW:
            yield "`exp` is over; make a new assertion"
        elif expires > now + LIFETIME + SKEW:
            yield f"`exp` must be at most {LIFETIME} seconds ahead"
        for name in ("nbf", "iat"):
            begins = claims.get(name, now)
            if not is_time(begins) or begins > now + SKEW:
                yield f"`{name}` must be a number of seconds since the epoch that is not in the future"


def _header_faults(signed: Signed) -> Iterator[str]:
    header = signed.header
    if not isinstance(header.get("alg"), str) or header["alg"] not in jwks.ALGORITHMS:
        yield f"`alg` must be {' or '.join(jwks.ALGORITHMS)}"
    if not isinstance(header.get("kid"), str):
        yield "`kid` must name the key it is signed with"
    # SMART has clients send it; RFC 7515 leaves it to them, and other clients do without.
    typ = header.get("typ", "JWT")
    if not isinstance(typ, str) or typ.upper() != "JWT":
        yield "`typ` must be `JWT`, or be left out"


def _may_assert(client: Client) -> bool:
    return client.is_let_in and not client.issuer and client.auth_method == PRIVATE_KEY_JWT


def _names_registered_url(signed: Signed, client: Client) -> bool:
    return "jku" not in signed.header or (
        client.jwks_url is not None and signed.header["jku"] == client.jwks_url
    )


@cache
def _decoy(algorithm: str) -> Key:
    """A key nobody holds, so that a client without a key costs a verification too."""
    curve = jwks.CURVES.get(algorithm)
    return ECKey.generate_key(curve) if curve else RSAKey.generate_key(2048)
