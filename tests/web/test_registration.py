"""Clients that register themselves: https://www.rfc-editor.org/rfc/rfc7591#section-3"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from careplan_service.app import Service, app_of
from careplan_service.oauth.client_secrets import is_secret
from conftest import Clock
from markdown import blocks
from names import ROOT
from web.registering import APP, SYSTEM, Registrant, approve, error_of, offering, url_of

PAGE = ROOT / "docs" / "registration.md"


@pytest.fixture
def open_service(service: Service) -> Iterator[Service]:
    with offering(service) as one:
        yield one


@pytest.fixture
def registrant(open_service: Service) -> Registrant:
    return Registrant(open_service)


def kept(service: Service) -> list[str]:
    return [client.id for client in service.clients.list()]


def test_nobody_registers_where_it_is_not_offered(service: Service) -> None:
    registrant = Registrant(service)
    assert registrant.app().status_code == 404
    assert registrant.manage("GET", "x", "y").status_code == 404
    assert "registration_endpoint" not in registrant.http.get("/fhir/.well-known/smart-configuration").json
    assert kept(service) == []


def test_where_it_is_offered_it_can_be_discovered(registrant: Registrant) -> None:
    for path in (
        "/fhir/.well-known/smart-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
    ):
        assert registrant.http.get(path).json["registration_endpoint"] == url_of("x")[:-2]


def test_what_the_page_for_partners_shows_is_taken(registrant: Registrant) -> None:
    shown = [json.loads(block.text) for block in blocks(PAGE.read_text(encoding="utf-8"), "json")]
    taken = [document for document in shown if "client_name" in document]

    assert len(taken) == 2
    for document in taken:
        answer = registrant.post(document)
        assert answer.status_code == 201, answer.text
        assert {name: answer.json[name] for name in document} == document


def test_an_app_is_told_its_secret_once_and_waits(registrant: Registrant) -> None:
    answer = registrant.app(logo_uri="https://app.example.org/logo.png", anything={"else": 1})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json
    assert set(told) == {
        *APP, "grant_types", "response_types", "client_id", "client_id_issued_at", "client_secret",
        "client_secret_expires_at", "registration_access_token", "registration_client_uri",
    }  # fmt: skip
    assert {name: told[name] for name in APP} == APP
    assert (told["grant_types"], told["response_types"]) == (["authorization_code"], ["code"])
    assert told["client_secret_expires_at"] == 0
    assert told["client_id_issued_at"] == int(registrant.service.seconds())
    assert told["registration_client_uri"] == url_of(told["client_id"])
    client = registrant.service.clients.get(told["client_id"])
    assert client
    assert (client.kind, client.pending, client.organization, client.purpose) == ("app", True, "", "")
    assert client.scopes == "patient/Goal.rs"
    assert is_secret(told["client_secret"], client.secret_hash)


def test_nothing_that_is_kept_can_be_used_as_it_is(registrant: Registrant) -> None:
    told = registrant.app().json
    dumped = [
        str(row)
        for table in ("oauth_client", "oauth_registration")
        for row in registrant.service.database.rows(f"SELECT * FROM {table}", {})
    ]
    assert len(dumped) == 2
    for secret in (told["client_secret"], told["registration_access_token"]):
        assert not any(secret in row for row in dumped)


def test_a_system_gets_a_token_from_the_moment_it_is_approved(registrant: Registrant) -> None:
    told = registrant.system().json
    assert "client_secret" not in told
    unknown, waiting = registrant.token("nobody"), registrant.token(told["client_id"])
    assert (waiting.status_code, waiting.data) == (unknown.status_code, unknown.data)
    assert error_of(waiting) == (401, "invalid_client")
    approve(registrant.service, told["client_id"])
    assert registrant.token(told["client_id"]).json["scope"] == "system/Goal.rs"


def test_a_system_asks_for_nothing_more_than_it_registered(registrant: Registrant) -> None:
    told = registrant.system().json
    approve(registrant.service, told["client_id"])
    assert error_of(registrant.token(told["client_id"], "system/Patient.rs")) == (400, "invalid_scope")


def test_what_is_sent_gives_no_right(registrant: Registrant) -> None:
    claimed = {"kind": "agency", "organization": "Organization/agency", "purpose": "TREAT", "pending": False}
    told = registrant.system(**claimed, may_introspect=True, enabled=True, client_id="agency").json
    client = registrant.service.clients.get(told["client_id"])
    assert client
    assert told["client_id"] != "agency"
    assert (client.kind, client.organization, client.purpose) == ("partner", "", "")
    assert (client.pending, client.may_introspect, client.is_let_in) == (True, False, False)


BAD: list[dict[str, Any]] = [
    {"client_name": None},
    {"client_name": ""},
    {"client_name": "   "},
    {"client_name": 7},
    {"client_name": "<script>alert(1)</script>"},
    {"client_name": "River\nHospital"},
    {"client_name": "River\x1b[2J"},
    {"client_name": "River\u202elatipsoH"},
    {"client_name": "River\x00"},
    {"client_name": "x" * 201},
    {"software_id": "<b>"},
    {"contacts": ["a\tb"]},
    {"contacts": "ann@example.org"},
    {"client_uri": "javascript:alert(1)"},
    {"client_uri": "http://app.example.org"},
    {"scope": None},
    {"scope": "patient/Goal.rs\nsystem/*.cruds"},
    {"scope": "system/*.cruds"},
    {"scope": "patient/Gaol.rs"},
    {"scope": "openid"},
    {"grant_types": ["password"]},
    {"grant_types": []},
    {"grant_types": ["refresh_token"]},
    {"grant_types": ["authorization_code", "client_credentials"]},
    {"grant_types": "authorization_code"},
    {"response_types": ["token"]},
    {"response_types": []},
    {"token_endpoint_auth_method": "client_secret_jwt"},
    {"token_endpoint_auth_method": "private_key_jwt"},
    {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "http://127.0.0.1:22/"},
    {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://127.0.0.1/keys"},
    {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://10.0.0.1/keys"},
    {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://169.254.169.254/latest"},
    {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://[::1]/keys"},
    {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://2130706433/keys"},
    {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://0x7f.1/keys"},
    {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://intranet/keys"},
    {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": []}},
    {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}},
    {"token_endpoint_auth_method": "private_key_jwt", "jwks": SYSTEM["jwks"], "jwks_uri": "https://a.org/k"},
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("changed", BAD, ids=lambda changed: json.dumps(changed)[:60])
def test_metadata_that_make_no_sense_are_refused_and_nothing_is_kept(
    registrant: Registrant, changed: dict[str, Any]
) -> None:
    assert error_of(registrant.app(**changed)) == (400, "invalid_client_metadata")
    assert kept(registrant.service) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "uris",
    [
        [],
        None,
        ["javascript:alert(1)"],
        ["data:text/html,x"],
        ["vbscript:x"],
        ["file:///etc/passwd"],
        ["http://app.example.org/back"],
        ["https://app.example.org/back#fragment"],
        ["https://*.example.org/back"],
        ["https://app.example.org@evil.example/back"],
        ["https://app.example.org\\@evil.example/"],
        ["//app.example.org/back"],
        ["https://app.example.org/back", "https://app.example.org/back"],
        ["https://app.example.org/" + "x" * 2000],
        [f"https://app.example.org/{number}" for number in range(11)],
        [7],
        "https://app.example.org/back",
    ],
)
def test_where_a_browser_may_not_be_sent_no_app_is_registered(registrant: Registrant, uris: Any) -> None:
    assert error_of(registrant.app(redirect_uris=uris)) == (400, "invalid_redirect_uri")
    assert kept(registrant.service) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"redirect_uris": ["https://a.org/b"]}, "invalid_redirect_uri"),
        ({"scope": "patient/Goal.rs"}, "invalid_client_metadata"),
        ({"scope": "openid system/Goal.rs"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "invalid_client_metadata"),
        ({"jwks": None}, "invalid_client_metadata"),
        ({"response_types": ["code"]}, "invalid_client_metadata"),
    ],
)
def test_a_system_is_no_app(registrant: Registrant, changed: dict[str, Any], error: str) -> None:
    assert error_of(registrant.system(**changed)) == (400, error)
    assert kept(registrant.service) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'"text"',
        b"\xff\xfe",
        b'{"client_name": NaN}',
        b'{"scope": "a", "scope": "system/*.cruds"}',
        b'{"jwks": {"keys": [], "keys": []}}',
        b'{"a": ' * 9 + b"1" + b"}" * 9,
        b"[" * 60_000,
        b'{"a": "' + b"x" * 64 * 1024 + b'"}',
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
def test_what_is_no_plain_json_object_is_refused(registrant: Registrant, body: bytes) -> None:
    answer = registrant.post(body)
    assert error_of(answer) == (413 if len(body) > 64 * 1024 else 400, "invalid_client_metadata")
    assert kept(registrant.service) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_form_registers_nobody(registrant: Registrant) -> None:
    body = json.dumps(APP)
    for kind in ("application/x-www-form-urlencoded", "text/plain", ""):
        assert error_of(registrant.post(body, kind)) == (400, "invalid_client_metadata")


def test_a_public_app_has_no_secret(registrant: Registrant) -> None:
    told = registrant.app(token_endpoint_auth_method="none", redirect_uris=["org.example.app:/back"]).json
    assert "client_secret" not in told
    assert told["redirect_uris"] == ["org.example.app:/back"]


def test_a_waiting_app_is_to_the_token_endpoint_as_if_it_were_not(
    registrant: Registrant, clock: Clock
) -> None:
    told = registrant.app(token_endpoint_auth_method="client_secret_post").json
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_secret": told["client_secret"]}
    answers = [
        app_of(registrant.service).test_client().post("/oauth/token", data=form | {"client_id": id_})
        for id_ in (told["client_id"], "nobody")
    ]
    assert error_of(answers[0]) == (401, "invalid_client")
    assert answers[0].data == answers[1].data
