"""Tokens and assertions made to deceive, over HTTP: attack 27 of docs/attacks.md.

https://www.rfc-editor.org/rfc/rfc8725#section-2 and https://www.rfc-editor.org/rfc/rfc9700#section-2
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import Key, RSAKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode
from werkzeug.test import TestResponse

from builders import Api
from conftest import BASE_URL, Clock
from web.signing import Signer, the_key

BOUND = 16 * 1024
"""Bytes of the longest token that is looked at."""


@pytest.fixture
def hospital(api: Api) -> Signer:
    """A client whose tokens somebody else would like to have."""
    return Signer(api)


def parts(token: str) -> list[dict[str, Any]]:
    """Header and claims."""
    return [json.loads(urlsafe_b64decode(part.encode())) for part in token.split(".")[:2]]


def compact(header: Mapping[str, Any], claims: Mapping[str, Any], key: Key | bytes | None) -> str:
    """A JWT with any header; signed by a key, or with bytes as a shared secret, or not at all."""
    signed = b".".join(urlsafe_b64encode(json.dumps(part).encode()) for part in (header, claims))
    if key is None:
        signature = b""
    elif isinstance(key, bytes):  # joserfc would refuse to make such secrets
        signature = hmac.digest(key, signed, header["alg"].replace("HS", "sha"))
    else:
        signature = jws.JWSRegistry.algorithms[header["alg"]].sign(signed, key)
    return b".".join([signed, urlsafe_b64encode(signature)]).decode()


SECRETS: dict[str, Callable[[RSAKey], bytes]] = {
    "PEM": lambda key: key.as_pem(private=False),
    "PEM without its last line feed": lambda key: key.as_pem(private=False).rstrip(),
    "DER": lambda key: key.as_der(private=False),
    "JWK": lambda key: json.dumps(key.as_dict(private=False)).encode(),
    "modulus": lambda key: key.as_dict(private=False)["n"].encode(),
}


def assert_refused(answer: TestResponse) -> None:
    """As no token of ours, in the words of RFC 6750."""
    assert answer.status_code == 401, answer.data
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="careplan", error="invalid_token"'


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
def test_a_token_without_a_signature_is_refused(hospital: Signer, algorithm: str) -> None:
    header, claims = parts(hospital.token())
    for kept in ({**header, "alg": algorithm}, {"alg": algorithm, "typ": "at+jwt"}):
        forged = compact(kept, {**claims, "scope": "system/*.cruds"}, None)
        assert_refused(hospital.get(forged))
        assert_refused(hospital.get(forged.rstrip(".")))


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("form", SECRETS)
def test_the_public_key_is_no_shared_secret(hospital: Signer, algorithm: str, form: str) -> None:
    header, claims = parts(hospital.token())
    published = RSAKey.import_key(hospital.http.get("/oauth/jwks").json["keys"][-1])
    assert_refused(hospital.get(compact({**header, "alg": algorithm}, claims, SECRETS[form](published))))


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": f"{BASE_URL}/oauth/token"},
        {"aud": "https://elsewhere.example/fhir"},
        {"aud": [f"{BASE_URL}/fhir", "https://elsewhere.example/fhir"]},
        {"aud": None},
        {"iss": "https://elsewhere.example"},
        {"iss": f"{BASE_URL}/"},
        {"iss": None},
        {"jti": None},
        {"exp": None},
        {"sub": "agency"},
        {"client_id": "agency"},
    ],
)
def test_a_token_for_another_service_or_of_another_issuer_is_refused_though_our_key_signed_it(
    hospital: Signer, changed: dict[str, Any]
) -> None:
    header, claims = parts(hospital.token())
    key = hospital.api.service.keys.signing_key()
    assert hospital.get(compact(header, claims, key)).status_code == 200
    wrong = {name: value for name, value in (claims | changed).items() if value is not None}
    assert_refused(hospital.get(compact(header, wrong, key)))


def of_purposes(*codes: str) -> dict[str, Any]:
    """What a token says it is for."""
    return {"extensions": {"ihe_iua": {"purpose_of_use": [{"code": code} for code in codes]}}}


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        (of_purposes("COC"), 200),
        (of_purposes(), 401),
        (of_purposes("HMARKT"), 401),
        ({"extensions": {}}, 401),
        ({"extensions": {"ihe_iua": {"purpose_of_use": "COC"}}}, 401),
        ({"extensions": None}, 401),
        ({"scope": None}, 401),
        ({"scope": ["system/Goal.rs"]}, 401),
        ({"scope": "Goal"}, 401),
        ({"scope": ""}, 403),
        ({"scope": "openid"}, 403),
        ({"scope": "user/*.cruds patient/*.cruds"}, 403),
    ],
)
def test_a_token_without_scope_or_purpose_opens_nothing_though_our_key_signed_it(
    hospital: Signer, changed: dict[str, Any], status: int
) -> None:
    """Attack 16: what is left out is not permitted."""
    header, claims = parts(hospital.token())
    said = {name: value for name, value in (claims | changed).items() if value is not None}
    answer = hospital.get(compact(header, said, hospital.api.service.keys.signing_key()))

    assert answer.status_code == status, answer.data
    error = {200: None, 401: "invalid_token", 403: "insufficient_scope"}[status]
    assert (error or "") in answer.headers.get("WWW-Authenticate", "")


def test_a_token_is_refused_from_the_second_it_expires_also_by_who_knew_it(
    hospital: Signer, clock: Clock
) -> None:
    known, new = hospital.token(), hospital.token()
    clock.go_on(seconds=299)
    assert hospital.search(known) == 200
    clock.go_on(seconds=1)
    for token in (known, new):
        assert_refused(hospital.get(token))


@pytest.mark.parametrize(
    "kid",
    [
        "../signing-0001.pem",
        "signing-0001.pem",
        "../../../../../../dev/null",
        "/dev/null",
        "file:///dev/null",
        "https://attacker.example/jwks.json",
        "x' UNION SELECT 'secret' --",
        "\x00",
        "",
        "%2e%2e%2fsigning-0001.pem",
        "k" * 4_000,
        None,
        7,
        ["a"],
        {"a": 1},
    ],
)
def test_a_key_id_opens_nothing(hospital: Signer, kid: object) -> None:
    header, claims = parts(hospital.token())
    for algorithm, key in (("HS256", b""), ("RS256", the_key())):
        assert_refused(hospital.get(compact({**header, "alg": algorithm, "kid": kid}, claims, key)))


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_that_comes_with_the_token_is_not_taken(hospital: Signer, name: str) -> None:
    header, claims = parts(hospital.token())
    brought = {"jwk": the_key().as_dict(private=False), "x5c": ["MIIB"]}
    forged = {**header, "kid": "rsa-1", name: brought.get(name, "https://attacker.example/keys")}
    for kid in (header["kid"], "rsa-1"):
        assert_refused(hospital.get(compact({**forged, "kid": kid}, claims, the_key())))


@pytest.mark.parametrize("size", [BOUND, 60_000, 1_000_000])
def test_a_token_that_is_too_long_is_refused_unread_however_well_signed(hospital: Signer, size: int) -> None:
    header, claims = parts(hospital.token())
    key = hospital.api.service.keys.signing_key()
    assert hospital.get(compact(header, {**claims, "note": "x" * 8_000}, key)).status_code == 200
    assert_refused(hospital.get(compact(header, {**claims, "note": "x" * size}, key)))
    assert_refused(hospital.get("x" * size))
    assert_refused(hospital.get("." * size))


@pytest.mark.parametrize("path", ["/fhir/Goal", "/fhir/Goal/x", "/plans/x", "/fhir"])
def test_a_token_in_the_address_or_in_a_form_lets_nobody_in(hospital: Signer, path: str) -> None:
    token = hospital.token()
    answers = [
        hospital.http.get(path, query_string={"access_token": token}),
        hospital.http.post("/fhir/Goal/_search", data={"access_token": token}),
        hospital.http.get(path, headers={"Cookie": f"access_token={token}"}),
    ]
    for answer in answers:
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="careplan"'


def test_a_token_in_the_address_beside_a_good_one_is_refused_and_not_kept(hospital: Signer) -> None:
    token = hospital.token()
    answer = hospital.get(token, f"/fhir/Goal?access_token={token}")
    assert answer.status_code == 400
    assert token not in hospital.api.audit()[-1]["refusal"]


def test_of_two_authorization_headers_none_is_taken(hospital: Signer, api: Api) -> None:
    token, other = hospital.token(), api.token("agency")
    for values in ((token, other), (other, token), (token, token), (token, "x")):
        sent = [("Authorization", f"Bearer {value}") for value in values]
        assert_refused(hospital.http.get("/fhir/Goal", headers=sent))
        assert_refused(
            hospital.http.get("/fhir/Goal", headers={"Authorization": ", ".join(v for _, v in sent)})
        )


def test_an_assertion_is_no_access_token_and_an_access_token_no_assertion(hospital: Signer) -> None:
    assert_refused(hospital.get(hospital.assertion()))
    asked = {"grant_type": "client_credentials", "scope": "system/Goal.rs"}
    assert hospital.post("/oauth/token", hospital.token(), **asked).status_code == 401


def test_an_assertion_buys_one_token_wherever_it_is_shown_again(hospital: Signer) -> None:
    used = hospital.assertion()
    asked = {"grant_type": "client_credentials", "scope": "system/Goal.rs", "token": "x"}
    paths = ("/oauth/token", "/oauth/token", "/oauth/revoke", "/oauth/introspect")
    assert [hospital.post(path, used, **asked).status_code for path in paths] == [200, 401, 401, 401]


def test_an_assertion_that_was_shown_elsewhere_first_buys_no_token(hospital: Signer) -> None:
    used = hospital.assertion()
    assert hospital.post("/oauth/revoke", used, token="x").status_code == 200
    asked = {"grant_type": "client_credentials", "scope": "system/Goal.rs"}
    assert hospital.post("/oauth/token", used, **asked).status_code == 401


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/introspect"])
def test_a_forged_assertion_proves_nothing_at_any_endpoint(hospital: Signer, path: str, clock: Clock) -> None:
    header, claims = parts(hospital.assertion())
    public = the_key().as_pem(private=False)
    now = int(clock().timestamp())

    def changed(**to: Any) -> str:
        return jwt.encode(header, claims | to, the_key(), algorithms=["RS384"])

    forged = {
        "alg=none": compact({**header, "alg": "none"}, claims, None),
        "the public key as a secret": compact({**header, "alg": "HS384"}, claims, public),
        "a file as the key": compact({**header, "kid": "../../dev/null"}, claims, the_key()),
        "another audience": changed(aud="https://elsewhere.example/oauth/token"),
        "the FHIR endpoint as the audience": changed(aud=f"{BASE_URL}/fhir"),
        "another issuer": changed(iss="https://elsewhere.example"),
        "another client": changed(iss="agency", sub="agency"),
        "expired": changed(exp=now - 11),
        "for ever": changed(exp=now + 10_000_000),
        "too long": changed(note="x" * BOUND),
        "no jti": changed(jti=""),
    }
    token = hospital.token()
    asked = {"grant_type": "client_credentials", "scope": "system/Goal.rs", "token": token}
    for name, assertion in forged.items():
        answer = hospital.post(path, assertion, **asked)
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_client"), name
    assert hospital.search(token) == 200
