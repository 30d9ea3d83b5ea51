"""`careplan user`."""

from __future__ import annotations

import io

import pytest

from builders import Api
from web.visiting import Visitor, code_of

PASSWORD = "a quiet river bank"


@pytest.fixture
def people(api: Api, careplan, monkeypatch: pytest.MonkeyPatch):
    """`people("add", ..., typed="...")` where Practitioner/ann is here."""
    api.agency.put("Practitioner/ann", {"resourceType": "Practitioner"})

    def run(*words: str, typed: str = f"{PASSWORD}\n"):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return careplan("user", *words)

    return run


def added(people, name: str = "Ann", fhir_user: str = "Practitioner/ann", **more: str):
    words = ["--username", name, "--fhir-user", fhir_user, "--organization", "Organization/agency"]
    return people("add", *words, **more)


def test_a_registered_person_is_listed_and_may_sign_in(service, people):
    assert added(people).out.startswith("registered ann as Practitioner/ann, id ")
    listed = people("list").out.rstrip("\n").split("\t")

    assert listed[1:] == ["ann", "enabled", "password only", "Practitioner/ann", "Organization/agency"]
    assert Visitor(service).sign_in("ann", PASSWORD).status_code == 303


@pytest.mark.parametrize(
    ("name", "fhir_user", "typed", "told"),
    [
        ("a b", "Practitioner/ann", PASSWORD, "username `a b`"),
        ("ann", "Practitioner/nobody", PASSWORD, "`Practitioner/nobody` is not here"),
        ("ann", "Group/g", PASSWORD, "fhir user `Group/g`"),
        ("ann", "Practitioner/ann", "short\n", "too short"),
        ("ann", "Practitioner/ann", "password1234\n", "most common"),
        ("ann", "Practitioner/ann", "it is ann again\n", "holds the username"),
        ("ann", "Practitioner/ann", "", "too short"),
        ("ann", "Practitioner/ann", "x" * 300, "too long"),
    ],
)
def test_what_is_wrong_is_told_and_nobody_is_registered(people, name, fhir_user, typed, told):
    ran = added(people, name, fhir_user, typed=typed)

    assert (ran.code, ran.out) == (1, "")
    assert told in ran.err
    assert "Traceback" not in ran.err
    assert people("list").out == ""


def test_a_username_is_taken_once(people):
    added(people)

    assert "username `ann` is taken" in added(people, "ANN").err


def test_a_person_whose_record_was_deleted_is_not_registered(api, people):
    api.agency("DELETE", "/fhir/Practitioner/ann")

    assert "is not here" in added(people).err


def test_what_an_operator_changes_is_done_told_and_noted(service, people):
    added(people)
    id_ = people("list").out.split("\t")[0]
    for words, told, state in (
        (("disable", "ann"), "disabled ann\n", "disabled"),
        (("enable", id_), "enabled ann\n", "enabled"),
        (("unlock", "ANN"), "unlocked ann\n", "enabled"),
        (("password", "ann"), "changed the password of ann\n", "enabled"),
    ):
        assert people(*words, typed="another quiet river\n").out == told
        assert people("list").out.split("\t")[2] == state
    rows = service.database.rows(
        "SELECT client, asked FROM audit WHERE interaction = 'user' ORDER BY entry", {}
    )

    assert rows == [
        ("operator", f"{what} ann") for what in ("add", "disable", "enable", "unlock", "password")
    ]


def test_a_new_password_works_and_the_old_one_does_not(service, people):
    added(people)
    people("password", "ann", typed="another quiet river\n")

    assert Visitor(service).sign_in("ann", PASSWORD).status_code == 422
    assert Visitor(service).sign_in("ann", "another quiet river").status_code == 303
    assert "too short" in people("password", "ann", typed="short\n").err


def test_a_second_factor_is_given_and_taken_away(service, people):
    added(people)
    told = people("second-factor", "ann", "on").out
    secret = told.partition("secret=")[2].partition("&")[0]
    visitor = Visitor(service)
    visitor.sign_in("ann", PASSWORD)

    assert told.startswith("otpauth://totp/Careplan%20Service:ann?secret=")
    assert visitor.give_code(code_of(service, secret=secret)).status_code == 303
    assert "second factor" in people("list").out
    assert people("second-factor", "ann", "off").out == "ann signs in by password only\n"
    assert not visitor.is_in()
    assert Visitor(service).sign_in("ann", PASSWORD).headers["Location"] == "/account"


def test_nobody_is_told_as_nobody(people):
    for words in (
        ("disable", "x"),
        ("enable", "x"),
        ("unlock", "x"),
        ("password", "x"),
        ("second-factor", "x", "on"),
    ):
        ran = people(*words)
        assert (ran.code, ran.out) == (1, "")
        assert "nobody `x` is registered" in ran.err


def test_a_password_is_no_argument(people):
    assert people("password", "ann", PASSWORD).code == 2
    assert people("add", "--password", PASSWORD).code == 2


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CAREPLAN_SIGN_IN_ISSUER", "https://idp.example")
    monkeypatch.setenv("CAREPLAN_SIGN_IN_CLIENT", "careplan")
    return "https://idp.example"


def test_a_person_of_a_provider_is_registered_without_a_password(service, people, provider):
    words = ["--username", "ann", "--fhir-user", "Practitioner/ann", "--organization", "Organization/agency"]
    assert people("add", *words, "--upstream-subject", "u-17", typed="").code == 0
    ann = service.people.linked(provider, "u-17")

    assert (ann.username, ann.password_hash) == ("ann", "")
    assert people("list").out.split("\t")[3] == "provider only"
    assert Visitor(service).sign_in("ann", "").status_code == 422


def test_linking_and_unlinking_end_sessions(service, people, provider):
    added(people)
    for words in (("link", "ann", "--subject", "u-17"), ("unlink", "ann")):
        visitor = Visitor(service)
        visitor.sign_in("ann", PASSWORD)
        assert people(*words).code == 0
        assert not visitor.is_in()
    assert service.people.linked(provider, "u-17") is None
    assert service.people.linked("", "") is None


def test_nobody_is_linked_to_the_subject_of_somebody_else_or_of_no_provider(people, provider, monkeypatch):
    added(people)
    added(people, "bob")
    assert people("link", "ann", "--subject", "u-17").code == 0
    ran = people("link", "bob", "--subject", "u-17")
    assert (ran.code, "somebody else" in ran.err) == (1, True)
    for subject in ("", "x" * 256, "a\nb"):
        ran = people("link", "bob", "--subject", subject)
        assert (ran.code, "use the `sub`" in ran.err) == (1, True)
    monkeypatch.delenv("CAREPLAN_SIGN_IN_ISSUER")
    monkeypatch.delenv("CAREPLAN_SIGN_IN_CLIENT")
    assert "CAREPLAN_SIGN_IN_ISSUER" in people("link", "bob", "--subject", "u-18").err
