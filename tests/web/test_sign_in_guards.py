"""What keeps strangers out: same words and work, locks, limits, forms of our own, no way to other sites."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from time import perf_counter

import pytest
from werkzeug.test import TestResponse

from careplan_service.access.people import (
    ADDRESS_SECONDS,
    LOCK_SECONDS,
    LONGEST_LOCK_SECONDS,
    MOST_FROM_ADDRESS,
)
from careplan_service.app import Service, app_of
from careplan_service.errors import Busy, Malformed
from careplan_service.oauth.passwords import Passwords
from careplan_service.settings import Settings
from conftest import Clock
from web.visiting import PASSWORD, Visitor, code_of, faults, register, rows

SQLITE_ONLY = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def fail(service: Service, times: int, username: str = "ann", address: str = "192.0.2.7") -> Visitor:
    """A browser after that many wrong passwords."""
    visitor = Visitor(service, address)
    for _ in range(times):
        visitor.sign_in(username, "something else")
    return visitor


# The same words, the same work


def test_whatever_is_wrong_is_told_in_the_same_words(service: Service) -> None:
    register(service)
    register(service, "bob", enabled=False)
    register(service, "cat")
    fail(service, 5, "cat")
    pages = {
        name: Visitor(service).sign_in(name, password)
        for name, password in (("ann", "wrong"), ("bob", PASSWORD), ("cat", PASSWORD), ("dan", PASSWORD))
    }

    assert {page.status_code for page in pages.values()} == {422}
    told = {
        page.text.replace(f'value="{name}"', "").replace(page_token(page.text), "")
        for name, page in pages.items()
    }
    assert len(told) == 1
    assert [why for _, what, why in rows(service) if what == "sign-in"][-4:] == [
        "wrong password",
        "disabled",
        "locked",
        "unknown user",
    ]


def page_token(text: str) -> str:
    return text.partition('name="form" value="')[2].partition('"')[0]


@SQLITE_ONLY
def test_whatever_is_wrong_takes_one_comparison(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    register(service)
    register(service, "bob", enabled=False)
    compared: list[str] = []
    fits = Passwords.fits

    def counted(self: Passwords, password_hash: str | None, password: str) -> bool:
        begun = perf_counter()
        answer = fits(self, password_hash, password)
        compared.append("slow" if perf_counter() - begun > 0.02 else "quick")
        return answer

    monkeypatch.setattr(Passwords, "fits", counted)
    for name in ("ann", "bob", "dan", "no\x00body", "x" * 300):
        Visitor(service).sign_in(name, "wrong")

    assert compared == ["slow"] * 5


def test_a_name_that_nobody_has_and_a_password_are_not_kept(service: Service) -> None:
    register(service, second_factor=True)
    visitor = Visitor(service)
    visitor.sign_in("my secret password", "another secret")
    visitor.sign_in()
    visitor.give_code("654321")
    visitor.give_code(code_of(service))
    kept = str(service.database.rows("SELECT * FROM audit", {}))

    assert "secret" not in kept
    assert PASSWORD not in kept
    assert "654321" not in kept
    assert code_of(service) not in kept
    assert kept.count("from 192.0.2.7") == 4


# Locks


def test_the_fifth_failure_locks_and_each_further_one_for_longer(service: Service, clock: Clock) -> None:
    register(service)
    fail(service, 4)
    assert service.people.get("ann").locked_until == 0
    lengths = []
    for _ in range(6):
        fail(service, 1)
        lengths.append(service.people.get("ann").locked_until - int(service.seconds()))
        clock.go_on(seconds=lengths[-1])

    assert lengths == [*LOCK_SECONDS.values(), LONGEST_LOCK_SECONDS, LONGEST_LOCK_SECONDS]
    assert [what for _, what, _ in rows(service)].count("lock") == 6


def test_while_it_is_locked_the_right_password_does_not_help_and_failures_do_not_count(
    service: Service, clock: Clock
) -> None:
    register(service)
    visitor = fail(service, 5)
    assert visitor.sign_in().status_code == 422
    fail(service, 3)
    assert service.people.get("ann").failures == 5
    clock.go_on(seconds=LOCK_SECONDS[5])

    assert visitor.sign_in().status_code == 303
    assert (service.people.get("ann").failures, service.people.get("ann").locked_until) == (0, 0)


def test_an_operator_unlocks(service: Service) -> None:
    register(service)
    visitor = fail(service, 5)
    service.people.unlock("ann")

    assert visitor.sign_in().status_code == 303


def test_wrong_codes_lock_too_and_the_right_password_between_them_does_not_help(service: Service) -> None:
    register(service, second_factor=True)
    for _ in range(5):
        visitor = Visitor(service)
        assert visitor.sign_in().status_code == 303
        assert visitor.give_code("000000").status_code == 422

    assert visitor.give_code(code_of(service)).status_code == 422
    assert Visitor(service).sign_in().status_code == 422
    assert rows(service)[-2][2] == "locked"


def test_guesses_at_the_same_moment_do_not_outrun_the_lock(service: Service) -> None:
    register(service)
    visitors = [Visitor(service, f"192.0.2.{n}") for n in range(12)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda visitor: visitor.sign_in("ann", "wrong"), visitors))
    judged = [why for _, what, why in rows(service) if what == "sign-in" and why == "wrong password"]

    assert len(judged) == 5
    assert service.people.get("ann").failures == 5


# Addresses


def test_an_address_that_fails_too_often_is_told_to_wait_in_every_worker(
    service: Service, clock: Clock
) -> None:
    register(service)
    for _ in range(MOST_FROM_ADDRESS):
        fail(service, 1, "nobody")
    answer = Visitor(service).sign_in()
    Visitor(service).sign_in()

    assert answer.status_code == 429
    assert service.people.get("ann").failures == 0  # nobody is locked out from there either
    assert 0 < int(answer.headers["Retry-After"]) <= ADDRESS_SECONDS
    assert Visitor(service, "192.0.2.8").sign_in().status_code == 303
    assert [why for _, _, why in rows(service)].count("too many failures from this address") == 1
    clock.go_on(seconds=ADDRESS_SECONDS)
    assert Visitor(service).sign_in().status_code == 303


def test_who_succeeds_does_not_use_up_the_attempts_of_an_office(service: Service) -> None:
    register(service, second_factor=True)
    for n in range(2):
        visitor = Visitor(service)
        visitor.sign_in()
        visitor.give_code(code_of(service, n))
    fail(service, 1, "nobody")

    assert service.database.rows("SELECT failures FROM oauth_attempt", {}) == [(1,)]


@SQLITE_ONLY
@pytest.mark.parametrize(
    ("proxies", "told", "counted"),
    [
        (0, "203.0.113.9", "192.0.2.7"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (2, "203.0.113.9", "192.0.2.7"),
        (1, "nonsense", "192.0.2.7"),
        (1, "", "192.0.2.7"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_the_address_is_what_our_own_proxy_saw(
    service: Service, proxies: int, told: str, counted: str
) -> None:
    behind = replace(service, settings=replace(service.settings, proxies=proxies))
    Visitor(behind).sign_in("nobody", "wrong", X_Forwarded_For=told)

    assert service.database.rows("SELECT address FROM oauth_attempt", {}) == [(counted,)]


# So many at once


@SQLITE_ONLY
def test_a_crowd_at_the_door_is_sent_away_soon_and_counts_for_nothing(service: Service) -> None:
    register(service)
    one_worker = app_of(service)
    visitors = [Visitor(service, app=one_worker) for _ in range(8)]
    for visitor in visitors:
        visitor.get("/sign-in")
    together = Barrier(len(visitors))

    def come(visitor: Visitor) -> TestResponse:
        fields = {"form": visitor.hidden(), "username": "ann", "password": PASSWORD}
        together.wait(60)
        return visitor.post("/sign-in", fields)

    with ThreadPoolExecutor(len(visitors)) as pool:
        answers = list(pool.map(come, visitors))
    sent_away = [answer for answer in answers if answer.status_code == 503]

    assert len([answer for answer in answers if answer.status_code == 303]) == 8 - len(sent_away)
    assert sent_away
    assert sent_away[0].headers["Retry-After"] == "5"
    assert "Too many people sign in at this moment" in sent_away[0].text
    assert service.database.rows("SELECT failures FROM oauth_attempt", {}) == [(0,)]
    assert Visitor(service, app=one_worker).sign_in().status_code == 303


@SQLITE_ONLY
def test_two_passwords_are_compared_at_once_and_one_waits(service: Service) -> None:
    passwords, inside, most = Passwords(), [], []

    def compute(_: int) -> str:
        try:
            with passwords.turn():
                inside.append(1)
                most.append(len(inside))
                passwords.hashed(PASSWORD)
                inside.pop()
        except Busy:
            return "sent away"
        return "computed"

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(compute, range(3))) == ["computed"] * 3
    assert max(most) <= 2


# Forms of our own


@SQLITE_ONLY
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Sec_Fetch_Site": "", "Origin": "http://127.0.0.1:8000"}, 303),
        ({"Sec_Fetch_Site": "same-origin", "Origin": "http://127.0.0.1:8000"}, 303),
        ({"Sec_Fetch_Site": "", "Origin": ""}, 403),
        ({"Sec_Fetch_Site": "", "Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "none"}, 403),
        ({"Origin": "https://evil.example.org"}, 403),
        ({"Sec_Fetch_Site": "", "Origin": "http://127.0.0.1:8001"}, 403),
        ({"Sec_Fetch_Site": "", "Origin": "https://127.0.0.1:8000"}, 403),
    ],
)
def test_a_form_is_taken_from_our_own_pages_only(
    service: Service, headers: dict[str, str], status: int
) -> None:
    register(service)

    assert Visitor(service).sign_in(**headers).status_code == status


@SQLITE_ONLY
@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/code", "/sign-out", "/account/second-factor"])
def test_every_form_carries_a_token_of_its_own_browser(service: Service, path: str) -> None:
    register(service)
    visitor, other = Visitor(service), Visitor(service)
    other.get("/sign-in")
    visitor.sign_in()
    for token in ("", "x", "é", other.hidden(), visitor.cookie):
        assert visitor.post(path, {"form": token}).status_code == 403, token

    assert visitor.is_in()


@SQLITE_ONLY
def test_a_token_is_worth_nothing_without_its_cookie_or_after_signing_in(service: Service) -> None:
    register(service)
    visitor = Visitor(service)
    visitor.get("/sign-in")
    before = visitor.hidden()
    visitor.sign_in()
    assert visitor.post("/sign-out", {"form": before}).status_code == 403
    bare = Visitor(service)

    assert bare.post("/sign-in", {"form": before, "username": "ann", "password": PASSWORD}).status_code == 403
    bare.cookie = "short"
    assert bare.post("/sign-in", {"form": before, "username": "ann", "password": PASSWORD}).status_code == 403


@SQLITE_ONLY
def test_a_form_that_is_too_long_is_refused_on_a_page(service: Service) -> None:
    register(service)
    answer = Visitor(service).sign_in(password="x" * 20_000)

    assert answer.status_code == 413
    assert "The form is too long." in answer.text


# Where to come back to

ELSEWHERE = [
    "https://evil.example.org",
    "//evil.example.org",
    "///evil.example.org",
    "/\\evil.example.org",
    "\\\\evil.example.org",
    "/\t/evil.example.org",
    "/\n/evil.example.org",
    "\t//evil.example.org",
    " //evil.example.org",
    "/account\r\nSet-Cookie: x=1",
    "/account\r\nSet-Cookie:x=1",
    "javascript:alert(1)",
    "evil.example.org",
    "account",
    "/ä",
    "/" + "x" * 5000,
    "",
]


@SQLITE_ONLY
@pytest.mark.parametrize("following", ELSEWHERE)
def test_nobody_is_led_to_another_site(service: Service, following: str) -> None:
    register(service)
    visitor = Visitor(service)
    visitor.get("/sign-in")
    fields = {"form": visitor.hidden(), "username": "ann", "password": PASSWORD, "next": following}
    assert visitor.post("/sign-in", fields).headers["Location"] == "/account"

    assert visitor.get("/sign-in", next=following).headers["Location"] == "/account"


@SQLITE_ONLY
@pytest.mark.parametrize(
    "following",
    [
        "/account/second-factor",
        "/oauth/authorize?redirect_uri=https%3A%2F%2Fapp.example.org%2Fcb&state=a%2Bb",
    ],
)
def test_a_path_on_this_server_is_followed_as_it_is(service: Service, following: str) -> None:
    register(service, second_factor=True)
    visitor = Visitor(service)
    visitor.get("/sign-in")
    fields = {"form": visitor.hidden(), "username": "ann", "password": PASSWORD, "next": following}
    visitor.get(visitor.post("/sign-in", fields).headers["Location"])
    assert visitor.hidden("next") == following
    fields = {"form": visitor.hidden(), "code": code_of(service), "next": following}

    assert visitor.post("/sign-in/code", fields).headers["Location"] == following


@SQLITE_ONLY
def test_a_refused_sign_in_keeps_where_to_come_back_to(service: Service) -> None:
    visitor = Visitor(service)
    answer = visitor.sign_in("nobody", "wrong", following="/account/second-factor")

    assert faults(answer) == ["Check username and password. After several failures wait some minutes."]
    assert visitor.hidden("next") == "/account/second-factor"


def test_the_number_of_proxies_is_a_digit() -> None:
    assert (Settings.from_env({}).proxies, Settings.from_env({"CAREPLAN_PROXIES": "2"}).proxies) == (0, 2)
    for text in ("-1", "10", "x", "٣"):
        with pytest.raises(Malformed, match="CAREPLAN_PROXIES"):
            Settings.from_env({"CAREPLAN_PROXIES": text})
