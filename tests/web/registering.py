"""A client that registers itself over HTTP, an operator at the command line, and trusted strangers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

from joserfc import jwt
from werkzeug.test import TestResponse

from careplan_service.access.registrations import approved
from careplan_service.app import Service, app_of, assemble
from careplan_service.oauth.assertions import ASSERTION_TYPE
from conftest import BASE_URL
from web.signing import TOKEN_URL, the_key

PATH = "/oauth/register"
APP = {
    "redirect_uris": ["https://app.example.org/back"],
    "client_name": "River App",
    "scope": "launch/patient openid patient/Goal.rs",
    "token_endpoint_auth_method": "client_secret_basic",
}
SYSTEM = {
    "grant_types": ["client_credentials"],
    "client_name": "River Hospital",
    "scope": "system/Goal.rs",
    "jwks": {"keys": [the_key().as_dict(private=False)]},
}
_numbers = count()


@contextmanager
def offering(service: Service, **changed: Any) -> Iterator[Service]:
    """The service on the same database with other settings; registration is open unless it is said."""
    settings = replace(service.settings, **{"registration": "approved", **changed})
    another = assemble(settings, service.clock, migrated=False)
    yield another
    another.database.close()


class Registrant:
    """Somebody at a network address who registers a client."""

    def __init__(self, service: Service, address: str = "192.0.2.9") -> None:
        self.service = service
        self.http = app_of(service).test_client()
        self._here = {"REMOTE_ADDR": address}

    def post(self, document: Any, content_type: str = "application/json") -> TestResponse:
        """Register; a document that is text or bytes is sent as it is."""
        body = document if isinstance(document, str | bytes) else json.dumps(document)
        return self.http.post(PATH, data=body, content_type=content_type, environ_base=self._here)

    def app(self, **changed: Any) -> TestResponse:
        """Register an app, but for what is given; None leaves out."""
        return self.post(present(APP | changed))

    def system(self, **changed: Any) -> TestResponse:
        """Register a system, but for what is given; None leaves out."""
        return self.post(present(SYSTEM | changed))

    def manage(self, method: str, client_id: str, token: str | None, document: Any = None) -> TestResponse:
        """Come back to a registration."""
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        more = {} if document is None else {"json": document}
        return self.http.open(f"{PATH}/{client_id}", method=method, headers=headers, **more)

    def token(self, client_id: str, scope: str = "system/Goal.rs") -> TestResponse:
        """Ask for a token with an assertion of `the_key`."""
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": TOKEN_URL,
            "exp": int(self.service.seconds()) + 240,
            "jti": f"registered-{next(_numbers)}",
        }
        header = {"alg": "RS384", "typ": "JWT", "kid": "rsa-1"}
        proof = jwt.encode(header, claims, the_key(), algorithms=["RS384"])
        asked = {"grant_type": "client_credentials", "scope": scope}
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": proof}
        return self.http.post("/oauth/token", data=asked | form)


def present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def approve(service: Service, client_id: str, kind: str = "partner") -> None:
    """What `careplan client approve` does, once it is checked."""
    found = service.registrations.get(client_id)
    assert found
    client = approved(found.client, kind, "Organization/river", ("COC",))
    assert service.registrations.approve(replace(found, client=client))


def error_of(answer: TestResponse) -> tuple[int, str]:
    """The status and the error of a refusal, which must say what is wrong."""
    assert answer.json["error_description"]
    assert "Traceback" not in answer.text
    return answer.status_code, answer.json["error"]


def url_of(client_id: str) -> str:
    """Where a client comes back to."""
    return f"{BASE_URL}{PATH}/{client_id}"
