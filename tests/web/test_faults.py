"""Problems over HTTP: an OperationOutcome with every fault, never a traceback, and nothing written.

https://hl7.org/fhir/R4/operationoutcome.html
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from builders import PARTNER, Answer, Api, a_care_plan, a_consent, a_goal, a_provision
from careplan_service.errors import Unavailable
from careplan_service.log import configure_log


@pytest.fixture(autouse=True)
def _plain_log() -> None:
    """The log as it is in operation; the default one draws every traceback."""
    configure_log("error")


def _count(api: Api) -> int:
    found: int = api.service.database.rows("SELECT count(*) FROM resource", {})[0][0]
    return found


def test_all_faults_are_told_at_once_each_with_its_place(api: Api) -> None:
    wrong = a_goal(
        of="Patient/ann",
        lifecycleStatus="wandering",
        startDate="2026-02-30",
        statusDate=5,
        target=[{"dueDate": "soon"}, {"nonsense": 1}],
        colour="blue",
    )
    del wrong["description"]
    answer = api.agency("POST", "/fhir/Goal", wrong)
    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/fhir+json; charset=utf-8")
    assert {expression for expression, _ in answer.faults} >= {
        "Goal.lifecycleStatus",
        "Goal.start",
        "Goal.statusDate",
        "Goal.target[0].due",
        "Goal.target[1].nonsense",
        "Goal.colour",
        "Goal.description",
    }
    assert {issue["severity"] for issue in answer.json["issue"]} == {"error"}
    assert all("\n" not in text and text for _, text in answer.faults)
    assert _count(api) == 0


def test_a_resource_of_another_type_is_refused_at_this_address(api: Api) -> None:
    for body in (
        a_care_plan("Patient/ann"),
        {"resourceType": "\x00" + "A" * 100_000},
        {"resourceType": 5},
        {},
    ):
        answer = api.agency("POST", "/fhir/Goal", body)
        assert (answer.status, answer.faults[0][0]) == (422, "Goal.resourceType")
        assert len(answer.body) < 500
    assert _count(api) == 0


def test_a_consent_that_cannot_be_enforced_is_refused_with_every_element(api: Api) -> None:
    provision = {
        **a_provision(to=PARTNER),
        "data": [{"meaning": "instance", "reference": {"display": "that letter"}}],
        "action": [{"coding": [{"system": "http://x.example", "code": "y"}]}],
    }
    answer = api.agency("POST", "/fhir/Consent", a_consent("Patient/ann", provision))
    assert answer.status == 422
    assert {e for e, _ in answer.faults} == {"Consent.provision.data[0]", "Consent.provision.action[0]"}
    assert _count(api) == 0


def test_a_fault_of_ours_tells_the_caller_nothing_and_is_audited(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    with api.service.database.writing():
        api.service.database.run("DELETE FROM document", {})
        api.service.database.run("ALTER TABLE document RENAME COLUMN body TO bytes", {})
    answer = api.agency.get(f"/fhir/{goal}")
    assert answer.status in (500, 503)  # to SQLite a missing column is a failure of operation
    assert answer.json["issue"][0]["code"] in ("exception", "transient")
    assert b"bytes" not in answer.body
    assert b"column" not in answer.body
    assert api.audit()[-1]["status"] == answer.status


def _is_unavailable(answer: Answer) -> bool:
    outcome = answer.json
    return (answer.status, outcome["resourceType"], outcome["issue"][0]["code"]) == (
        503,
        "OperationOutcome",
        "transient",
    )


def test_without_its_database_the_service_says_so_and_comes_back(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    api.partner.get("/fhir/Goal")
    with _gone(api):
        for method, path, body in (
            ("GET", f"/fhir/{goal}", None),
            ("GET", "/fhir/Goal", None),
            ("GET", f"/fhir/{goal}/_history", None),
            ("POST", "/fhir/Goal", a_goal(of="Patient/ann")),
            ("PUT", f"/fhir/{goal}", {**a_goal(of="Patient/ann"), "id": goal[5:]}),
            ("DELETE", f"/fhir/{goal}", None),
            ("POST", "/fhir", {"resourceType": "Bundle", "type": "transaction"}),
        ):
            for _ in range(2):
                answer = api.agency(method, path, body)
                assert _is_unavailable(answer), (method, path, answer.body)
                assert b"sql" not in answer.body.lower()
        ready = api.agency.get("/health/ready")
        assert (ready.status, ready.json["status"]) == (503, "not ready")
        assert api.agency.get("/health/live").status == 200
        assert api.agency.get("/fhir/metadata").status == 200
        assert api.agency.get("/metrics").status == 200
    assert api.agency.get(f"/fhir/{goal}").status == 200
    assert api.agency.get("/health/ready").status == 200


def test_a_caller_whom_the_register_cannot_be_asked_about_is_told_to_come_back(api: Api) -> None:
    token = api.token("agency")  # never shown before, so that its client is not remembered
    with _gone(api):
        answer = Answer(api.http.get("/fhir/Goal", headers={"Authorization": f"Bearer {token}"}))
        assert _is_unavailable(answer), answer.body


def test_the_store_itself_says_that_its_database_is_gone(api: Api) -> None:
    database = api.service.database
    with _gone(api):
        with pytest.raises(Unavailable):
            database.rows("SELECT 1", {})
        with pytest.raises(Unavailable), database.writing():
            pass
    with pytest.raises(Unavailable):  # a driver's own failure of operation
        database.rows("SELECT" if database.is_sqlite else "SELECT pg_terminate_backend(pg_backend_pid())", {})
    assert database.rows("SELECT 1", {}) == [(1,)]


class _gone:  # noqa: N801
    """Takes the database away for a while: SQLite's directory is moved, PostgreSQL lets nobody in."""

    def __init__(self, api: Api) -> None:
        self._service = api.service

    def __enter__(self) -> None:
        self._service.database.close()
        self._set(away=True)

    def __exit__(self, *failure: object) -> None:
        self._set(away=False)

    def _set(self, *, away: bool) -> None:
        url = self._service.database.url
        if self._service.database.is_sqlite:
            here = Path(str(url.database)).parent
            there = here.with_name(here.name + "-away")
            (here if away else there).rename(there if away else here)
            return
        engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS {not away}'))
        engine.dispose()


def test_a_lost_connection_is_opened_again(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    if not api.service.database.is_sqlite:
        api.service.database._connection.execute("SET idle_session_timeout = '1ms'")
        statuses = [api.agency.get(f"/fhir/{goal}").status for _ in range(20)]
        assert set(statuses) <= {200, 503}
        assert statuses.count(503) < 3
    assert api.agency.get(f"/fhir/{goal}").status == 200
