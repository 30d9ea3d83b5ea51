"""`careplan db`, `careplan doctor` and `careplan openapi`."""

from __future__ import annotations

from pathlib import Path

import pytest
from joserfc.jwk import RSAKey

from builders import PARTNER, a_consent, a_goal, a_patient, a_provision
from oauth.idp import publishing


def test_the_database_can_be_upgraded_and_says_where_it_is(careplan):
    assert careplan("db", "upgrade").out.startswith("at revision ")
    assert "newest" in careplan("db", "current").out


def test_doctor_finds_everything_in_order(careplan):
    ran = careplan("doctor")
    assert ran.code == 0
    assert "wrong" not in ran.out


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("CAREPLAN_DATABASE_URL", "mysql://x", "CAREPLAN_DATABASE_URL"),
        ("CAREPLAN_CONSENT_PROFILE", "lenient", "CAREPLAN_CONSENT_PROFILE"),
        ("CAREPLAN_AUDIT", "maybe", "CAREPLAN_AUDIT"),
        ("CAREPLAN_CUSTODIANS", "riverside", "CAREPLAN_CUSTODIANS"),
        ("CAREPLAN_BASE_URL", "ftp://x", "CAREPLAN_BASE_URL"),
    ],
)
def test_doctor_names_the_setting_that_is_wrong(careplan, monkeypatch, name, value, told):
    monkeypatch.setenv(name, value)
    ran = careplan("doctor")
    assert ran.code == 1
    assert told in ran.out


def test_doctor_finds_a_database_that_was_not_upgraded(careplan, monkeypatch, tmp_path: Path):
    monkeypatch.setenv("CAREPLAN_DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
    ran = careplan("doctor")
    assert ran.code == 1
    assert "careplan db upgrade" in ran.out


def test_reindexing_makes_facts_and_rules_anew(api, careplan):
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann))
    api.agency.make(a_consent(ann, a_provision(to=PARTNER)))
    for table in ("fact", "consent_key", "consent_part", "consent_rule"):
        with api.service.database.writing():
            api.service.database.run(f"DELETE FROM {table}", {})
    assert api.partner.get(f"/fhir/{goal}").status == 404
    assert api.agency.get("/fhir/Goal?lifecycle-status=active").json["total"] == 0
    assert careplan("db", "reindex").code == 0
    assert api.partner.get(f"/fhir/{goal}").status == 200
    assert api.agency.get("/fhir/Goal?lifecycle-status=active").json["total"] == 1


def test_openapi_is_printed(careplan):
    assert careplan("openapi").out.startswith("openapi:")


def test_doctor_asks_each_other_server_for_its_metadata(careplan, monkeypatch):
    with publishing([RSAKey.generate_key(2048, {"kid": "k1"})]) as idp:
        monkeypatch.setenv("CAREPLAN_TRUSTED_ISSUERS", idp.issuer)
        monkeypatch.setenv("CAREPLAN_AUTHORIZATION_SERVER", "off")
        assert f"ok, {idp.issuer}" in careplan("doctor").out
        idp.documents.clear()
        ran = careplan("doctor")
        assert (ran.code, f"wrong: `{idp.issuer}`" in ran.out) == (1, True)


def test_no_tokens_are_made_where_the_authorization_server_is_off(careplan, agency, monkeypatch):
    monkeypatch.setenv("CAREPLAN_TRUSTED_ISSUERS", "https://idp.example")
    monkeypatch.setenv("CAREPLAN_AUTHORIZATION_SERVER", "off")
    ran = careplan("token", "--client", "agency")
    assert (ran.code, "CAREPLAN_AUTHORIZATION_SERVER" in ran.err) == (1, True)
