"""Keys that clients publish are never looked for in our own network.

https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from builders import Api
from careplan_service.access.clients import Client
from careplan_service.oauth.assertions import ASSERTION_TYPE

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def inside() -> Iterator[socket.socket]:
    """A server of the inside: 127.0.0.2 is no name of this machine that is let through."""
    with socket.create_server(("127.0.0.2", 0)) as server:
        server.settimeout(0.3)
        yield server


def test_the_keys_of_a_client_are_not_fetched_from_a_private_network(api: Api, inside: socket.socket) -> None:
    url = f"https://127.0.0.2:{inside.getsockname()[1]}/keys"
    here = api.service.settings.base_url
    api.service.clients.add(
        Client("mole", "Mole", "partner", "Organization/mole", "system/Goal.rs", "COC", jwks_url=url)
    )
    now = int(api.service.seconds())
    claims = {"iss": "mole", "sub": "mole", "aud": f"{here}/oauth/token", "exp": now + 60, "jti": "1"}
    header = {"alg": "RS384", "kid": "k1", "typ": "JWT"}
    assertion = jwt.encode(header, claims, RSAKey.generate_key(2048), algorithms=["RS384"])
    form = {
        "grant_type": "client_credentials",
        "scope": "system/Goal.rs",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    answer = api.http.post("/oauth/token", data=form)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    with pytest.raises(TimeoutError):
        inside.accept()
