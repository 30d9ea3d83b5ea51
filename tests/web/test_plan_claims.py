"""The profiles that a plan's documents claim, as they are stored, found and changed. docs/plans.md"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from builders import Answer, Api

PLANS = Path(__file__).parents[2] / "fixtures" / "plans"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition"
CONDITION = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-Condition"
OWN = "https://ehr.example.org/StructureDefinition/plan"
WORDS = {"Content_Type": "application/json"}


def a_stored_plan(api: Api, **changed: Any) -> Answer:
    plan = {**json.loads((PLANS / "family-eviction.json").read_text()), **changed}
    made = api.agency("POST", "/plans", plan, **WORDS)
    assert made.status == 201, made.body
    return made


def the(api: Api, type_: str, id_: str) -> dict[str, Any]:
    found = api.agency.get(f"/fhir/{type_}/{id_}")
    assert found.status == 200
    return found.json


def put(api: Api, document: dict[str, Any]) -> None:
    answer = api.agency("PUT", f"/fhir/{document['resourceType']}/{document['id']}", document)
    assert answer.status == 200, answer.body


def adjusted(api: Api, id_: str, **plan: Any) -> None:
    tag = api.agency.get(f"/plans/{id_}").headers["ETag"]
    body = {"reason": "as we agreed", "agreement": {"status": "agreed", "date": "2025-01-10"}, "plan": plan}
    answer = api.agency("POST", f"/plans/{id_}/adjustments", body, If_Match=tag, **WORDS)
    assert answer.status == 200, answer.body


def profiles(document: dict[str, Any]) -> list[str]:
    return list(document["meta"].get("profile", ()))


def needs_with(code: str | None) -> list[dict[str, Any]]:
    return [{"text": "no light", "domain": "utility-insecurity", **({"codes": [code]} if code else {})}]


def test_a_plan_is_found_by_the_profile_that_it_claims(api: Api) -> None:
    made = a_stored_plan(api)
    found = api.agency.get(f"/fhir/CarePlan?_profile={US_CORE}/us-core-careplan&_total=accurate")
    assert [one["resource"]["id"] for one in found.json["entry"]] == [made.json["id"]]
    assert api.agency.get(f"/fhir/Goal?_profile={US_CORE}/us-core-goal&_total=accurate").json["total"] == 10


def test_what_a_client_adds_to_the_profiles_outlives_a_change_of_the_plan(api: Api) -> None:
    id_ = a_stored_plan(api).json["id"]
    document = the(api, "CarePlan", id_)
    assert profiles(document) == [f"{US_CORE}/us-core-careplan"]
    document["meta"]["profile"].append(OWN)
    put(api, document)
    adjusted(api, id_, title="Keep the flat, and the school")
    assert profiles(the(api, "CarePlan", id_)) == [f"{US_CORE}/us-core-careplan", OWN]


def test_a_document_that_claims_nothing_is_read_and_changed_as_it_is(api: Api) -> None:
    """What was stored before there were claims."""
    id_ = a_stored_plan(api).json["id"]
    before = api.agency.get(f"/plans/{id_}").json
    document = the(api, "CarePlan", id_)
    del document["meta"]["profile"]
    put(api, document)
    assert api.agency.get(f"/plans/{id_}").json == before
    adjusted(api, id_, title="Keep the flat, and the school")
    assert profiles(the(api, "CarePlan", id_)) == []


def test_a_need_claims_its_profile_from_when_it_has_a_code(api: Api) -> None:
    id_ = a_stored_plan(api, needs=needs_with(None), status="draft").json["id"]
    need = the(api, "CarePlan", id_)["addresses"][0]["reference"].split("/")[1]
    assert profiles(the(api, "Condition", need)) == []
    adjusted(api, id_, needs=needs_with("Z59.12"))
    assert profiles(the(api, "Condition", need)) == [CONDITION]


def test_a_need_does_not_claim_what_an_addition_of_others_contradicts(api: Api) -> None:
    id_ = a_stored_plan(api, needs=needs_with(None), status="draft").json["id"]
    need = the(api, "CarePlan", id_)["addresses"][0]["reference"].split("/")[1]
    put(api, {**the(api, "Condition", need), "onsetString": "last winter"})
    adjusted(api, id_, needs=needs_with("Z59.12"))
    changed = the(api, "Condition", need)
    assert (changed["code"]["coding"][0]["code"], profiles(changed)) == ("Z59.12", [])
