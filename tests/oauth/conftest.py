"""An authorization server with one registered client, its keys, and a clock that the test turns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, Key, RSAKey
from joserfc.util import urlsafe_b64encode
from sqlalchemy import create_engine

from careplan_service.access.clients import Client
from careplan_service.interactions.granular import judges
from careplan_service.oauth.app_tokens import AppTokens
from careplan_service.oauth.assertions import Assertions
from careplan_service.oauth.issuing import TokenIssuer
from careplan_service.oauth.keys import SigningKeys
from careplan_service.oauth.token_endpoint import TokenEndpoint
from careplan_service.oauth.tokens import TokenVerifier
from careplan_service.store.authorizations import SqlAuthorizations
from careplan_service.store.clients import SqlClients, oauth_client, oauth_jti

NOW = 1_800_000_000.0
BASE = "http://127.0.0.1:8000"
TOKEN_URL = f"{BASE}/oauth/token"
_SERVED = judges("https://careplan.example")
TYPES = {name: _SERVED[name] for name in ("CarePlan", "Consent", "Goal", "*")}


class Clock:
    """Seconds since the epoch, moved by hand."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> float:
        return self.time


@dataclass(frozen=True)
class KeyRing:
    """The private keys of the tests: two of the client's, and strangers'."""

    rsa: RSAKey
    ec: ECKey
    other_rsa: RSAKey
    other_ec: ECKey
    p256: ECKey

    @property
    def jwks(self) -> str:
        return json.dumps({"keys": [key.as_dict(private=False) for key in (self.rsa, self.ec)]})


@pytest.fixture(scope="session")
def ring() -> KeyRing:
    return KeyRing(
        rsa=RSAKey.generate_key(2048, {"kid": "rsa-1"}),
        ec=ECKey.generate_key("P-384", {"kid": "ec-1"}),
        other_rsa=RSAKey.generate_key(2048, {"kid": "rsa-1"}),
        other_ec=ECKey.generate_key("P-384", {"kid": "ec-1"}),
        p256=ECKey.generate_key("P-256", {"kid": "p256"}),
    )


@pytest.fixture(scope="session")
def keys_directory(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("keys")
    SigningKeys(directory, lambda: NOW)
    return directory


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def food_bank(ring: KeyRing) -> Client:
    return Client(
        id="food-bank",
        name="Food bank",
        kind="partner",
        organization="Organization/food-bank",
        scopes="system/Goal.rs system/CarePlan.cruds",
        purpose="COC",
        further_purposes=("TREAT",),
        jwks=ring.jwks,
    )


@pytest.fixture
def clients(tmp_path, clock: Clock, food_bank: Client) -> Iterator[SqlClients]:
    engine = create_engine(f"sqlite:///{tmp_path}/clients.db")
    oauth_client.create(engine)
    oauth_jti.create(engine)
    clients = SqlClients(engine, clock)
    clients.add(food_bank)
    clients.add(replace(food_bank, id="closed", enabled=False))
    clients.add(replace(food_bank, id="keyless", jwks=None))
    yield clients
    engine.dispose()


@pytest.fixture
def keys(keys_directory: Path, clock: Clock) -> SigningKeys:
    return SigningKeys(keys_directory, clock)


def no_remote_jwks(url: str, kid: str) -> str:
    raise AssertionError(f"nothing is fetched here, {url} neither")


@pytest.fixture
def assertions(clients: SqlClients, clock: Clock) -> Assertions:
    return Assertions(TOKEN_URL, clients.get, clients.remember_jti, no_remote_jwks, clock)


@pytest.fixture
def issuer(keys: SigningKeys, clock: Clock) -> TokenIssuer:
    numbers = iter(range(1_000_000))
    return TokenIssuer(BASE, keys, clock, lambda: f"token-{next(numbers)}")


@pytest.fixture
def revoked() -> set[str]:
    """The ids of the tokens that were revoked."""
    return set()


@pytest.fixture
def verifier(keys: SigningKeys, clients: SqlClients, clock: Clock, revoked: set[str]) -> TokenVerifier:
    return TokenVerifier(BASE, keys, clients.get, clock, revoked.__contains__)


def tokens_of_nobody(issuer: TokenIssuer) -> AppTokens:
    """Where no person ever signs in."""
    nothing = SqlAuthorizations(create_engine("sqlite://"))
    return AppTokens(issuer, nothing, lambda id_: None, lambda digest, now: False, 900)


@pytest.fixture
def token_endpoint(assertions: Assertions, issuer: TokenIssuer) -> TokenEndpoint:
    return TokenEndpoint(assertions, TYPES, tokens_of_nobody(issuer))


def compact(header: dict[str, Any], claims: object, key: Key | None = None) -> str:
    """A compact JWT with any header and any claims; without a signature for the algorithm `none`."""
    parts = [urlsafe_b64encode(json.dumps(part).encode()) for part in (header, claims)]
    if header["alg"] == "none":
        return b".".join([*parts, b""]).decode()
    signature = jws.JWSRegistry.algorithms[header["alg"]].sign(b".".join(parts), key)
    return b".".join([*parts, urlsafe_b64encode(signature)]).decode()


@pytest.fixture
def sign() -> Callable[..., str]:
    """`compact`, for any header, claims and key."""
    return compact


@pytest.fixture
def assertion(ring: KeyRing) -> Callable[..., str]:
    """Makes a good client assertion, except for the header fields and claims that are given.

    A value of None leaves the field or claim out.
    """
    numbers = iter(range(1_000_000))

    def make(key: Key | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        good = {
            "iss": claims.get("sub", "food-bank"),
            "sub": "food-bank",
            "aud": TOKEN_URL,
            "exp": NOW + 240,
            "jti": f"assertion-{next(numbers)}",
        }
        head = {"alg": "RS384", "typ": "JWT", "kid": "rsa-1"} | (header or {})
        return compact(_present(head), _present(good | claims), key or ring.rsa)

    return make


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
