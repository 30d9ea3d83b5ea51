"""The account page: who am I, and the second factor."""

from __future__ import annotations

import re

import pytest

from careplan_service.app import Service
from conftest import Clock
from web.visiting import PASSWORD, Visitor, code_of, faults, register, rows

SETTING_UP = "/account/second-factor"


def offered(visitor: Visitor) -> str:
    """The secret that the page shows."""
    found = re.search(r'class="secret"><code>([A-Z2-7 ]+)</code>', visitor.get(SETTING_UP).text)
    assert found
    return found.group(1).replace(" ", "")


def set_up(visitor: Visitor, code: str, password: str = PASSWORD) -> list[str]:
    """What the page says is wrong."""
    visitor.get(SETTING_UP)
    return faults(visitor.post(SETTING_UP, {"form": visitor.hidden(), "code": code, "password": password}))


def test_the_account_page_says_who_it_is_and_that_no_app_was_allowed(service: Service) -> None:
    register(service)
    visitor = Visitor(service)
    visitor.sign_in()
    shown = visitor.get("/account").text

    for text in (
        "ann",
        "Practitioner/ann",
        "Organization/agency",
        "1 June 2026, 12:00 UTC",
        "No app was allowed",
    ):
        assert text in shown


def test_a_second_factor_is_set_up_and_asked_for_from_then_on(service: Service) -> None:
    register(service)
    visitor, elsewhere = Visitor(service), Visitor(service)
    elsewhere.sign_in()
    visitor.sign_in()
    secret, before = offered(visitor), visitor.cookie
    assert set_up(visitor, code_of(service, secret=secret)) == []

    assert visitor.is_in()
    assert visitor.cookie != before
    assert not elsewhere.is_in()
    elsewhere.sign_in()
    assert not elsewhere.is_in()
    assert elsewhere.give_code(code_of(service, secret=secret)).status_code == 422  # it was used to set it up
    assert elsewhere.give_code(code_of(service, 1, secret)).status_code == 303
    assert ("user:ann", "second-factor", "") in rows(service)


def test_the_secret_is_kept_sealed_and_shown_the_same_until_it_is_taken(service: Service) -> None:
    register(service)
    visitor = Visitor(service)
    visitor.sign_in()
    secret = offered(visitor)
    assert offered(visitor) == secret
    set_up(visitor, code_of(service, secret=secret))
    kept = str(service.database.rows("SELECT totp_secret FROM oauth_user", {}))
    kept += str(service.database.rows("SELECT offered FROM oauth_session", {}))

    assert secret not in kept
    assert service.seal.opened(service.people.get("ann").totp_secret, "ann") == secret
    assert offered(visitor) != secret


def test_setting_up_needs_a_code_that_fits_and_the_password(service: Service) -> None:
    register(service)
    visitor = Visitor(service)
    visitor.sign_in()
    secret = offered(visitor)
    good = code_of(service, secret=secret)
    bad = f"{(int(good) + 1) % 1_000_000:06}"

    assert set_up(visitor, bad) == ["This code does not fit; type the six digits that your app shows now."]
    told = "This is not your password, or too many attempts failed; try again later."
    assert set_up(visitor, good, "something else") == [told]
    assert service.people.get("ann").totp_secret == ""
    assert rows(service)[-1] == ("user:ann", "second-factor", "wrong password")


def test_guessing_the_password_at_an_open_screen_locks(service: Service) -> None:
    register(service)
    visitor = Visitor(service)
    visitor.sign_in()
    secret = offered(visitor)
    for _ in range(5):
        set_up(visitor, code_of(service, secret=secret), "something else")
    assert set_up(visitor, code_of(service, secret=secret)) != []

    assert service.people.get("ann").totp_secret == ""
    assert Visitor(service).sign_in().status_code == 422


def test_a_second_factor_is_replaced(service: Service, clock: Clock) -> None:
    register(service, second_factor=True)
    visitor = Visitor(service)
    visitor.sign_in()
    visitor.give_code(code_of(service))
    secret = offered(visitor)
    set_up(visitor, code_of(service, secret=secret))
    clock.go_on(minutes=1)
    visitor = Visitor(service)
    visitor.sign_in()

    assert visitor.give_code(code_of(service)).status_code == 422
    assert visitor.give_code(code_of(service, secret=secret)).status_code == 303


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_qr_code_needs_nothing_that_the_policy_forbids(service: Service) -> None:
    register(service)
    visitor = Visitor(service)
    visitor.sign_in()
    drawn = re.search(r"<svg.*?</svg>", visitor.get(SETTING_UP).text, re.DOTALL)

    assert drawn
    assert 'role="img"' in drawn[0]
    assert "style" not in drawn[0]
    assert "href" not in drawn[0]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_second_factor_sealed_with_a_lost_key_opens_nothing(service: Service) -> None:
    register(service, second_factor=True)
    service.people.set_second_factor("ann", service.seal.sealed("JBSWY3DPEHPK3PXP", "bob"))
    visitor = Visitor(service)
    visitor.sign_in()
    answer = visitor.give_code("123456")

    assert answer.status_code == 503
    assert not visitor.is_in()
