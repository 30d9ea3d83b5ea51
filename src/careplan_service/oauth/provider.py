"""An OpenID provider that is asked who somebody is: the authorization code flow with PKCE, as its client.

https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth, https://www.rfc-editor.org/rfc/rfc7636#section-4
and https://www.rfc-editor.org/rfc/rfc9207#section-2.4
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote_plus, urlsplit

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt

from careplan_service.errors import Unavailable
from careplan_service.oauth import outgoing
from careplan_service.oauth.assertions import ASSERTION_TYPE
from careplan_service.oauth.id_token import IdTokens, JwkSet, NotSignedIn
from careplan_service.oauth.issuer_metadata import Metadata
from careplan_service.oauth.keys import ALGORITHM, SigningKeys
from careplan_service.oauth.remote_jwks import is_fetchable
from careplan_service.oauth.signed import NotSigned, read_signed

Proof = Callable[[str], tuple[Mapping[str, str], Mapping[str, str]]]
"""A token endpoint's URL to the form fields and the headers that prove who asks there."""

_ASSERTION_SECONDS = 60


@dataclass(frozen=True)
class Provider:
    """The provider `issuer`, which knows us as `client` and sends people back to `redirect_uri`.

    `metadata_of(issuer)` gives what it publishes, `jwks_at(url, kid)` a JWK Set as text, `now` seconds
    since the epoch. Raises Unavailable (503) where it cannot be reached.
    """

    issuer: str
    client: str
    redirect_uri: str
    metadata_of: Callable[[str], Metadata | None]
    jwks_at: Callable[[str, str], str]
    proof: Proof
    now: Callable[[], float]

    @property
    def host(self) -> str:
        """How people know it."""
        return urlsplit(self.issuer).netloc

    @property
    def names_itself(self) -> bool:
        """Whether it says that every answer carries `iss`."""
        return self._metadata().get("authorization_response_iss_parameter_supported") is True

    def question(self, state: str, nonce: str, verifier: str) -> str:
        """The URL where the person is asked."""
        return str(
            prepare_grant_uri(
                self._address("authorization_endpoint"),
                self.client,
                "code",
                self.redirect_uri,
                "openid",
                state,
                nonce=nonce,
                code_challenge=create_s256_code_challenge(verifier),  # type: ignore[no-untyped-call]
                code_challenge_method="S256",
            )
        )

    def subject(self, code: str, nonce: str, verifier: str) -> str:
        """Who the code stands for. Raises NotSignedIn where the provider or the ID token says otherwise."""
        token = self._asked(code, verifier).get("id_token")
        kid = _kid(token)
        keys = JwkSet(self.jwks_at(self._address("jwks_uri"), kid))
        return IdTokens(self.issuer, self.client).subject(token, nonce, keys, self.now())

    def _asked(self, code: str, verifier: str) -> Mapping[str, Any]:
        where = self._address("token_endpoint")
        fields, headers = self.proof(where)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier,
        }
        try:
            answer = json.loads(outgoing.post(where, {**form, **fields}, headers))
        except HTTPError as error:
            if 400 <= error.code < 500:
                raise NotSignedIn("the provider does not take the code, or not from us") from error
            raise self._unavailable() from error
        except (OSError, ValueError, RecursionError) as error:
            raise self._unavailable() from error
        if not isinstance(answer, dict):
            raise NotSignedIn("the provider's answer is not a JSON object")
        return answer

    def _metadata(self) -> Metadata:
        metadata = self.metadata_of(self.issuer)
        if metadata is None:
            raise self._unavailable()
        return metadata

    def _address(self, name: str) -> str:
        url = self._metadata().get(name)
        if not isinstance(url, str) or not is_fetchable(url):
            raise self._unavailable()
        return url

    def _unavailable(self) -> Unavailable:
        return Unavailable(f"`{self.host}` cannot be asked who you are for now; try again in some minutes")


def _kid(token: object) -> str:
    """The key id that a token names, not judged yet."""
    try:
        kid = read_signed(token if isinstance(token, str) else "").header.get("kid")
    except NotSigned:
        return ""
    return kid if isinstance(kid, str) else ""


def by_key(client: str, keys: SigningKeys, now: Callable[[], float], new_id: Callable[[], str]) -> Proof:
    """By a client assertion that our own key signs. https://www.rfc-editor.org/rfc/rfc7523#section-3"""

    def proof(where: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
        key, issued = keys.signing_key(), int(now())
        header = {"alg": ALGORITHM, "typ": "JWT", "kid": str(key.kid)}
        claims = {"iss": client, "sub": client, "aud": where, "jti": new_id(), "iat": issued}
        assertion = jwt.encode(header, {**claims, "exp": issued + _ASSERTION_SECONDS}, key)
        fields = {"client_id": client, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        return fields, {}

    return proof


def by_secret(client: str, file: Path) -> Proof:
    """By a secret in a file, read each time. https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1"""

    def proof(where: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
        try:
            secret = file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise Unavailable("the secret for the OpenID provider cannot be read") from error
        pair = f"{quote_plus(client)}:{quote_plus(secret)}"
        return {}, {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}

    return proof
