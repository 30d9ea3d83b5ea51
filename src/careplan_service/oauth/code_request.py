"""Authlib's checks of an authorization request, always with PKCE.

https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1 and https://www.rfc-editor.org/rfc/rfc7636#section-4.3
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import AuthorizationServer, OAuth2Request
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7636 import CodeChallenge

from careplan_service.access.clients import Client

# The SHA-256 in base64url, and no plain verifier of another form.
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


def require_code_request(url: str, fields: Mapping[str, str], client: Client) -> None:
    """Raise OAuth2Error unless these parameters, sent to `url`, ask for a code in a way the client may."""
    request = OAuth2Request("GET", url)
    request.payload = BasicOAuth2Payload(dict(fields))
    _Grant(request, _Known(client)).validate_authorization_request()


@dataclass(frozen=True)
class App(ClientMixin):
    """The registered app in the shape Authlib asks."""

    client: Client

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """By comparing every character, as RFC 9700 section 2.1 wants it."""
        return redirect_uri in self.client.redirect_uris

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def get_allowed_scope(self, scope: Collection[str] | str) -> str:
        """All of it for now; a person decides, within what is registered."""
        return scope if isinstance(scope, str) else ""


class _S256(CodeChallenge):
    """PKCE as RFC 9700 section 2.1.1 has it: always, and never `plain`, which is Authlib's default."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012 - as Authlib has it

    def validate_code_challenge(self, grant: AuthorizationCodeGrant, redirect_uri: str) -> None:
        """Raises InvalidRequestError."""
        sent = grant.request.payload.data if grant.request.payload else {}
        if sent.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(
            sent.get("code_challenge", "")
        ):
            raise InvalidRequestError("`code_challenge` with `code_challenge_method` `S256` is required")
        super().validate_code_challenge(grant, redirect_uri)


class _Grant(AuthorizationCodeGrant):
    """Authlib's checks of a request, with PKCE."""

    def __init__(self, request: OAuth2Request, server: AuthorizationServer) -> None:
        super().__init__(request, server)
        _S256()(self)


class _Known(AuthorizationServer):
    """Authlib's server for one request, whose client is known already."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = App(client)

    def query_client(self, client_id: str) -> Any:
        """The one client."""
        return self._client
