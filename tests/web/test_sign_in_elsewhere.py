"""Signing in with an OpenID provider, a small real one, and every way to get in that must not work."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from werkzeug.test import TestResponse

from careplan_service.access.people import MOST_FROM_ADDRESS
from careplan_service.app import Service
from conftest import BASE_URL, Clock
from oauth.idp import Idp, publishing
from web.visiting import ANN, HASHED, Visitor, code_of, register, rows

SQLITE_ONLY = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SUBJECT = "u-17"


@cache
def keys() -> dict[str, Any]:
    """Made once: making RSA keys is slow."""
    return {
        "RS256": RSAKey.generate_key(2048, {"kid": "rsa"}),
        "ES256": ECKey.generate_key("P-256", {"kid": "p256"}),
        "ES384": ECKey.generate_key("P-384", {"kid": "p384"}),
        "other": RSAKey.generate_key(2048, {"kid": "rsa"}),
    }


@pytest.fixture
def idp(clock: Clock) -> Iterator[Idp]:
    with publishing([keys()[name] for name in ("RS256", "ES256", "ES384")]) as server:
        server.now = lambda: int(clock().timestamp())  # type: ignore[method-assign]
        yield server


@pytest.fixture
def elsewhere(service: Service, idp: Idp) -> Service:
    """The service with that provider, which knows it as `careplan`; ann is linked."""
    settings = replace(service.settings, sign_in_issuer=idp.issuer, sign_in_client="careplan")
    register(service)
    service.people.link("ann", idp.issuer, SUBJECT)
    return replace(service, settings=settings)


def asked(visitor: Visitor, following: str = "") -> dict[str, str]:
    """The question that the browser is sent out with."""
    answer = visitor.get("/sign-in/elsewhere", **({"next": following} if following else {}))
    assert answer.status_code == 303
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def back(visitor: Visitor, question: dict[str, str], code: str, **changed: str) -> TestResponse:
    """Back with the answer, but for what is changed; an empty text leaves a parameter out."""
    answer = {"state": question["state"], "code": code, **changed}
    return visitor.get("/sign-in/back", **{name: text for name, text in answer.items() if text})


def signed_in(visitor: Visitor, idp: Idp, make: Callable[..., str] | None = None, **changed: str) -> bool:
    """Whether the whole way leads in."""
    question = asked(visitor)
    back(visitor, question, idp.signs_in(question, make), **changed)
    return visitor.is_in()


# In


def test_who_is_linked_comes_in_and_goes_on_to_the_page_that_was_wanted(elsewhere: Service, idp: Idp) -> None:
    visitor = Visitor(elsewhere)
    page = visitor.get("/sign-in", next="/account?x=1").text
    host = urlsplit(idp.issuer).netloc
    assert f'href="/sign-in/elsewhere?next=/account%3Fx%3D1">Sign in with {host}</a>' in page
    before = visitor.cookie
    question = asked(visitor, "/account?x=1")
    answer = back(visitor, question, idp.signs_in(question))

    assert (answer.status_code, answer.headers["Location"]) == (303, "/account?x=1")
    assert visitor.is_in()
    assert visitor.cookie != before
    assert rows(elsewhere) == [("user:ann", "sign-in", "")]


@SQLITE_ONLY
def test_the_question_is_a_code_flow_with_pkce_and_nothing_more(elsewhere: Service, idp: Idp) -> None:
    question = asked(Visitor(elsewhere))
    fixed = {
        "realm": "1",
        "response_type": "code",
        "client_id": "careplan",
        "redirect_uri": f"{BASE_URL}/sign-in/back",
        "scope": "openid",
        "code_challenge_method": "S256",
    }
    assert {name: question.pop(name) for name in fixed} == fixed
    assert sorted(question) == ["code_challenge", "nonce", "state"]
    assert all(len(text) >= 43 for text in question.values())


@SQLITE_ONLY
def test_we_prove_ourselves_to_the_provider_with_our_own_key(elsewhere: Service, idp: Idp) -> None:
    assert signed_in(Visitor(elsewhere), idp)
    ((form, headers),) = idp.asked
    claims = jwt.decode(form["client_assertion"], elsewhere.keys.signing_key(), algorithms=["RS256"]).claims

    assert {name: claims[name] for name in ("iss", "sub", "aud")} == {
        "iss": "careplan",
        "sub": "careplan",
        "aud": idp.about["token_endpoint"],
    }
    assert claims["exp"] - claims["iat"] == 60
    assert "Authorization" not in headers


@SQLITE_ONLY
def test_or_with_a_secret_from_a_file(elsewhere: Service, idp: Idp, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("a+b c\n")
    settings = replace(elsewhere.settings, sign_in_secret_file=str(file))
    assert signed_in(Visitor(replace(elsewhere, settings=settings)), idp)
    ((form, headers),) = idp.asked

    assert headers["Authorization"] == "Basic Y2FyZXBsYW46YSUyQmIrYw=="
    assert "client_assertion" not in form
    file.unlink()
    visitor = Visitor(replace(elsewhere, settings=settings))
    question = asked(visitor)
    assert back(visitor, question, idp.signs_in(question)).status_code == 503


@SQLITE_ONLY
@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "ES256", "ES384"])
def test_the_usual_algorithms_are_taken(elsewhere: Service, idp: Idp, algorithm: str) -> None:
    key = keys().get(algorithm) or keys()["RS256"]

    def make(claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": algorithm, "kid": key.kid}, claims, key, algorithms=[algorithm])

    assert signed_in(Visitor(elsewhere), idp, make)


@SQLITE_ONLY
def test_a_second_factor_of_our_own_is_asked_for_all_the_same(service: Service, idp: Idp) -> None:
    register(service, second_factor=True)
    service.people.link("ann", idp.issuer, SUBJECT)
    settings = replace(service.settings, sign_in_issuer=idp.issuer, sign_in_client="careplan")
    visitor = Visitor(replace(service, settings=settings))
    assert not signed_in(visitor, idp)
    visitor.give_code(code_of(service))

    assert visitor.is_in()
    assert rows(service) == [("user:ann", "provider", ""), ("user:ann", "sign-in", "")]


# Nobody


@pytest.mark.parametrize("who", ["unknown", "disabled", "of another issuer"])
def test_whoever_is_not_linked_is_told_the_same_and_nothing_is_made(
    elsewhere: Service, idp: Idp, who: str
) -> None:
    if who == "unknown":
        elsewhere.people.link("ann", idp.issuer, "u-18")
    elif who == "disabled":
        elsewhere.people.disable("ann")
    else:
        elsewhere.people.link("ann", f"{idp.issuer}/", SUBJECT)
    visitor, people = Visitor(elsewhere), elsewhere.people.list()
    question = asked(visitor)
    page = back(visitor, question, idp.signs_in(question))

    assert page.status_code == 403
    assert "no account here is linked to you" in page.text
    assert ANN not in page.text
    assert SUBJECT not in page.text
    assert not visitor.is_in()
    assert elsewhere.people.list() == people
    ((client, what, why),) = rows(elsewhere)
    assert (client, what) == ("user:ann" if who == "disabled" else "user:unknown", "sign-in")
    assert "disabled" in why if who == "disabled" else f"`{SUBJECT}`" in why


# What comes back


WRONG_ANSWERS: dict[str, dict[str, str]] = {
    "another state": {"state": "A" * 43},
    "no state": {"state": ""},
    "a state that is no ASCII": {"state": "ä" * 43},
    "another issuer (mix-up)": {"iss": "https://evil.example"},
    "no code": {"code": ""},
    "a code of nobody": {"code": "code-99"},
    "a refusal": {"error": "access_denied"},
    "a refusal with markup": {"error": "<b>x</b>"},
}


@SQLITE_ONLY
@pytest.mark.parametrize("name", WRONG_ANSWERS)
def test_an_answer_that_does_not_fit_is_refused(elsewhere: Service, idp: Idp, name: str) -> None:
    visitor = Visitor(elsewhere)
    question = asked(visitor)
    page = back(visitor, question, **{"code": idp.signs_in(question), **WRONG_ANSWERS[name]})

    assert page.status_code == 403
    assert "did not work" in page.text
    assert not visitor.is_in()
    assert [(client, what) for client, what, _ in rows(elsewhere)] == [("user:unknown", "sign-in")]
    assert "<b>" not in rows(elsewhere)[0][2]


@SQLITE_ONLY
def test_a_provider_that_says_it_names_itself_has_to(elsewhere: Service, idp: Idp) -> None:
    idp.about["authorization_response_iss_parameter_supported"] = True
    assert not signed_in(Visitor(elsewhere), idp)
    assert idp.asked == []
    assert signed_in(Visitor(elsewhere), idp, iss=idp.issuer)


@SQLITE_ONLY
def test_parameters_that_stand_there_twice_count_as_none(elsewhere: Service, idp: Idp) -> None:
    visitor = Visitor(elsewhere)
    question = asked(visitor)
    query = f"state={question['state']}&code={idp.signs_in(question)}&state=x"
    assert visitor.get(f"/sign-in/back?{query}").status_code == 403


def test_what_another_browser_asked_does_not_let_this_one_in(elsewhere: Service, idp: Idp) -> None:
    attacker, victim = Visitor(elsewhere), Visitor(elsewhere)
    question = asked(attacker)
    code = idp.signs_in(question)
    assert back(victim, question, code).status_code == 403
    asked(victim)
    assert back(victim, question, code).status_code == 403
    stolen = attacker.http.get_cookie("careplan-elsewhere", "127.0.0.1")
    assert stolen
    victim.http.set_cookie("careplan-elsewhere", stolen.value, domain="127.0.0.1")
    assert back(victim, question, code).status_code == 403  # sealed for the other browser's id

    assert not victim.is_in()
    assert idp.asked == []


def test_an_answer_works_once_even_if_everything_is_kept(elsewhere: Service, idp: Idp) -> None:
    visitor, thief = Visitor(elsewhere), Visitor(elsewhere)
    question = asked(visitor)
    for name in ("careplan", "careplan-elsewhere"):
        cookie = visitor.http.get_cookie(name, "127.0.0.1")
        assert cookie
        thief.http.set_cookie(name, cookie.value, domain="127.0.0.1")
    assert back(visitor, question, idp.signs_in(question)).status_code == 303
    assert visitor.http.get_cookie("careplan-elsewhere", "127.0.0.1") is None
    assert back(visitor, question, idp.signs_in(question)).status_code == 403
    assert back(thief, question, idp.signs_in(question)).status_code == 403

    assert not thief.is_in()
    assert len(idp.asked) == 1
    assert rows(elsewhere)[-1][2].endswith("used before")


@SQLITE_ONLY
def test_an_answer_that_comes_after_ten_minutes_is_too_late(
    elsewhere: Service, idp: Idp, clock: Clock
) -> None:
    early, late = Visitor(elsewhere), Visitor(elsewhere)
    questions = asked(early), asked(late)
    clock.go_on(seconds=599)
    back(early, questions[0], idp.signs_in(questions[0]))
    clock.go_on(seconds=1)
    back(late, questions[1], idp.signs_in(questions[1]))

    assert early.is_in()
    assert not late.is_in()


@SQLITE_ONLY
@pytest.mark.parametrize("following", ["https://evil.example", "//evil.example", "/\\evil.example", "/x y"])
def test_nobody_is_sent_on_to_another_site(elsewhere: Service, idp: Idp, following: str) -> None:
    visitor = Visitor(elsewhere)
    question = asked(visitor, following)
    assert back(visitor, question, idp.signs_in(question)).headers["Location"] == "/account"


@SQLITE_ONLY
def test_the_cookies_fit_however_long_the_page_is_that_was_wanted(elsewhere: Service, idp: Idp) -> None:
    for length, wanted in ((1900, "/account?" + "x" * 1900), (3000, "/account")):
        visitor = Visitor(elsewhere)
        question = asked(visitor, "/account?" + "x" * length)
        assert visitor.page is not None
        assert all(len(cookie) < 4096 for cookie in visitor.page.headers.getlist("Set-Cookie"))
        assert back(visitor, question, idp.signs_in(question)).headers["Location"] == wanted


@SQLITE_ONLY
def test_failures_are_counted_by_address_and_answers_nobody_asked_for_are_not(
    elsewhere: Service, idp: Idp
) -> None:
    stranger = Visitor(elsewhere)
    for _ in range(MOST_FROM_ADDRESS + 1):
        stranger.get("/sign-in/back", state="x", code="y")
    assert rows(elsewhere) == []
    visitor = Visitor(elsewhere)
    statuses = [back(visitor, asked(visitor), "y").status_code for _ in range(MOST_FROM_ADDRESS + 1)]

    assert statuses == [403] * MOST_FROM_ADDRESS + [429]


# ID tokens


def unsigned(claims: dict[str, Any]) -> str:
    parts = ({"alg": "none", "kid": "rsa"}, claims)
    return ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def with_public_key_as_secret(claims: dict[str, Any]) -> str:
    public = keys()["RS256"].as_pem(private=False)
    head, body = unsigned(claims).split(".")[:2]
    head = urlsafe_b64encode(b'{"alg":"HS256","kid":"rsa"}').decode().rstrip("=")
    proof = hmac.digest(public, f"{head}.{body}".encode(), "sha256")
    return f"{head}.{body}.{urlsafe_b64encode(proof).decode().rstrip('=')}"


def claiming(**changed: Any) -> Callable[[dict[str, Any]], str]:
    """Well signed, with other claims; None leaves one out, a function is given the claim."""

    def make(claims: dict[str, Any]) -> str:
        given = {name: value(claims[name]) if callable(value) else value for name, value in changed.items()}
        told = {name: value for name, value in (claims | given).items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": "rsa"}, told, keys()["RS256"])

    return make


WRONG_TOKENS: dict[str, Callable[[dict[str, Any]], str]] = {
    "no signature": unsigned,
    "HS256 with the public key": with_public_key_as_secret,
    "the key of somebody else": lambda claims: jwt.encode(
        {"alg": "RS256", "kid": "rsa"}, claims, keys()["other"]
    ),
    "an unknown key id": lambda claims: jwt.encode({"alg": "RS256", "kid": "x"}, claims, keys()["RS256"]),
    "no key id among several keys": lambda claims: jwt.encode({"alg": "RS256"}, claims, keys()["RS256"]),
    "RS512": lambda claims: jwt.encode(
        {"alg": "RS512", "kid": "rsa"}, claims, keys()["RS256"], algorithms=["RS512"]
    ),
    "nothing": lambda claims: "",
    "no JWT": lambda claims: "x.y.z",
    "another issuer": claiming(iss="https://evil.example"),
    "no issuer": claiming(iss=None),
    "another audience": claiming(aud="other"),
    "other audiences": claiming(aud=["other", "another"]),
    "several audiences without azp": claiming(aud=["careplan", "other"]),
    "an audience that is an object": claiming(aud={"careplan": 1}),
    "another audience by way of us": claiming(aud="other", azp="careplan"),
    "no audience": claiming(aud=None),
    "another azp": claiming(azp="other"),
    "another nonce": claiming(nonce="x"),
    "no nonce": claiming(nonce=None),
    "expired": claiming(exp=lambda until: until - 400),
    "without an end": claiming(exp=None),
    "an end that is a text": claiming(exp="tomorrow"),
    "an end that is a switch": claiming(exp=True),
    "made later": claiming(iat=lambda made: made + 60),
    "made at no time": claiming(iat=None),
    "not yet": claiming(nbf=4_000_000_000),
    "nobody": claiming(sub=None),
    "an empty subject": claiming(sub=""),
    "a subject that is a number": claiming(sub=17),
    "a subject that is too long": claiming(sub="x" * 256),
}


@SQLITE_ONLY
@pytest.mark.parametrize("name", WRONG_TOKENS)
def test_an_id_token_that_cannot_be_verified_lets_nobody_in(elsewhere: Service, idp: Idp, name: str) -> None:
    visitor = Visitor(elsewhere)
    question = asked(visitor)
    page = back(visitor, question, idp.signs_in(question, WRONG_TOKENS[name]))

    assert (page.status_code, "did not work" in page.text) == (403, True)
    assert not visitor.is_in()
    assert "ID token" in rows(elsewhere)[0][2]


@SQLITE_ONLY
@pytest.mark.parametrize("changed", [{"aud": ["careplan"]}, {"aud": ["careplan", "x"], "azp": "careplan"}])
def test_an_id_token_may_list_its_audience(elsewhere: Service, idp: Idp, changed: dict[str, Any]) -> None:
    assert signed_in(Visitor(elsewhere), idp, claiming(**changed))


# The provider


WRONG_METADATA: dict[str, dict[str, Any]] = {
    "of another issuer": {"issuer": "https://evil.example"},
    "without an authorization endpoint": {"authorization_endpoint": None},
    "plain http": {"authorization_endpoint": "http://evil.example/"},
    "a script": {"authorization_endpoint": "javascript:alert(1)"},
}


@SQLITE_ONLY
@pytest.mark.parametrize("name", WRONG_METADATA)
def test_a_provider_that_cannot_be_relied_on_is_not_asked(elsewhere: Service, idp: Idp, name: str) -> None:
    idp.about.update(WRONG_METADATA[name])
    visitor = Visitor(elsewhere)
    page = visitor.get("/sign-in/elsewhere")

    assert page.status_code == 503
    assert "try again in some minutes" in page.text


@SQLITE_ONLY
@pytest.mark.parametrize(
    "where", ["http://10.0.0.1/token", "https://127.0.0.2:9/token", "https://10.0.0.1:9/token"]
)
def test_codes_are_not_sent_to_plain_or_private_addresses(elsewhere: Service, idp: Idp, where: str) -> None:
    idp.about["token_endpoint"] = where
    visitor = Visitor(elsewhere)
    question = asked(visitor)
    assert back(visitor, question, "c").status_code == 503


@SQLITE_ONLY
def test_a_provider_that_fails_is_told_and_its_redirects_are_not_followed(
    elsewhere: Service, idp: Idp
) -> None:
    for status in (500, 302):
        idp.status = status
        visitor = Visitor(elsewhere)
        question = asked(visitor)
        assert back(visitor, question, idp.signs_in(question)).status_code == 503
        assert not visitor.is_in()


# Passwords


@SQLITE_ONLY
def test_passwords_still_work_unless_they_are_off(elsewhere: Service) -> None:
    visitor = Visitor(elsewhere)
    visitor.sign_in()
    assert visitor.is_in()
    off = Visitor(replace(elsewhere, settings=replace(elsewhere.settings, local_passwords=False)))
    assert 'name="password"' not in off.get("/sign-in").text
    fields = {"form": off.hidden(), "username": "ann", "password": "a quiet river bank"}
    assert off.post("/sign-in", fields).status_code == 404


def test_who_has_no_password_comes_in_by_no_password(elsewhere: Service, idp: Idp) -> None:
    elsewhere.people.set_password("ann", "")
    visitor = Visitor(elsewhere)
    for password in ("x", "", HASHED):
        assert visitor.sign_in("ann", password).status_code == 422
    assert signed_in(visitor, idp)
    assert "Change your password" not in visitor.get("/account").text
    assert visitor.get("/account/password").status_code == 404
    assert visitor.get("/account/second-factor").status_code == 404


@SQLITE_ONLY
def test_without_a_provider_there_is_no_way_to_one(service: Service) -> None:
    visitor = Visitor(service)
    assert "elsewhere" not in visitor.get("/sign-in").text
    assert visitor.get("/sign-in/elsewhere").status_code == 404
    assert visitor.get("/sign-in/back").status_code == 404


def test_linking_ends_sessions_and_nobody_else_can_be_the_same_subject(elsewhere: Service, idp: Idp) -> None:
    visitor = Visitor(elsewhere)
    assert signed_in(visitor, idp)
    elsewhere.people.link("ann", idp.issuer, "u-18")
    assert not visitor.is_in()
    assert not signed_in(visitor, idp)
