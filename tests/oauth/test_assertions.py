"""Client assertions: what proves a client's identity, and every known way to fake it."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from careplan_service.oauth.assertions import UNKNOWN, AssertionRefused, Assertions
from careplan_service.oauth.purposes import PurposeRefused

NOW = 1_800_000_000.0
BASE_URL = "http://127.0.0.1:8000"
TOKEN_URL = f"{BASE_URL}/oauth/token"


def test_an_assertion_signed_with_the_registered_key_proves_its_client(assertions, assertion, food_bank):
    proved = assertions.verify(assertion())
    assert (proved.client, proved.purposes) == (food_bank, ("COC",))


def test_the_other_registered_key_and_algorithm_serve_too(assertions, assertion, ring, food_bank):
    proved = assertions.verify(assertion(ring.ec, {"alg": "ES384", "kid": "ec-1"}))
    assert proved.client == food_bank


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({}, {"aud": [TOKEN_URL]}),
        ({}, {"exp": NOW + 310}),
        ({}, {"exp": int(NOW) - 9}),
        ({}, {"exp": NOW + 240.5}),
        ({}, {"iat": NOW + 10}),
        ({}, {"nbf": NOW}),
        ({}, {"jti": "x" * 255}),
        ({"typ": "jwt"}, {}),
        ({"typ": None}, {}),
        ({"x5t": "unknown header fields are ignored"}, {}),
    ],
)
def test_what_the_standards_leave_open_is_accepted(assertions, assertion, header, claims):
    assert assertions.verify(assertion(header=header, **claims)).client.id == "food-bank"


@pytest.mark.parametrize("aud", [BASE_URL, [BASE_URL]])
def test_an_assertion_may_be_made_for_the_issuer_and_no_address_like_it(assertions, assertion, aud):
    issued = replace(assertions, issuer=BASE_URL)
    assert issued.verify(assertion(aud=aud)).client.id == "food-bank"
    for other in (f"{BASE_URL}/", f"{BASE_URL}/fhir", [BASE_URL, TOKEN_URL]):
        with pytest.raises(AssertionRefused, match="`aud` must be"):
            issued.verify(assertion(aud=other))


@pytest.mark.parametrize(
    ("claims", "because"),
    [
        ({"aud": "http://127.0.0.1:8000"}, "`aud` must be"),
        ({"aud": "http://127.0.0.1:8000/fhir"}, "`aud` must be"),
        ({"aud": TOKEN_URL + "/"}, "`aud` must be"),
        ({"aud": [TOKEN_URL, "https://elsewhere.example/token"]}, "`aud` must be"),
        ({"aud": []}, "`aud` must be"),
        ({"aud": None}, "`aud` must be"),
        ({"iss": "shelter"}, "`iss` and `sub`"),
        ({"iss": None}, "`iss` and `sub`"),
        ({"sub": None, "iss": None}, "`iss` and `sub`"),
        ({"sub": ["food-bank"]}, "`iss` and `sub`"),
        ({"sub": "food-bank\x00", "iss": "food-bank\x00"}, "`iss` and `sub`"),
        ({"sub": "../../food-bank"}, "`iss` and `sub`"),
        ({"sub": ""}, "`iss` and `sub`"),
        ({"exp": None}, "`exp` must be a number"),
        ({"exp": "1800000240"}, "`exp` must be a number"),
        ({"exp": True}, "`exp` must be a number"),
        ({"exp": float("nan")}, "`exp` must be a number"),
        ({"exp": float("inf")}, "`exp` must be a number"),
        ({"exp": NOW - 10}, "`exp` is over"),
        ({"exp": 0}, "`exp` is over"),
        ({"exp": NOW + 311}, "`exp` must be at most 300 seconds ahead"),
        ({"exp": 10**400}, "`exp` must be at most 300 seconds ahead"),
        ({"nbf": NOW + 11}, "`nbf`"),
        ({"nbf": "now"}, "`nbf`"),
        ({"iat": NOW + 11}, "`iat`"),
        ({"iat": {}}, "`iat`"),
        ({"jti": None}, "`jti`"),
        ({"jti": ""}, "`jti`"),
        ({"jti": 7}, "`jti`"),
        ({"jti": "x" * 256}, "`jti`"),
        ({"jti": "x\x00"}, "`jti`"),
        ({"jti": "\ud800"}, "`jti`"),
    ],
)
def test_a_claim_that_is_wrong_is_refused_by_name(assertions, assertion, claims, because):
    with pytest.raises(AssertionRefused, match=because):
        assertions.verify(assertion(**claims))


@pytest.mark.parametrize(
    ("header", "because"),
    [
        ({"alg": "RS256"}, "`alg` must be RS384 or ES384"),
        ({"alg": "RS512"}, "`alg` must be"),
        ({"alg": "PS384"}, "`alg` must be"),
        ({"alg": "none"}, "`alg` must be"),
        ({"kid": None}, "`kid` must name"),
        ({"kid": "../../../etc/passwd"}, "not signed with a registered key"),
        ({"kid": "/dev/null"}, "not signed with a registered key"),
        ({"kid": "rsa-1' OR '1'='1"}, "not signed with a registered key"),
        ({"kid": ""}, "not signed with a registered key"),
        ({"kid": "ec-1"}, "not signed with a registered key"),
        ({"typ": 7}, "`typ` must be `JWT`"),
        ({"typ": ""}, "`typ` must be `JWT`"),
        ({"typ": "at+jwt"}, "`typ` must be `JWT`"),
        ({"jku": "https://attacker.example/jwks.json"}, "not signed with a registered key"),
    ],
)
def test_a_header_that_is_wrong_is_refused(assertions, assertion, header, because):
    with pytest.raises(AssertionRefused, match=because):
        assertions.verify(assertion(header=header))


def test_every_fault_of_an_assertion_is_named_at_once(assertions, assertion):
    with pytest.raises(AssertionRefused) as refused:
        assertions.verify(assertion(header={"typ": "x", "kid": None}, aud="x", exp=None, jti=None))
    assert all(f"`{name}`" in str(refused.value) for name in ("typ", "kid", "aud", "exp", "jti"))


def test_no_signature_at_all_is_refused(assertions, assertion):
    head, claims, _ = assertion().split(".")
    with pytest.raises(AssertionRefused, match="not signed"):
        assertions.verify(f"{head}.{claims}.")


@pytest.mark.parametrize("algorithm", ["HS256", "HS384"])
def test_the_public_key_does_not_serve_as_a_shared_secret(assertions, assertion, ring, algorithm):
    public = ring.rsa.as_pem(private=False)
    secret = OctKey(public, public)  # its import_key would refuse to make this
    with pytest.raises(AssertionRefused, match="`alg` must be"):
        assertions.verify(assertion(secret, {"alg": algorithm}))


def test_a_shared_secret_in_the_registered_keys_verifies_nothing(assertion, clock, food_bank):
    secret = OctKey.generate_key(256, {"kid": "secret"})
    client = replace(food_bank, jwks=json.dumps({"keys": [secret.as_dict(private=True)]}))
    assertions = Assertions(TOKEN_URL, lambda _: client, lambda *_: True, lambda *_: "", clock)
    with pytest.raises(AssertionRefused):
        assertions.verify(assertion(secret, {"alg": "HS256", "kid": "secret"}))


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"), [("other_rsa", "RS384", "rsa-1"), ("other_ec", "ES384", "ec-1")]
)
def test_another_key_under_the_registered_key_id_is_refused(assertions, assertion, ring, key, algorithm, kid):
    with pytest.raises(AssertionRefused, match="not signed with a registered key"):
        assertions.verify(assertion(getattr(ring, key), {"alg": algorithm, "kid": kid}))


@pytest.mark.parametrize("client_id", ["nobody", "closed", "keyless"])
def test_a_client_that_may_not_ask_is_refused_like_a_wrong_signature(assertions, assertion, ring, client_id):
    refusals = set()
    for key, subject in ((ring.rsa, client_id), (ring.other_rsa, "food-bank")):
        with pytest.raises(AssertionRefused) as refused:
            assertions.verify(assertion(key, sub=subject))
        refusals.add(str(refused.value))
    assert refusals == {UNKNOWN}


def test_a_payload_changed_after_signing_is_refused(assertions, assertion):
    head, payload, signature = assertion().split(".")
    claims = json.loads(urlsafe_b64decode(payload.encode())) | {"jti": "another"}
    changed = urlsafe_b64encode(json.dumps(claims).encode()).decode()
    with pytest.raises(AssertionRefused, match="not signed"):
        assertions.verify(f"{head}.{changed}.{signature}")


def test_an_assertion_of_another_client_does_not_prove_this_one(
    clients, assertions, assertion, ring, food_bank
):
    shelter_key = RSAKey.generate_key(2048, {"kid": "rsa-1"})
    jwks = json.dumps({"keys": [shelter_key.as_dict(private=False)]})
    clients.add(replace(food_bank, id="shelter", jwks=jwks))
    assert assertions.verify(assertion(shelter_key, sub="shelter")).client.id == "shelter"
    with pytest.raises(AssertionRefused, match="not signed"):
        assertions.verify(assertion(shelter_key, sub="food-bank"))


@pytest.mark.parametrize("client_id", ["food-bank", None])
def test_the_form_may_repeat_the_client_id(assertions, assertion, client_id):
    assert assertions.verify(assertion(), client_id).client.id == "food-bank"


def test_the_form_may_not_contradict_the_client_id(assertions, assertion):
    with pytest.raises(AssertionRefused, match="`client_id` must be"):
        assertions.verify(assertion(), "shelter")


def test_an_assertion_proves_its_client_once(assertions, assertion):
    once = assertion()
    assertions.verify(once)
    with pytest.raises(AssertionRefused, match="`jti` was used before"):
        assertions.verify(once)


def test_an_assertion_is_remembered_for_as_long_as_it_would_be_accepted(assertions, assertion, clock):
    once = assertion(exp=NOW + 240)
    assertions.verify(once)
    clock.time = NOW + 249.9
    with pytest.raises(AssertionRefused, match="used before"):
        assertions.verify(once)
    clock.time = NOW + 250
    with pytest.raises(AssertionRefused, match="`exp` is over"):
        assertions.verify(once)


def test_of_two_requests_at_the_same_time_with_one_assertion_exactly_one_succeeds(assertions, assertion):
    once, at_once = assertion(), threading.Barrier(2)

    def succeeds(_: int) -> bool:
        at_once.wait(60)
        try:
            return bool(assertions.verify(once))
        except AssertionRefused:
            return False

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(succeeds, range(2))) == [False, True]


def test_a_forged_assertion_does_not_use_up_the_id_of_a_true_one(assertions, assertion, ring):
    with pytest.raises(AssertionRefused):
        assertions.verify(assertion(ring.other_rsa, jti="mine"))
    assert assertions.verify(assertion(jti="mine")).client.id == "food-bank"


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "a.b.c.d.e",
        "é.é.é",
        "[]",
        '{"payload": "", "signatures": []}',
        "x" * 20_000,
        urlsafe_b64encode(b'"alg"').decode() + ".e30.",
        urlsafe_b64encode(b"5").decode() + ".e30.",
        urlsafe_b64encode(b'{"alg": ["RS384"], "kid": 5, "typ": {}}').decode() + ".e30.",
        urlsafe_b64encode(b'{"alg": "RS384", "crit": 5}').decode() + ".e30.",
        urlsafe_b64encode(b"[" * 9_000).decode() + ".e30.",
        "eyJhbGciOiJSUzM4NCJ9." + urlsafe_b64encode(b"[" * 9_000).decode() + ".",
        "eyJhbGciOiJSUzM4NCJ9." + urlsafe_b64encode(b'{"exp": ' + b"9" * 5_000 + b"}").decode() + ".",
        "eyJhbGciOiJSUzM4NCJ9.W10.",
        "eyJhbGciOiJSUzM4NCJ9.bnVsbA.",
        "eyJhbGciOiJSUzM4NCJ9._w.",
    ],
)
def test_what_is_no_signed_jwt_is_refused_without_ado(assertions, text):
    with pytest.raises(AssertionRefused):
        assertions.verify(text)


def test_an_extension_that_must_be_understood_is_refused(assertions, assertion):
    with pytest.raises(AssertionRefused, match="crit"):
        assertions.verify(assertion(header={"crit": ["exp"], "exp": 1}))


def test_an_assertion_of_more_than_16_kib_is_refused_however_well_signed(assertions, assertion):
    assert assertions.verify(assertion(note="x" * 11_000))
    with pytest.raises(AssertionRefused, match="longer than 16384 bytes"):
        assertions.verify(assertion(note="x" * 12_000))


def test_an_access_token_is_no_client_assertion(assertions, issuer, food_bank):
    token = issuer.issue(food_bank, _scopes(), ("COC",))
    with pytest.raises(AssertionRefused):
        assertions.verify(token)


@pytest.mark.parametrize(
    ("extension", "purposes"),
    [
        ({}, ("COC",)),
        ({"purpose_of_use": "TREAT"}, ("TREAT",)),
        ({"purpose_of_use": ["TREAT", "COC"]}, ("TREAT", "COC")),
        ({"purpose_of_use": ["urn:oid:2.16.840.1.113883.5.8#TREAT"]}, ("TREAT",)),
        ({"purpose_of_use": "http://terminology.hl7.org/CodeSystem/v3-ActReason#TREAT"}, ("TREAT",)),
        ({"purpose_of_use": ["TREAT", "urn:oid:2.16.840.1.113883.5.8#TREAT"]}, ("TREAT",)),
    ],
)
def test_the_purpose_of_use_is_the_one_asserted_else_the_registered_default(
    assertions, assertion, extension, purposes
):
    assert assertions.verify(assertion(extensions={"hl7-b2b": extension})).purposes == purposes


@pytest.mark.parametrize(
    ("extensions", "because"),
    [
        ({"hl7-b2b": {"purpose_of_use": "HMARKT"}}, "`HMARKT` is not registered .* use COC or TREAT"),
        ({"hl7-b2b": {"purpose_of_use": ["COC", "BTG"]}}, "`BTG` is not registered"),
        ({"hl7-b2b": {"purpose_of_use": "coc"}}, "`coc` is not registered"),
        ({"hl7-b2b": {"purpose_of_use": "urn:oid:2.16.840.1.113883.5.9#COC"}}, "is not registered"),
        ({"hl7-b2b": {"purpose_of_use": "COC TREAT"}}, "is not registered"),
        ({"hl7-b2b": {"purpose_of_use": ""}}, "is not registered"),
        ({"hl7-b2b": {"purpose_of_use": []}}, "list of 1 to 10 codes"),
        ({"hl7-b2b": {"purpose_of_use": ["COC"] * 11}}, "list of 1 to 10 codes"),
        ({"hl7-b2b": {"purpose_of_use": {"code": "COC"}}}, "list of 1 to 10 codes"),
        ({"hl7-b2b": {"purpose_of_use": [{"code": "COC"}]}}, "must be a string"),
        ({"hl7-b2b": []}, "must be a JSON object"),
        (["hl7-b2b"], "must be a JSON object"),
    ],
)
def test_a_purpose_of_use_that_is_not_registered_or_readable_is_refused(
    assertions, assertion, extensions, because
):
    with pytest.raises(PurposeRefused, match=because):
        assertions.verify(assertion(extensions=extensions))


def test_keys_at_a_registered_url_are_asked_for_by_key_id(assertion, clock, food_bank, ring):
    asked = []

    def remote(url: str, kid: str) -> str:
        asked.append((url, kid))
        return ring.jwks

    url = "https://food-bank.example/jwks.json"
    client = replace(food_bank, jwks=None, jwks_url=url)
    assertions = Assertions(TOKEN_URL, lambda _: client, lambda *_: True, remote, clock)
    assert assertions.verify(assertion()).client == client
    assert assertions.verify(assertion(header={"jku": url})).client == client
    assert asked == [(url, "rsa-1")] * 2
    with pytest.raises(AssertionRefused, match="not signed"):
        assertions.verify(assertion(header={"jku": url + "?"}))


def test_a_key_whose_private_part_is_published_proves_nothing(assertion, clock, food_bank, ring):
    client = replace(food_bank, jwks=json.dumps({"keys": [ring.rsa.as_dict(private=True)]}))
    assertions = Assertions(TOKEN_URL, lambda _: client, lambda *_: True, lambda *_: "", clock)
    with pytest.raises(AssertionRefused, match="not signed"):
        assertions.verify(assertion())


def test_a_key_for_another_use_is_refused(assertion, clock, food_bank):
    key = ECKey.generate_key("P-384", {"kid": "ec-1", "use": "enc"})
    client = replace(food_bank, jwks=json.dumps({"keys": [key.as_dict(private=False)]}))
    assertions = Assertions(TOKEN_URL, lambda _: client, lambda *_: True, lambda *_: "", clock)
    signer = ECKey.import_key({**key.as_dict(private=True), "use": "sig"})
    with pytest.raises(AssertionRefused, match="not signed"):
        assertions.verify(assertion(signer, {"alg": "ES384", "kid": "ec-1"}))


def _scopes():
    from careplan_service.access.scope_text import parse_scopes

    return parse_scopes("system/Goal.rs")
