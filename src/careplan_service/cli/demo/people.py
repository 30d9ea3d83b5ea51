"""The clients of the story, each with a key of its own, and tokens by signed assertion.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import ECKey

from careplan_service.access.clients import Client
from careplan_service.cli.common import service_for
from careplan_service.interactions.granular import judges
from careplan_service.oauth.assertions import ASSERTION_TYPE
from careplan_service.oauth.registration import checked


@dataclass(frozen=True)
class Party:
    """One client: its id, kind, organisation and what it may ask for."""

    client_id: str
    kind: str
    organization: str
    scopes: str


AGENCY = Party("riverside-agency", "agency", "Organization/riverside", "system/*.cruds")
PARTNER = Party(
    "harbour-hospital", "partner", "Organization/harbour-hospital", "system/Goal.rs system/CarePlan.rs"
)
OTHER = Party("west-clinic", "partner", "Organization/west-clinic", "system/Goal.rs system/CarePlan.rs")


def register(parties: tuple[Party, ...]) -> Mapping[str, ECKey]:
    """Register each party with a fresh ES384 key; gives the private keys by client id."""
    service = service_for(None)
    keys = {}
    for party in parties:
        key = ECKey.generate_key("P-384", {"kid": f"{party.client_id}-1", "use": "sig", "alg": "ES384"})
        public = json.dumps({"keys": [key.as_dict(private=False)]})
        client = Client(
            party.client_id, party.client_id, party.kind, party.organization, party.scopes, "COC", jwks=public
        )
        service.clients.add(checked(client, judges(service.settings.base_url)))
        keys[party.client_id] = key
    return keys


def token_form(party: Party, key: ECKey, token_url: str) -> bytes:
    """The body of a token request, with an assertion the party signed."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": party.client_id,
        "sub": party.client_id,
        "aud": token_url,
        "iat": now,
        "exp": now + 120,
        "jti": str(uuid.uuid4()),
    }
    header = {"alg": "ES384", "typ": "JWT", "kid": key.kid}
    form = {
        "grant_type": "client_credentials",
        "scope": party.scopes,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": jwt.encode(header, claims, key, algorithms=["ES384"]),
    }
    return urlencode(form).encode()
