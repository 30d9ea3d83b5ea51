"""What stays off paper, by labels on record, words, marks and names; the documents as they are written."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from careplan_service.interventions.intake import plan_from_json
from careplan_service.interventions.plan import Participant, Plan
from careplan_service.interventions.printing.content import Around, leaflet
from careplan_service.interventions.printing.paper import on_paper, without_places
from careplan_service.interventions.printing.words import words_in
from careplan_service.interventions.record import Assessment, Closing, Risk
from careplan_service.interventions.to_fhir import to_fhir

PLANS = Path(__file__).parents[3] / "fixtures" / "plans"
DAY = date(2025, 1, 20)
Documents = dict[str, dict[str, Any]]


def a_plan(name: str, **changed: Any) -> tuple[Plan, Documents]:
    """A worked plan, and the documents that it becomes by reference."""
    plan = plan_from_json({**json.loads((PLANS / f"{name}.json").read_text()), **changed})
    ids = itertools.count()
    made = to_fhir(
        plan, agency="Organization/a", new_id=lambda: f"x{next(ids)}", now=datetime(2025, 1, 20, tzinfo=UTC),
        known={},
    )  # fmt: skip
    return plan, {f"{one['resourceType']}/{one['id']}": one for one in made}


def told(plan: Plan) -> str:
    """Everything that a print of the plan says."""
    return "\n".join(leaflet(plan, Around(DAY), words_in("en")).texts())


def test_goals_under_a_label_and_those_who_work_on_them_leave_no_trace() -> None:
    plan, documents = a_plan("family-eviction")
    text = told(on_paper(plan, documents))
    assert "We want to stay in our flat." in text
    assert "The children should not go to bed hungry." in text
    for secret in ("afraid", "cannot find us", "Harbour", "safety plan", "former partner", "confidential"):
        assert secret not in text
    assert "office" not in text  # there is violence in the plan: nobody is told where to wait
    assert "fed and safe" not in text  # a title is about all of it
    assert not re.search(r"^\d+(\.\d+|\.[a-z])*\.?( |$)(?!\w+ 20)", text, re.MULTILINE), (
        "a number shows a gap"
    )


def test_a_plan_that_is_marked_as_a_whole_has_nothing_for_paper() -> None:
    plan, documents = a_plan("crisis-and-safety")
    text = told(on_paper(plan, documents))
    for secret in ("wages", "Amara", "Dana", "crisis line", "Safe nights"):
        assert secret not in text
    assert not on_paper(plan, documents).goals


@pytest.mark.parametrize("name", ["crisis-and-safety", "family-eviction", "re-entry"])
def test_even_with_everything_no_address_and_no_hiding_place_is_printed(name: str) -> None:
    plan, documents = a_plan(name)
    text = told(without_places(plan, documents))
    assert all(goal.words in text for goal in plan.goals)
    assert "known to the worker only" not in text
    for member in plan.client_system.members:
        person = member.person
        for secret in (person.phone, person.email, person.address, person.safe_contact):
            assert secret is None or secret not in text


def test_a_label_that_was_raised_on_record_counts_as_one_that_was_written() -> None:
    plan, documents = a_plan("hospital-discharge")
    text = "Know which pill is which without asking Helga."
    assert text in told(on_paper(plan, documents))
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    for one in documents.values():
        if one.get("description", {}).get("text") == text:
            one["meta"] = {"security": [label]}
    assert text not in told(on_paper(plan, documents))


def test_marks_are_enough_where_nothing_is_labelled_on_record() -> None:
    plan, _ = a_plan("family-eviction")
    text = told(on_paper(plan, {}))
    assert "We want to stay in our flat." in text
    assert "cannot find us" not in text
    assert "Harbour" not in text


def test_everything_beside_the_goals_is_looked_at_too() -> None:
    plan, documents = a_plan("family-eviction")
    first, *others = plan.client_system.members
    plan = replace(
        plan,
        status="closed-goals-met",
        worker=Participant("refuge worker", "Dana Whitlock", "Lakeside Safe House"),
        client_system=replace(
            plan.client_system,
            name="Battered no more",
            members=(first, *(replace(one, sensitivity=("SDV",)) for one in others)),
        ),
        assessments=(Assessment("A1", DAY, "Came by", risks=(Risk("theft", "high", "Bag at the bakery"),)),),
        closing=Closing(DAY, follow_up="Wednesdays, by the hall"),
    )
    text = told(on_paper(plan, documents))
    assert "Dana Whitlock" in text
    for secret in ("refuge", "Safe House", "Battered", "Mateo", "Ines", "bakery", "by the hall"):
        assert secret not in text
        assert secret in told(plan)


def test_who_is_left_out_is_not_named_in_other_words_either() -> None:
    goals = json.loads((PLANS / "family-eviction.json").read_text())["goals"]
    goals[0]["objectives"][0]["strategies"][0]["text"] = "Ask at Harbour Women's Service, on Mondays"
    goals[1]["objectives"][0]["responsible"] = "Harbour Women's Service"
    plan, documents = a_plan("family-eviction", goals=goals)
    text = told(on_paper(plan, documents))
    assert "Harbour" not in text
    assert "Have food for every day of the month" in text


def test_clinical_work_stays_out_and_the_goals_it_serves_stay_in() -> None:
    plan, documents = a_plan("individual-cbt")
    text = told(on_paper(plan, documents))
    assert "I want to ride the tram without panic." in text
    assert "Twelve sessions" not in text
    assert "Coping with panic" not in text
    assert "Breathing and grounding practice" in text


def test_nobody_in_a_group_is_named_to_the_others() -> None:
    members = [{"given": "Ada", "family": "Lind"}, {"given": "Bo", "family": "Quist"}]
    goals = json.loads((PLANS / "community-organising.json").read_text())["goals"]
    goals[0]["objectives"][0]["strategies"][0]["who"] = ["Ada Lind", "Bo Quist", "worker"]
    system = {"kind": "group", "name": "Thursday group", "members": members}
    plan, documents = a_plan("community-organising", client_system=system, goals=goals)
    for paper in (on_paper(plan, documents), without_places(plan, documents)):
        text = told(paper)
        assert "Ada" not in text and "Quist" not in text  # noqa: PT018
        assert "Who: one of us, Yusuf Adeyemi" in text


def test_safety_plans_are_printed_where_nobody_is_in_danger_from_others() -> None:
    plan, documents = a_plan("hospital-discharge")
    assert "Frame at the bed, night light, pendant" in told(on_paper(plan, documents))


def test_times_are_said_in_the_language_of_the_print_where_that_is_certain() -> None:
    plan, _ = a_plan("family-eviction")
    text = "\n".join(leaflet(plan, Around(date(2025, 5, 1)), words_in("es")).texts())
    for words in (
        "una vez por semana",
        "45 minutos",
        "cada 2 semanas",
        "15 de febrero de 2025",
        "Pida una nueva fecha",
    ):
        assert words in text
