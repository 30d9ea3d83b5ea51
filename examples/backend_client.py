"""A partner's side of SMART Backend Services: make a key pair, get an access token with a signed assertion.

    python examples/backend_client.py keys hospital             # hospital.key.json and hospital.jwks.json
    python examples/backend_client.py token hospital --url http://127.0.0.1:8000 --scope "system/Goal.rs"

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import ECKey


def make_keys(client_id: str) -> None:
    """Write the private key, readable by its owner only, and the public JWK Set to register."""
    key = ECKey.generate_key("P-384", {"kid": f"{client_id}-1", "use": "sig", "alg": "ES384"})
    private = Path(f"{client_id}.key.json")
    private.touch(mode=0o600)
    private.write_text(json.dumps(key.as_dict(private=True)))
    public = Path(f"{client_id}.jwks.json")
    public.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    print(f"wrote {private} (keep it) and {public} (register it)")


def get_token(client_id: str, url: str, scope: str) -> str:
    """An access token for the client whose key `make_keys` wrote."""
    key = ECKey.import_key(json.loads(Path(f"{client_id}.key.json").read_text()))
    token_url = json.load(urllib.request.urlopen(f"{url}/fhir/.well-known/smart-configuration"))[
        "token_endpoint"
    ]
    now = int(time.time())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": token_url,
        "iat": now,
        "exp": now + 120,
        "jti": str(uuid.uuid4()),
    }
    form = {
        "grant_type": "client_credentials",
        "scope": scope,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt.encode(
            {"alg": "ES384", "typ": "JWT", "kid": key.kid}, claims, key, algorithms=["ES384"]
        ),
    }
    try:
        return json.load(urllib.request.urlopen(token_url, urlencode(form).encode()))["access_token"]
    except urllib.error.HTTPError as error:
        sys.exit(f"no token: {error.read().decode()}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Keys and access tokens for a backend client.")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("keys").add_argument("client_id")
    token = actions.add_parser("token")
    token.add_argument("client_id")
    token.add_argument("--url", default="http://127.0.0.1:8000")
    token.add_argument("--scope", default="system/Goal.rs")
    given = parser.parse_args()
    if given.action == "keys":
        make_keys(given.client_id)
    else:
        print(get_token(given.client_id, given.url, given.scope))


if __name__ == "__main__":
    main()
