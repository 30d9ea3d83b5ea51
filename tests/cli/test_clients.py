"""`careplan client` and `careplan token`."""

from __future__ import annotations

import pytest

GOOD = {
    "--id": "partner",
    "--name": "Partner",
    "--kind": "partner",
    "--organization": "Organization/partner",
    "--scopes": "system/Goal.rs",
    "--purpose": "COC",
}


def _words(**changed: str) -> list[str]:
    return [word for pair in {**GOOD, **{f"--{k}": v for k, v in changed.items()}}.items() for word in pair]


def test_a_registered_client_is_listed_gets_a_token_and_can_be_disabled(careplan):
    assert (
        careplan("client", "add", *_words()).out
        == "registered partner client partner of Organization/partner\n"
    )
    assert careplan("client", "list").out.split("\t")[:4] == [
        "partner",
        "enabled",
        "partner",
        "Organization/partner",
    ]
    assert careplan("token", "--client", "partner").out.count(".") == 2
    assert careplan("client", "disable", "partner").code == 0
    assert "disabled" in careplan("client", "list").out
    refused = careplan("token", "--client", "partner")
    assert (refused.code, refused.out) == (1, "")
    assert "no enabled client `partner`" in refused.err


def test_only_a_client_that_is_registered_so_may_introspect_the_tokens_of_others(careplan):
    careplan("client", "add", *_words())
    careplan("client", "add", *_words(id="gateway"), "--may-introspect")
    states = {
        line.split("\t")[0]: line.split("\t")[1] for line in careplan("client", "list").out.splitlines()
    }
    assert states == {"partner": "enabled", "gateway": "enabled,may-introspect"}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"organization": "partner"}, "organization `partner`"),
        ({"scopes": "system/Goal.sr"}, "`system/Goal.sr`"),
        ({"scopes": "system/Gaol.rs"}, "`system/Gaol.rs`"),
        ({"purpose": "FUN"}, "purpose `FUN`"),
        ({"id": "a b"}, "`a b`"),
    ],
)
def test_a_wrong_registration_is_told_in_one_line_each_and_nothing_is_kept(careplan, changed, told):
    ran = careplan("client", "add", *_words(**changed))
    assert ran.code == 1
    assert told in ran.err
    assert ran.err.startswith("careplan: ")
    assert "Traceback" not in ran.err
    assert careplan("client", "list").out == ""


def test_the_same_id_is_not_registered_twice(careplan):
    careplan("client", "add", *_words())
    assert careplan("client", "add", *_words()).code == 1


def test_an_agency_must_be_a_custodian_where_custodians_are_set(careplan, monkeypatch):
    monkeypatch.setenv("CAREPLAN_CUSTODIANS", "Organization/riverside")
    assert "is no custodian" in careplan("client", "add", *_words(kind="agency")).err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--scope", "system/Patient.r"], "may not have `system/Patient.r`"),
        (["--scope", "nonsense"], "`nonsense`"),
        (["--purpose", "HRESCH"], "not for `HRESCH`"),
    ],
)
def test_a_token_is_refused_beyond_the_registration(careplan, words, told):
    careplan("client", "add", *_words())
    ran = careplan("token", "--client", "partner", *words)
    assert ran.code == 1
    assert told in ran.err


@pytest.mark.parametrize("words", [["nonsense"], ["client", "add"], ["token"], ["serve", "--port", "x"]])
def test_wrong_usage_exits_with_two_in_one_line(careplan, words):
    ran = careplan(*words)
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1


APP = {
    "kind": "app",
    "scopes": "patient/*.rs",
    "redirect-uri": "https://app.example.org/back",
    "launch-uri": "https://app.example.org/launch",
}


def test_an_app_with_a_secret_is_told_it_once_and_can_be_given_another(careplan):
    out = careplan("client", "add", *_words(**APP, **{"auth-method": "client_secret_basic"})).out
    secret = out.rstrip("\n").rpartition(": ")[2]
    assert len(secret) == 43
    assert secret not in careplan("client", "list").out

    again = careplan("client", "secret", "partner").out
    assert again.startswith("the new secret of partner, which is shown this once: ")
    assert secret not in again


def test_a_public_app_has_several_addresses_and_no_secret(careplan):
    words = [*_words(**APP, **{"auth-method": "none"}), "--redirect-uri", "org.example.app:/back"]
    assert careplan("client", "add", *words).out == "registered app client partner of Organization/partner\n"
    refused = careplan("client", "secret", "partner")
    assert (refused.code, refused.out) == (1, "")
    assert "`partner` is registered for `none`, which has no secret" in refused.err
    assert "no client `nobody`" in careplan("client", "secret", "nobody").err


def test_an_app_gets_no_token_without_a_person(careplan):
    careplan("client", "add", *_words(**APP, **{"auth-method": "none"}))
    assert "`partner` is an app" in careplan("token", "--client", "partner").err


def test_a_redirect_address_that_others_answer_at_is_refused(careplan):
    words = _words(**{**APP, "auth-method": "none", "redirect-uri": "http://app.example.org/back"})
    refused = careplan("client", "add", *words)
    assert (refused.code, refused.out) == (1, "")
    assert "redirect URI `http://app.example.org/back`" in refused.err
