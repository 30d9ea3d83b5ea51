"""Apps that act for people get their first tokens, over HTTP. RFC 6749 section 4.1.3, RFC 7636."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Barrier
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from careplan_service.access.clients import AUTH_METHODS, PRIVATE_KEY_JWT
from careplan_service.app import Service, app_of
from conftest import BASE_URL, Clock
from web.app_client import ANN, BACK, SECRET, VERIFIER, App, asked_with, basic

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def refused(answer: Any, error: str = "invalid_grant", status: int = 400) -> bool:
    return (answer.status_code, answer.json["error"]) == (status, error)


def claims_of(app: App, token: str) -> dict[str, Any]:
    keys = KeySet.import_key_set(app.http.get("/oauth/jwks").json)
    return dict(jwt.decode(token, keys, algorithms=["RS256"]).claims)


def test_a_code_becomes_tokens_that_work(service: Service) -> None:
    app = App(service)
    context = '{"encounter": "e1", "intent": "reconcile", "need_patient_banner": false, "access_token": "x"}'
    code, grant = app.allowed(context=context)
    answer = app.redeem(code)

    assert answer.status_code == 200
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    told = answer.json
    access, refresh, identity = (told.pop(one) for one in ("access_token", "refresh_token", "id_token"))
    assert told == {
        "token_type": "Bearer",
        "expires_in": 900,
        "scope": "openid fhirUser patient/Goal.rs offline_access",
        "patient": "bo",
        "encounter": "e1",
        "intent": "reconcile",
        "need_patient_banner": False,
    }
    assert app.status(access) == 200
    assert len(refresh) == 43
    claims = claims_of(app, access)
    assert {name: claims[name] for name in ("sub", "client_id", "fhirUser", "patient", "grant", "scope")} == {
        "sub": ANN.id,
        "client_id": "app",
        "fhirUser": f"{BASE_URL}/fhir/Practitioner/ann",
        "patient": "bo",
        "grant": grant,
        "scope": told["scope"],
    }
    assert claims["exp"] - claims["iat"] == 900
    assert claims_of(app, identity)["sub"] == ANN.id


@on_sqlite
def test_an_id_token_says_who_signed_in_when_and_for_which_request(service: Service) -> None:
    app = App(service)
    answer = app.tokens("openid profile user/Goal.rs", nonce="n-1", patient="")
    half = sha256(answer["access_token"].encode()).digest()[:16]

    assert claims_of(app, answer["id_token"]) == {
        "iss": BASE_URL,
        "sub": ANN.id,
        "aud": "app",
        "iat": app.now,
        "exp": app.now + 900,
        "auth_time": app.now - 60,
        "nonce": "n-1",
        "at_hash": urlsafe_b64encode(half).rstrip(b"=").decode(),
        "fhirUser": f"{BASE_URL}/fhir/Practitioner/ann",
    }
    assert "patient" not in answer


@on_sqlite
def test_what_was_not_granted_is_not_given(service: Service) -> None:
    app = App(service)
    told = app.tokens("launch/patient patient/Goal.rs")
    assert {"id_token", "refresh_token"}.isdisjoint(told)
    assert "fhirUser" not in claims_of(app, app.tokens("openid patient/Goal.rs")["id_token"])


@on_sqlite
def test_what_is_not_registered_any_more_is_not_granted(service: Service) -> None:
    app = App(service, scopes="patient/Goal.r")
    assert (
        app.tokens("launch/patient patient/Goal.rs patient/Task.rs")["scope"]
        == "launch/patient patient/Goal.r"
    )
    assert app.tokens("launch patient/Goal.read")["scope"] == "launch patient/Goal.r"
    assert app.tokens("openid patient/Task.rs")["scope"] == "openid"


@on_sqlite
@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": None},
        {"redirect_uri": f"{BACK}/"},
        {"redirect_uri": "https://app.example.org/BACK"},
        {"redirect_uri": f"{BACK}?a=b"},
        {"code_verifier": VERIFIER[:-1] + "x"},
    ],
)
def test_a_request_that_does_not_fit_the_code_gets_nothing_and_ends_it(
    service: Service, changed: dict[str, str | None]
) -> None:
    app = App(service)
    code, grant = app.allowed()

    assert refused(app.redeem(code, **changed))
    kept = service.authorizations.get(grant)
    assert kept
    assert kept.revoked == app.now
    assert refused(app.redeem(code))


@on_sqlite
@pytest.mark.parametrize(
    "verifier", [None, "short", "x" * 42, "x" * 129, VERIFIER + "\n", VERIFIER + "ä", "+" * 43]
)
@pytest.mark.parametrize("method", ["none", "client_secret_basic"])
def test_without_a_verifier_as_it_is_written_there_are_no_tokens(
    service: Service, verifier: str | None, method: str
) -> None:
    app = App(service, auth_method=method)
    code, _ = app.allowed()

    assert refused(app.redeem(code, code_verifier=verifier), "invalid_request")
    assert refused(app.redeem(code))


@on_sqlite
def test_a_challenge_is_not_a_verifier_and_a_code_without_one_is_worth_nothing(service: Service) -> None:
    app = App(service)
    challenge = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    assert refused(app.redeem(app.allowed()[0], code_verifier=challenge, code_challenge_method="plain"))

    code, _ = app.allowed()
    with service.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE oauth_code SET challenge = ''")
    assert refused(app.redeem(code))


def test_a_code_that_is_used_again_ends_what_it_gave(service: Service) -> None:
    app = App(service)
    code, _ = app.allowed()
    told = app.redeem(code).json
    assert app.status(told["access_token"]) == 200

    assert refused(app.redeem(code))
    assert app.status(told["access_token"]) == 401
    assert refused(app.refresh(told["refresh_token"]))
    assert refused(app.redeem(code))
    rows = service.database.rows("SELECT client, asked, status FROM audit WHERE interaction = 'reuse'", {})
    ((client, asked, status),) = rows  # once, however often it is tried
    assert (client, status) == ("app", 400)
    assert asked.startswith("code of authorization ")


@on_sqlite
def test_a_code_is_over_after_a_minute(service: Service, clock: Clock) -> None:
    app = App(service)
    first, _ = app.allowed()
    last, _ = app.allowed()
    clock.go_on(seconds=59)
    assert app.redeem(first).status_code == 200
    clock.go_on(seconds=1)
    assert refused(app.redeem(last))


@on_sqlite
def test_the_code_of_another_app_is_worth_nothing_and_is_ended(service: Service) -> None:
    app, other = App(service), App(service, "other")
    code, _ = app.allowed()

    assert refused(other.redeem(code))
    assert refused(app.redeem(code))


def test_of_those_who_redeem_a_code_at_once_one_gets_tokens_that_are_ended_at_once(service: Service) -> None:
    app = App(service)
    code, _ = app.allowed()
    together = Barrier(4, timeout=30)
    workers = [app_of(service).test_client() for _ in range(4)]
    fields = asked_with(code) | {"client_id": "app"}

    def ask(number: int) -> Any:
        together.wait()
        return workers[number].post("/oauth/token", data=fields)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4), timeout=60))
    given = [answer.json["access_token"] for answer in answers if answer.status_code == 200]

    assert len(given) == 1
    assert app.status(given[0]) == 401


@on_sqlite
def test_a_person_who_was_disabled_gets_nothing(service: Service) -> None:
    app = App(service)
    code, _ = app.allowed()
    access = app.tokens()["access_token"]
    service.people.disable(ANN.id)

    assert refused(app.redeem(code))
    assert app.status(access) == 401


@on_sqlite
@pytest.mark.parametrize("method", [one for one in AUTH_METHODS if one != PRIVATE_KEY_JWT])
def test_a_client_proves_itself_as_it_is_registered_and_in_no_other_way(
    service: Service, method: str
) -> None:
    app = App(service, auth_method=method)
    assert app.tokens()["access_token"]

    ways: dict[str, dict[str, Any]] = {
        "none": {"data": {"client_id": "app"}},
        "client_secret_post": {"data": {"client_id": "app", "client_secret": SECRET}},
        "client_secret_basic": {"headers": {"Authorization": basic("app", SECRET)}},
    }
    del ways[method]
    for way in ways.values():
        code, _ = app.allowed()
        data = asked_with(code)
        answer = app.http.post(
            "/oauth/token", data={**data, **way.get("data", {})}, headers=way.get("headers")
        )
        assert refused(answer, "invalid_client", 401)
        assert app.redeem(code).status_code == 200  # who proves nothing ends nothing


@on_sqlite
@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/introspect"])
def test_an_unknown_a_disabled_a_pending_client_and_a_wrong_secret_hear_the_same(
    service: Service, path: str
) -> None:
    app = App(service, auth_method="client_secret_basic")
    App(service, "closed", auth_method="client_secret_basic", enabled=False)
    App(service, "waiting", auth_method="client_secret_basic", pending=True)
    App(service, "public")
    heard = set()
    for id_, secret in (
        ("app", "wrong"),
        ("app", f"{SECRET} "),
        ("closed", SECRET),
        ("waiting", SECRET),
        ("nobody", SECRET),
        ("public", SECRET),
        ("", SECRET),
        ("app\0", SECRET),
        ("a" * 5000, "s" * 5000),
    ):
        answer = app.http.post(
            path,
            data={"grant_type": "refresh_token", "token": "x"},
            headers={"Authorization": basic(id_, secret)},
        )
        heard.add((answer.status_code, answer.data, answer.headers["WWW-Authenticate"]))
    assert len(heard) == 1
    ((status, body, challenge),) = heard
    assert (status, challenge) == (401, 'Basic realm="careplan", charset="UTF-8"')
    assert b"invalid_client" in body


@on_sqlite
@pytest.mark.parametrize(
    "header", ["Basic", "Basic ", "Basic !", "Basic YXBw", "basic w6Q6w6Q=", "Basic YXBwOnM= x", "Digest a"]
)
def test_a_header_that_cannot_be_read_proves_nothing(service: Service, header: str) -> None:
    app = App(service, auth_method="client_secret_basic")
    answer = app.http.post(
        "/oauth/token", data={"grant_type": "refresh_token"}, headers={"Authorization": header}
    )
    assert refused(answer, "invalid_client", 401)


@on_sqlite
def test_id_and_secret_of_the_header_are_percent_decoded(service: Service) -> None:
    app = App(service, "my.app", auth_method="client_secret_basic")
    code, _ = app.allowed()
    data = asked_with(code)
    sent = {"Authorization": basic("my%2Eapp", SECRET.replace("_", "%5F").replace("~", "%7e"))}
    assert app.http.post("/oauth/token", data=data, headers=sent).status_code == 200


@on_sqlite
def test_who_proves_itself_twice_is_refused(service: Service) -> None:
    app = App(service, auth_method="client_secret_basic")
    header = {"Authorization": basic("app", SECRET)}
    for more in ({"client_secret": SECRET}, {"client_assertion": "x"}, {"client_id": "other"}):
        answer = app.http.post("/oauth/token", data={"grant_type": "refresh_token", **more}, headers=header)
        assert refused(answer, "invalid_request")


@on_sqlite
def test_a_secret_in_the_address_is_not_read(service: Service) -> None:
    app = App(service, auth_method="client_secret_post")
    code, _ = app.allowed()
    data = asked_with(code)
    answer = app.http.post(f"/oauth/token?client_id=app&client_secret={SECRET}", data=data)
    assert refused(answer, "invalid_client", 401)


@on_sqlite
def test_an_app_acts_for_people_only_and_a_system_never(service: Service) -> None:
    app = App(service)
    answer = app.post("/oauth/token", {"grant_type": "client_credentials", "scope": "user/Goal.rs"})
    assert refused(answer, "unauthorized_client")
    assert "apps send `authorization_code`" in answer.json["error_description"]

    system = App(service, "system", kind="partner", scopes="system/*.rs")
    assert refused(system.redeem(system.allowed()[0]), "unauthorized_client")


@on_sqlite
@pytest.mark.parametrize("text", ["a\r\nSet-Cookie: x=y", 'a"\\', "a" * 20_000, "\x00", "ä"])
def test_nothing_that_is_sent_comes_back_in_a_header(service: Service, text: str) -> None:
    app = App(service)
    for field in ("code", "redirect_uri", "code_verifier", "client_id", "grant_type", "client_secret"):
        code, _ = app.allowed()
        answer = app.redeem(code, **{field: text})
        assert answer.status_code in (400, 401), field
        assert "Set-Cookie" not in answer.headers
        assert all("a\r\n" not in value and "ä" not in value for value in answer.headers.values())
