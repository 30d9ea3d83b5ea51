"""What SQL lets through is judged once more in plain Python; nothing leaves where the two differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import true

from builders import (
    AGENCY,
    FOOD,
    PARTNER,
    Api,
    a_care_plan,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
    judging,
)
from careplan_service.app import Service
from careplan_service.log import configure_log
from careplan_service.store.consent_sql import _Predicate
from conftest import Clock
from web.persons import Persons

CARE = "PractitionerRole/care"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """The log, which goes to the standard error of this test."""
    configure_log("info")
    yield capsys
    configure_log("info")


def a_world(api: Api) -> dict[str, str]:
    """Goals, a plan and a past version; consents by group, by a parent, and about what refers to a goal."""
    agency = api.agency
    agency.put("Patient/ann", a_patient("Ann", birthDate="1990-01-01"))
    agency.put("Patient/kid", a_patient("Kid", birthDate="2015-01-01"))
    agency.put("RelatedPerson/mum", {"resourceType": "RelatedPerson", "patient": {"reference": "Patient/kid"},
               "relationship": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode",
                                             "code": "PRN"}]}]})  # fmt: skip
    agency.put("Group/g", {"resourceType": "Group", "type": "device", "actual": True, "name": "helpers",
               "member": [{"entity": {"reference": "Device/partner"}}]})  # fmt: skip
    goals = {name: f"Goal/{name}" for name in ("home", "food", "secret", "kids", "mine")}
    agency.put(goals["home"], a_goal("Patient/ann"))
    agency.put(goals["home"], a_goal("Patient/ann", startDate="2026-01-01"))
    agency.put(goals["food"], a_goal("Patient/ann", about=FOOD))
    agency.put(goals["secret"], a_goal("Patient/ann"))
    agency.put(goals["secret"], a_goal("Patient/ann", labels=("R",)))
    agency.put(goals["kids"], a_goal("Patient/kid"))
    agency.put("CarePlan/plan", a_care_plan("Patient/ann", (goals["food"], goals["home"])))
    whole = a_provision(to="Group/g", role="IRCP", purpose=("TREAT",), classes=("Goal", "CarePlan"))
    agency.put("Consent/c", a_consent("Patient/ann", whole))
    agency.put("Consent/kid", a_consent("Patient/kid", a_provision(to=PARTNER),
               performer=[{"reference": "RelatedPerson/mum"}], dateTime="2026-02-01"))  # fmt: skip
    data = [{"meaning": "dependents", "reference": {"reference": goals["food"]}}]
    agency.put(
        "Consent/d", a_consent("Patient/ann", a_provision("deny", to="Organization/stranger", data=data))
    )
    return goals


ASKED = (
    "Goal/home", "Goal/home/_history/1", "Goal/home/_history", "Goal", "Goal/_history", "_history",
    "Goal?patient=Patient/ann&_revinclude=CarePlan:goal", "CarePlan/plan/$everything",
    "Patient/ann/$everything", "Patient/ann/Goal", "?_type=Goal,CarePlan", "Goal?patient.family=ann",
    "Consent",
)  # fmt: skip


def test_two_judges_agree_on_whatever_is_shown(
    service: Service, clock: Clock, logged: pytest.CaptureFixture[str]
) -> None:
    plainly, twice = Api(judging(service, 0)), Api(service)
    a_world(plainly)
    plainly.agency("DELETE", "/fhir/Consent/d")
    logged.readouterr()
    shown = 0
    for asked in ASKED:
        for who in ("agency", "partner", "stranger"):
            path = f"/fhir/{asked}".replace("/?", "?")
            one, other = plainly.asking(who).get(path), twice.asking(who).get(path)
            assert (one.status, one.body) == (other.status, other.body), (who, path)
            shown += one.status == 200 and b'"fullUrl"' in one.body
    assert shown > 15
    assert (twice.partner.get("/fhir/Goal/kids").status, twice.partner.get("/fhir/Goal/home").status) == (
        200,
        200,
    )
    metrics = twice.http.get("/metrics").get_data(as_text=True)
    assert 'careplan_consent_rechecks_total{outcome="drift"} 0.0' in metrics
    assert 'careplan_consent_rechecks_total{outcome="same"} 0.0' not in metrics
    assert logged.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("_label", lambda self, part: true()),
        ("on_frontier", lambda self, rule: [true()]),
    ],
)
def test_nothing_leaves_where_the_statements_let_through_too_much(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    logged: pytest.CaptureFixture[str],
    name: str,
    fault: object,
) -> None:
    world = Api(judging(service, 0))
    a_world(world)
    if name == "on_frontier":
        world.agency.put("Consent/c", a_consent("Patient/ann", a_provision(to="Organization/other")))
        world.agency.put("Consent/d", a_consent("Patient/ann", a_provision(to="Organization/another")))
    else:
        label = {"labels": ("N",)}
        world.agency.put("Consent/c", a_consent("Patient/ann", a_provision(to=PARTNER, **label)))
    monkeypatch.setattr(_Predicate, name, fault)
    service.records._reading.asking._statements._kept.clear()
    faulty, guarded = Api(judging(service, 0)), Api(service)
    secret = "/fhir/Goal/secret"
    assert faulty.partner.get(secret).status == 200  # the fault leaks
    # The first version had no label: it is closed because the current one is.
    for path in (secret, "/fhir/Goal?patient=Patient/ann", f"{secret}/_history", f"{secret}/_history/1"):
        logged.readouterr()
        withheld = guarded.partner.get(path)
        assert (withheld.status, withheld.json["resourceType"]) == (500, "OperationOutcome"), path
        assert b"Goal/" not in withheld.body
        line = json.loads(logged.readouterr().err)
        assert (line["event"], line["client"]) == ("consent_drift", "partner")
        assert line["shown_in_sql_hidden_in_python"][0]["version"].startswith("Goal/")
        noted = guarded.audit()[-1]
        assert (noted["status"], noted["shown"]) == (500, "")
        assert "disagree" in noted["refusal"]
    assert 'rechecks_total{outcome="drift"} ' in guarded.http.get("/metrics").get_data(as_text=True)


@on_sqlite
def test_rules_that_no_longer_say_what_the_consent_says_are_seen(service: Service) -> None:
    api = Api(service)
    a_world(api)
    assert api.partner.get("/fhir/Goal/home").status == 200
    with service.database.writing():
        changed = "CAST(replace(CAST(body AS TEXT), 'TREAT', 'HPAYMT') AS BLOB)"
        service.database.run(f"UPDATE document SET body = {changed}", {})
    drifted = api.partner.get("/fhir/Goal/home")
    assert (drifted.status, drifted.faults[0][1][:10]) == (500, "two checks")
    assert api.agency.get("/fhir/Goal/home").status == 200


@on_sqlite
def test_facts_that_no_longer_say_what_the_document_says_are_seen(service: Service) -> None:
    api = Api(service)
    a_world(api)
    assert api.partner.get("/fhir/Goal/secret").status == 404
    with service.database.writing():
        columns = ", ".join(f"{name} = (SELECT {name} FROM resource WHERE id = 'home' AND current = 1)"
                            for name in ("rank", "sensitive", "sensitivities"))  # fmt: skip
        service.database.run(f"UPDATE resource SET {columns} WHERE id = 'secret'", {})
    assert Api(judging(service, 0)).partner.get("/fhir/Goal/secret").status == 200  # the fault leaks
    assert api.partner.get("/fhir/Goal/secret").status == 500


@on_sqlite
def test_only_a_share_is_judged_twice_and_people_too(service: Service) -> None:
    numbers = iter([0.3, 0.1, 0.3])
    api = Api(replace(judging(service, 0.2), chance=lambda: next(numbers)))
    a_world(api)
    for _ in range(3):
        assert api.partner.get("/fhir/Goal").status == 200
    counted = api.http.get("/metrics").get_data(as_text=True)
    assert 'careplan_consent_rechecks_total{outcome="same"} 1.0' in counted
    assert Persons(service).signed_in("Practitioner/x", "user/*.rs", organization=AGENCY).get(
        "/fhir/Goal"
    ).status == 200  # fmt: skip
