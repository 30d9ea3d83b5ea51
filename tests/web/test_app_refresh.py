"""Apps get their next tokens as long as what the person allowed holds, over HTTP. RFC 6749 section 6."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from careplan_service.app import Service, app_of
from careplan_service.oauth.app_tokens import OFFLINE_SECONDS
from careplan_service.store.sessions import SqlSessions
from conftest import Clock
from web.app_client import ANN, App
from web.test_app_tokens import on_sqlite, refused

ONLINE = "openid patient/Goal.rs online_access"


def signed_in(app: App, digest: str = "in-the-browser") -> str:
    """The digest of a session of the person's browser."""
    sessions, user = SqlSessions(app.service.database.engine), app.service.people.get(ANN.id)
    assert user
    assert sessions.open(user, digest, "192.0.2.7", app.now, complete=True, previous="")
    return digest


def test_a_refresh_token_becomes_the_next_tokens(service: Service, clock: Clock) -> None:
    app = App(service)
    first = app.tokens(context='{"encounter": "e1"}')
    clock.go_on(seconds=901)
    assert app.status(first["access_token"]) == 401
    answer = app.refresh(first["refresh_token"])

    assert answer.status_code == 200
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    told = answer.json
    assert {**told, "access_token": "", "refresh_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 900,
        "scope": first["scope"],
        "patient": "bo",
        "encounter": "e1",
        "refresh_token": "",
    }
    assert told["refresh_token"] != first["refresh_token"]
    assert app.status(told["access_token"]) == 200
    assert app.refresh(told["refresh_token"]).status_code == 200


@on_sqlite
def test_the_refresh_token_of_a_public_app_tells_whose_it_is(service: Service) -> None:
    app = App(service)
    first = app.tokens()
    answer = app.refresh(first["refresh_token"], client_id=None)

    assert answer.status_code == 200
    assert app.status(answer.json["access_token"]) == 200
    assert refused(app.refresh(first["refresh_token"], client_id=None))
    assert app.status(answer.json["access_token"]) == 401


@on_sqlite
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_the_refresh_token_of_another_app_does_not_stand_for_its_secret(
    service: Service, method: str
) -> None:
    app = App(service, auth_method=method)
    token = app.tokens()["refresh_token"]
    asked = {"grant_type": "refresh_token", "refresh_token": token}
    answer = app.http.post("/oauth/token", data=asked)
    unknown = app.http.post("/oauth/token", data=asked | {"refresh_token": "unknown"})

    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    assert (unknown.status_code, unknown.json) == (answer.status_code, answer.json)
    assert app.refresh(token).status_code == 200


@on_sqlite
def test_a_public_app_that_is_disabled_gets_nothing_for_its_refresh_token(service: Service) -> None:
    app = App(service)
    token = app.tokens()["refresh_token"]
    service.clients.disable(app.id)
    answer = app.refresh(token, client_id=None)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def test_a_refresh_token_that_is_used_again_ends_the_whole_family(service: Service) -> None:
    app = App(service)
    first = app.tokens()
    second = app.refresh(first["refresh_token"]).json

    assert refused(app.refresh(first["refresh_token"]))
    assert refused(app.refresh(second["refresh_token"]))
    assert app.status(first["access_token"]) == app.status(second["access_token"]) == 401
    ((asked,),) = service.database.rows("SELECT asked FROM audit WHERE interaction = 'reuse'", {})
    assert asked.startswith("refresh token of authorization ")


def test_of_those_who_refresh_at_once_one_gets_tokens_that_are_ended_at_once(service: Service) -> None:
    app = App(service)
    token = app.tokens()["refresh_token"]
    together = Barrier(4, timeout=30)
    workers = [app_of(service).test_client() for _ in range(4)]

    def ask(number: int) -> Any:
        together.wait()
        fields = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "app"}
        return workers[number].post("/oauth/token", data=fields)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4), timeout=60))
    given = [answer.json for answer in answers if answer.status_code == 200]

    assert len(given) == 1
    assert app.status(given[0]["access_token"]) == 401
    assert refused(app.refresh(given[0]["refresh_token"]))


