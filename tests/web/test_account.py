"""The account page: who am I, and the second factor."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

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


def test_the_account_page_says_who_it_is_and_leads_to_the_apps(service: Service) -> None:
    register(service)
    visitor = Visitor(service)
    visitor.sign_in()
    shown = visitor.get("/account").text

    for text in (
        "ann",
        "Practitioner/ann",
        "Organization/agency",
        "1 June 2026, 12:00 UTC",
        "Apps you allowed",
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


# The password


NEW = "another river, a wide one"


def change(visitor: Visitor, password: str = PASSWORD, new: str = NEW, again: str | None = None) -> list[str]:
    """What the page says is wrong."""
    visitor.get("/account/password")
    fields = {"password": password, "new": new, "again": new if again is None else again}
    return faults(visitor.post("/account/password", {"form": visitor.hidden(), **fields}))


def test_who_changes_the_password_stays_in_and_everybody_else_is_out(service: Service) -> None:
    register(service)
    visitor, elsewhere = Visitor(service), Visitor(service)
    visitor.sign_in()
    elsewhere.sign_in()
    before = visitor.cookie
    assert change(visitor) == []

    assert visitor.cookie != before
    assert "Your password is changed" in visitor.get("/account?changed=password").text
    assert not elsewhere.is_in()
    assert elsewhere.sign_in(password=PASSWORD).status_code == 422
    assert elsewhere.sign_in(password=NEW).status_code == 303
    assert ("user:ann", "password-change", "") in rows(service)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("password", "new", "again", "told"),
    [
        ("wrong", NEW, None, "not your password"),
        (PASSWORD, "short", None, "too short"),
        (PASSWORD, "password1234", None, "most common"),
        (PASSWORD, "it is ann again", None, "holds the username"),
        (PASSWORD, "x" * 300, None, "too long"),
        (PASSWORD, PASSWORD, None, "the password you have"),
        (PASSWORD, NEW, f"{NEW}.", "the same way twice"),
    ],
)
def test_what_is_wrong_with_a_new_password_is_told_and_nothing_is_changed(
    service: Service, password: str, new: str, again: str | None, told: str
) -> None:
    register(service)
    visitor = Visitor(service)
    visitor.sign_in()
    (fault,) = change(visitor, password, new, again)

    assert told in fault
    assert visitor.is_in()
    assert Visitor(service).sign_in(password=PASSWORD).status_code == 303


def test_wrong_passwords_on_the_account_page_lock_the_account_as_at_sign_in(service: Service) -> None:
    register(service)
    visitor = Visitor(service)
    visitor.sign_in()
    for _ in range(5):
        change(visitor, "wrong")
    assert change(visitor) != []

    assert Visitor(service).sign_in().status_code == 422
    assert [why for _, what, why in rows(service) if what == "password-change"] == [
        *["wrong password"] * 5,
        "locked",
    ]


# Recovery codes, and doing without the second factor


def codes_of(visitor: Visitor) -> list[str]:
    """The codes on the page that is open."""
    assert visitor.page is not None
    return re.findall(r"<li><code>([A-Z2-9-]{19})</code></li>", visitor.page.text)


def with_codes(service: Service) -> tuple[Visitor, list[str]]:
    """Somebody with SECRET who just made recovery codes."""
    register(service, second_factor=True)
    visitor = Visitor(service)
    visitor.sign_in()
    visitor.give_code(code_of(service))
    visitor.get("/account/recovery-codes")
    visitor.post("/account/recovery-codes", {"form": visitor.hidden(), "password": PASSWORD})
    return visitor, codes_of(visitor)


def recover(visitor: Visitor, code: str) -> int:
    """The status that the recovery code is answered with."""
    visitor.sign_in()
    visitor.get("/sign-in/recovery-code")
    return visitor.post("/sign-in/recovery-code", {"form": visitor.hidden(), "code": code}).status_code


def test_setting_up_shows_ten_recovery_codes_and_keeps_only_what_they_are_compared_with(
    service: Service,
) -> None:
    register(service)
    visitor = Visitor(service)
    visitor.sign_in()
    set_up(visitor, code_of(service, secret=offered(visitor)))
    codes = codes_of(visitor)
    kept = str(service.database.rows("SELECT * FROM oauth_recovery", {}))

    assert len(set(codes)) == 10
    assert not [code for code in codes if code in kept or code.replace("-", "") in kept]
    assert visitor.is_in()
    assert "10 of 10 recovery codes" in visitor.get("/account").text
    assert recover(Visitor(service), codes[0]) == 303


def test_a_recovery_code_works_once_however_it_is_typed(service: Service) -> None:
    visitor, codes = with_codes(service)
    for typed, code in ((codes[0].lower().replace("-", " "), codes[0]), (codes[1], codes[1])):
        entering = Visitor(service)
        assert recover(entering, typed) == 303
        assert entering.is_in()
        assert recover(Visitor(service), code) == 422
    assert "8 of 10 recovery codes" in visitor.get("/account").text
    assert rows(service).count(("user:ann", "recovery-code", "")) == 2


def test_a_recovery_code_works_once_among_ten_at_the_same_moment(service: Service) -> None:
    _, codes = with_codes(service)
    visitors = [Visitor(service) for _ in range(4)]
    for visitor in visitors:
        visitor.sign_in()
        visitor.get("/sign-in/recovery-code")

    def use(visitor: Visitor) -> int:
        fields = {"form": visitor.hidden(), "code": codes[0]}
        return visitor.post("/sign-in/recovery-code", fields).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(use, visitors, timeout=60)) == [303, 422, 422, 422]


def test_new_recovery_codes_and_a_new_app_end_those_from_before(service: Service) -> None:
    visitor, codes = with_codes(service)
    visitor.get("/account/recovery-codes")
    visitor.post("/account/recovery-codes", {"form": visitor.hidden(), "password": PASSWORD})
    newer = codes_of(visitor)
    assert len(newer) == 10
    assert recover(Visitor(service), codes[0]) == 422
    set_up(visitor, code_of(service, secret=offered(visitor)))
    assert recover(Visitor(service), newer[0]) == 422


def test_recovery_codes_of_somebody_else_are_none(service: Service) -> None:
    _, codes = with_codes(service)
    register(service, "bob", second_factor=True)
    bob = Visitor(service)
    bob.sign_in("bob")
    bob.get("/sign-in/recovery-code")
    answer = bob.post("/sign-in/recovery-code", {"form": bob.hidden(), "code": codes[0]})

    assert answer.status_code == 422
    assert not bob.is_in()


def test_guessed_recovery_codes_lock_the_account(service: Service, clock: Clock) -> None:
    _, codes = with_codes(service)
    visitor = Visitor(service)
    for _ in range(5):
        assert recover(visitor, "AAAA-AAAA-AAAA-AAAA") == 422
        clock.go_on(seconds=1)
    visitor.get("/sign-in/recovery-code")
    status = visitor.post("/sign-in/recovery-code", {"form": visitor.hidden(), "code": codes[0]}).status_code

    assert status != 303
    assert not visitor.is_in()


def turn_off(visitor: Visitor, password: str, code: str) -> list[str]:
    """What the page says is wrong."""
    visitor.get("/account/second-factor/off")
    fields = {"form": visitor.hidden(), "password": password, "code": code}
    return faults(visitor.post("/account/second-factor/off", fields))


def test_the_second_factor_is_removed_by_password_and_code(service: Service) -> None:
    visitor, codes = with_codes(service)
    elsewhere = Visitor(service)
    assert recover(elsewhere, codes[0]) == 303
    assert turn_off(visitor, PASSWORD, code_of(service)) == ["This code does not fit; each works once."]
    assert turn_off(visitor, "wrong", code_of(service, 1))[0].startswith("This is not your password")
    assert turn_off(visitor, PASSWORD, "AAAA-AAAA-AAAA-AAAA") != []
    assert service.people.get("ann").totp_secret != ""
    assert turn_off(visitor, PASSWORD, code_of(service, 1)) == []

    assert visitor.is_in()
    assert not elsewhere.is_in()
    elsewhere.sign_in()
    assert elsewhere.is_in()
    assert service.people.recovery_codes("ann") == ()
    assert [why for _, what, why in rows(service) if what == "second-factor-off"] == [
        "wrong code",
        "wrong password",
        "wrong code",
        "",
    ]


def test_the_second_factor_is_removed_by_a_recovery_code_too(service: Service) -> None:
    visitor, codes = with_codes(service)
    assert turn_off(visitor, PASSWORD, codes[3]) == []
    assert visitor.is_in()


# Sessions


def test_own_sessions_are_listed_and_ended_everywhere_else(service: Service, clock: Clock) -> None:
    register(service)
    register(service, "bob")
    phone, visitor, bob = Visitor(service, "192.0.2.8"), Visitor(service), Visitor(service)
    phone.sign_in()
    clock.go_on(minutes=5)
    visitor.sign_in()
    bob.sign_in("bob")
    shown = visitor.get("/account").text
    told = re.findall(r"<strong>(Here|Another browser)</strong>", shown)
    assert told == ["Here", "Another browser"]
    assert "from 192.0.2.8" in shown
    visitor.post("/account/sign-out-elsewhere", {"form": visitor.hidden()})

    assert not phone.is_in()
    assert visitor.is_in()
    assert bob.is_in()
    assert "Sign out everywhere else" not in visitor.get("/account").text
    assert ("user:ann", "sign-out-elsewhere", "") in rows(service)


def test_the_id_that_a_session_is_kept_under_is_not_shown(service: Service) -> None:
    register(service)
    visitor = Visitor(service)
    visitor.sign_in()
    ((digest,),) = service.database.rows("SELECT digest FROM oauth_session", {})
    assert digest not in visitor.get("/account").text


CHANGES = ["/account/password", "/account/second-factor", "/account/second-factor/off"]
CHANGES += ["/account/recovery-codes", "/account/sign-out-elsewhere"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", CHANGES)
def test_each_change_needs_a_form_of_our_own_and_a_whole_session(service: Service, path: str) -> None:
    register(service, second_factor=True)
    visitor = Visitor(service)
    assert visitor.post(path, {}).status_code == 403
    visitor.sign_in()
    visitor.get("/sign-in/code")
    half = visitor.post(path, {"form": visitor.hidden(), "password": PASSWORD, "new": NEW, "again": NEW})
    assert half.headers["Location"].startswith("/sign-in?next=")
    visitor.give_code(code_of(service))
    visitor.get("/account")
    fields = {"form": visitor.hidden(), "password": PASSWORD}
    assert visitor.post(path, fields, Sec_Fetch_Site="cross-site").status_code == 403
    assert visitor.post(path, {"password": PASSWORD}).status_code == 403
