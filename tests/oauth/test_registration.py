"""Registering a client: what is accepted, and every fault of what is not, at once."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from careplan_service.errors import Invalid
from careplan_service.interactions.granular import judges
from careplan_service.oauth.registration import checked

_SERVED = judges("https://careplan.example")
TYPES = {**{name: _SERVED[name] for name in ("CarePlan", "Goal")}, "Device": None}

APP = {
    "kind": "app",
    "scopes": "patient/*.read user/Goal.rs?category=a",
    "redirect_uris": ("https://app.example/",),
}
PUBLIC = {"auth_method": "none", "jwks": None}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"id": "9.a_b~C-d"},
        {"kind": "agency"},
        APP,
        APP | {"redirect_uris": ("https://app.example/back?to=1", "http://127.0.0.1:8080/back")},
        APP | {"redirect_uris": ("http://localhost/back", "http://[::1]:1/")},
        APP | {"launch_uri": "https://app.example/launch"},
        APP | PUBLIC | {"redirect_uris": ("org.example.app:/back", "https://app.example/")},
        APP | {"auth_method": "client_secret_basic", "secret_hash": "0" * 64, "jwks": None},
        APP | {"auth_method": "client_secret_post", "secret_hash": "0" * 64, "jwks": None},
        {"scopes": "system/*.read"},
        {"further_purposes": ()},
        {"jwks": None},
        {"jwks": None, "jwks_url": "https://food-bank.example/jwks.json?v=1"},
        {"jwks": None, "jwks_url": "http://127.0.0.1:9000/jwks"},
        {"jwks": None, "jwks_url": "http://localhost/jwks"},
        {"jwks": None, "jwks_url": "http://[::1]:9000/jwks"},
    ],
)
def test_a_client_that_is_complete_is_accepted_unchanged(food_bank, change):
    client = replace(food_bank, **change)
    assert checked(client, TYPES) is client


@pytest.mark.parametrize(
    ("change", "field", "because"),
    [
        ({"id": ""}, "id", "client id ``"),
        ({"id": "food bank"}, "id", "client id `food bank`"),
        ({"id": "food-bank\n"}, "id", "client id"),
        ({"id": "-food"}, "id", "client id"),
        ({"id": "f" * 65}, "id", "client id"),
        ({"name": " "}, "name", "name"),
        ({"name": "a\x1b[2J"}, "name", "name"),
        ({"name": "n" * 201}, "name", "name"),
        ({"kind": "Partner"}, "kind", "use agency, partner, app"),
        ({"organization": "food-bank"}, "organization", "use a reference like `Organization/food-bank`"),
        ({"organization": "Patient/ann"}, "organization", "use a reference"),
        ({"organization": "Organization/a/b"}, "organization", "use a reference"),
        ({"scopes": "system/Consent.rs"}, "scopes", "no resource type of that name"),
        ({"scopes": ""}, "scopes", "not a scope"),
        ({"scopes": "system/Device.rs"}, "scopes", "none of these types is served"),
        ({"scopes": "user/Goal.rs"}, "scopes", "ask for a `system/` scope"),
        (APP | {"scopes": "system/Goal.rs"}, "scopes", "ask for a `patient/` or `user/` scope"),
        (APP | {"redirect_uris": ()}, "redirect_uris", "needs one or more"),
        ({"redirect_uris": ("https://app.example/",)}, "redirect_uris", "for apps that people sign in to"),
        ({"launch_uri": "https://app.example/"}, "launch_uri", "for apps that people sign in to"),
        (APP | {"launch_uri": "http://app.example/"}, "launch_uri", "https"),
        (APP | {"redirect_uris": ("https://a.example/",) * 2}, "redirect_uris", "each once"),
        (APP | {"auth_method": "client_secret_jwt", "jwks": None}, "auth_method", "use private_key_jwt"),
        (APP | {"auth_method": "none"}, "jwks", "does not sign"),
        (APP | PUBLIC | {"secret_hash": "0" * 64}, "auth_method", "do not go together"),
        (APP | {"auth_method": "client_secret_basic", "jwks": None}, "auth_method", "or one is missing"),
        ({"auth_method": "client_secret_basic", "secret_hash": "0", "jwks": None}, "auth_method", "for apps"),
        ({"auth_method": "none", "jwks": None}, "auth_method", "for apps"),
        ({"purpose": "coc"}, "purpose", "purpose `coc`"),
        ({"purpose": "PurposeOfUse"}, "purpose", "purpose `PurposeOfUse`"),
        ({"further_purposes": ("TREAT", "FUN")}, "purpose", "purpose `FUN`"),
        ({"further_purposes": ("COC",)}, "purpose", "named twice"),
        ({"jwks_url": "https://food-bank.example/jwks"}, "jwks", "not both"),
        ({"jwks": None, "jwks_url": "http://food-bank.example/jwks"}, "jwks_url", "use an https URL"),
        ({"jwks": None, "jwks_url": "http://127.0.0.1.example/jwks"}, "jwks_url", "use an https URL"),
        (
            {"jwks": None, "jwks_url": "https://user:secret@food-bank.example/"},
            "jwks_url",
            "use an https URL",
        ),
        ({"jwks": None, "jwks_url": "file:///etc/passwd"}, "jwks_url", "use an https URL"),
        ({"jwks": None, "jwks_url": "https:///jwks"}, "jwks_url", "use an https URL"),
        ({"jwks": None, "jwks_url": "https://[x/jwks"}, "jwks_url", "use an https URL"),
        ({"jwks": None, "jwks_url": "https://a.example/ b"}, "jwks_url", "use an https URL"),
        ({"jwks": "["}, "jwks", "not JSON"),
        ({"jwks": "[" * 100_000}, "jwks", "not JSON"),
        ({"jwks": "[]"}, "jwks", "not of the form"),
        ({"jwks": '{"keys": {}}'}, "jwks", "not of the form"),
        ({"jwks": '{"keys": ["x"]}'}, "jwks", "not of the form"),
        ({"jwks": " " * (1024 * 1024 + 1)}, "jwks", "longer than"),
        ({"jwks": json.dumps({"keys": [{}] * 21})}, "jwks", "more than 20 keys"),
        ({"jwks": '{"keys": []}'}, "jwks", "no key that can be used"),
    ],
)
def test_a_fault_is_told_with_its_field(food_bank, change, field, because):
    with pytest.raises(Invalid) as refused:
        checked(replace(food_bank, **change), TYPES)
    (fault,) = refused.value.faults
    assert fault.expression == field
    assert because in fault.text


def test_all_faults_of_a_client_are_told_at_once(food_bank):
    with pytest.raises(Invalid) as refused:
        checked(replace(food_bank, id="", kind="x", organization="x", scopes="x y", purpose="x"), TYPES)
    fields = [fault.expression for fault in refused.value.faults]
    assert fields == ["id", "kind", "organization", "scopes", "scopes", "purpose"]


RSA = RSAKey.generate_key(2048, {"kid": "k"}).as_dict(private=False)
EC = ECKey.generate_key("P-384", {"kid": "k"}).as_dict(private=False)
WEAK = "AQAB" * 85  # 2040 bits


@pytest.mark.parametrize(
    "entry",
    [
        {name: value for name, value in RSA.items() if name != "kid"},
        RSA | {"kid": 5},
        RSA | {"use": "enc"},
        RSA | {"alg": "RS256"},
        RSA | {"alg": ["RS384"]},
        RSA | {"key_ops": ["encrypt"]},
        RSA | {"key_ops": None},
        RSA | {"kty": "EC"},
        RSA | {"n": WEAK},
        RSA | {"n": None},
        RSA | {"n": "!"},
        {"kty": "RSA", "kid": "k"},
        RSA | {"n": "_" * 2000},
        ECKey.generate_key("P-256", {"kid": "k"}).as_dict(private=False),
        EC | {"x": EC["y"]},
        EC | {"crv": "P-521"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "k"},
        {"kty": "unheard-of", "kid": "k"},
        {"kid": "k"},
        {"kty": ["RSA"], "kid": "k"},
    ],
)
def test_a_key_that_could_verify_no_assertion_does_not_count(food_bank, entry):
    with pytest.raises(Invalid, match="no key that can be used"):
        checked(replace(food_bank, jwks=json.dumps({"keys": [entry]})), TYPES)
    both = replace(food_bank, jwks=json.dumps({"keys": [entry, EC]}))
    assert checked(both, TYPES) is both


@pytest.mark.parametrize("usable", [RSA, EC, RSA | {"use": "sig", "alg": "RS384", "key_ops": ["verify"]}])
def test_one_key_that_can_verify_is_enough(food_bank, usable):
    assert checked(replace(food_bank, jwks=json.dumps({"keys": [usable]})), TYPES)


@pytest.mark.parametrize(
    "secret",
    [
        RSAKey.generate_key(2048, {"kid": "s"}).as_dict(private=True),
        ECKey.generate_key("P-384", {"kid": "s"}).as_dict(private=True),
        OctKey.generate_key(256, {"kid": "s"}).as_dict(private=True),
        {"kty": "oct"},
    ],
)
def test_a_secret_among_public_keys_is_refused(food_bank, secret):
    with pytest.raises(Invalid, match="private or symmetric keys"):
        checked(replace(food_bank, jwks=json.dumps({"keys": [RSA, secret]})), TYPES)


@pytest.mark.parametrize(
    "uri",
    [
        "app.example/back",
        "/back",
        "//app.example/back",
        "http://app.example/back",
        "http://127.0.0.1.example/back",
        "https://",
        "https:/back",
        "https://app.example/back#part",
        "https://app.example/back#",
        "https://*.app.example/back",
        "https://app.example/*",
        "https://ann@app.example/back",
        "https://ann:secret@app.example/",
        "https://app.example:port/",
        "https://app.example:/",
        "https://App.example/",
        "HTTPS://app.example/",
        "https://app.example/a/../back",
        "https://app.example/a/%2E%2e/back",
        "https://app.example\\@evil.example/",
        "https://app.example/a b",
        "https://app.example/\n",
        "https://app.example/\x00",
        "https://äpp.example/",
        "https://app.example/" + "a" * 2000,
        "javascript:alert(1)",
        "data:text/html,a",
        "app:/back",
        "ftp://app.example/",
    ],
)
@pytest.mark.parametrize("method", ["none", "private_key_jwt"])
def test_an_address_that_others_might_answer_at_is_no_redirect_uri(food_bank, uri, method):
    proof = PUBLIC if method == "none" else {}
    with pytest.raises(Invalid) as refused:
        checked(replace(food_bank, **APP | proof | {"redirect_uris": (uri,)}), TYPES)
    assert [fault.expression for fault in refused.value.faults] == ["redirect_uris"]


def test_a_scheme_of_its_own_is_for_apps_without_a_secret(food_bank):
    with pytest.raises(Invalid):
        checked(replace(food_bank, **APP | {"redirect_uris": ("org.example.app:/back",)}), TYPES)
