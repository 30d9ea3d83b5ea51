"""A partner's side of SMART Backend Services: make a key pair, get, introspect and revoke an access token.

    python examples/backend_client.py keys hospital             # hospital.key.json and hospital.jwks.json
    python examples/backend_client.py token hospital --url http://127.0.0.1:8000 --scope "system/Goal.rs"
    python examples/backend_client.py introspect hospital "$TOKEN"
    python examples/backend_client.py revoke hospital "$TOKEN"

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import ECKey

SECONDS = 30


def make_keys(client_id: str) -> None:
    """Write the private key, readable by its owner only, and the public JWK Set to register."""
    key = ECKey.generate_key("P-384", {"kid": f"{client_id}-1", "use": "sig", "alg": "ES384"})
    private = Path(f"{client_id}.key.json")
    private.touch(mode=0o600)
    private.write_text(json.dumps(key.as_dict(private=True)))
    public = Path(f"{client_id}.jwks.json")
    public.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    print(f"wrote {private} (keep it) and {public} (register it)")


def ask(endpoint: str, client_id: str, url: str, **fields: str) -> Any:
    """What an endpoint of the SMART configuration answers the client whose key `make_keys` wrote."""
    discovery = f"{url}/fhir/.well-known/smart-configuration"
    configuration = json.load(urllib.request.urlopen(discovery, timeout=SECONDS))
    form = {
        **fields,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion(client_id, configuration["token_endpoint"]),
    }
    try:
        return json.load(
            urllib.request.urlopen(configuration[endpoint], urlencode(form).encode(), timeout=SECONDS)
        )
    except urllib.error.HTTPError as error:
        sys.exit(f"refused: {error.read().decode()}")


def assertion(client_id: str, token_url: str) -> str:
    """Who we are, signed, for one request."""
    key = ECKey.import_key(json.loads(Path(f"{client_id}.key.json").read_text()))
    now = int(time.time())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": token_url,
        "iat": now,
        "exp": now + 120,
        "jti": str(uuid.uuid4()),
    }
    header = {"alg": "ES384", "typ": "JWT", "kid": key.kid}
    return jwt.encode(header, claims, key, algorithms=["ES384"])


def main() -> None:
    parser = argparse.ArgumentParser(description="Keys and access tokens for a backend client.")
    actions = parser.add_subparsers(dest="action", required=True)
    for action in ("keys", "token", "introspect", "revoke"):
        command = actions.add_parser(action)
        command.add_argument("client_id")
        command.add_argument("--url", default=os.environ.get("CAREPLAN_BASE_URL", "http://127.0.0.1:8000"))
        if action == "token":
            command.add_argument("--scope", default="system/Goal.rs")
        elif action != "keys":
            command.add_argument("token")
    given = parser.parse_args()
    if given.action == "keys":
        make_keys(given.client_id)
    elif given.action == "token":
        asked = {"grant_type": "client_credentials", "scope": given.scope}
        print(ask("token_endpoint", given.client_id, given.url, **asked)["access_token"])
    elif given.action == "introspect":
        told = ask("introspection_endpoint", given.client_id, given.url, token=given.token)
        print(json.dumps(told, indent=2))
    else:
        ask("revocation_endpoint", given.client_id, given.url, token=given.token)


if __name__ == "__main__":
    main()
