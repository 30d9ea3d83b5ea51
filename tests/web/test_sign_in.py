"""Signing in and out over HTTP: both steps, sessions, and what they leave behind."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from careplan_service.access.people import ABSOLUTE_SECONDS, BETWEEN_STEPS_SECONDS, IDLE_SECONDS
from careplan_service.app import Service
from careplan_service.oauth.seal import Seal
from careplan_service.settings import Settings
from conftest import Clock
from web.visiting import HASHED, PASSWORD, Visitor, code_of, faults, register, rows

SQLITE_ONLY = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_password_opens_a_session_that_says_who_it_is(service: Service) -> None:
    register(service)
    visitor = Visitor(service)
    answer = visitor.sign_in(username="  ＡNN ", following="/account")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
    assert "Practitioner/ann" in visitor.get("/account").text
    assert rows(service) == [("user:ann", "sign-in", "")]


@SQLITE_ONLY
def test_the_name_that_an_app_hints_at_stands_in_the_form_as_text(service: Service) -> None:
    visitor = Visitor(service)

    def prefilled(following: str) -> str:
        return (
            visitor.get(f"/sign-in?next={quote(following)}")
            .text.partition('name="username"')[2]
            .partition(">")[0]
        )

    asked = "/oauth/authorize?client_id=app&login_hint="
    assert 'value="ann"' in prefilled(f"{asked}ann")
    assert 'value="&#34;&lt;b"' in prefilled(f"{asked}%22%3Cb")
    for nothing in (
        f"{asked}{'a' * 201}",
        f"{asked}a&login_hint=b",
        f"{asked}a%0Ab",
        "/account?login_hint=ann",
    ):
        assert 'value=""' in prefilled(nothing), nothing


def test_without_a_session_the_account_page_leads_to_the_sign_in_page_and_back(service: Service) -> None:
    register(service)
    visitor = Visitor(service)
    assert visitor.get("/account").headers["Location"] == "/sign-in?next=%2Faccount"
    visitor.sign_in()

    assert visitor.get("/sign-in?next=/account/second-factor").headers["Location"] == "/account/second-factor"


def test_only_the_digest_of_the_id_is_kept_and_signing_in_gives_a_new_one(service: Service) -> None:
    register(service)
    visitor = Visitor(service)
    visitor.get("/sign-in")
    before = visitor.cookie
    visitor.sign_in()
    first = visitor.cookie
    kept = [digest for (digest,) in service.database.rows("SELECT digest FROM oauth_session", {})]

    assert len(before) == 43
    assert before != first
    assert kept == [hashlib.sha256(first.encode()).hexdigest()]


def test_the_id_that_the_browser_had_before_does_not_become_a_session(service: Service) -> None:
    register(service)
    victim, attacker = Visitor(service), Visitor(service)
    attacker.get("/sign-in")
    victim.cookie = attacker.cookie
    victim.sign_in()

    assert victim.is_in()
    assert not attacker.is_in()


def test_the_second_step_asks_for_a_code_and_gives_a_new_id(service: Service) -> None:
    register(service, second_factor=True)
    visitor = Visitor(service)
    answer = visitor.sign_in(following="/account/second-factor")
    assert answer.headers["Location"] == "/sign-in/code?next=%2Faccount%2Fsecond-factor"
    half = visitor.cookie
    assert not visitor.is_in()
    assert visitor.get("/account/second-factor").status_code == 303
    assert visitor.give_code(code_of(service)[:3] + " " + code_of(service)[3:]).status_code == 303

    assert visitor.is_in()
    assert visitor.cookie != half
    stale = Visitor(service)
    stale.cookie = half
    assert not stale.is_in()
    assert stale.get("/sign-in/code").status_code == 303
    assert rows(service) == [("user:ann", "password", ""), ("user:ann", "sign-in", "")]


def test_no_code_works_twice_nor_one_before_it(service: Service) -> None:
    register(service, second_factor=True)
    for steps, works in ((1, True), (1, False), (0, False), (-1, False)):
        visitor = Visitor(service)
        visitor.sign_in()
        assert (visitor.give_code(code_of(service, steps)).status_code == 303) is works, steps
        assert visitor.is_in() is works


@pytest.mark.parametrize("steps", [-2, 2])
def test_a_code_of_another_minute_does_not_work(service: Service, steps: int) -> None:
    register(service, second_factor=True)
    visitor = Visitor(service)
    visitor.sign_in()

    assert visitor.give_code(code_of(service, steps)).status_code == 422
    assert rows(service)[-1] == ("user:ann", "second-factor", "wrong code")


@pytest.mark.parametrize("code", ["", "12345", "1234567", "١٢٣٤٥٦", "abcdef", "\x00"])
def test_what_is_no_code_is_refused(service: Service, code: str) -> None:
    register(service, second_factor=True)
    visitor = Visitor(service)
    visitor.sign_in()

    assert visitor.give_code(code).status_code == 422
    assert not visitor.is_in()


def test_the_code_page_without_a_first_step_leads_to_it(service: Service) -> None:
    register(service, second_factor=True)
    visitor = Visitor(service)
    visitor.get("/sign-in")
    fields = {"form": visitor.hidden(), "code": code_of(service)}

    assert visitor.post("/sign-in/code", fields).headers["Location"] == "/sign-in?next=%2Faccount"


def test_the_code_is_waited_for_five_minutes(service: Service, clock: Clock) -> None:
    register(service, second_factor=True)
    visitor = Visitor(service)
    visitor.sign_in()
    clock.go_on(seconds=BETWEEN_STEPS_SECONDS - 1)
    assert visitor.get("/sign-in/code").status_code == 200
    clock.go_on(seconds=1)

    assert visitor.get("/sign-in/code").status_code == 303


def test_a_session_ends_after_half_an_hour_without_use(service: Service, clock: Clock) -> None:
    register(service)
    visitor = Visitor(service)
    visitor.sign_in()
    for _ in range(3):
        clock.go_on(seconds=IDLE_SECONDS - 1)
        assert visitor.is_in()
    clock.go_on(seconds=IDLE_SECONDS)

    assert not visitor.is_in()


def test_a_session_ends_after_twelve_hours_of_use(service: Service, clock: Clock) -> None:
    register(service)
    visitor = Visitor(service)
    visitor.sign_in()
    for _ in range(ABSOLUTE_SECONDS // 1200 - 1):
        clock.go_on(seconds=1200)
        assert visitor.is_in()
    clock.go_on(seconds=1200)

    assert not visitor.is_in()


def test_signing_out_ends_the_session_on_the_server(service: Service) -> None:
    register(service)
    visitor = Visitor(service)
    visitor.sign_in()
    kept = visitor.cookie
    answer = visitor.sign_out()
    assert answer.headers["Location"] == "/sign-in?signed-out=1"
    assert visitor.cookie == ""
    visitor.cookie = kept

    assert not visitor.is_in()
    assert rows(service)[-1] == ("user:ann", "sign-out", "")


@pytest.mark.parametrize("change", ["disable", "set_password", "set_second_factor"])
def test_what_makes_a_session_worthless_ends_all_of_them_at_once(service: Service, change: str) -> None:
    user = register(service)
    visitors = [Visitor(service), Visitor(service)]
    for visitor in visitors:
        visitor.sign_in()
    more = {"disable": (), "set_password": (HASHED,), "set_second_factor": ("",)}[change]
    getattr(service.people, change)(user.id, *more)

    assert [visitor.is_in() for visitor in visitors] == [False, False]
    assert service.database.rows("SELECT digest FROM oauth_session", {}) == []


def test_over_https_the_cookie_is_bound_to_the_host_and_to_tls(service: Service) -> None:
    register(service)
    settings = replace(service.settings, base_url="https://care.example.org/plans")
    visitor = Visitor(replace(service, settings=settings), base="https://care.example.org")
    answer = visitor.sign_in()
    name, *attributes = answer.headers["Set-Cookie"].split("; ")

    assert name.startswith("__Host-careplan=")
    assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]
    assert answer.headers["Location"] == "/plans/account"


@SQLITE_ONLY
def test_nobody_signs_in_over_a_network_in_the_clear(service: Service) -> None:
    register(service)
    settings: Settings = replace(service.settings, base_url="http://care.example.org")
    visitor = Visitor(replace(service, settings=settings))

    assert [visitor.get(path).status_code for path in ("/sign-in", "/account")] == [403, 403]
    assert visitor.get("/people/page.css").status_code == 200


@SQLITE_ONLY
def test_fields_that_are_empty_are_named_and_count_for_nothing(service: Service) -> None:
    register(service)

    assert faults(Visitor(service).sign_in("", "")) == ["Type your username.", "Type your password."]
    assert rows(service) == []


@SQLITE_ONLY
@pytest.mark.parametrize(
    "path", ["/sign-in", "/account", "/account/second-factor", "/people/page.css", "/people/no"]
)
def test_every_page_forbids_what_it_does_not_need(service: Service, path: str) -> None:
    register(service)
    visitor = Visitor(service)
    if path.startswith("/account"):
        visitor.sign_in()
    answer = visitor.get(path)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))

    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert ("no-store" in answer.headers["Cache-Control"]) is (path != "/people/page.css")
    assert "<script" not in answer.text
    assert " style=" not in answer.text


@SQLITE_ONLY
def test_what_was_typed_is_shown_as_text(service: Service) -> None:
    visitor = Visitor(service)
    typed = '"><script>alert(1)</script>'
    answer = visitor.sign_in(typed, PASSWORD, following="/account?x=%22%3E%3Cb%3E")

    assert "<script>" not in answer.text
    assert "&#34;&gt;&lt;script&gt;" in answer.text


@SQLITE_ONLY
def test_without_the_key_that_signs_forms_a_page_says_so_and_not_where_it_lies(
    service: Service, tmp_path: Path
) -> None:
    keyless = replace(service, seal=Seal(tmp_path))
    (tmp_path / "people.key").unlink()
    shown = Visitor(keyless).get("/sign-in")

    assert shown.status_code == 503
    assert "cannot be read for now" in shown.text
    assert str(tmp_path) not in shown.text
    assert "<form" not in shown.text
