"""Tokens of other authorization servers: signed by their issuer, granted by our register."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from joserfc.jwk import ECKey, Key, RSAKey

from careplan_service.access.clients import Client
from careplan_service.errors import Invalid, Malformed, Unauthenticated
from careplan_service.interactions.granular import judges
from careplan_service.oauth.assertions import AssertionRefused
from careplan_service.oauth.issuing import audience
from careplan_service.oauth.registration import checked
from careplan_service.oauth.remote_jwks import RemoteJwks
from careplan_service.oauth.tokens import TokenVerifier
from careplan_service.oauth.trusted import TrustedIssuers
from careplan_service.settings import Settings
from oauth.idp import Idp, publishing

Make = Callable[..., str]
BASE = "http://127.0.0.1:8000"


@pytest.fixture
def idp(ring: Any) -> Iterator[Idp]:
    with publishing((ring.rsa, ring.ec, ring.p256)) as server:
        yield server


@pytest.fixture
def trusted(idp: Idp, clock: Any) -> TrustedIssuers:
    return TrustedIssuers([idp.issuer], audience(BASE), RemoteJwks(clock).text, clock)


@pytest.fixture
def clinic(idp: Idp, food_bank: Client) -> Client:
    return replace(food_bank, id="clinic", jwks=None, issuer=idp.issuer)


@pytest.fixture
def verifier(keys: Any, clients: Any, clock: Any, trusted: TrustedIssuers, clinic: Client) -> TokenVerifier:
    clients.add(clinic)
    return TokenVerifier(BASE, keys, clients.get, clock, lambda jti: False, trusted)


@pytest.fixture
def made(idp: Idp, ring: Any, clock: Any, sign: Make) -> Make:
    """A good token, except for the claims given (None leaves one out), header and key."""

    def make(key: Key = ring.rsa, header: dict[str, Any] | None = None, **claims: Any) -> str:
        now = int(clock.time)
        good = {"iss": idp.issuer, "aud": audience(BASE), "sub": "u-17", "client_id": "clinic"}
        good |= {"exp": now + 300, "iat": now, "scope": "system/Goal.rs", "jti": "1"}
        given = {name: value for name, value in (good | claims).items() if value is not None}
        head = {"alg": "RS256", "typ": "at+jwt", "kid": "rsa-1", **(header or {})}
        return sign({name: value for name, value in head.items() if value is not None}, given, key)

    return make


def test_a_good_token_is_its_registered_client(verifier: TokenVerifier, made: Make) -> None:
    caller = verifier.verify(made())
    assert (caller.client_id, caller.kind, caller.organization) == (
        "clinic",
        "partner",
        "Organization/food-bank",
    )
    assert (str(caller.scopes), caller.purposes) == ("system/Goal.rs", ("COC",))
    assert verifier.verify(made()) is caller


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("rsa", {"alg": "RS384"}),
        ("ec", {"alg": "ES384", "kid": "ec-1"}),
        ("p256", {"alg": "ES256", "kid": "p256"}),
        ("rsa", {"typ": "JWT"}),
        ("rsa", {"typ": "application/at+jwt"}),
    ],
)
def test_the_usual_algorithms_and_types_are_taken(
    verifier: TokenVerifier, made: Make, ring: Any, name: str, header: dict[str, Any]
) -> None:
    assert verifier.verify(made(getattr(ring, name), header)).client_id == "clinic"


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": "openid system/Goal.rs profile patient/Goal.rs system/goal.rs"}, "system/Goal.rs"),
        ({"scope": "system/*.cruds"}, "system/CarePlan.cruds system/Goal.rs"),
        ({"scope": None, "scp": ["system/Goal.r", "email", 7]}, "system/Goal.r"),
        ({"scope": "system/Goal.rs?category=housing"}, "system/Goal.rs?category=housing"),
        ({"scope": "system/Consent.rs"}, ""),
        ({"scope": None}, ""),
        ({"scope": 5}, ""),
    ],
)
def test_scopes_are_what_is_stated_as_far_as_it_is_registered(
    verifier: TokenVerifier, made: Make, claims: dict[str, Any], scopes: str
) -> None:
    assert str(verifier.verify(made(**claims)).scopes) == scopes


ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"


@pytest.mark.parametrize(
    ("claims", "purposes"),
    [
        ({}, ("COC",)),
        ({"purpose_of_use": "TREAT"}, ("TREAT",)),
        ({"purpose_of_use": ["TREAT", "HMARKT"]}, ("TREAT",)),
        (
            {"extensions": {"ihe_iua": {"purpose_of_use": [{"system": ACT_REASON, "code": "TREAT"}]}}},
            ("TREAT",),
        ),
    ],
)
def test_the_purpose_of_use_is_the_one_stated_or_the_registered_default(
    verifier: TokenVerifier, made: Make, claims: dict[str, Any], purposes: tuple[str, ...]
) -> None:
    assert verifier.verify(made(**claims)).purposes == purposes


def test_a_purpose_that_is_not_registered_is_refused(verifier: TokenVerifier, made: Make) -> None:
    with pytest.raises(Unauthenticated, match="purpose"):
        verifier.verify(made(purpose_of_use="HMARKT"))


REFUSED: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "for another audience": {"aud": "https://other.example/fhir"},
    "for others only": {"aud": ["https://other.example/fhir"]},
    "for nobody": {"aud": None},
    "for our address without the path": {"aud": BASE},
    "over": {"exp": 1_700_000_000},
    "without an end": {"exp": None},
    "an end that is no number": {"exp": "tomorrow"},
    "not yet": {"nbf": 1_800_000_100},
    "made in the future": {"iat": 1_800_000_100},
    "without a client": {"client_id": None},
    "a client that is no text": {"client_id": 7},
    "an unknown client": {"client_id": "nobody"},
    "a client of our own": {"client_id": "food-bank"},
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_token_that_is_not_for_us_or_of_no_client_of_theirs_is_refused(
    verifier: TokenVerifier, made: Make, name: str
) -> None:
    with pytest.raises(Unauthenticated) as refused:
        verifier.verify(made(**REFUSED[name]))
    assert refused.value.error == "invalid_token"


def test_a_token_that_its_issuer_did_not_sign_is_refused(
    verifier: TokenVerifier, made: Make, ring: Any, keys: Any
) -> None:
    tokens = [
        made(ring.other_rsa),
        made(ring.rsa, {"kid": "ec-1"}),
        made(ring.rsa, {"kid": "gone"}),
        made(ring.rsa, {"kid": None}),
        made(ring.rsa, {"kid": "../keys"}),
        made(ring.rsa, {"typ": "logout+jwt"}),
        made(ring.rsa, {"alg": "RS512"}),
        made(keys.signing_key(), {"kid": keys.signing_key().kid}),
        made(ring.rsa, {"alg": "none"}),
    ]
    for token in tokens:
        with pytest.raises(Unauthenticated):
            verifier.verify(token)


def test_our_own_token_does_not_work_for_a_client_of_another_issuer(
    verifier: TokenVerifier, issuer: Any, clinic: Client
) -> None:
    from careplan_service.access.scope_text import parse_scopes

    with pytest.raises(Unauthenticated, match="gets its tokens elsewhere"):
        verifier.verify(issuer.issue(clinic, parse_scopes("system/Goal.rs"), ("COC",)))


@pytest.mark.parametrize(
    "about",
    [
        None,
        {},
        [],
        {"issuer": "https://evil.example", "jwks_uri": "{keys}"},
        {"issuer": "{issuer}/", "jwks_uri": "{keys}"},
        {"issuer": "{issuer}"},
        {"issuer": "{issuer}", "jwks_uri": "http://keys.example/keys"},
        {"issuer": "{issuer}", "jwks_uri": "file:///etc/keys"},
    ],
)
def test_keys_are_fetched_only_from_where_the_issuer_itself_says(
    idp: Idp, verifier: TokenVerifier, made: Make, about: Any
) -> None:
    keys = f"http://127.0.0.1:{idp.server_port}/keys"
    text = json.dumps(about).replace("{issuer}", idp.issuer).replace("{keys}", keys)
    idp.documents["/realm/.well-known/openid-configuration"] = json.loads(text)
    with pytest.raises(Unauthenticated):
        verifier.verify(made())


def test_the_metadata_may_stand_under_either_well_known_address_and_is_tried_again_when_it_was_not_there(
    idp: Idp, verifier: TokenVerifier, made: Make, clock: Any
) -> None:
    about = idp.documents.pop("/realm/.well-known/openid-configuration")
    with pytest.raises(Unauthenticated):
        verifier.verify(made())
    idp.documents["/realm/.well-known/oauth-authorization-server"] = about
    with pytest.raises(Unauthenticated):
        verifier.verify(made())
    clock.time += 11
    assert verifier.verify(made()).client_id == "clinic"


def test_a_server_that_is_not_trusted_is_not_read_however_well_it_signs(
    trusted: TrustedIssuers, made: Make, ring: Any
) -> None:
    from careplan_service.oauth.signed import read_signed

    with publishing((ring.rsa,)) as another:
        assert trusted.read(read_signed(made(iss=another.issuer))) is None


def test_claims_stand_where_the_setting_says(idp: Idp, clock: Any, made: Make) -> None:
    from careplan_service.oauth.signed import read_signed

    named = {"client": "cid", "scope": "rights", "purpose": "pou"}
    trusted = TrustedIssuers([idp.issuer], audience(BASE), RemoteJwks(clock).text, clock, named)
    stated = trusted.read(read_signed(made(cid="x", rights="system/Goal.r", pou="TREAT")))
    assert stated is not None
    assert (stated.client_id, str(stated.scopes), stated.purposes) == ("x", "system/Goal.r", ("TREAT",))
    assert trusted.read(read_signed(made())) is None


def test_a_client_of_another_issuer_gets_no_token_here(
    clients: Any, food_bank: Client, assertions: Any, assertion: Make
) -> None:
    clients.add(replace(food_bank, id="abroad", issuer="https://idp.example"))
    with pytest.raises(AssertionRefused):
        assertions.verify(assertion(sub="abroad"))


def test_a_client_of_another_issuer_has_no_keys_here(clinic: Client, ring: Any) -> None:
    assert checked(clinic, judges(BASE)) is clinic
    with pytest.raises(Invalid, match="leave its keys out"):
        checked(replace(clinic, jwks=ring.jwks), judges(BASE))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ISSUERS", "idp.example"),
        ("ISSUERS", "http://idp.example"),
        ("ISSUERS", "https://idp.example?x=1"),
        ("ISSUERS", "https://a@idp.example"),
        ("ISSUERS", "http://127.0.0.1:8000"),
        ("CLAIMS", "who=azp"),
        ("CLAIMS", "client"),
        ("CLAIMS", "client="),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_at_the_start(name: str, text: str) -> None:
    with pytest.raises(Malformed, match=f"CAREPLAN_TRUSTED_{name}"):
        Settings.from_env({f"CAREPLAN_TRUSTED_{name}": text})


def test_settings_name_issuers_and_claims() -> None:
    given = {"CAREPLAN_TRUSTED_ISSUERS": "https://a.example/realms/x, http://localhost:9"}
    settings = Settings.from_env({**given, "CAREPLAN_TRUSTED_CLAIMS": "client=azp,scope=scp"})
    assert settings.trusted_issuers == ("https://a.example/realms/x", "http://localhost:9")
    assert settings.trusted_claims == ("client=azp", "scope=scp")


def test_both_kinds_of_keys_are_of_their_algorithm() -> None:
    from careplan_service.oauth import jwks

    p256 = ECKey.generate_key("P-256").as_dict(private=False)
    rsa = RSAKey.generate_key(2048).as_dict(private=False)
    fits = {
        name: [bool(jwks.verification_key(e, name)) for e in (rsa, p256)]
        for name in ("RS256", "ES256", "ES384")
    }
    assert fits == {"RS256": [True, False], "ES256": [False, True], "ES384": [False, False]}
