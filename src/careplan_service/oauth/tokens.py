"""Access tokens are judged here: whether one is good at this moment, and whom it stands for.

https://www.rfc-editor.org/rfc/rfc9068#section-4
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from careplan_service.access.caller import Caller
from careplan_service.access.clients import Client
from careplan_service.access.granted import resource_scopes
from careplan_service.access.people import User
from careplan_service.access.person import caller_for_person
from careplan_service.access.scope_text import parse_scopes
from careplan_service.access.scopes import narrowed
from careplan_service.errors import Unauthenticated
from careplan_service.oauth.issuing import audience
from careplan_service.oauth.keys import ALGORITHM, SigningKeys
from careplan_service.oauth.recent import Recent
from careplan_service.oauth.signed import LARGEST, NotSigned, Signed, is_time, read_signed
from careplan_service.oauth.trusted import Stated, TrustedIssuers

_TYPES = ("at+jwt", "application/at+jwt")
_REVOCABLE = ("jti", "grant")
"""The claims by which a token may be revoked."""


class _Ids(NamedTuple):
    """Of the key that signed a token of ours, and what it may be revoked by: its own, its grant."""

    kid: str
    revocable: tuple[str, ...]


class _Registered(NamedTuple):
    """What our registers say: the client, whom it acts for, and which organisations run this service."""

    client: Client
    user: User | None
    custodians: frozenset[str]


@dataclass(frozen=True)
class _Verified:
    """What a token states, and the caller it stood for when our registers said `registered`.

    `issuer` is empty for our own tokens, `ids` is None for those of others.
    """

    stated: Stated
    issuer: str
    ids: _Ids | None
    registered: _Registered
    caller: Caller


class TokenVerifier:
    """Turns an access token into its Caller.

    A verified token is kept by its hash until it expires, up to `capacity` of them. What the registers
    say of client, person and custodians is asked for at most once a second: a disabled client's or
    person's tokens stop working within that second. `is_revoked` is asked for the `jti` of every token,
    and for the grant of a person's, every time, whatever is kept of it here.
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
        find_user: Callable[[str], User | None] = lambda id_: None,
        custodians: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        self._issuer = base_url
        self._audience = audience(base_url)
        self._keys = keys
        self._clients, self._users = Recent(find_client, now), Recent(find_user, now)
        self._custodians = Recent(lambda _: custodians(), now)
        self._now = now
        self._trusted = trusted or TrustedIssuers((), self._audience, lambda url, kid: "", now)
        self._is_revoked = is_revoked
        self._capacity = capacity
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()
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
            found = self._read(token)
            self._keep(digest, found)
        if now >= found.stated.expires:
            raise _invalid("has expired")
        if found.ids:
            self._require_standing(found.ids)
        registered = self._registered(found.stated)
        if registered != found.registered:
            found = _for_registered(found.stated, found.issuer, found.ids, registered)
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

    def _registered(self, stated: Stated) -> _Registered:
        client = self._clients.get(stated.client_id)
        if client is None or not client.is_let_in:
            raise _invalid("belongs to a client that is not registered any more")
        if not stated.user_id:
            return _Registered(client, None, frozenset())
        user = self._users.get(stated.user_id)
        if user is None or not user.enabled:
            raise _invalid("acts for a person who is not registered any more")
        return _Registered(client, user, self._custodians.get(""))

    def _require_standing(self, ids: _Ids) -> None:
        """Whether we still stand by a token of ours: its key is there, and it was not revoked."""
        if not self._keys.knows(ids.kid):
            raise _invalid("is not one of ours")
        if any(map(self._is_revoked, ids.revocable)):
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

    def _read(self, token: str) -> _Verified:
        signed = _taken_apart(token)
        issuer = signed.claims.get("iss")
        if issuer in self._trusted:
            theirs = self._trusted.read(signed)
            if theirs is None:
                raise _invalid("cannot be verified")
            return _for_registered(theirs, str(issuer), None, self._registered(theirs))
        claims = self._signed(signed).claims
        stated = _stated(claims)
        ids = _Ids(signed.header["kid"], tuple(claims[name] for name in _REVOCABLE if name in claims))
        return _for_registered(stated, "", ids, self._registered(stated))

    def _is_ours(self, signed: Signed) -> bool:
        claims = signed.claims
        return (
            claims.get("iss") == self._issuer
            and claims.get("aud") == self._audience
            and isinstance(claims.get("client_id"), str)
            and isinstance(claims.get("sub"), str)
            # Either a system for itself, or an app for a person who granted it.
            and (claims["sub"] == claims["client_id"]) is ("grant" not in claims)
            and isinstance(claims.get("grant", ""), str)
            and isinstance(claims.get("patient", ""), str)
            and isinstance(claims.get("jti"), str)
            and is_time(claims.get("exp"))
        )


def _taken_apart(token: str) -> Signed:
    try:
        return read_signed(token)
    except NotSigned as error:
        raise _invalid("is not one of ours") from error


def _stated(claims: Mapping[str, Any]) -> Stated:
    """What a token of ours says, whose signature was checked."""
    return Stated(
        client_id=claims["client_id"],
        scopes=resource_scopes(claims["scope"]),
        purposes=tuple(coding["code"] for coding in claims["extensions"]["ihe_iua"]["purpose_of_use"]),
        expires=int(claims["exp"]),
        user_id=claims["sub"] if "grant" in claims else "",
        patient=claims.get("patient", ""),
    )


def _for_registered(stated: Stated, issuer: str, ids: _Ids | None, registered: _Registered) -> _Verified:
    """Never more than what is registered by now, however much was when the token was issued.

    Another server's tokens name the purpose of use only where it knows of purposes.
    """
    client = registered.client
    if client.issuer != issuer:
        raise _invalid("belongs to a client that gets its tokens elsewhere")
    purposes = stated.purposes if stated.purposes or not issuer else (client.purpose,)
    permitted = tuple(code for code in purposes if code in client.purposes)
    if not permitted:
        raise _invalid("is for a purpose that is not registered any more")
    caller = _caller(stated, registered, permitted)
    return _Verified(stated, issuer, ids, registered, caller)


def _caller(stated: Stated, registered: _Registered, purposes: tuple[str, ...]) -> Caller:
    client, user, custodians = registered
    scopes = narrowed(stated.scopes, parse_scopes(client.scopes))
    if user is None:
        return Caller(client.id, client.kind, client.organization, purposes, scopes, stated.expires)
    patient = f"Patient/{stated.patient}" if stated.patient else ""
    return caller_for_person(client, user, scopes, purposes, patient, stated.expires, custodians)


def _invalid(why: str) -> Unauthenticated:
    return Unauthenticated(
        f"the access token {why}; ask for a new one at the token endpoint", error="invalid_token"
    )
