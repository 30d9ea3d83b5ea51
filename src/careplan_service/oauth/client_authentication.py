"""How a client says who it is in a request: by an assertion, a secret in one of two places, or not at all.

https://www.rfc-editor.org/rfc/rfc6749#section-2.3 and https://www.rfc-editor.org/rfc/rfc7591#section-2
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Mapping
from urllib.parse import unquote_plus

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError

from careplan_service.access.clients import PRIVATE_KEY_JWT, PUBLIC, SECRET_BASIC, SECRET_POST, Client
from careplan_service.oauth.assertions import ASSERTION_TYPE, CLIENT_ID, Authenticated
from careplan_service.oauth.client_secrets import is_secret

BEARER = "Bearer"
"""The access token of a client, where it is taken in place of a proof."""

_REALM = 'realm="careplan"'
_CHALLENGES = {
    SECRET_BASIC: f'Basic {_REALM}, charset="UTF-8"',
    PUBLIC: f"{PRIVATE_KEY_JWT} {_REALM}",  # a challenge there must be, and this one opens no dialogue
}
_HOW = {
    PRIVATE_KEY_JWT: f"with `client_assertion` and `client_assertion_type` `{ASSERTION_TYPE}`",
    SECRET_BASIC: "with id and secret in the Authorization header",
    SECRET_POST: "with `client_id` and `client_secret`",
    PUBLIC: "with `client_id` alone if the client is public",
    BEARER: "with an access token in the Authorization header",
}
_UNKNOWN = "no registered client of that id has that secret and sends it that way; check all three"
_NOT_PUBLIC = "no registered client of that id is public; authenticate the way the client is registered for"


class InvalidClient(InvalidClientError):
    """The client did not prove who it is; the challenge says how it tried, or how it can."""

    status_code = 401

    def __init__(self, description: str, *methods: str) -> None:
        super().__init__(description)
        self._challenge = ", ".join(_CHALLENGES.get(method, f"{method} {_REALM}") for method in methods)

    def get_headers(self) -> list[tuple[str, str]]:
        """Without the `Basic` challenge of the parent: browsers would ask people for a password."""
        return [*OAuth2Error.get_headers(self), ("WWW-Authenticate", self._challenge)]


def method_of(form: Mapping[str, str], authorization: str | None, offered: tuple[str, ...]) -> str:
    """The one method that a request makes use of, one of those `offered`.

    Raises InvalidRequestError for two at once, InvalidClient for none of the offered.
    """
    tried = [method for method, is_sent in _sent(form, authorization).items() if is_sent]
    if len(tried) > 1:
        raise InvalidRequestError("authenticate in one way only: in the Authorization header or in the form")
    method = tried[0] if tried else PUBLIC
    if method not in offered or (method == PUBLIC and "client_id" not in form):
        ways = ", or ".join(_HOW[one] for one in offered)
        asked = (one for one in (BEARER, PRIVATE_KEY_JWT) if one in offered)
        raise InvalidClient(f"authenticate {ways}", *asked)
    return method


def names_nobody(form: Mapping[str, str], authorization: str | None) -> bool:
    """Whether a request says in no way who sends it."""
    return "client_id" not in form and not any(_sent(form, authorization).values())


def _sent(form: Mapping[str, str], authorization: str | None) -> dict[str, bool]:
    scheme = "" if authorization is None else authorization.partition(" ")[0].lower()
    return {
        PRIVATE_KEY_JWT: not form.keys().isdisjoint(("client_assertion", "client_assertion_type")),
        SECRET_POST: "client_secret" in form,
        SECRET_BASIC: authorization is not None and scheme == "basic",
        BEARER: authorization is not None and scheme != "basic",
    }


def in_header(form: Mapping[str, str], authorization: str) -> tuple[str, str]:
    """Id and secret of a Basic header; two empty ones where they cannot be read.

    Raises InvalidRequestError where the form names another client.
    """
    try:
        text = b64decode(authorization.partition(" ")[2].strip(), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return "", ""
    # Both are form-encoded first (RFC 6749 section 2.3.1), so a colon in either comes as %3A.
    client_id, _, secret = text.partition(":")
    client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    if form.get("client_id", client_id) != client_id:
        raise InvalidRequestError("`client_id` must be that of the Authorization header, or be left out")
    return client_id, secret


def with_secret(
    find_client: Callable[[str], Client | None], method: str, client_id: str, secret: str
) -> Authenticated:
    """The client with that secret. Raises InvalidClient, with the same words after the same work."""
    client = _registered(find_client, method, client_id)
    fits = is_secret(secret, client.secret_hash if client else "")
    if client is None or not fits:
        raise InvalidClient(_UNKNOWN, method)
    return Authenticated(client, (client.purpose,))


def named(find_client: Callable[[str], Client | None], client_id: str) -> Authenticated:
    """The public client of that id, which proves nothing. Raises InvalidClient."""
    client = _registered(find_client, PUBLIC, client_id)
    if client is None:
        raise InvalidClient(_NOT_PUBLIC, PUBLIC)
    return Authenticated(client, (client.purpose,))


def _registered(find_client: Callable[[str], Client | None], method: str, client_id: str) -> Client | None:
    client = find_client(client_id) if CLIENT_ID.fullmatch(client_id) else None
    if client is None or not client.is_let_in or client.issuer or client.auth_method != method:
        return None
    return client
