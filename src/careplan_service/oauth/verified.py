"""What a verified access token says, and the caller it stands for by what is registered at this moment.

https://www.rfc-editor.org/rfc/rfc9068#section-2.2
"""

from __future__ import annotations

from collections.abc import Mapping
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
from careplan_service.oauth.signed import NotSigned, Signed, read_signed
from careplan_service.oauth.trusted import Stated

_REVOCABLE = ("jti", "grant")
"""The claims by which a token may be revoked."""


class Ids(NamedTuple):
    """Of the key that signed a token of ours, and what it may be revoked by: its own, its grant."""

    kid: str
    revocable: tuple[str, ...]


class Registered(NamedTuple):
    """What our registers say: the client, whom it acts for, and which organisations run this service."""

    client: Client
    user: User | None
    custodians: frozenset[str]


@dataclass(frozen=True)
class Verified:
    """What a token states, and the caller it stood for when our registers said `registered`.

    `issuer` is empty for our own tokens, `ids` is None for those of others.
    """

    stated: Stated
    issuer: str
    ids: Ids | None
    registered: Registered
    caller: Caller


def taken_apart(token: str) -> Signed:
    """A token in its parts, not verified yet; raises Unauthenticated for what is none."""
    try:
        return read_signed(token)
    except NotSigned as error:
        raise refused("is not one of ours") from error


def ids_of(signed: Signed) -> Ids:
    """Those of a token of ours, whose signature and claims were checked."""
    claims = signed.claims
    return Ids(signed.header["kid"], tuple(claims[name] for name in _REVOCABLE if name in claims))


def stated_by(claims: Mapping[str, Any]) -> Stated:
    """What a token of ours says, whose signature was checked; refused where it does not say all of it."""
    try:
        return Stated(
            client_id=claims["client_id"],
            scopes=resource_scopes(claims["scope"]),
            purposes=tuple(coding["code"] for coding in claims["extensions"]["ihe_iua"]["purpose_of_use"]),
            expires=int(claims["exp"]),
            user_id=claims["sub"] if "grant" in claims else "",
            patient=claims.get("patient", ""),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise refused("is not one of ours") from error


def for_registered(stated: Stated, issuer: str, ids: Ids | None, registered: Registered) -> Verified:
    """Never more than what is registered by now, however much was when the token was issued.

    Another server's tokens name the purpose of use only where it knows of purposes.
    """
    client = registered.client
    if client.issuer != issuer:
        raise refused("belongs to a client that gets its tokens elsewhere")
    purposes = stated.purposes if stated.purposes or not issuer else (client.purpose,)
    permitted = tuple(code for code in purposes if code in client.purposes)
    if not permitted:
        raise refused("is for a purpose that is not registered any more")
    caller = _caller(stated, registered, permitted)
    return Verified(stated, issuer, ids, registered, caller)


def _caller(stated: Stated, registered: Registered, purposes: tuple[str, ...]) -> Caller:
    client, user, custodians = registered
    scopes = narrowed(stated.scopes, parse_scopes(client.scopes))
    if user is None:
        return Caller(client.id, client.kind, client.organization, purposes, scopes, stated.expires)
    patient = f"Patient/{stated.patient}" if stated.patient else ""
    return caller_for_person(client, user, scopes, purposes, patient, stated.expires, custodians)


def refused(why: str) -> Unauthenticated:
    """The problem that ends `the access token ...`."""
    return Unauthenticated(
        f"the access token {why}; ask for a new one at the token endpoint", error="invalid_token"
    )
