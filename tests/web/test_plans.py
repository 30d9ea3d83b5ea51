"""`/plans`: a plan in the practitioner's words goes in, and comes back."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from builders import AGENCY, DOMAIN, HOUSING, PARTNER, Api, a_consent, a_provision
from careplan_service.interventions.intake import plan_from_json, plan_to_json

PLANS = Path(__file__).parents[2] / "fixtures" / "plans"


def a_plan(name: str = "family-eviction", **changed: Any) -> dict[str, Any]:
    return {**json.loads((PLANS / f"{name}.json").read_text()), **changed}


def _submit(who: Any, plan: Any) -> Any:
    return who("POST", "/plans", plan, Content_Type="application/json")


def _stored(api: Api) -> int:
    return int(api.service.database.rows("SELECT count(*) FROM resource", {})[0][0])


@pytest.mark.parametrize("name", sorted(p.stem for p in PLANS.glob("*.json")))
def test_a_plan_comes_back_in_its_own_words(api: Api, name: str) -> None:
    made = _submit(api.agency, a_plan(name))
    assert made.status == 201
    assert made.headers["Location"].endswith(f"/plans/{made.json['id']}")
    told = api.agency.get(f"/plans/{made.json['id']}")
    assert told.status == 200
    assert told.json == {**plan_to_json(plan_from_json(a_plan(name))), **_server_made(made.json)}
    assert api.agency.get(f"/plans/{made.json['id']}.json").body == told.body
    table = api.agency.get(f"/plans/{made.json['id']}.csv")
    assert table.headers["Content-Type"].startswith("text/csv")
    assert a_plan(name)["number"] in table.body.decode()


def _server_made(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: answer[name] for name in ("id", "care_plan")}


def test_every_strategy_is_coded_with_the_projects_own_code_first(api: Api) -> None:
    _submit(api.agency, a_plan())
    found = [e["resource"] for e in api.agency.get("/fhir/ServiceRequest").json["entry"]]
    for request in found:
        first, *others = request["code"]["coding"]
        assert first["userSelected"] is True
        assert first["system"].endswith("/CodeSystem/intervention")
        assert all("userSelected" not in other for other in others)


def test_what_needs_a_label_has_one_and_stays_hidden_from_a_housing_consent(api: Api) -> None:
    made = _submit(api.agency, a_plan()).json
    patient = api.agency.get(f"/fhir/CarePlan/{made['id']}").json["subject"]["reference"]
    provision = a_provision(
        to=PARTNER, labels=["R"], codes=[HOUSING], provision=[a_provision("deny", labels=["SDV"])]
    )
    api.agency.make(a_consent(patient, provision))
    found = api.partner.get(f"/fhir/Goal?patient={patient}").json
    goals = [entry["resource"] for entry in found["entry"]]
    assert len(goals) == found["total"] == 3
    for goal in goals:
        assert {"system": DOMAIN, "code": HOUSING} in [
            {k: c[k] for k in ("system", "code")} for concept in goal["category"] for c in concept["coding"]
        ]
        assert "SDV" not in {label["code"] for label in goal.get("meta", {}).get("security", ())}
    assert api.partner.get(f"/fhir/CarePlan/{made['id']}").status == 404


def test_faults_are_told_by_field_and_nothing_is_stored(api: Api) -> None:
    plan = a_plan()
    plan["goals"][1]["objectives"][0]["due"] = "31.12.2025"
    plan["goals"][0]["domain"] = "howsing"
    plan["colour"] = "red"
    answer = _submit(api.agency, plan)
    assert answer.status == 422
    told = dict(answer.faults)
    assert "31.12.2025" in told["goals[1].objectives[0].due"]
    assert "howsing" in told["goals[0].domain"]
    assert "colour" in told
    assert _stored(api) == 0


def test_the_same_plan_is_taken_once(api: Api) -> None:
    first = _submit(api.agency, a_plan()).json["id"]
    before = _stored(api)
    again = _submit(api.agency, a_plan())
    assert again.status == 409
    assert f"CarePlan/{first}" in again.faults[0][1]
    assert _stored(api) == before


def test_two_imports_at_one_moment_make_one_plan(api: Api) -> None:
    statuses: list[int] = []
    api.token("agency")
    threads = [
        threading.Thread(target=lambda: statuses.append(_submit(api.agency, a_plan()).status))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == [201, 409, 409]


def test_people_on_record_are_referred_to_and_not_written_again(api: Api) -> None:
    _submit(api.agency, a_plan())
    patients = api.agency.get("/fhir/Patient").json["total"]
    assert _submit(api.agency, a_plan(number="FE-2026-002")).status == 201
    assert api.agency.get("/fhir/Patient").json["total"] == patients


def test_plans_are_for_the_custodians_staff(api: Api) -> None:
    made = _submit(api.agency, a_plan()).json["id"]
    assert _submit(api.partner, a_plan(number="X-1")).status == 403
    assert api.partner.get(f"/plans/{made}").status == 403


def test_a_token_without_the_right_to_create_takes_no_plan(api: Api) -> None:
    reader = api.asking("agency", scope="system/*.rs")
    assert _submit(reader, a_plan()).status == 403
    assert _stored(api) == 0


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"{}", "application/json", 422),
    ],
)
def test_what_cannot_be_read_is_told_as_such(api: Api, body: bytes, kind: str, status: int) -> None:
    answer = api.agency("POST", "/plans", body, Content_Type=kind)
    assert answer.status == status
    assert answer.json["resourceType"] == "OperationOutcome"


def test_an_unknown_plan_is_not_found(api: Api) -> None:
    assert api.agency.get("/plans/none").status == 404


def a_draft(id_: str, subject: dict[str, str]) -> dict[str, Any]:
    """A CarePlan that was made over FHIR."""
    told = {"status": "draft", "intent": "plan", "title": "Another", "subject": subject}
    return {"resourceType": "CarePlan", "id": id_, **told}


@pytest.mark.parametrize("ending", [".csv", ".json", ".html", ".pdf"])
def test_a_plan_whose_id_ends_as_a_form_does_is_read_by_its_id(api: Api, ending: str) -> None:
    made = _submit(api.agency, a_plan()).json["id"]
    care_plan = api.agency.get(f"/fhir/CarePlan/{made}").json
    taken = f"{made}{ending}"
    usual = api.agency.get(f"/plans/{taken}").headers["Content-Type"]
    other = a_draft(taken, care_plan["subject"])
    assert api.agency("PUT", f"/fhir/CarePlan/{taken}", other).status == 201
    for address in (taken, f"{taken}.json"):
        answer = api.agency.get(f"/plans/{address}")
        assert (answer.status, answer.json["id"], answer.json["title"]) == (200, taken, "Another")
    form = api.agency.get(f"/plans/{taken}{ending}")
    assert (form.status, form.headers["Content-Type"]) == (200, usual)
    shown = [row["interaction"] for row in api.audit() if row["asked"] == f"GET /plans/{taken}"]
    assert shown[-1] == "read-plan"

    # hidden from the caller it is as if it were not there
    patient = care_plan["subject"]["reference"]
    absent = api.agency.get(f"/plans/none{ending}")
    api.agency.make(a_consent(patient, a_provision("deny", to=AGENCY)))
    hidden = api.agency.get(f"/plans/{taken}")
    assert (hidden.status, hidden.body) == (absent.status, absent.body) == (404, absent.body)


def test_a_deleted_plan_does_not_stand_before_the_form_of_another(api: Api) -> None:
    made = _submit(api.agency, a_plan()).json["id"]
    care_plan = api.agency.get(f"/fhir/CarePlan/{made}").json
    other = a_draft(f"{made}.csv", care_plan["subject"])
    assert api.agency("PUT", f"/fhir/CarePlan/{made}.csv", other).status == 201
    assert api.agency("DELETE", f"/fhir/CarePlan/{made}.csv").status == 204
    assert api.agency.get(f"/plans/{made}.csv").headers["Content-Type"].startswith("text/csv")


def test_a_parameter_that_would_have_no_effect_is_refused(api: Api) -> None:
    made = _submit(api.agency, a_plan()).json["id"]
    for what in ("", ".json", ".csv", "/evaluation"):
        answer = api.agency.get(f"/plans/{made}{what}?language=es")
        assert (what, answer.status) == (what, 400)
        assert "`language` is not a parameter" in answer.faults[0][1]
    assert api.agency("POST", "/plans?dry-run=true", a_plan(), Content_Type="application/json").status == 400
    assert api.agency.get(f"/plans/{made}.html?language=es").status == 200


def test_every_submission_leaves_an_audit_row(api: Api) -> None:
    made = _submit(api.agency, a_plan()).json["id"]
    _submit(api.agency, {})
    api.agency.get(f"/plans/{made}")
    rows = [(row["interaction"], row["status"], bool(row["shown"])) for row in api.audit()]
    assert rows == [("submit-plan", 201, True), ("submit-plan", 422, False), ("read-plan", 200, True)]
