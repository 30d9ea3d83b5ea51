"""Access tokens are judged here: whether one is good at this moment, and whom it stands for.

https://www.rfc-editor.org/rfc/rfc9068#section-4
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from careplan_service.access.caller import Caller
from careplan_service.access.clients import Client
from careplan_service.access.people import User
from careplan_service.oauth.issuing import audience
from careplan_service.oauth.keys import ALGORITHM, SigningKeys
from careplan_service.oauth.recent import Recent
from careplan_service.oauth.signed import LARGEST, Signed, is_time
from careplan_service.oauth.trusted import Stated, TrustedIssuers
from careplan_service.oauth.verified import (
    Ids,
    Registered,
    Verified,
    for_registered,
    ids_of,
    refused,
    stated_by,
    taken_apart,
)

_TYPES = ("at+jwt", "application/at+jwt")


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
        self._verified: OrderedDict[bytes, Verified] = OrderedDict()
        self._lock = threading.Lock()

    def verify(self, token: str) -> Caller:
        """The caller a token stands for; raises Unauthenticated (`invalid_token`) if there is none."""
        if len(token) > LARGEST or not token.isascii():
            raise refused("is not one of ours")
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
            raise refused("has expired")
        if found.ids:
            self._require_standing(found.ids)
        registered = self._registered(found.stated)
        if registered != found.registered:
            found = for_registered(found.stated, found.issuer, found.ids, registered)
            self._keep(digest, found)
        return found.caller

    def claims(self, token: str) -> Mapping[str, Any]:
        """What a token of ours says, be it expired or revoked; raises Unauthenticated for any other."""
        return self._signed(taken_apart(token)).claims

    def _keep(self, digest: bytes, verified: Verified) -> None:
        with self._lock:
            self._verified[digest] = verified
            while len(self._verified) > self._capacity:
                self._verified.popitem(last=False)

    def _registered(self, stated: Stated) -> Registered:
        client = self._clients.get(stated.client_id)
        if client is None or not client.is_let_in:
            raise refused("belongs to a client that is not registered any more")
        if not stated.user_id:
            return Registered(client, None, frozenset())
        user = self._users.get(stated.user_id)
        if user is None or not user.enabled:
            raise refused("acts for a person who is not registered any more")
        return Registered(client, user, self._custodians.get(""))

    def _require_standing(self, ids: Ids) -> None:
        """Whether we still stand by a token of ours: its key is there, and it was not revoked."""
        if not self._keys.knows(ids.kid):
            raise refused("is not one of ours")
        if any(map(self._is_revoked, ids.revocable)):
            raise refused("was revoked")

    def _signed(self, signed: Signed) -> Signed:
        """A token that is ours, by its signature and claims; raises Unauthenticated for any other."""
        key = self._keys.find(signed.header.get("kid"))
        if not (
            str(signed.header.get("typ")).lower() in _TYPES
            and key is not None
            and signed.is_signed_with(key, ALGORITHM)
            and self._is_ours(signed)
        ):
            raise refused("is not one of ours")
        return signed

    def _read(self, token: str) -> Verified:
        signed = taken_apart(token)
        issuer = signed.claims.get("iss")
        if issuer in self._trusted:
            theirs = self._trusted.read(signed)
            if theirs is None:
                raise refused("cannot be verified")
            return for_registered(theirs, str(issuer), None, self._registered(theirs))
        claims = self._signed(signed).claims
        stated = stated_by(claims)
        return for_registered(stated, "", ids_of(signed), self._registered(stated))

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
