"""Organisations with keys of their own, and `careplan serve` for their journeys over real HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import create_engine, make_url, text

from careplan_service.access.clients import Client
from careplan_service.app import Service, assemble
from careplan_service.settings import Settings

CAREPLAN = [sys.executable, "-m", "careplan_service.cli"]
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class Party:
    """An organisation with its signing key and what it was registered for."""

    id: str
    kind: str
    key: ECKey | RSAKey
    algorithm: str

    def registration(self) -> Client:
        """The row of the client directory."""
        jwks = json.dumps({"keys": [self.key.as_dict(private=False)]})
        organization = f"Organization/{self.id}"
        return Client(self.id, self.id, self.kind, organization, "system/*.cruds", "COC", ("TREAT",), jwks)

    def token(self, base: str, scope: str = "system/*.cruds", **claims: Any) -> str:
        """An access token for a signed assertion."""
        answer = self.ask(base, scope, **claims)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def ask(self, base: str, scope: str, **claims: Any) -> httpx.Response:
        """Send a signed assertion to the token endpoint that the discovery document names."""
        endpoint = httpx.get(f"{base}/fhir/.well-known/smart-configuration").json()["token_endpoint"]
        stated = {
            "iss": self.id,
            "sub": self.id,
            "aud": endpoint,
            "jti": str(uuid.uuid4()),
            "exp": time.time() + 200,
        }
        header = {"alg": self.algorithm, "typ": "JWT", "kid": self.key.kid}
        signed = jwt.encode(header, stated | claims, self.key, algorithms=[self.algorithm])
        form = {"grant_type": "client_credentials", "scope": scope, "client_assertion_type": ASSERTION}
        return httpx.post(endpoint, data=form | {"client_assertion": signed})


def agency_and_partner() -> dict[str, Party]:
    """The agency signs with an elliptic curve, the partner with RSA."""
    elliptic = ECKey.generate_key("P-384", {"kid": "agency-1"})
    rsa = RSAKey.generate_key(2048, {"kid": "partner-1"})
    return {
        "agency": Party("agency", "agency", elliptic, "ES384"),
        "partner": Party("partner", "partner", rsa, "RS384"),
    }


@contextmanager
def careplan_serving(
    database_url: str, keys_dir: Path, directory: Path, prepare: Callable[[Service], None], **more: str
) -> Iterator[str]:
    """`careplan serve` on a free port, on a database that was prepared; `more` are further settings."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    settings = {
        "CAREPLAN_DATABASE_URL": database_url,
        "CAREPLAN_BASE_URL": base,
        "CAREPLAN_KEYS_DIR": str(keys_dir),
        "CAREPLAN_CUSTODIANS": "Organization/agency",
        "CAREPLAN_REFERENCES": "open",
        "CAREPLAN_LOG_LEVEL": "error",
        **more,
    }
    service = assemble(Settings.from_env(settings))
    prepare(service)
    service.database.close()
    serve = [*CAREPLAN, "serve", "--port", str(port), "--workers", "1"]
    with (directory / "log").open("wb") as log:
        server = subprocess.Popen(serve, env={**os.environ, **settings}, stdout=log, stderr=log)
        try:
            _wait_for(base, server)
            yield base
        finally:
            server.terminate()
            server.wait(20)


def registered(parties: Iterable[Party]) -> Callable[[Service], None]:
    """Registers them."""

    def prepare(service: Service) -> None:
        for party in parties:
            service.clients.add(party.registration())

    return prepare


def new_database(server: str) -> str:
    """The URL of an empty database on a PostgreSQL server."""
    name = f"careplan_journeys_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _wait_for(base: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert server.poll() is None, "the server did not start"
        try:
            if httpx.get(f"{base}/health/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the server did not get ready")
