"""Access tokens are made here: signed JWTs that say which client acts, for whom, within which scopes.

https://www.rfc-editor.org/rfc/rfc9068 and, for the purpose of use,
https://profiles.ihe.net/ITI/IUA/index.html#3714221-json-web-token-option
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from joserfc import jwt

from careplan_service.access.clients import Client
from careplan_service.access.consent.terminology import ACT_REASON
from careplan_service.access.scopes import Scopes
from careplan_service.oauth.keys import ALGORITHM, SigningKeys

LONGEST_TTL = 86_400
"""Seconds that any access token may be valid."""


def audience(base_url: str) -> str:
    """The resource our access tokens are for: the FHIR endpoint."""
    return f"{base_url}/fhir"


@dataclass(frozen=True)
class ActsFor:
    """The person an app acts for: `fhir_user` a relative reference, `patient` the plain id of the one in
    the launch context, empty for none, `grant` what the person allowed, by its id.
    """

    user_id: str
    fhir_user: str
    grant: str
    patient: str = ""


@dataclass(frozen=True)
class TokenIssuer:
    """Signs access tokens; `base_url` is the issuer, `new_id` gives a fresh string each time."""

    base_url: str
    keys: SigningKeys
    now: Callable[[], float]
    new_id: Callable[[], str]

    def issue(
        self,
        client: Client,
        scopes: Scopes | str,
        purposes: tuple[str, ...],
        ttl: int = 300,
        acts_for: ActsFor | None = None,
    ) -> str:
        """An access token for a client, valid for `ttl` seconds; all that is given is taken as it is.

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
            **(self._person(acts_for) if acts_for else {}),
        }
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": key.kid}
        return jwt.encode(header, claims, key, algorithms=[ALGORITHM])

    def _person(self, acts_for: ActsFor) -> dict[str, str]:
        patient = {"patient": acts_for.patient} if acts_for.patient else {}
        fhir_user = f"{audience(self.base_url)}/{acts_for.fhir_user}"
        return {"sub": acts_for.user_id, "fhirUser": fhir_user, "grant": acts_for.grant, **patient}
