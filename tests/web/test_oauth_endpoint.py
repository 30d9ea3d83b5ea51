"""The authorization server's addresses and the bearer token, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask, Request, request
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import create_engine
from werkzeug.test import EnvironBuilder

from careplan_service.access.caller import Caller
from careplan_service.access.clients import Client
from careplan_service.errors import Unauthenticated
from careplan_service.interactions.granular import judges
from careplan_service.oauth.app_tokens import AppTokens
from careplan_service.oauth.assertions import ASSERTION_TYPE, Assertions
from careplan_service.oauth.discovery import JWKS, SMART, TOKEN, smart_configuration, token_endpoint_url
from careplan_service.oauth.issuing import TokenIssuer
from careplan_service.oauth.keys import SigningKeys
from careplan_service.oauth.token_endpoint import TokenEndpoint
from careplan_service.oauth.tokens import TokenVerifier
from careplan_service.store.authorizations import SqlAuthorizations
from careplan_service.store.clients import SqlClients, oauth_client, oauth_jti
from careplan_service.web.auth import caller_of
from careplan_service.web.oauth import oauth_blueprint

NOW = 1_800_000_000.0
BASE = "http://127.0.0.1:8000"
TYPES = {"Goal": judges("https://careplan.example")["Goal"]}
CALLER = Caller("food-bank", "partner", "Organization/food-bank", ("COC",))


def now() -> float:
    return NOW


@pytest.fixture(scope="module")
def directory(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("oauth")


@pytest.fixture(scope="module")
def client_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "rsa-1"})


@pytest.fixture(scope="module")
def client(directory, client_key) -> Iterator[FlaskClient]:
    """A whole authorization server behind Flask, with `/whoami` behind a bearer token."""
    engine = create_engine(f"sqlite:///{directory}/clients.db")
    oauth_client.create(engine)
    oauth_jti.create(engine)
    clients = SqlClients(engine, now)
    jwks = json.dumps({"keys": [client_key.as_dict(private=False)]})
    clients.add(
        Client(
            "food-bank", "Food bank", "partner", "Organization/food-bank", "system/Goal.rs", "COC", jwks=jwks
        )
    )
    keys = SigningKeys(directory / "keys", now)
    assertions = Assertions(token_endpoint_url(BASE), clients.get, clients.remember_jti, lambda *_: "", now)
    issuer = TokenIssuer(BASE, keys, now, lambda: "token-id")
    apps = AppTokens(issuer, SqlAuthorizations(engine), lambda id_: None, lambda digest, now: False, 900)
    token_endpoint = TokenEndpoint(assertions, TYPES, apps)
    verifier = TokenVerifier(BASE, keys, clients.get, now, lambda jti: False)

    app = Flask(__name__)
    documents = {JWKS: keys.public_jwks, SMART: lambda: smart_configuration(BASE, TYPES)}
    app.register_blueprint(oauth_blueprint({TOKEN: token_endpoint}, documents))

    @app.get("/whoami")
    def whoami() -> str:
        return caller_of(request, verifier).client_id

    yield app.test_client()
    engine.dispose()


@pytest.fixture(scope="module")
def form(client_key) -> Callable[..., dict[str, str]]:
    """A good token request, with a new assertion each time."""
    numbers = count()

    def make(**parameters: str) -> dict[str, str]:
        claims = {
            "iss": "food-bank",
            "sub": "food-bank",
            "aud": token_endpoint_url(BASE),
            "exp": NOW + 240,
            "jti": f"assertion-{next(numbers)}",
        }
        header = {"alg": "RS384", "typ": "JWT", "kid": "rsa-1"}
        return {
            "grant_type": "client_credentials",
            "scope": "system/Goal.rs",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": jwt.encode(header, claims, client_key, algorithms=["RS384"]),
        } | parameters

    return make


def test_a_client_gets_a_token_and_is_known_by_it(client, form):
    answer = client.post("/oauth/token", data=form())
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    assert answer.headers.getlist("Content-Type") == ["application/json"]
    token = answer.json["access_token"]
    whoami = client.get("/whoami", headers={"Authorization": f"Bearer {token}"})
    assert whoami.text == "food-bank"


def test_an_oauth_error_keeps_its_status_and_headers(client, form):
    answer = client.post("/oauth/token", data=form(client_assertion="x"))
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("private_key_jwt")
    assert answer.headers["Cache-Control"] == "no-store"


def test_parameters_in_the_query_are_not_read(client, form):
    answer = client.post(
        "/oauth/token?" + urlencode(form()), content_type="application/x-www-form-urlencoded"
    )
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_a_json_body_is_an_invalid_request(client, form):
    answer = client.post("/oauth/token", json=form())
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_a_form_that_is_too_long_is_not_read(client, form):
    answer = client.post("/oauth/token", data=form(scope="x" * 70_000))
    assert (answer.status_code, answer.json["error"]) == (413, "invalid_request")
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_token_endpoint_takes_post_only(client):
    assert client.get("/oauth/token").status_code == 405


def test_the_published_keys_have_no_private_part_and_verify_our_tokens(client, form):
    answer = client.get("/oauth/jwks")
    (key,) = answer.json["keys"]
    assert answer.mimetype == "application/json"
    assert not {"d", "p", "q", "dp", "dq", "qi"} & set(key)
    token = client.post("/oauth/token", data=form()).json["access_token"]
    assert jwt.decode(token, RSAKey.import_key(key), algorithms=["RS256"]).claims["client_id"] == "food-bank"


@pytest.mark.parametrize("accept", ["*/*", "application/fhir+json", "text/html"])
def test_the_configuration_is_json_whatever_is_accepted_and_needs_no_token(client, accept):
    answer = client.get("/fhir/.well-known/smart-configuration", headers={"Accept": accept})
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.json == smart_configuration(BASE, TYPES)


class AnyToken:
    def verify(self, token: str) -> Caller:
        """Whoever holds a token that came this far."""
        self.token = token
        return CALLER


def _request(*authorization: str, path: str = "/") -> Request:
    headers = [("Authorization", value) for value in authorization]
    return Request(EnvironBuilder(path, headers=headers).get_environ())


@pytest.mark.parametrize("header", ["Bearer a.b-c_d~e+f/g==", "bearer a", "BEARER a", "Bearer   a"])
def test_a_bearer_token_is_handed_to_the_verifier_as_it_is(header):
    verifier = AnyToken()
    assert caller_of(_request(header), verifier) is CALLER
    assert verifier.token == header.split()[1]


@pytest.mark.parametrize("path", ["/", "/?access_token=a", "/?Authorization=Bearer%20a"])
def test_without_the_header_there_is_no_caller(path):
    with pytest.raises(Unauthenticated) as refused:
        caller_of(_request(path=path), AnyToken())
    assert refused.value.headers["WWW-Authenticate"] == 'Bearer realm="careplan"'


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "a",
        "Basic a",
        "BearerX a",
        "XBearer a",
        "Bearera",
        "Bearer a b",
        "Bearer a,Bearer b",
        "Bearer a, Bearer a",
        "Bearer a;b",
        "Bearer =a",
        "Bearer a=b",
        "Bearer ä",
        "Bearer\ta",
        "Bearer a ",
        'Bearer "a"',
    ],
)
def test_a_header_that_is_not_exactly_a_bearer_token_is_refused(header):
    with pytest.raises(Unauthenticated) as refused:
        caller_of(_request(header), AnyToken())
    told = 'error="invalid_token"' in refused.value.headers["WWW-Authenticate"]
    assert told == (header.split(" ")[0] == "Bearer")  # no error code for another way than a bearer token
