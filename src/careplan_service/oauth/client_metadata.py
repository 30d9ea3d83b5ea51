"""What a client says of itself when it registers: read by one table, and checked for sense.

https://www.rfc-editor.org/rfc/rfc7591#section-2
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc7591 import InvalidClientMetadataError, InvalidRedirectURIError

from careplan_service.access.clients import AUTH_METHODS, PRIVATE_KEY_JWT, SECRET_BASIC, WITH_SECRET, Client
from careplan_service.access.granted import split
from careplan_service.oauth.form import spoken
from careplan_service.oauth.remote_jwks import is_public
from careplan_service.oauth.server import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, GRANT_TYPES, REFRESH_TOKEN

Metadata = dict[str, Any]
"""The metadata that are kept, by their names in RFC 7591; what is not known here is left out."""

_APP, _REFRESH, _SYSTEM = (f"`{grant}`" for grant in (AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS))
_GRANTS = ({AUTHORIZATION_CODE}, {AUTHORIZATION_CODE, REFRESH_TOKEN}, {CLIENT_CREDENTIALS})
_LONGEST_TEXT, _LONGEST_URL, _LONGEST_SCOPE, _MOST = 200, 2000, 4000, 10


def _is_text(value: object, longest: int = _LONGEST_TEXT) -> bool:
    """A text that shows as what it is wherever it is shown: no controls, no turned direction, no markup."""
    return (
        isinstance(value, str)
        and 0 < len(value.strip()) <= len(value) <= longest
        and value.isprintable()
        and not {"<", ">"} & set(value)
    )


def _is_url(value: object) -> bool:
    return _is_text(value, _LONGEST_URL) and is_public(str(value))


def _are(is_one: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and len(value) <= _MOST and all(map(is_one, value))


def _one_of(known: Iterable[str]) -> Callable[[object], bool]:
    names = frozenset(known)
    return lambda value: isinstance(value, str) and value in names


_TEXT = f"1 to {_LONGEST_TEXT} printable characters without `<` and `>`"
_FIELDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "redirect_uris": (
        _are(lambda one: isinstance(one, str) and len(one) <= _LONGEST_URL),
        f"a list of up to {_MOST} addresses",
    ),
    "token_endpoint_auth_method": (_one_of(AUTH_METHODS), f"one of {', '.join(AUTH_METHODS)}"),
    "grant_types": (
        _are(_one_of(GRANT_TYPES)),
        f"{_APP} (with {_REFRESH}) or {_SYSTEM}",
    ),
    "response_types": (_are(_one_of(("code",))), "a list of `code` alone"),
    "client_name": (_is_text, _TEXT),
    "client_uri": (_is_url, "an https address"),
    "scope": (lambda value: _is_text(value, _LONGEST_SCOPE), "scopes with one blank between them"),
    "contacts": (_are(_is_text), f"a list of up to {_MOST} texts"),
    "jwks": (lambda value: isinstance(value, dict), "a JWK Set"),
    "jwks_uri": (_is_url, "the https address of a JWK Set that is public"),
    "software_id": (_is_text, _TEXT),
    "software_version": (_is_text, _TEXT),
    "software_statement": (lambda value: isinstance(value, str), "a signed JWT"),
}


def metadata_of(sent: Mapping[str, Any], *, keys_elsewhere: bool = False) -> Metadata:
    """What is kept of the metadata that were sent, with what RFC 7591 says of those that were not.

    `keys_elsewhere`: its keys are in certificates. Raises InvalidClientMetadataError or
    InvalidRedirectURIError with every fault.
    """
    given = {name: sent[name] for name in _FIELDS if sent.get(name) is not None}
    faults = [
        (name, f"`{name}` must be {wanted}")
        for name, (is_good, wanted) in _FIELDS.items()
        if name in given and not is_good(given[name])
    ]
    if not faults:
        given = _with_defaults(given)
        faults = list(_faults(given, keys_elsewhere))
    if faults:
        raise refusal(faults)
    return given


def refusal(faults: Iterable[tuple[str | None, str]]) -> OAuth2Error:
    """The error for faults, each the name of a field and a text."""
    found = list(faults)
    kind = (
        InvalidRedirectURIError if any(n == "redirect_uris" for n, _ in found) else InvalidClientMetadataError
    )
    return kind(spoken("; ".join(text for _, text in found)))


def _with_defaults(given: Metadata) -> Metadata:
    grants = given.get("grant_types", [AUTHORIZATION_CODE])
    is_app = CLIENT_CREDENTIALS not in grants
    return {
        "redirect_uris": [],
        "token_endpoint_auth_method": SECRET_BASIC if is_app else PRIVATE_KEY_JWT,
        "grant_types": grants,
        "response_types": ["code"] if is_app else [],
        **given,
    }


def _faults(given: Metadata, keys_elsewhere: bool) -> Iterator[tuple[str, str]]:
    grants, method = given["grant_types"], given["token_endpoint_auth_method"]
    is_app = CLIENT_CREDENTIALS not in grants
    if len(set(grants)) != len(grants) or set(grants) not in _GRANTS:
        yield "grant_types", f"`grant_types` must be {_APP}, with {_REFRESH} or without, or {_SYSTEM} alone"
        return
    if given["response_types"] != (["code"] if is_app else []):
        yield "response_types", f"`response_types` must be `code` with {_APP} and empty with {_SYSTEM}"
    if bool(given["redirect_uris"]) is not is_app:
        yield "redirect_uris", f"`redirect_uris` belong to {_APP}: name them there and only there"
    if not is_app and method != PRIVATE_KEY_JWT:
        yield "token_endpoint_auth_method", f"with {_SYSTEM} it must be {PRIVATE_KEY_JWT}"
    if not keys_elsewhere and method == PRIVATE_KEY_JWT and not {"jwks", "jwks_uri"} & given.keys():
        yield "jwks", f"with {PRIVATE_KEY_JWT} send `jwks` or `jwks_uri`"
    for name in ("client_name", "scope"):
        if name not in given:
            yield name, f"`{name}` is missing"


def client_of(metadata: Metadata, client_id: str, kind: str, created: int, secret_hash: str) -> Client:
    """A client that waits for its approval: whose it is and what for is not said yet."""
    keys = metadata.get("jwks")
    return Client(
        id=client_id,
        name=metadata["client_name"],
        kind=kind,
        organization="",
        scopes=split(metadata["scope"])[1] if kind == "app" else metadata["scope"],
        purpose="",
        jwks=json.dumps(keys) if keys is not None else None,
        jwks_url=metadata.get("jwks_uri"),
        created=created,
        redirect_uris=tuple(metadata["redirect_uris"]),
        auth_method=metadata["token_endpoint_auth_method"],
        secret_hash=secret_hash,
        pending=True,
    )


def has_secret(metadata: Metadata) -> bool:
    """Whether such a client proves itself with a secret."""
    return metadata["token_endpoint_auth_method"] in WITH_SECRET


_SAME = ("client_name", "token_endpoint_auth_method", "jwks", "jwks_uri", "software_id")


def widens(new: Metadata, old: Metadata) -> bool:
    """Whether a change asks for more than was approved, or for something else."""
    return (
        any(new.get(name) != old.get(name) for name in _SAME)
        or ("software_statement" in old and "software_statement" not in new)
        or not set(new["redirect_uris"]) <= set(old["redirect_uris"])
        or not set(new["grant_types"]) <= set(old["grant_types"])
        or not set(new["scope"].split()) <= set(old["scope"].split())
    )
