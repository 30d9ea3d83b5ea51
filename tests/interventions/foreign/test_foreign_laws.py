"""What holds for every plan that was made elsewhere, and for every plan of ours that others changed.

https://hl7.org/fhir/R4/careplan.html docs/foreign-plans.md
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_goal
from careplan_service.interventions.canonical import BASE
from careplan_service.interventions.foreign.marks import HOWS
from careplan_service.interventions.foreign.told import Told, told_by
from careplan_service.interventions.foreign.writing import told_to_csv, told_to_json
from interventions.foreign.law import leaves, untold
from interventions.generated import recorded_plans
from interventions.regenerate_expected import documents_of
from interventions.test_laws import by_reference, few

FOREIGN = Path(__file__).parents[3] / "fixtures" / "foreign"
NAMES = sorted(path.stem for path in FOREIGN.glob("*.json"))


def fixture(name: str) -> list[dict[str, Any]]:
    bundle = json.loads((FOREIGN / f"{name}.json").read_text(encoding="utf-8"))
    return [entry["resource"] for entry in bundle["entry"]]


def read(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """The first document, a CarePlan, as a plan in JSON."""
    return told_to_json(told_by(documents[0], by_reference(documents)))


def told_goals(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The CarePlan and the Goals that it has."""
    refs = [goal.get("reference") for goal in documents[0].get("goal", ())]
    return [one for one in documents if one is documents[0] or f"{one['resourceType']}/{one['id']}" in refs]


def stripped(node: Any) -> Any:
    """A document as a client that knows nothing of us writes it: without our extensions and codes."""
    if isinstance(node, dict):
        kept = {name: stripped(value) for name, value in node.items()}
        return {name: value for name, value in kept.items() if value not in ([], {})}
    if isinstance(node, list):
        ours = (one for one in node if isinstance(one, dict) and _is_ours(one))
        gone = [id(one) for one in ours]
        return [stripped(one) for one in node if id(one) not in gone]
    return node


def _is_ours(one: dict[str, Any]) -> bool:
    return str(one.get("url", one.get("system", ""))).startswith(BASE)


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_made_elsewhere_is_told_whole(name: str) -> None:
    documents = fixture(name)
    told = read(documents)
    assert untold(told_goals(documents), told) == []
    assert told["read_only"] == "it was not made here"
    assert {mark["how"] for mark in told["marks"]} <= set(HOWS)
    table = told_to_csv(told_by(documents[0], by_reference(documents))).decode("utf-8-sig")
    for one in told["not_in_words"]:
        assert one["path"] in table


def test_the_law_sees_what_is_not_told() -> None:
    documents = fixture("mcc")
    told = read(documents)
    for name in ("marks", "not_in_words", "read_from", "goals"):
        assert untold(told_goals(documents), {**told, name: {}}) != []


@few
@given(recorded_plans())
def test_a_plan_of_ours_without_our_extensions_and_codes_is_told_whole_and_marked(plan) -> None:
    documents = [stripped(one) for one in json.loads(json.dumps(documents_of(plan)))]
    told = read(documents)
    assert untold(told_goals(documents), told) == []
    marked = {mark["field"]: mark["how"] for mark in told["marks"]}
    texts = {value for _, value in leaves("", {"goals": told.get("goals", [])})}
    for i in range(len(told.get("goals", []))):
        assert marked[f"goals[{i}].status"] == "inferred"
        assert marked[f"goals[{i}].number"] == "inferred"
    for goal in plan.goals:
        assert goal.words in texts
        for step in goal.objectives:
            assert step.statement in texts


@few
@given(recorded_plans())
def test_a_plan_of_ours_that_nobody_changed_has_no_marks(plan) -> None:
    documents = json.loads(json.dumps(documents_of(plan)))
    assert told_by(documents[0], by_reference(documents)) == Told(plan)


@few
@given(recorded_plans(), st.data())
def test_what_others_added_to_a_plan_of_ours_is_told_and_the_rest_is_as_it_was(plan, data) -> None:
    documents = json.loads(json.dumps(documents_of(plan)))
    care_plan = documents[0]
    theirs = a_goal(of=care_plan["subject"]["reference"], id="theirs", description={"text": "Their goal"})
    care_plan.setdefault("goal", []).insert(0, {"reference": "Goal/theirs"})
    activity = {"detail": {"status": "unknown", "description": "Their activity"}}
    care_plan.setdefault("activity", []).append({**activity, "progress": [{"text": "Their progress"}]})
    care_plan.setdefault("note", []).append({"text": "Their note"})
    care_plan["description"] = "Their description"
    goals = [one for one in documents if one["resourceType"] == "Goal"]
    goal = data.draw(st.sampled_from(goals)) if goals else None
    if goal:
        goal["statusReason"] = "Their reason"
    told = told_by(care_plan, by_reference([*documents, theirs]))
    assert (told.plan, told.why_foreign) == (plan, "")
    assert told.marks == ()
    texts = " ".join(one.text for one in told.beyond)
    for said in ("Their goal", "Their activity", "Their progress", "Their note", "Their description"):
        assert said in texts
    assert "Their reason" in texts or not goal


@pytest.mark.timeout(120)
def test_every_plan_of_the_corpora_is_told_whole(shared: Path) -> None:
    resources = by_reference(_all(shared / "corpora"))
    plans = [one for one in resources.values() if one["resourceType"] == "CarePlan"]
    assert len(plans) > 1500
    for plan in plans:
        told = told_to_json(told_by(plan, resources))
        refs = (goal.get("reference") for goal in plan.get("goal", ()))
        goals = [resources[ref] for ref in refs if ref in resources]
        assert untold([plan, *goals], told) == [], plan["id"]


def _all(folder: Path):
    """Every resource of the corpora, the `urn:uuid` references among them resolved."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".ndjson":
            found += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        elif path.suffix == ".json":
            document = json.loads(path.read_text(encoding="utf-8"))
            entries = document.get("entry", ()) if isinstance(document, dict) else ()
            found += [document] if isinstance(document, dict) else []
            found += [
                entry["resource"] for entry in entries if isinstance(entry, dict) and "resource" in entry
            ]
    found = [one for one in found if "resourceType" in one and "id" in one]
    types = {one["id"]: one["resourceType"] for one in found}
    return [_resolved(one, types) for one in found]


def _resolved(node: Any, types: dict[str, str]) -> Any:
    if isinstance(node, dict):
        made = {name: _resolved(value, types) for name, value in node.items()}
        ref = str(made.get("reference", "")).removeprefix("urn:uuid:")
        return {**made, "reference": f"{types[ref]}/{ref}"} if ref in types else made
    return [_resolved(one, types) for one in node] if isinstance(node, list) else node
