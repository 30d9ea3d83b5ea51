"""Access tokens: signed JWTs that say which client acts, within which scopes, for which purpose.

https://www.rfc-editor.org/rfc/rfc9068 and, for the purpose of use,
https://profiles.ihe.net/ITI/IUA/index.html#3714221-json-web-token-option
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from joserfc import jwt

from careplan_service.access.caller import Caller
from careplan_service.access.clients import Client
from careplan_service.access.consent.terminology import ACT_REASON
from careplan_service.access.scope_text import parse_scopes
from careplan_service.access.scopes import Scopes, narrowed
from careplan_service.errors import Unauthenticated
from careplan_service.oauth.keys import ALGORITHM, SigningKeys
from careplan_service.oauth.signed import LARGEST, NotSigned, Signed, is_time, read_signed
from careplan_service.oauth.trusted import Stated, TrustedIssuers

_TYPES = ("at+jwt", "application/at+jwt")
_RECHECK_CLIENT = 1.0

LONGEST_TTL = 86_400
"""Seconds that any access token may be valid."""


def audience(base_url: str) -> str:
    """The resource our access tokens are for: the FHIR endpoint."""
    return f"{base_url}/fhir"


@dataclass(frozen=True)
class TokenIssuer:
    """Signs access tokens; `base_url` is the issuer, `new_id` gives a fresh string each time."""

    base_url: str
    keys: SigningKeys
    now: Callable[[], float]
    new_id: Callable[[], str]

    def issue(self, client: Client, scopes: Scopes | str, purposes: tuple[str, ...], ttl: int = 300) -> str:
        """An access token for a client, valid for `ttl` seconds; scopes and purposes are taken as given.

        Scopes given as text stand in the token in these words.
        """
        key = self.keys.signing_key()
        issued = int(self.now())
        claims: dict[str, Any] = {
            "iss": self.base_url,
            "aud": audience(self.base_url),
            "sub": client.id,
            "client_id": client.id,
            "iat": issued,
            "exp": issued + ttl,
            "jti": self.new_id(),
            "scope": str(scopes),
            "extensions": {
                "ihe_iua": {"purpose_of_use": [{"system": ACT_REASON, "code": code} for code in purposes]}
            },
        }
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": key.kid}
        return jwt.encode(header, claims, key, algorithms=[ALGORITHM])


class _Ids(NamedTuple):
    """Of the token, and of the key that signed it."""

    jti: str
    kid: str


@dataclass(frozen=True)
class _Verified:
    """What a token states, and the caller it stood for when its client's registration was `client`.

    `issuer` is empty for our own tokens, `ids` for those of others.
    """

    stated: Stated
    issuer: str
    ids: _Ids
    client: Client
    caller: Caller


class TokenVerifier:
    """Turns an access token into its Caller.

    A verified token is kept by its hash until it expires, up to `capacity` of them. Kind and
    organization come from the client's registration, which `find_client` is asked for at most once
    a second per client: a disabled client's tokens stop working within that second. `is_revoked`
    is asked for the `jti` of every token every time, whatever is kept of it here.
    """

    def __init__(
        self,
        base_url: str,
        keys: SigningKeys,
        find_client: Callable[[str], Client | None],
        now: Callable[[], float],
        is_revoked: Callable[[str], bool],
        trusted: TrustedIssuers | None = None,
        capacity: int = 10_000,
    ) -> None:
        self._issuer = base_url
        self._audience = audience(base_url)
        self._keys = keys
        self._find_client = find_client
        self._now = now
        self._trusted = trusted or TrustedIssuers((), self._audience, lambda url, kid: "", now)
        self._is_revoked = is_revoked
        self._capacity = capacity
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()
        self._clients: dict[str, tuple[float, Client | None]] = {}
        self._lock = threading.Lock()

    def verify(self, token: str) -> Caller:
        """The caller a token stands for; raises Unauthenticated (`invalid_token`) if there is none."""
        if len(token) > LARGEST or not token.isascii():
            raise _invalid("is not one of ours")
        now = self._now()
        digest = hashlib.sha256(token.encode("ascii")).digest()
        with self._lock:
            found = self._verified.get(digest)
            if found:
                self._verified.move_to_end(digest)
        if found is None:
            found = self._read(token, now)
            self._keep(digest, found)
        if now >= found.stated.expires:
            raise _invalid("has expired")
        if not found.issuer:
            self._require_standing(found.ids)
        client = self._client(found.stated.client_id, now)
        if client is not found.client:
            found = _for_client(found.stated, found.issuer, found.ids, client)
            self._keep(digest, found)
        return found.caller

    def claims(self, token: str) -> Mapping[str, Any]:
        """What a token of ours says, be it expired or revoked; raises Unauthenticated for any other."""
        return self._signed(_taken_apart(token)).claims

    def _keep(self, digest: bytes, verified: _Verified) -> None:
        with self._lock:
            self._verified[digest] = verified
            while len(self._verified) > self._capacity:
                self._verified.popitem(last=False)

    def _client(self, client_id: str, now: float) -> Client:
        asked, client = self._clients.get(client_id, (-math.inf, None))
        if now - asked >= _RECHECK_CLIENT:
            current = self._find_client(client_id)
            # The same object as long as nothing changed: `verify` compares by identity.
            client = client if client == current else current
            self._clients[client_id] = (now, client)
        if client is None or not client.enabled:
            raise _invalid("belongs to a client that is not registered any more")
        return client

    def _require_standing(self, ids: _Ids) -> None:
        """Whether we still stand by a token of ours: its key is there, and it was not revoked."""
        if not self._keys.knows(ids.kid):
            raise _invalid("is not one of ours")
        if self._is_revoked(ids.jti):
            raise _invalid("was revoked")

    def _signed(self, signed: Signed) -> Signed:
        """A token that is ours, by its signature and claims; raises Unauthenticated for any other."""
        key = self._keys.find(signed.header.get("kid"))
        if not (
            str(signed.header.get("typ")).lower() in _TYPES
            and key is not None
            and signed.is_signed_with(key, ALGORITHM)
            and self._is_ours(signed)
        ):
            raise _invalid("is not one of ours")
        return signed

    def _read(self, token: str, now: float) -> _Verified:
        signed = _taken_apart(token)
        issuer = signed.claims.get("iss")
        if issuer in self._trusted:
            stated = self._trusted.read(signed)
            if stated is None:
                raise _invalid("cannot be verified")
            return _for_client(stated, str(issuer), _Ids("", ""), self._client(stated.client_id, now))
        claims = self._signed(signed).claims
        purposes = tuple(coding["code"] for coding in claims["extensions"]["ihe_iua"]["purpose_of_use"])
        stated = Stated(claims["client_id"], parse_scopes(claims["scope"]), purposes, int(claims["exp"]))
        ids = _Ids(claims["jti"], signed.header["kid"])
        return _for_client(stated, "", ids, self._client(stated.client_id, now))

    def _is_ours(self, signed: Signed) -> bool:
        claims = signed.claims
        return (
            claims.get("iss") == self._issuer
            and claims.get("aud") == self._audience
            and isinstance(claims.get("client_id"), str)
            and claims.get("sub") == claims["client_id"]
            and isinstance(claims.get("jti"), str)
            and is_time(claims.get("exp"))
        )


def _taken_apart(token: str) -> Signed:
    try:
        return read_signed(token)
    except NotSigned as error:
        raise _invalid("is not one of ours") from error


def _for_client(stated: Stated, issuer: str, ids: _Ids, client: Client) -> _Verified:
    """Never more than what is registered by now, however much was when the token was issued.

    Another server's tokens name the purpose of use only where it knows of purposes.
    """
    if client.issuer != issuer:
        raise _invalid("belongs to a client that gets its tokens elsewhere")
    purposes = stated.purposes if stated.purposes or not issuer else (client.purpose,)
    permitted = tuple(code for code in purposes if code in client.purposes)
    if not permitted:
        raise _invalid("is for a purpose that is not registered any more")
    caller = Caller(
        client_id=client.id,
        kind=client.kind,
        organization=client.organization,
        purposes=permitted,
        scopes=narrowed(stated.scopes, parse_scopes(client.scopes)),
        expires=stated.expires,
    )
    return _Verified(stated, issuer, ids, client, caller)


def _invalid(why: str) -> Unauthenticated:
    return Unauthenticated(
        f"the access token {why}; ask for a new one at the token endpoint", error="invalid_token"
    )