@on_sqlite
def test_offline_access_ends_after_ninety_days_used_or_not(service: Service, clock: Clock) -> None:
    app = App(service)
    token = app.tokens()["refresh_token"]
    clock.go_on(seconds=OFFLINE_SECONDS // 2)
    token = app.refresh(token).json["refresh_token"]
    clock.go_on(seconds=OFFLINE_SECONDS // 2 - 1)
    token = app.refresh(token).json["refresh_token"]
    clock.go_on(seconds=1)
    assert refused(app.refresh(token))


@on_sqlite
def test_online_access_ends_when_the_person_signs_out(service: Service) -> None:
    app = App(service)
    digest = signed_in(app)
    token = app.tokens(ONLINE, session=digest)["refresh_token"]
    token = app.refresh(token).json["refresh_token"]
    SqlSessions(service.database.engine).end(digest)
    assert refused(app.refresh(token))


@on_sqlite
def test_an_app_does_not_keep_the_session_of_the_browser_open(service: Service, clock: Clock) -> None:
    app = App(service)
    token = app.tokens(ONLINE, session=signed_in(app))["refresh_token"]
    for _ in range(2):
        clock.go_on(minutes=14)
        token = app.refresh(token).json["refresh_token"]
    clock.go_on(minutes=2)
    assert refused(app.refresh(token))


@on_sqlite
def test_online_access_lasts_for_twelve_hours_at_most(service: Service, clock: Clock) -> None:
    app, sessions = App(service), SqlSessions(service.database.engine)
    digest = signed_in(app)
    clock.go_on(minutes=5)
    token = app.tokens(ONLINE, session=digest)["refresh_token"]
    for _ in range(12 * 3 - 1):
        clock.go_on(minutes=20)
        sessions.find(digest, app.now)
        token = app.refresh(token).json["refresh_token"]
    clock.go_on(minutes=15)
    assert refused(app.refresh(token))


@on_sqlite
def test_online_access_without_a_session_is_none(service: Service) -> None:
    app = App(service)
    assert refused(app.refresh(app.tokens(ONLINE)["refresh_token"]))


@on_sqlite
def test_the_refresh_token_of_another_app_is_worth_nothing_and_stays_whole(service: Service) -> None:
    app, other = App(service), App(service, "other", auth_method="client_secret_post")
    token = app.tokens()["refresh_token"]
    assert refused(other.refresh(token))
    assert app.refresh(token).status_code == 200


@on_sqlite
@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("patient/Goal.r", "patient/Goal.r"),
        ("openid patient/Goal.rs?lifecycle-status=active", "openid patient/Goal.rs?lifecycle-status=active"),
        ("fhirUser", "fhirUser"),
    ],
)
def test_less_may_be_asked_for_and_all_of_it_again(service: Service, asked: str, told: str) -> None:
    app = App(service)
    first = app.tokens()
    less = app.refresh(first["refresh_token"], scope=asked).json
    assert less["scope"] == told
    assert app.refresh(less["refresh_token"]).json["scope"] == first["scope"]


@on_sqlite
@pytest.mark.parametrize(
    "asked",
    [
        "patient/Goal.cruds",
        "patient/*.rs",
        "user/Goal.rs",
        "patient/Goal.rs launch",
        "online_access",
        "goals",
        "system/Goal.rs",
    ],
)
def test_more_than_was_allowed_is_refused_and_uses_nothing_up(service: Service, asked: str) -> None:
    app = App(service)
    token = app.tokens()["refresh_token"]
    assert refused(app.refresh(token, scope=asked), "invalid_scope")
    assert app.refresh(token).status_code == 200


@on_sqlite
def test_what_the_client_lost_is_lost_at_the_next_refresh(service: Service) -> None:
    app = App(service)
    token = app.tokens("user/Goal.rs patient/Task.rs offline_access")["refresh_token"]
    with service.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE oauth_client SET scopes = 'user/Goal.r'")
    assert app.refresh(token).json["scope"] == "offline_access user/Goal.r"


