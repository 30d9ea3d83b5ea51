"""A registered client that signs its own assertions, over HTTP."""

from __future__ import annotations

import json
from copy import copy
from functools import cache
from itertools import count
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.test import TestResponse

from builders import Api
from careplan_service.access.clients import Client
from careplan_service.app import Service, app_of
from careplan_service.oauth.assertions import ASSERTION_TYPE
from conftest import BASE_URL

TOKEN_URL = f"{BASE_URL}/oauth/token"
_numbers = count()


@cache
def the_key() -> RSAKey:
    """Made once: making RSA keys is slow."""
    return RSAKey.generate_key(2048, {"kid": "rsa-1"})


class Signer:
    """A client with a key, registered where it is not yet; `http` is the worker it talks to."""

    def __init__(self, api: Api, id_: str = "hospital", **registered: Any) -> None:
        self.api, self.id, self.http = api, id_, api.http
        fields = {"scopes": "system/Goal.rs", "purpose": "COC", "kind": "partner"} | registered
        jwks = json.dumps({"keys": [the_key().as_dict(private=False)]})
        api.service.clients.add(
            Client(id=id_, name=id_, organization=f"Organization/{id_}", jwks=jwks, **fields)
        )

    def at(self, service: Service) -> Signer:
        """The same client, talking to another worker."""
        there = copy(self)
        there.http = app_of(service).test_client()
        return there

    def assertion(self, **changed: Any) -> str:
        """A good client assertion with a new `jti`, but for the claims that are given."""
        claims = {
            "iss": self.id,
            "sub": self.id,
            "aud": TOKEN_URL,
            "exp": int(self.api.service.seconds()) + 240,
            "jti": f"assertion-{next(_numbers)}",
        }
        header = {"alg": "RS384", "typ": "JWT", "kid": "rsa-1"}
        return jwt.encode(header, claims | changed, the_key(), algorithms=["RS384"])

    def post(self, path: str, assertion: str | None = None, **fields: str) -> TestResponse:
        """A form with an assertion."""
        proof = {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion or self.assertion(),
        }
        return self.http.post(path, data=proof | fields)

    def token(self, scope: str = "system/Goal.rs", **claims: Any) -> str:
        """An access token from the token endpoint."""
        asked = {"grant_type": "client_credentials", "scope": scope}
        answer = self.post("/oauth/token", self.assertion(**claims), **asked)
        assert answer.status_code == 200, answer.data
        return str(answer.json["access_token"])

    def get(self, token: str, path: str = "/fhir/Goal") -> TestResponse:
        """A search, or what else there is to be had with a token."""
        return self.http.get(path, headers={"Authorization": f"Bearer {token}"})

    def search(self, token: str) -> int:
        """The status of a search with a token."""
        return self.get(token).status_code
