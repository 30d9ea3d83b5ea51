"""Statements of trusted issuers: https://www.rfc-editor.org/rfc/rfc7591#section-2.3"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from careplan_service.app import Service
from careplan_service.errors import Malformed
from careplan_service.settings import Settings
from conftest import BASE_URL
from oauth.conftest import compact
from oauth.idp import Idp, publishing
from web.registering import APP, Registrant, approve, error_of, offering

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
KEY = RSAKey.generate_key(2048, {"kid": "s-1"})
CURVE = ECKey.generate_key("P-256", {"kid": "s-2"})
STRANGER = RSAKey.generate_key(2048, {"kid": "s-1"})


@pytest.fixture
def issuer() -> Iterator[Idp]:
    with publishing((KEY, CURVE)) as server:
        yield server


@pytest.fixture
def registrant(service: Service, issuer: Idp) -> Iterator[Registrant]:
    trusting = {"registration": "statement", "software_statement_issuers": (issuer.issuer,)}
    with offering(service, **trusting) as one:
        yield Registrant(one)


def a_statement(issuer: Idp, registrant: Registrant, key: Any = KEY, **changed: Any) -> str:
    now = int(registrant.service.seconds())
    header = {"alg": "RS256", "kid": "s-1", "typ": "JWT"} | changed.pop("header", {})
    claims = {"iss": issuer.issuer, "iat": now, "exp": now + 86_400, "software_id": "river-app"} | changed
    given = {name: value for name, value in claims.items() if value is not None}
    return compact({name: value for name, value in header.items() if value is not None}, given, key)


def test_what_the_statement_says_goes_before_what_the_client_says(
    registrant: Registrant, issuer: Idp
) -> None:
    signed = {
        "client_name": "River App",
        "redirect_uris": ["https://river.example.org/back"],
        "scope": "patient/Goal.rs",
    }
    statement = a_statement(issuer, registrant, **signed)
    answer = registrant.app(
        software_statement=statement,
        client_name="Your Bank",
        redirect_uris=["https://evil.example/back"],
        scope="patient/*.cruds",
        software_id="another",
        contacts=["ann@example.org"],
    )
    assert answer.status_code == 201, answer.text
    told = answer.json
    assert {name: told[name] for name in signed} == signed
    assert (told["software_id"], told["contacts"]) == ("river-app", ["ann@example.org"])
    assert told["software_statement"] == statement
    client = registrant.service.clients.get(told["client_id"])
    assert client
    assert (client.name, client.pending) == ("River App", True)


@SQLITE
def test_the_same_statement_serves_many_clients(registrant: Registrant, issuer: Idp) -> None:
    statement = a_statement(issuer, registrant)
    assert [registrant.app(software_statement=statement).status_code for _ in range(2)] == [201, 201]
    curve = a_statement(issuer, registrant, CURVE, header={"alg": "ES256", "kid": "s-2"})
    assert registrant.app(software_statement=curve).status_code == 201


@SQLITE
def test_without_a_statement_nobody_registers(registrant: Registrant) -> None:
    assert error_of(registrant.app()) == (400, "invalid_software_statement")
    assert error_of(registrant.app(software_statement=["x"])) == (400, "invalid_software_statement")
    assert registrant.service.clients.list() == ()


FAULTS: dict[str, dict[str, Any]] = {
    "over": {"exp": 1780315200 - 60},
    "without end": {"exp": None},
    "without beginning": {"iat": None},
    "of tomorrow": {"iat": 1780315200 + 86_400},
    "not yet": {"nbf": 1780315200 + 86_400},
    "of no software": {"software_id": None},
    "for another": {"aud": "https://other.example"},
    "an access token": {"header": {"typ": "at+jwt"}},
    "an unknown key": {"header": {"kid": "s-9"}},
    "no key": {"header": {"kid": None}},
    "none": {"header": {"alg": "none"}},
    "of a stranger": {"key": STRANGER},
}


@SQLITE
@pytest.mark.parametrize("name", FAULTS)
def test_a_statement_that_does_not_hold_registers_nobody(
    registrant: Registrant, issuer: Idp, name: str
) -> None:
    statement = a_statement(issuer, registrant, **FAULTS[name])
    assert error_of(registrant.app(software_statement=statement)) == (400, "invalid_software_statement")
    assert registrant.service.clients.list() == ()


@SQLITE
def test_a_statement_may_be_for_us(registrant: Registrant, issuer: Idp) -> None:
    ours = a_statement(issuer, registrant, aud=["https://other.example", f"{BASE_URL}/oauth/register"])
    assert registrant.app(software_statement=ours).status_code == 201


@SQLITE
@pytest.mark.parametrize("iss", ["https://other.example", "", None, 7, ["x"]])
def test_an_issuer_who_is_not_trusted_is_not_even_asked(
    registrant: Registrant, issuer: Idp, iss: Any
) -> None:
    statement = a_statement(issuer, registrant, iss=iss)
    assert error_of(registrant.app(software_statement=statement)) == (400, "unapproved_software_statement")


def test_where_nobody_is_trusted_a_statement_is_not_passed_over(service: Service, issuer: Idp) -> None:
    with offering(service) as one:
        registrant = Registrant(one)
        statement = a_statement(issuer, registrant)
        answer = registrant.app(software_statement=statement)
        assert error_of(answer) == (400, "unapproved_software_statement")


def test_a_change_needs_a_statement_too_and_its_loss_waits(
    service: Service, registrant: Registrant, issuer: Idp
) -> None:
    statement = a_statement(issuer, registrant)
    told = registrant.app(software_statement=statement).json
    approve(registrant.service, told["client_id"], "app")
    own = told["client_id"], told["registration_access_token"]
    plain = {**APP, "client_id": own[0], "software_id": "river-app"}
    assert error_of(registrant.manage("PUT", *own, plain)) == (400, "invalid_software_statement")
    same = {**APP, "client_id": own[0], "software_statement": statement}
    assert registrant.manage("PUT", *own, same).status_code == 200
    client = service.clients.get(own[0])
    assert client
    assert client.is_let_in
    with offering(service) as without:
        assert Registrant(without).manage("PUT", *own, plain).status_code == 200
    client = service.clients.get(own[0])
    assert client
    assert client.pending


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"REGISTRATION": "open"}, "REGISTRATION"),
        ({"REGISTRATION": "statement"}, "nobody is trusted"),
        ({"SOFTWARE_STATEMENT_ISSUERS": "https://a.example"}, "is off"),
        (
            {"REGISTRATION": "approved", "SOFTWARE_STATEMENT_ISSUERS": "http://a.example"},
            "SOFTWARE_STATEMENT_ISSUERS",
        ),
        ({"REGISTRATION": "approved", "UDAP_ANCHORS": "a.pem"}, "together"),
        ({"UDAP_ANCHORS": "a", "UDAP_CERTIFICATE": "b", "UDAP_KEY": "c"}, "is off"),
    ],
)
def test_settings_that_would_be_ignored_are_refused(environment: dict[str, str], told: str) -> None:
    with pytest.raises(Malformed, match=told):
        Settings.from_env({f"CAREPLAN_{name}": value for name, value in environment.items()})


def test_registration_is_off_unless_it_is_said() -> None:
    assert Settings.from_env({}) == replace(Settings.from_env({}), registration="off")
