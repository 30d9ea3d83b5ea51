"""A client at its own registration: https://www.rfc-editor.org/rfc/rfc7592#section-2"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from careplan_service.app import Service
from conftest import Clock
from web.registering import APP, SYSTEM, Registrant, approve, error_of, offering, present

SAME: dict[str, Any] = {}
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "rsa-1"}).as_dict(private=False)


@pytest.fixture
def registrant(service: Service) -> Iterator[Registrant]:
    with offering(service) as one:
        yield Registrant(one)


def put(registrant: Registrant, told: dict[str, Any], base: dict[str, Any], **changed: Any) -> Any:
    document = present({**base, "client_id": told["client_id"], **changed})
    return registrant.manage("PUT", told["client_id"], told["registration_access_token"], document)


def is_let_in(registrant: Registrant, client_id: str) -> bool:
    client = registrant.service.clients.get(client_id)
    return client is not None and client.is_let_in


def test_a_client_reads_what_is_registered_but_no_secret(registrant: Registrant) -> None:
    told = registrant.app().json
    answer = registrant.manage("GET", told["client_id"], told["registration_access_token"])
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    secret = ("client_secret", "client_secret_expires_at")
    assert answer.json == {name: value for name, value in told.items() if name not in secret}


def test_a_wrong_token_and_an_unknown_client_are_refused_alike(registrant: Registrant) -> None:
    mine, other = registrant.app().json, registrant.app(client_name="Another").json
    token = mine["registration_access_token"]
    for method in ("GET", "PUT", "DELETE"):
        answers = [
            registrant.manage(method, client_id, given, {"client_id": client_id} if method == "PUT" else None)
            for client_id, given in [
                (mine["client_id"], other["registration_access_token"]),
                (mine["client_id"], mine["client_secret"]),
                (mine["client_id"], ""),
                (mine["client_id"], None),
                ("nobody", token),
            ]
        ]
        assert {(one.status_code, one.data, str(one.headers)) for one in answers} == {
            (401, answers[0].data, str(answers[0].headers))
        }
        assert error_of(answers[0]) == (401, "invalid_token")
        assert answers[0].headers["WWW-Authenticate"].startswith("Bearer ")
    assert len(registrant.service.clients.list()) == 2


def test_the_body_of_a_stranger_is_not_read(registrant: Registrant) -> None:
    told = registrant.app().json
    answer = registrant.http.put(
        f"/oauth/register/{told['client_id']}", data=b"{", content_type="application/json"
    )
    assert error_of(answer) == (401, "invalid_token")


NARROWED = [
    {},
    {"redirect_uris": ["https://app.example.org/back"]},
    {"scope": "openid patient/Goal.rs"},
    {"contacts": ["ann@example.org"]},
    {"software_version": "2"},
]
WIDENED = [
    {"redirect_uris": ["https://app.example.org/back", "https://evil.example/back"]},
    {"redirect_uris": ["https://app.example.org/back2"]},
    {"scope": "launch/patient openid patient/Goal.rs patient/Goal.cud"},
    {"scope": "launch/patient openid patient/*.rs"},
    {"grant_types": ["authorization_code", "refresh_token"]},
    {"token_endpoint_auth_method": "none"},
    {"token_endpoint_auth_method": "client_secret_post"},
    {"client_name": "Your Bank"},
]
TWO = {**APP, "redirect_uris": ["https://app.example.org/back", "https://app.example.org/two"]}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("changed", "stays"), [*((one, True) for one in NARROWED), *((one, False) for one in WIDENED)]
)
def test_an_approved_app_that_asks_for_more_waits_again(
    registrant: Registrant, changed: dict[str, Any], stays: bool
) -> None:
    told = registrant.post(APP if changed.get("redirect_uris") else TWO).json
    approve(registrant.service, told["client_id"], "app")
    base = APP if changed.get("redirect_uris") else TWO
    answer = put(registrant, told, base, **changed)
    assert answer.status_code == 200, answer.text
    assert is_let_in(registrant, told["client_id"]) is stays
    assert {name: answer.json[name] for name in changed} == changed


def test_a_system_with_other_keys_waits_again_and_has_no_token_meanwhile(
    registrant: Registrant, clock: Clock
) -> None:
    told = registrant.system().json
    approve(registrant.service, told["client_id"])
    bearer = {"Authorization": f"Bearer {registrant.token(told['client_id']).json['access_token']}"}
    assert registrant.http.get("/fhir/Goal", headers=bearer).status_code == 200
    assert put(registrant, told, SYSTEM, jwks={"keys": [OTHER_KEY]}).status_code == 200
    clock.go_on(seconds=1)
    assert registrant.http.get("/fhir/Goal", headers=bearer).status_code == 401
    assert error_of(registrant.token(told["client_id"])) == (401, "invalid_client")
    client = registrant.service.clients.get(told["client_id"])
    assert client
    assert client.organization == "Organization/river"


def test_a_second_change_does_not_hide_that_the_first_one_asked_for_more(registrant: Registrant) -> None:
    told = registrant.app().json
    approve(registrant.service, told["client_id"], "app")
    assert put(registrant, told, APP, client_name="Another").status_code == 200
    assert put(registrant, told, APP, client_name="Another").status_code == 200
    assert not is_let_in(registrant, told["client_id"])


def test_a_method_with_a_secret_brings_a_new_one_and_another_method_ends_it(registrant: Registrant) -> None:
    told = registrant.app(token_endpoint_auth_method="none").json
    answer = put(registrant, told, APP)
    assert answer.json["client_secret"]
    assert answer.json["client_secret_expires_at"] == 0
    kept = registrant.service.clients.get(told["client_id"])
    assert kept
    assert kept.secret_hash
    again = put(registrant, told, APP, client_secret=answer.json["client_secret"])
    assert again.status_code == 200
    assert "client_secret" not in again.json
    assert put(registrant, told, APP, token_endpoint_auth_method="none").status_code == 200
    ended = registrant.service.clients.get(told["client_id"])
    assert ended
    assert ended.secret_hash == ""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"client_id": None}, "invalid_request"),
        ({"client_id": "another"}, "invalid_request"),
        ({"client_secret": "wrong"}, "invalid_request"),
        ({"client_secret": 7}, "invalid_request"),
        ({"registration_access_token": "x"}, "invalid_request"),
        ({"client_id_issued_at": 1}, "invalid_request"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"client_name": None}, "invalid_client_metadata"),
    ],
)
def test_a_change_that_makes_no_sense_changes_nothing(
    registrant: Registrant, changed: dict[str, Any], error: str
) -> None:
    told = registrant.app().json
    before = registrant.service.registrations.get(told["client_id"])
    answer = put(registrant, told, APP, **changed)
    assert (answer.status_code, answer.json["error"]) == (400, error)
    assert registrant.service.registrations.get(told["client_id"]) == before


def test_who_waits_and_ends_it_is_forgotten(registrant: Registrant) -> None:
    told = registrant.app().json
    token = told["registration_access_token"]
    answer = registrant.manage("DELETE", told["client_id"], token)
    assert (answer.status_code, answer.data) == (204, b"")
    assert registrant.service.clients.list() == ()
    assert error_of(registrant.manage("GET", told["client_id"], token)) == (401, "invalid_token")


def test_who_was_approved_and_ends_it_has_no_token_any_more(registrant: Registrant, clock: Clock) -> None:
    told = registrant.system().json
    approve(registrant.service, told["client_id"])
    bearer = {"Authorization": f"Bearer {registrant.token(told['client_id']).json['access_token']}"}
    assert registrant.http.get("/fhir/Goal", headers=bearer).status_code == 200
    assert (
        registrant.manage("DELETE", told["client_id"], told["registration_access_token"]).status_code == 204
    )
    clock.go_on(seconds=1)
    assert registrant.http.get("/fhir/Goal", headers=bearer).status_code == 401
    assert error_of(registrant.token(told["client_id"])) == (401, "invalid_client")


def test_a_disabled_client_does_not_come_back_by_itself(registrant: Registrant) -> None:
    told = registrant.app().json
    approve(registrant.service, told["client_id"], "app")
    registrant.service.clients.disable(told["client_id"])
    assert error_of(put(registrant, told, APP)) == (401, "invalid_token")
    assert not is_let_in(registrant, told["client_id"])


def test_of_changes_at_one_moment_each_is_whole_or_refused(registrant: Registrant) -> None:
    told = registrant.app().json
    barrier = Barrier(4, timeout=30)

    registrants = [Registrant(registrant.service) for _ in range(4)]

    def change(number: int) -> int:
        own = registrants[number]
        barrier.wait()
        name = f"Name {number}"
        return int(put(own, told, APP, client_name=name, software_version=name).status_code)

    with ThreadPoolExecutor(4) as threads:
        statuses = list(threads.map(change, range(4), timeout=60))
    assert set(statuses) <= {200, 503}
    assert 200 in statuses
    found = registrant.service.registrations.get(told["client_id"])
    assert found
    assert found.version == 1 + statuses.count(200)
    metadata = registrant.manage("GET", told["client_id"], told["registration_access_token"]).json
    assert metadata["client_name"] == metadata["software_version"] == found.client.name


def test_who_comes_changes_and_goes_is_recorded_and_no_secret_is(registrant: Registrant) -> None:
    told = registrant.app().json
    approve(registrant.service, told["client_id"], "app")
    put(registrant, told, APP, client_name="Another")
    put(registrant, told, APP, client_name="Another")  # which is no more, and waits all the same
    registrant.manage("DELETE", told["client_id"], told["registration_access_token"])
    rows = registrant.service.database.rows(
        "SELECT interaction, organization, asked, status FROM audit WHERE client = :id ORDER BY entry"
        if registrant.service.database.is_sqlite
        else "SELECT interaction, organization, asked, status FROM audit ORDER BY entry",
        {"id": told["client_id"]},
    )
    scopes = "for patient/Goal.rs"
    assert [tuple(row) for row in rows] == [
        ("register", "", f"app 'River App' {scopes}", 201),
        ("change-registration", "Organization/river", f"app 'Another' {scopes} waits", 200),
        ("change-registration", "Organization/river", f"app 'Another' {scopes} waits", 200),
        ("end-registration", "Organization/river", f"app 'Another' {scopes}", 204),
    ]


def test_what_was_rejected_after_a_change_is_shut_out_for_good(registrant: Registrant) -> None:
    told = registrant.app().json
    approve(registrant.service, told["client_id"], "app")
    put(registrant, told, APP, client_name="Another")
    registrant.service.registrations.withdraw(told["client_id"])
    assert not is_let_in(registrant, told["client_id"])
    assert error_of(put(registrant, told, APP)) == (401, "invalid_token")
    assert not is_let_in(registrant, told["client_id"])
