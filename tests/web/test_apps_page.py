"""A person sees the apps that were allowed, and takes each back. SMART App Launch, `management_endpoint`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from careplan_service.app import Service
from conftest import Clock
from web.app_client import App
from web.test_app_tokens import on_sqlite, refused
from web.visiting import Visitor, register

PAGE = "/account/apps"


@pytest.fixture
def visitor(service: Service) -> Visitor:
    """A person who is signed in."""
    register(service)
    visitor = Visitor(service)
    visitor.sign_in()
    return visitor


def an_app(service: Service, id_: str = "app") -> App:
    user = service.people.get("ann")
    assert user
    return App(service, id_, user=user)


def test_an_app_is_listed_and_taken_back_with_one_button(
    service: Service, visitor: Visitor, clock: Clock
) -> None:
    app = an_app(service)
    assert "No app has access" in visitor.get(PAGE).text
    told = app.tokens()
    clock.go_on(minutes=5)
    shown = visitor.get(PAGE).text

    assert "The app" in shown
    assert "1 June 2026, 12:00 UTC" in shown
    assert "Read and search goals of Patient/bo; not change them" in shown
    assert "Stay connected when you are away" in shown
    assert "patient/Goal.rs" not in shown
    assert "Patient/bo" in shown
    assert app.status(told["access_token"]) == 200
    answer = visitor.post(PAGE, {"form": visitor.hidden(), "app": visitor.hidden("app")})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}?taken-back=1")
    assert app.status(told["access_token"]) == 401
    assert refused(app.refresh(told["refresh_token"]))
    assert "No app has access" in visitor.get(answer.headers["Location"]).text
    rows = service.database.rows("SELECT client, interaction FROM audit ORDER BY at", {})
    assert ("user:ann", "take-back app") in rows


@on_sqlite
def test_it_says_when_an_app_was_last_used(service: Service, visitor: Visitor, clock: Clock) -> None:
    app = an_app(service)
    token = app.tokens()["refresh_token"]
    clock.go_on(minutes=7)
    app.refresh(token)
    assert "12:07 UTC" in visitor.get(PAGE).text


@on_sqlite
def test_what_is_over_is_not_listed(service: Service, visitor: Visitor, clock: Clock) -> None:
    app = an_app(service)
    app.tokens("patient/Goal.rs")
    app.allowed()  # whose code nobody used
    assert visitor.get(PAGE).text.count("Take access away") == 1
    clock.go_on(seconds=900)
    assert "No app has access" in visitor.get(PAGE).text


@on_sqlite
@pytest.mark.parametrize("id_", ["", "unknown", "\0"])
def test_what_is_not_there_cannot_be_taken_back(service: Service, visitor: Visitor, id_: str) -> None:
    visitor.get(PAGE)
    an_app(service).tokens()
    visitor.get(PAGE)
    answer = visitor.post(PAGE, {"form": visitor.hidden(), "app": id_})
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)


def test_the_apps_of_others_are_neither_shown_nor_taken_back(service: Service, visitor: Visitor) -> None:
    app = an_app(service)
    told = app.tokens()
    visitor.get(PAGE)
    theirs = visitor.hidden("app")
    ann = service.people.get("ann")
    assert ann
    service.people.add(replace(ann, id="eve", username="eve"))
    other = Visitor(service)
    other.sign_in("eve")

    assert "The app" not in other.get(PAGE).text
    other.get("/account")
    other.post(PAGE, {"form": other.hidden(), "app": theirs})
    assert app.status(told["access_token"]) == 200


@on_sqlite
def test_a_form_of_another_page_takes_nothing_back(service: Service, visitor: Visitor) -> None:
    app = an_app(service)
    told = app.tokens()
    visitor.get(PAGE)
    fields = {"form": visitor.hidden(), "app": visitor.hidden("app")}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert visitor.post(PAGE, fields, **headers).status_code == 403
    assert visitor.post(PAGE, fields | {"form": "x"}).status_code == 403
    assert app.status(told["access_token"]) == 200


@on_sqlite
def test_who_is_not_signed_in_is_sent_to_sign_in(service: Service) -> None:
    answer = Visitor(service).get(PAGE)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in?next=%2Faccount%2Fapps"


@on_sqlite
def test_a_name_is_text_and_nothing_else(service: Service, visitor: Visitor) -> None:
    user = service.people.get("ann")
    assert user
    App(service, "bad", user=user, name="<script>alert(1)</script>").tokens()
    assert "<script>" not in visitor.get(PAGE).text
