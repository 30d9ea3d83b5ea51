"""Client assertions for the token endpoint, each good for one request.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html#obtain-access-token
"""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey

from bench.asks import Ask, Lane

CLIENT = "assertor"
_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_AHEAD = 290
_PATH = "/oauth/token"


class Assertor:
    """A client with an RSA key; its public keys are in the file `jwks`."""

    def __init__(self, folder: Path) -> None:
        self._key = RSAKey.generate_key(2048, {"kid": "bench"})
        self.jwks = folder / "assertor.jwks"
        self.jwks.write_text(json.dumps({"keys": [self._key.as_dict(private=False)]}))

    def requests(self, host: str, number: int) -> list[Ask]:
        """So many token requests."""
        return [Ask(self._request(host), 200) for _ in range(number)]

    def _request(self, host: str) -> bytes:
        claims = {
            "iss": CLIENT,
            "sub": CLIENT,
            "aud": f"http://{host}{_PATH}",
            "exp": int(time.time()) + _AHEAD,
            "jti": str(uuid.uuid4()),
        }
        header = {"alg": "RS384", "typ": "JWT", "kid": "bench"}
        form = {
            "grant_type": "client_credentials",
            "scope": "system/Goal.rs",
            "client_assertion_type": _TYPE,
            "client_assertion": jwt.encode(header, claims, self._key, algorithms=["RS384"]),
        }
        body = urlencode(form).encode()
        lines = (
            f"POST {_PATH} HTTP/1.1",
            f"Host: {host}",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
        )
        return "\r\n".join([*lines, "", ""]).encode() + body


def once(asks: list[Ask], connections: int) -> list[Lane]:
    """Connections that send each request once; what is used up shows as a fault of the run."""
    following = iter(asks)
    return [following] * connections
