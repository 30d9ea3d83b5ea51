"""Checks a client before it is registered, so that nothing half-usable gets into the directory.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#registering-a-client-communicating-public-keys
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from careplan_service.access.clients import (
    AUTH_METHODS,
    KINDS,
    PRIVATE_KEY_JWT,
    PUBLIC,
    WITH_SECRET,
    Client,
)
from careplan_service.access.consent.terminology import PURPOSES
from careplan_service.access.scope_text import OF_PERSONS, OF_SYSTEMS, Judges, ScopeError, parse_scopes
from careplan_service.errors import Fault, Invalid, shown
from careplan_service.oauth import jwks
from careplan_service.oauth.assertions import CLIENT_ID
from careplan_service.oauth.redirects import is_redirect_uri, is_web_address
from careplan_service.oauth.remote_jwks import is_fetchable

ORGANIZATION = re.compile(r"Organization/[A-Za-z0-9\-.]{1,64}")
_LONGEST_NAME = 200
_MOST_REDIRECTS = 10
_REDIRECT = (
    "use the whole address, https or http on 127.0.0.1, without fragment, wildcard or user; "
    "an app on a device that has no secret may use its own scheme, such as `org.example.app:/back`"
)


def checked(client: Client, judges: Judges, *, left_open: Collection[str] = ()) -> Client:
    """The client itself if it may be registered; `judges` say which scopes there are.

    Fields `left_open` are decided later and not looked at. Raises Invalid with every fault found; a
    fault's `expression` is the field's name.
    """
    found = ((field, text) for field, text in _faults(client, judges) if field not in left_open)
    faults = [Fault("invalid", text, field) for field, text in found]
    if faults:
        raise Invalid("; ".join(fault.text for fault in faults), faults=faults)
    return client


def _faults(client: Client, judges: Judges) -> Iterator[tuple[str, str]]:
    if not CLIENT_ID.fullmatch(client.id):
        yield (
            "id",
            f"client id `{shown(client.id)}`: use up to 64 letters, digits or `._~-`, no sign first",
        )
    if not client.name.strip() or not client.name.isprintable() or len(client.name) > _LONGEST_NAME:
        yield "name", f"name `{shown(client.name)}`: use 1 to {_LONGEST_NAME} printable characters"
    if client.kind not in KINDS:
        yield "kind", f"kind `{shown(client.kind)}`: use {', '.join(KINDS)}"
    if not ORGANIZATION.fullmatch(client.organization):
        yield (
            "organization",
            f"organization `{shown(client.organization)}`: use a reference like `Organization/food-bank`",
        )
    yield from _scope_faults(client, judges)
    yield from _purpose_faults(client)
    yield from _key_faults(client)
    yield from _proof_faults(client)
    yield from _address_faults(client)


def _scope_faults(client: Client, judges: Judges) -> Iterator[tuple[str, str]]:
    contexts = OF_PERSONS if client.kind == "app" else OF_SYSTEMS
    try:
        if not parse_scopes(client.scopes, judges, contexts):
            wanted = f"`{contexts[-1]}/Goal.rs`"
            yield "scopes", f"none of these types is served here; name one that is, such as {wanted}"
    except ScopeError as error:
        yield from (("scopes", text) for text in error.faults)


def _purpose_faults(client: Client) -> Iterator[tuple[str, str]]:
    for purpose in client.purposes:
        if purpose not in PURPOSES:
            yield (
                "purpose",
                f"purpose `{shown(purpose)}`: use a v3-ActReason purpose of use such as `COC` or `TREAT`",
            )
    if len(set(client.purposes)) != len(client.purposes):
        yield "purpose", "a purpose is named twice; name the default and the further ones once each"


def _key_faults(client: Client) -> Iterator[tuple[str, str]]:
    if client.jwks is not None and client.jwks_url is not None:
        yield "jwks", "give the keys as a JWK Set or as its URL, not both"
    if client.jwks_url is not None and not is_fetchable(client.jwks_url):
        yield (
            "jwks_url",
            f"JWK Set URL `{shown(client.jwks_url)}`: use an https URL without user, password or fragment",
        )
    if client.issuer and (client.jwks is not None or client.jwks_url is not None):
        yield "issuer", "a client of another issuer proves itself there; leave its keys out here"
    if client.jwks is not None:
        yield from (("jwks", text) for text in _jwks_faults(client.jwks))


def _proof_faults(client: Client) -> Iterator[tuple[str, str]]:
    method, has_keys = client.auth_method, client.jwks is not None or client.jwks_url is not None
    if method not in AUTH_METHODS:
        yield "auth_method", f"authentication method `{shown(method)}`: use {', '.join(AUTH_METHODS)}"
    elif client.kind != "app" and method != PRIVATE_KEY_JWT:
        yield "auth_method", f"`{method}` is for apps; a client of this kind signs with a key"
    elif (method in WITH_SECRET) is not bool(client.secret_hash):
        yield "auth_method", f"`{method}` and a secret do not go together, or one is missing"
    if has_keys and method != PRIVATE_KEY_JWT:
        yield "jwks", f"a client with `{method}` does not sign; leave its keys out"


def _address_faults(client: Client) -> Iterator[tuple[str, str]]:
    uris = client.redirect_uris
    sent_back = client.kind == "app" and not client.issuer
    if sent_back is not bool(uris):
        text = "an app needs one or more" if sent_back else "they are for apps that people sign in to here"
        yield "redirect_uris", f"redirect URIs: {text}"
    if client.launch_uri and not sent_back:
        yield "launch_uri", "a launch URI is for apps that people sign in to here"
    elif client.launch_uri and not is_web_address(client.launch_uri):
        yield "launch_uri", f"launch URI `{shown(client.launch_uri)}`: use an https address without fragment"
    if len(uris) > _MOST_REDIRECTS or len(set(uris)) != len(uris):
        yield "redirect_uris", f"redirect URIs: name up to {_MOST_REDIRECTS}, each once"
    for uri in uris:
        if not is_redirect_uri(uri, public=client.auth_method == PUBLIC):
            yield "redirect_uris", f"redirect URI `{shown(uri)}`: {_REDIRECT}"


def _jwks_faults(text: str) -> Iterator[str]:
    try:
        entries = jwks.entries(text)
    except ValueError as error:
        yield str(error)
        return
    if any(jwks.holds_secrets(entry) for entry in entries):
        yield "the JWK Set has private or symmetric keys in it; send only public ones, and replace those keys"
    elif not any(_is_usable(entry) for entry in entries):
        yield (
            f"the JWK Set has no key that can be used: one needs a `kid` and must be for "
            f"{' or '.join(jwks.ALGORITHMS)} (RSA of 2048 bits or more, or EC on P-384)"
        )


def _is_usable(entry: dict[str, object]) -> bool:
    return isinstance(entry.get("kid"), str) and any(
        jwks.verification_key(entry, algorithm) for algorithm in jwks.ALGORITHMS
    )
