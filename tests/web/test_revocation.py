"""`POST /oauth/revoke`. https://www.rfc-editor.org/rfc/rfc7009#section-2"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from builders import Api, a_goal
from careplan_service.app import Service, app_of, assemble
from conftest import BASE_URL, Clock
from web.signing import Signer

REVOKE = "/oauth/revoke"


@pytest.fixture
def hospital(api: Api) -> Signer:
    """A client that signs its assertions."""
    return Signer(api)


@pytest.fixture
def elsewhere(service: Service, database_url: str, keys_dir: Path, clock: Clock) -> Iterator[Service]:
    """A second worker: everything of its own, but for the database and the folder of keys."""
    other = assemble(replace(service.settings, database_url=database_url), clock, migrated=False)
    yield other
    other.database.close()


def test_a_revoked_token_is_refused_at_once_and_no_other(hospital: Signer) -> None:
    token, other = hospital.token(), hospital.token()
    assert [hospital.search(token), hospital.search(other)] == [200, 200]
    answer = hospital.post(REVOKE, token=token)
    assert (answer.status_code, answer.json) == (200, {})
    assert (answer.headers["Cache-Control"], answer.mimetype) == ("no-store", "application/json")
    assert [hospital.search(token), hospital.search(other)] == [401, 200]
    refused = hospital.http.get("/fhir/Goal", headers={"Authorization": f"Bearer {token}"})
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


def test_a_revocation_leaves_an_audit_row_and_what_changes_nothing_leaves_none(
    hospital: Signer, api: Api
) -> None:
    token = hospital.token()
    hospital.post("/oauth/revoke", token="x")
    assert [row for row in api.audit() if row["interaction"] == "revoke"] == []
    hospital.post("/oauth/revoke", token=token)
    (row,) = (row for row in api.audit() if row["interaction"] == "revoke")

    assert (row["client"], row["organization"]) == ("hospital", "Organization/hospital")
    assert row["asked"].startswith("token ")
    assert token not in str(row)


def test_no_worker_takes_a_revoked_token_however_well_it_knew_it(
    hospital: Signer, elsewhere: Service
) -> None:
    there, token = hospital.at(elsewhere), hospital.token()
    assert [worker.search(token) for worker in (hospital, there, there)] == [200, 200, 200]
    hospital.post(REVOKE, token=token)
    assert [worker.search(token) for worker in (there, hospital)] == [401, 401]


def test_revoking_again_and_revoking_what_has_expired_is_answered_alike(
    hospital: Signer, clock: Clock
) -> None:
    token, late = hospital.token(), hospital.token()
    assert [hospital.post(REVOKE, token=token).status_code for _ in range(2)] == [200, 200]
    clock.go_on(days=1)
    assert hospital.post(REVOKE, token=late).status_code == 200


def test_of_a_token_revoked_by_many_at_once_every_request_succeeds(hospital: Signer) -> None:
    token, at_once = hospital.token(), threading.Barrier(4)
    assertions = [hospital.assertion() for _ in range(4)]
    # Not in the threads: CPython 3.11 cannot parse code in two threads at once, as a route's rules are.
    workers = [app_of(hospital.api.service).test_client() for _ in range(4)]

    def status(http: FlaskClient, assertion: str) -> int:
        at_once.wait(60)
        form = {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
        return http.post(REVOKE, data={**form, "client_assertion": assertion, "token": token}).status_code

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(status, workers, assertions)) == [200] * 4
    assert hospital.search(token) == 401


def test_the_token_of_another_client_lives_on_and_the_answer_does_not_tell(
    hospital: Signer, api: Api
) -> None:
    shelter = Signer(api, "shelter")
    token = shelter.token()
    answer = hospital.post(REVOKE, token=token)
    assert (answer.status_code, answer.json) == (200, {})
    assert shelter.search(token) == 200


@pytest.mark.parametrize("token", ["x", "a.b.c", "\u00e4", "x" * 20_000, "../signing-0001.pem", "\x00"])
def test_what_is_no_token_of_ours_is_answered_alike(hospital: Signer, token: str) -> None:
    answer = hospital.post(REVOKE, token=token)
    assert (answer.status_code, answer.json) == (200, {})


@pytest.mark.parametrize("hint", ["access_token", "refresh_token"])
def test_a_hint_may_be_wrong(hospital: Signer, hint: str) -> None:
    token = hospital.token()
    assert hospital.post(REVOKE, token=token, token_type_hint=hint).status_code == 200
    assert hospital.search(token) == 401


def test_a_type_of_token_that_there_is_not_is_unsupported(hospital: Signer) -> None:
    token = hospital.token()
    answer = hospital.post(REVOKE, token=token, token_type_hint='id_"token')
    assert (answer.status_code, answer.json["error"]) == (400, "unsupported_token_type")
    assert "id_'token" in answer.json["error_description"]
    assert hospital.search(token) == 200


def test_without_a_token_the_request_is_invalid(hospital: Signer) -> None:
    answer = hospital.post(REVOKE)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("audience", [f"{BASE_URL}/oauth/token", f"{BASE_URL}{REVOKE}"])
def test_the_assertion_may_be_made_for_either_endpoint(hospital: Signer, audience: str) -> None:
    token = hospital.token()
    assert hospital.post(REVOKE, hospital.assertion(aud=audience), token=token).status_code == 200
    assert hospital.search(token) == 401


def test_an_assertion_for_the_revocation_endpoint_gets_no_token(hospital: Signer) -> None:
    asked = {"grant_type": "client_credentials", "scope": "system/Goal.rs"}
    answer = hospital.post("/oauth/token", hospital.assertion(aud=f"{BASE_URL}{REVOKE}"), **asked)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def test_who_does_not_prove_who_it_is_revokes_nothing(hospital: Signer) -> None:
    token, used = hospital.token(), hospital.assertion()
    hospital.post(REVOKE, used, token="x")
    bearer = {"Authorization": f"Bearer {token}"}
    answers = [
        hospital.http.post(REVOKE, data={"token": token}),
        hospital.http.post(REVOKE, data={"token": token}, headers=bearer),
        hospital.post(REVOKE, used, token=token),
        hospital.post(REVOKE, hospital.assertion(aud=f"{BASE_URL}/fhir"), token=token),
        hospital.post(REVOKE, hospital.assertion(iss="shelter", sub="shelter"), token=token),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
        assert answer.headers["WWW-Authenticate"] == 'private_key_jwt realm="careplan"'
    assert hospital.search(token) == 200


def test_a_note_is_kept_until_no_clock_takes_the_token_any_more(hospital: Signer, clock: Clock) -> None:
    rows = "SELECT jti FROM oauth_revoked"
    database = hospital.api.service.database
    hospital.post(REVOKE, token=hospital.token())
    ((first,),) = database.rows(rows, {})
    clock.go_on(minutes=64)
    hospital.post(REVOKE, token=hospital.token())
    assert len(database.rows(rows, {})) == 2
    clock.go_on(minutes=2)
    hospital.post(REVOKE, token=hospital.token())
    kept = {jti for (jti,) in database.rows(rows, {})}
    assert len(kept) == 2
    assert first not in kept


def test_while_it_cannot_be_told_whether_a_token_was_revoked_it_is_not_taken(
    hospital: Signer, service: Service
) -> None:
    token = hospital.token()
    assert hospital.search(token) == 200
    with service.database.writing():
        service.database.run("DROP TABLE oauth_revoked", {})
    assert hospital.search(token) >= 500


def test_refused_writes_leave_the_look_up_as_it_was(hospital: Signer, api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/x"))
    changed = {**a_goal(of="Patient/x"), "id": goal.removeprefix("Goal/")}
    for _ in range(3):
        assert api.agency("PUT", f"/fhir/{goal}", changed, If_Match='W/"7"').status == 412
        assert api.agency("POST", "/fhir", {"resourceType": "Bundle", "type": "transaction", "entry": [
            {"resource": changed, "request": {"method": "PUT", "url": goal}},
            {"resource": changed, "request": {"method": "PUT", "url": goal, "ifMatch": 'W/"7"'}},
        ]}).status >= 400  # fmt: skip
        assert [api.agency.get(f"/fhir/{goal}").status for _ in range(3)] == [200] * 3
