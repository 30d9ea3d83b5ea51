"""ID tokens: who signed in, for the app that asked.

https://openid.net/specs/openid-connect-core-1_0.html#IDToken and
https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-identity-data
"""

from __future__ import annotations

from typing import Any

from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import code
from joserfc.jwk import KeySet

from careplan_service.access.granted import FHIR_USER, PROFILE, split
from careplan_service.access.people import User
from careplan_service.oauth.issuing import TokenIssuer, audience
from careplan_service.oauth.keys import ALGORITHM
from careplan_service.oauth.server import OAuthClient


class IdTokens(code.OpenIDToken):
    """Adds an `id_token` to the answer for a code where `openid` was granted; valid for `seconds`."""

    def __init__(self, issuer: TokenIssuer, seconds: int) -> None:
        self._issuer, self._seconds = issuer, seconds

    def resolve_client_private_key(self, client: OAuthClient) -> KeySet:
        """Those that sign access tokens too; the header says which one."""
        return KeySet(list(self._issuer.keys.newest_first()))

    def get_client_algorithm(self, client: OAuthClient) -> str:
        """The one there is."""
        return ALGORITHM

    def get_encode_header(self, client: OAuthClient) -> dict[str, str]:
        """With the id of the key in our JWK Set."""
        return {"alg": ALGORITHM, "typ": "JWT", "kid": str(self._issuer.keys.signing_key().kid)}

    def get_client_claims(self, client: OAuthClient) -> dict[str, Any]:
        """Issuer, audience and times."""
        now = int(self._issuer.now())
        return {
            "iss": self._issuer.base_url,
            "aud": client.client.id,
            "iat": now,
            "exp": now + self._seconds,
        }

    def generate_user_info(self, user: User, scope: str) -> UserInfo:
        """The person, and the person's record where the app asked for it."""
        if set(split(scope)[0]).isdisjoint((FHIR_USER, PROFILE)):
            return UserInfo(sub=user.id)
        return UserInfo(sub=user.id, fhirUser=f"{audience(self._issuer.base_url)}/{user.fhir_user}")