@on_sqlite
def test_a_person_who_was_disabled_gets_no_further_tokens(service: Service) -> None:
    app = App(service)
    token = app.tokens()["refresh_token"]
    service.people.disable(ANN.id)
    assert refused(app.refresh(token))
    service.people.enable(ANN.id)
    assert app.refresh(token).status_code == 200  # nothing was used up


@on_sqlite
def test_a_disabled_client_gets_no_further_tokens(service: Service) -> None:
    app = App(service)
    token = app.tokens()["refresh_token"]
    service.clients.disable("app")
    assert refused(app.refresh(token), "invalid_client", 401)


@on_sqlite
@pytest.mark.parametrize("token", [None, "unknown", "code-0", "x" * 40_000, "\0"])
def test_what_is_no_refresh_token_is_refused(service: Service, token: str | None) -> None:
    answer = App(service).post("/oauth/token", {"grant_type": "refresh_token", "refresh_token": token})
    assert refused(answer, "invalid_grant" if token else "invalid_request")


@on_sqlite
@pytest.mark.parametrize("method", ["none", "client_secret_basic", "client_secret_post"])
def test_a_refresh_token_that_is_given_back_ends_the_whole_family(service: Service, method: str) -> None:
    app = App(service, auth_method=method)
    told = app.tokens()
    hint = {"token_type_hint": "access_token"}  # which is wrong, and no error
    assert app.post("/oauth/revoke", {"token": told["refresh_token"], **hint}).status_code == 200
    assert app.status(told["access_token"]) == 401
    assert refused(app.refresh(told["refresh_token"]))


@on_sqlite
def test_an_access_token_that_is_given_back_ends_alone(service: Service) -> None:
    app = App(service)
    told = app.tokens()
    assert app.post("/oauth/revoke", {"token": told["access_token"]}).status_code == 200
    assert app.status(told["access_token"]) == 401
    assert app.refresh(told["refresh_token"]).status_code == 200


@on_sqlite
def test_the_tokens_of_another_app_cannot_be_given_back(service: Service) -> None:
    app, other = App(service), App(service, "other")
    told = app.tokens()
    for token in (told["refresh_token"], told["access_token"]):
        assert other.post("/oauth/revoke", {"token": token}).status_code == 200
    assert app.status(told["access_token"]) == 200
    assert app.refresh(told["refresh_token"]).status_code == 200


@on_sqlite
def test_introspection_repeats_launch_context_and_person(service: Service) -> None:
    app = App(service, auth_method="client_secret_basic")
    told = app.tokens(context='{"encounter": "e1", "intent": "reconcile"}')
    answer = app.post("/oauth/introspect", {"token": told["access_token"]}).json

    assert {
        name: answer[name] for name in ("active", "scope", "client_id", "sub", "patient", "encounter")
    } == {
        "active": True,
        "scope": told["scope"],
        "client_id": "app",
        "sub": ANN.id,
        "patient": "bo",
        "encounter": "e1",
    }
    assert answer["intent"] == "reconcile"
    assert answer["fhirUser"].endswith("/fhir/Practitioner/ann")
    app.post("/oauth/revoke", {"token": told["refresh_token"]})
    assert app.post("/oauth/introspect", {"token": told["access_token"]}).json == {"active": False}


@on_sqlite
def test_a_public_app_introspects_with_its_token_and_with_nothing_less(service: Service) -> None:
    app = App(service)
    access = app.tokens()["access_token"]
    bearer = {"Authorization": f"Bearer {access}"}
    answer = app.http.post("/oauth/introspect", data={"token": access}, headers=bearer)
    assert answer.json["active"] is True
    assert refused(app.post("/oauth/introspect", {"token": access}), "invalid_client", 401)


@on_sqlite
def test_a_refresh_token_is_not_introspected(service: Service) -> None:
    app = App(service, auth_method="client_secret_post")
    token = app.tokens()["refresh_token"]
    assert app.post("/oauth/introspect", {"token": token}).json == {"active": False}
