"""`POST /oauth/introspect`. https://www.rfc-editor.org/rfc/rfc7662#section-2"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update
from werkzeug.test import TestResponse

from builders import ACT_REASON, Api
from careplan_service.oauth.issuing import TokenIssuer
from careplan_service.store.clients import oauth_client
from conftest import BASE_URL, Clock
from web.signing import Signer

INTROSPECT = "/oauth/introspect"
INACTIVE = {"active": False}


@pytest.fixture
def hospital(api: Api) -> Signer:
    """A client that may introspect its own tokens."""
    return Signer(api, scopes="system/Goal.rs system/CarePlan.rs", further_purposes=("TREAT",))


@pytest.fixture
def gateway(api: Api) -> Signer:
    """A client that may introspect those of others, too."""
    return Signer(api, "gateway", may_introspect=True)


def by_bearer(client: Signer, bearer: str, token: str) -> TestResponse:
    """Introspection with an access token in the header."""
    return client.http.post(INTROSPECT, data={"token": token}, headers={"Authorization": f"Bearer {bearer}"})


def change(client: Signer, **registered: Any) -> None:
    """Another registration, and the second that a worker may still know the former one."""
    with client.api.service.database.engine.begin() as connection:
        connection.execute(update(oauth_client).where(oauth_client.c.id == client.id).values(registered))
    client.api.service.clock.go_on(seconds=1)


def test_an_active_token_is_told_whole(hospital: Signer) -> None:
    token = hospital.token()
    now = int(hospital.api.service.seconds())
    answer = hospital.post(INTROSPECT, token=token)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    told = answer.json
    assert isinstance(told.pop("jti"), str)
    assert told == {
        "active": True,
        "token_type": "Bearer",
        "scope": "system/Goal.rs",
        "client_id": "hospital",
        "sub": "hospital",
        "iss": BASE_URL,
        "aud": f"{BASE_URL}/fhir",
        "iat": now,
        "exp": now + 300,
        "extensions": {"ihe_iua": {"purpose_of_use": [{"system": ACT_REASON, "code": "COC"}]}},
    }


@pytest.mark.parametrize("scope", ["system/Goal.rs", "system/Goal.read", "system/CarePlan.rs system/Goal.r"])
def test_the_scope_is_told_in_the_words_of_the_token_response(hospital: Signer, scope: str) -> None:
    asked = {"grant_type": "client_credentials", "scope": scope}
    granted = hospital.post("/oauth/token", **asked).json
    told = hospital.post(INTROSPECT, token=granted["access_token"]).json
    assert told["scope"] == granted["scope"] == scope
    assert told["exp"] - told["iat"] == granted["expires_in"]


def test_the_purpose_that_was_asserted_is_told(hospital: Signer) -> None:
    token = hospital.token(extensions={"hl7-b2b": {"purpose_of_use": "TREAT"}})
    told = hospital.post(INTROSPECT, token=token).json
    assert [one["code"] for one in told["extensions"]["ihe_iua"]["purpose_of_use"]] == ["TREAT"]


@pytest.mark.parametrize(
    ("scope", "left"),
    [("system/Goal.rs system/CarePlan.rs", "system/Goal.rs"), ("system/*.read", "system/Goal.read")],
)
def test_no_more_is_told_than_is_registered_by_now(hospital: Signer, scope: str, left: str) -> None:
    token = hospital.token(scope)
    change(hospital, scopes="system/Goal.rs")
    assert hospital.post(INTROSPECT, token=token).json["scope"] == left


def test_a_purpose_that_is_not_registered_any_more_is_not_told(hospital: Signer) -> None:
    token = hospital.token(extensions={"hl7-b2b": {"purpose_of_use": ["COC", "TREAT"]}})
    change(hospital, further_purposes="")
    told = hospital.post(INTROSPECT, token=token).json
    assert [one["code"] for one in told["extensions"]["ihe_iua"]["purpose_of_use"]] == ["COC"]


def test_who_may_introspect_is_told_of_every_client_by_either_credential(
    hospital: Signer, gateway: Signer
) -> None:
    token = hospital.token()
    for answer in (gateway.post(INTROSPECT, token=token), by_bearer(gateway, gateway.token(), token)):
        assert (answer.status_code, answer.json["active"], answer.json["client_id"]) == (
            200,
            True,
            "hospital",
        )


def test_a_client_is_told_of_its_own_tokens_by_either_credential_and_of_no_others(
    hospital: Signer, gateway: Signer
) -> None:
    own, other = hospital.token(), gateway.token()
    assert hospital.post(INTROSPECT, token=own).json["active"] is True
    assert by_bearer(hospital, own, own).json["active"] is True
    assert hospital.post(INTROSPECT, token=other).json == INACTIVE
    assert by_bearer(hospital, own, other).json == INACTIVE


@pytest.mark.parametrize("token", ["x", "a.b.c", "\u00e4", "x" * 20_000, "../signing-0001.pem", "\x00"])
def test_what_is_no_token_of_ours_is_not_active(gateway: Signer, token: str) -> None:
    answer = gateway.post(INTROSPECT, token=token)
    assert (answer.status_code, answer.json) == (200, INACTIVE)


def test_a_revoked_token_is_not_active(hospital: Signer, gateway: Signer) -> None:
    token = hospital.token()
    assert gateway.post(INTROSPECT, token=token).json["active"] is True
    hospital.post("/oauth/revoke", token=token)
    assert gateway.post(INTROSPECT, token=token).json == INACTIVE


def test_an_expired_token_is_not_active(hospital: Signer, gateway: Signer, clock: Clock) -> None:
    token = hospital.token()
    clock.go_on(seconds=299)
    assert gateway.post(INTROSPECT, token=token).json["active"] is True
    clock.go_on(seconds=1)
    assert gateway.post(INTROSPECT, token=token).json == INACTIVE


def test_the_token_of_a_disabled_client_is_not_active(
    hospital: Signer, gateway: Signer, clock: Clock
) -> None:
    token = hospital.token()
    hospital.api.service.clients.disable("hospital")
    clock.go_on(seconds=1)
    assert gateway.post(INTROSPECT, token=token).json == INACTIVE


def test_a_token_of_another_issuer_is_not_active(hospital: Signer, gateway: Signer) -> None:
    service = hospital.api.service
    issuer = TokenIssuer("https://elsewhere.example", service.keys, service.seconds, service.new_id)
    token = issuer.issue(service.clients.get("hospital"), "system/Goal.rs", ("COC",))
    assert gateway.post(INTROSPECT, token=token).json == INACTIVE


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "what ever"])
def test_a_hint_may_say_what_it_will(hospital: Signer, hint: str) -> None:
    assert hospital.post(INTROSPECT, token=hospital.token(), token_type_hint=hint).json["active"] is True


@pytest.mark.parametrize("audience", [f"{BASE_URL}/oauth/token", f"{BASE_URL}{INTROSPECT}", BASE_URL])
def test_the_assertion_may_be_made_for_either_endpoint_or_the_issuer(hospital: Signer, audience: str) -> None:
    told = hospital.post(INTROSPECT, hospital.assertion(aud=audience), token=hospital.token())
    assert told.json["active"] is True


def test_an_assertion_for_the_revocation_endpoint_is_not_taken(hospital: Signer) -> None:
    assertion = hospital.assertion(aud=f"{BASE_URL}/oauth/revoke")
    assert hospital.post(INTROSPECT, assertion, token=hospital.token()).status_code == 401


def test_without_credentials_both_ways_are_named_and_nothing_is_told(hospital: Signer) -> None:
    answer = hospital.http.post(INTROSPECT, data={"token": hospital.token()})
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="careplan", private_key_jwt realm="careplan"'
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_assertion_that_proves_nothing_is_an_invalid_client(hospital: Signer) -> None:
    token, used = hospital.token(), hospital.assertion()
    hospital.post(INTROSPECT, used, token=token)
    for assertion in (used, hospital.assertion(aud=f"{BASE_URL}/fhir"), "x"):
        answer = hospital.post(INTROSPECT, assertion, token=token)
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
        assert answer.headers["WWW-Authenticate"] == 'private_key_jwt realm="careplan"'


@pytest.mark.parametrize("header", ["Bearer x", "Bearer", "Bearer {0}, Bearer {0}", "{0}", ""])
def test_a_header_without_one_good_token_is_an_invalid_token(gateway: Signer, header: str) -> None:
    headers = {"Authorization": header.format(gateway.token())}
    answer = gateway.http.post(INTROSPECT, data={"token": gateway.token()}, headers=headers)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="careplan", error="invalid_token"'
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_revoked_token_introspects_nothing(gateway: Signer) -> None:
    bearer = gateway.token()
    gateway.post("/oauth/revoke", token=bearer)
    assert by_bearer(gateway, bearer, gateway.token()).status_code == 401


def test_the_permission_to_introspect_ends_with_the_registration(hospital: Signer, gateway: Signer) -> None:
    bearer, token = gateway.token(), hospital.token()
    change(gateway, may_introspect=False)
    assert by_bearer(gateway, bearer, token).json == INACTIVE
    gateway.api.service.clients.disable("gateway")
    assert by_bearer(gateway, bearer, token).status_code == 401


def test_two_credentials_at_once_are_refused(hospital: Signer) -> None:
    token = hospital.token()
    proof = {"client_assertion": hospital.assertion(), "token": token}
    headers = {"Authorization": f"Bearer {token}"}
    answer = hospital.http.post(INTROSPECT, data=proof, headers=headers)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_without_a_token_the_request_is_invalid(hospital: Signer) -> None:
    answer = hospital.post(INTROSPECT)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_a_token_in_the_address_is_not_read(hospital: Signer) -> None:
    token = hospital.token()
    headers = {"Authorization": f"Bearer {token}"}
    answer = hospital.http.post(f"{INTROSPECT}?token={token}", data={"token_type_hint": "x"}, headers=headers)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
