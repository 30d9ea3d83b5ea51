"""Access tokens: what they say, who they make of the caller, and every known way to fake one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from joserfc.jwk import OctKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from careplan_service.access.caller import Caller
from careplan_service.access.scope_text import parse_scopes
from careplan_service.errors import Unauthenticated
from careplan_service.oauth.issuing import TokenIssuer
from careplan_service.oauth.keys import SigningKeys
from careplan_service.oauth.tokens import TokenVerifier

NOW = 1_800_000_000.0
BASE = "http://127.0.0.1:8000"
GOALS = parse_scopes("system/Goal.rs")
OURS = {
    "iss": BASE,
    "aud": f"{BASE}/fhir",
    "sub": "food-bank",
    "client_id": "food-bank",
    "iat": int(NOW),
    "exp": int(NOW) + 300,
    "jti": "token",
    "scope": "system/Goal.rs",
    "extensions": {
        "ihe_iua": {
            "purpose_of_use": [
                {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "COC"}
            ]
        }
    },
}


def no_revocation(jti: str) -> bool:
    """Nothing was revoked."""
    return False


def parts(token: str) -> tuple[dict, dict]:
    header, claims, _ = (urlsafe_b64decode(part.encode()) for part in token.split("."))
    return json.loads(header), json.loads(claims)


def refusal(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(Unauthenticated) as refused:
        verifier.verify(token)
    assert refused.value.headers["WWW-Authenticate"].endswith('error="invalid_token"')
    return refused.value.text


def test_a_token_states_what_rfc_9068_and_iua_ask(issuer, keys, food_bank):
    header, claims = parts(issuer.issue(food_bank, GOALS, ("COC",), 300))
    assert header == {"alg": "RS256", "typ": "at+jwt", "kid": keys.signing_key().kid}
    assert claims == OURS | {"jti": "token-0"}


def test_no_two_tokens_have_the_same_id(issuer, food_bank):
    ids = {parts(issuer.issue(food_bank, GOALS, ("COC",)))[1]["jti"] for _ in range(3)}
    assert len(ids) == 3


def test_a_token_makes_the_caller_it_was_issued_for(issuer, verifier, food_bank):
    token = issuer.issue(food_bank, GOALS, ("COC", "TREAT"), 60)
    expected = Caller(
        "food-bank", "partner", "Organization/food-bank", ("COC", "TREAT"), GOALS, int(NOW) + 60
    )
    assert [verifier.verify(token), verifier.verify(token)] == [expected, expected]


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_a_token_signed_with_our_key_is_taken(verifier, keys, typ, sign):
    key = keys.signing_key()
    assert (
        verifier.verify(sign({"alg": "RS256", "typ": typ, "kid": key.kid}, OURS, key)).client_id
        == "food-bank"
    )


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({"alg": "none"}, {}),
        ({"alg": "RS384"}, {}),
        ({"alg": "PS256"}, {}),
        ({"typ": "JWT"}, {}),
        ({"typ": None}, {}),
        ({"typ": 5}, {}),
        ({"kid": None}, {}),
        ({"kid": "../signing-0001.pem"}, {}),
        ({"kid": "signing-0001"}, {}),
        ({"kid": ["x"]}, {}),
        ({"crit": []}, {}),
        ({}, {"iss": "https://elsewhere.example"}),
        ({}, {"iss": BASE + "/"}),
        ({}, {"iss": None}),
        ({}, {"aud": BASE}),
        ({}, {"aud": [f"{BASE}/fhir"]}),
        ({}, {"aud": None}),
        ({}, {"sub": "shelter"}),
        ({}, {"sub": None}),
        ({}, {"client_id": None}),
        ({}, {"client_id": None, "sub": None}),
        ({}, {"jti": None}),
        ({}, {"jti": 5}),
        ({}, {"exp": None}),
        ({}, {"exp": "1800000300"}),
        ({}, {"exp": float("nan")}),
    ],
)
def test_a_token_of_ours_must_be_right_in_every_part(verifier, keys, header, claims, sign):
    key = keys.signing_key()
    whole = {"alg": "RS256", "typ": "at+jwt", "kid": key.kid} | header
    token = sign({name: value for name, value in whole.items() if value is not None}, OURS | claims, key)
    assert "not one of ours" in refusal(verifier, token)


@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
def test_our_public_key_does_not_serve_as_a_shared_secret(verifier, keys, algorithm, sign):
    public = keys.signing_key().as_pem(private=False)
    header = {"alg": algorithm, "typ": "at+jwt", "kid": keys.signing_key().kid}
    assert "not one of ours" in refusal(verifier, sign(header, OURS, OctKey(public, public)))


def test_a_token_signed_by_another_key_under_our_key_id_is_refused(verifier, keys, ring, sign):
    header = {"alg": "RS256", "typ": "at+jwt", "kid": keys.signing_key().kid}
    assert "not one of ours" in refusal(verifier, sign(header, OURS, ring.rsa))


def test_a_token_changed_after_signing_is_refused(issuer, verifier, food_bank):
    head, _, signature = issuer.issue(food_bank, GOALS, ("COC",)).split(".")
    changed = urlsafe_b64encode(json.dumps(OURS | {"scope": "system/*.cruds"}).encode()).decode()
    assert "not one of ours" in refusal(verifier, f"{head}.{changed}.{signature}")
    assert "not one of ours" in refusal(verifier, f"{head}.{changed}.")


@given(place=st.integers(0, 10_000), letter=st.sampled_from("AZaz09-_.=+/"))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_token_with_one_letter_changed_anywhere_is_refused(issuer, verifier, food_bank, place, letter):
    token = issuer.issue(food_bank, GOALS, ("COC",))
    place %= len(token)
    assume(token[place] != letter)
    assert "not one of ours" in refusal(verifier, token[:place] + letter + token[place + 1 :])


def test_a_client_assertion_is_no_access_token(verifier, assertion):
    assert "not one of ours" in refusal(verifier, assertion())


@pytest.mark.parametrize("token", ["", "x", "..", "a.b.c", "ä.b.c", "\x00", "[" * 9_000, "x" * 20_000])
def test_what_is_no_token_is_refused_without_ado(verifier, token):
    assert "not one of ours" in refusal(verifier, token)


def test_a_token_of_more_than_16_kib_is_refused_however_well_signed(verifier, keys, sign):
    key = keys.signing_key()
    header = {"alg": "RS256", "typ": "at+jwt", "kid": key.kid}
    assert verifier.verify(sign(header, OURS | {"note": "x" * 10_000}, key))
    assert "not one of ours" in refusal(verifier, sign(header, OURS | {"note": "x" * 12_000}, key))


def test_a_token_works_until_the_second_it_expires(issuer, verifier, food_bank, clock):
    token = issuer.issue(food_bank, GOALS, ("COC",), 300)
    clock.time = NOW + 299.9
    assert verifier.verify(token)
    clock.time = NOW + 300
    assert "has expired" in refusal(verifier, token)


def test_a_token_that_comes_expired_is_refused(issuer, verifier, food_bank, clock):
    token = issuer.issue(food_bank, GOALS, ("COC",), 300)
    clock.time = NOW + 300
    assert "has expired" in refusal(verifier, token)


def test_the_token_of_a_client_that_is_disabled_stops_working_within_a_second(
    issuer, verifier, food_bank, clients, clock
):
    token = issuer.issue(food_bank, GOALS, ("COC",))
    assert verifier.verify(token)
    clients.disable("food-bank")
    clock.time = NOW + 1
    assert "not registered any more" in refusal(verifier, token)
    assert "not registered any more" in refusal(verifier, token)


@pytest.mark.parametrize("client_id", ["closed", "nobody"])
def test_a_token_for_a_client_that_is_not_registered_is_refused(issuer, verifier, food_bank, client_id):
    token = issuer.issue(replace(food_bank, id=client_id), GOALS, ("COC",))
    assert "not registered any more" in refusal(verifier, token)


def test_the_directory_is_not_asked_more_often_for_a_client_that_is_disabled(issuer, keys, clock, food_bank):
    asked = []
    verifier = TokenVerifier(BASE, keys, lambda client_id: asked.append(client_id), clock, no_revocation)
    token = issuer.issue(food_bank, GOALS, ("COC",))
    for later in (0, 0.5, 1.0):
        clock.time = NOW + later
        refusal(verifier, token)
    assert len(asked) == 2


def test_the_directory_is_asked_at_most_once_a_second_for_each_client(issuer, keys, clock, food_bank):
    asked = []

    def find(client_id: str):
        asked.append(client_id)
        return replace(food_bank, id=client_id)

    verifier = TokenVerifier(BASE, keys, find, clock, no_revocation)
    tokens = [issuer.issue(replace(food_bank, id=name), GOALS, ("COC",)) for name in ("one", "one", "two")]
    for later in (0, 0.5, 0.9, 1.0, 1.5):
        clock.time = NOW + later
        for token in tokens:
            verifier.verify(token)
    assert asked == ["one", "two", "one", "two"]


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"kind": "agency"}, "kind", "agency"),
        ({"organization": "Organization/other"}, "organization", "Organization/other"),
        ({"scopes": "system/Goal.r"}, "scopes", parse_scopes("system/Goal.r")),
        ({"purpose": "TREAT", "further_purposes": ()}, "purposes", ("TREAT",)),
    ],
)
def test_a_change_of_the_registration_reaches_live_tokens_and_never_widens_them(
    issuer, keys, clock, food_bank, change, field, value
):
    rows = [food_bank, replace(food_bank, **change)]
    verifier = TokenVerifier(
        BASE, keys, lambda _: rows.pop(0) if len(rows) > 1 else rows[0], clock, no_revocation
    )
    token = issuer.issue(food_bank, GOALS, ("COC", "TREAT"))
    before = verifier.verify(token)
    clock.time = NOW + 1
    assert verifier.verify(token) == replace(before, **{field: value})


def test_a_token_for_a_purpose_that_is_not_registered_any_more_is_refused(issuer, verifier, food_bank):
    assert "purpose" in refusal(verifier, issuer.issue(food_bank, GOALS, ("HMARKT",)))


def test_the_signature_of_a_token_is_checked_once_while_it_is_kept(issuer, keys, clients, clock, food_bank):
    found = []

    class Counted:
        def find(self, kid: object):
            found.append(kid)
            return keys.find(kid)

        def knows(self, kid: str) -> bool:
            return keys.knows(kid)

    verifier = TokenVerifier(BASE, Counted(), clients.get, clock, no_revocation, capacity=2)
    first, second, third = (issuer.issue(food_bank, GOALS, ("COC",)) for _ in range(3))
    for token in (first, second, first, third, first):
        verifier.verify(token)
    assert len(found) == 3
    verifier.verify(second)
    assert len(found) == 4


def test_a_token_of_an_older_key_of_ours_works_after_a_rotation(tmp_path, clock, clients, food_bank):
    keys, elsewhere = SigningKeys(tmp_path, clock), SigningKeys(tmp_path, clock)
    issuer = TokenIssuer(BASE, keys, clock, lambda: "id")
    verifier = TokenVerifier(BASE, elsewhere, clients.get, clock, no_revocation)
    old = issuer.issue(food_bank, GOALS, ("COC",))
    keys.rotate()
    new = issuer.issue(food_bank, GOALS, ("COC",))
    clock.time = NOW + 1
    assert verifier.verify(old) == verifier.verify(new)
