"""Odd plans that were made elsewhere. docs/foreign-plans.md"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builders import a_care_plan, a_goal, coding
from careplan_service.interventions.canonical import GOAL_RELATIONSHIP, HCPCS, SNOMED
from careplan_service.interventions.foreign.codes import domain_meant, kind_meant
from careplan_service.interventions.foreign.told import told_by
from careplan_service.interventions.foreign.writing import told_to_json
from careplan_service.interventions.intake import plan_from_json
from interventions.foreign.law import untold
from interventions.regenerate_expected import documents_of
from interventions.test_laws import by_reference

ANN = "Patient/ann"
PLANS = Path(__file__).parents[3] / "fixtures" / "plans"


def read(*documents: dict[str, Any]) -> dict[str, Any]:
    return told_to_json(told_by(documents[0], by_reference(documents)))


def milestone(id_: str, of: str) -> dict[str, Any]:
    parts = [
        {"url": "type", "valueCodeableConcept": {"coding": [{"code": "milestone"}]}},
        {"url": "target", "valueReference": {"reference": f"Goal/{of}"}},
    ]
    goal = a_goal(ANN, id=id_, description={"text": id_})
    return {**goal, "extension": [{"url": GOAL_RELATIONSHIP, "extension": parts}]}


@pytest.mark.timeout(20)
def test_goals_that_are_milestones_of_each_other_are_goals_and_a_step_of_a_step_is_an_objective() -> None:
    circle = [milestone("a", of="b"), milestone("b", of="a"), milestone("itself", of="itself")]
    chain = [milestone("small", of="step"), milestone("step", of="top"), a_goal(ANN, id="top")]
    refs = tuple(f"Goal/{one['id']}" for one in (*circle, *chain))
    plan = a_care_plan(ANN, refs, id="plan")
    told = read(plan, *circle, *chain)
    assert [goal["words"] for goal in told["goals"][:3]] == ["a", "b", "itself"]
    steps = [(one["number"], one["statement"]) for one in told["goals"][3]["objectives"]]
    assert steps == [("4.1", "small"), ("4.2", "step")]
    assert untold([plan, *circle, *chain], told) == []


def test_what_must_not_be_done_is_said_so() -> None:
    acts = [{"detail": {"status": "scheduled", "description": "call at home", "doNotPerform": True}}]
    told = read(a_care_plan(ANN, activity=acts, id="plan"))
    assert told["strategies"][0]["text"] == "not to be done: call at home"


def test_a_code_tells_what_it_means_only_as_far_as_that_is_sure() -> None:
    cbt, crisis, billing = (
        kind_meant([coding(system, code)])
        for system, code in ((SNOMED, "228557008"), (SNOMED, "401277000"), (HCPCS, "H0004"))
    )
    assert cbt is not None
    assert (cbt.word, cbt.how, cbt.relation) == ("cbt", "inferred", "equivalent")
    assert crisis is not None
    assert crisis.word == "crisis-intervention"
    assert billing is None  # individual counselling and CBT alike
    housed = domain_meant([coding(SNOMED, "611221000124108")])
    assert housed is not None
    assert (housed.word, housed.relation) == ("housing-instability", "relatedto")
    assert "homelessness" in housed.by
    # of what protects, which is no domain of a goal, and one domain more
    able = domain_meant([coding(SNOMED, "224190007")])
    assert able is not None
    assert able.word == "incarceration-status"


@pytest.mark.parametrize(
    ("life", "achieved", "state"),
    [
        ("active", "achieved", "achieved"),
        ("active", "not-achieved", "not-achieved"),
        ("active", "sustaining", "maintaining"),
        ("active", "not-attainable", "not-achieved"),
        ("completed", "sustaining", "achieved"),
        ("completed", "", "completed"),
    ],
)
def test_what_was_attained_counts_before_the_life_cycle(life: str, achieved: str, state: str) -> None:
    attained = {"achievementStatus": {"coding": [coding("http://x.org", achieved)]}} if achieved else {}
    goal = a_goal(ANN, id="g", lifecycleStatus=life, **attained)
    told = read(a_care_plan(ANN, ("Goal/g",), id="plan"), goal)
    assert told["goals"][0]["status"] == state
    assert any(one["field"] == "goals[0].status" for one in told["marks"])


def test_a_cancelled_activity_does_not_say_who_cancelled_it() -> None:
    task = {"resourceType": "Task", "id": "t", "status": "cancelled", "intent": "order"}
    acts = [
        {"detail": {"status": "cancelled", "description": "a call"}},
        {"reference": {"reference": "Task/t"}},
    ]
    told = read(a_care_plan(ANN, activity=acts, id="plan"), task)
    marks = [
        one["by"] for one in told["marks"] if one["field"].endswith(".status") and one["said"] == "cancelled"
    ]
    assert marks == ["the default of its code; who cancelled is not said"] * 2


def test_a_code_of_a_goal_of_ours_that_others_wrote_otherwise_is_listed() -> None:
    plan = plan_from_json(json.loads((PLANS / "family-eviction.json").read_text()))
    documents = json.loads(json.dumps(documents_of(plan)))
    goal = next(one for one in documents if one["resourceType"] == "Goal" and "priority" in one)
    highs = [one.priority for one in plan.goals].count("high")
    for priority in ({"text": "the first of all"}, {"coding": [coding("http://x.org", "p1")]}):
        goal["priority"] = priority
        goal["achievementStatus"] = {"text": "nearly there"}
        told = read(*documents)
        texts = {one["path"]: one["text"] for one in told["not_in_words"]}
        assert texts["Goal.priority"] in ("the first of all", "http://x.org|p1")
        assert texts["Goal.achievementStatus"] == "nearly there"
        assert [one.get("priority") for one in told["goals"]].count("high") == highs - 1
