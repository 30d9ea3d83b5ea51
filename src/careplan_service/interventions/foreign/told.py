"""A plan as it was read, with what is unsure in it, and what stands in its documents and has no words here.

https://hl7.org/fhir/R4/careplan.html

A plan that was made here is read from its own codes and extensions (`from_fhir`); one that was not, or that
others changed so far that it cannot be, from whatever is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from careplan_service.errors import Invalid
from careplan_service.interventions.canonical import extension_value, sw
from careplan_service.interventions.foreign.activities import Act, acts_of
from careplan_service.interventions.foreign.additions import additions, beyond, parts
from careplan_service.interventions.foreign.goals import goals_of, letters, read_goals
from careplan_service.interventions.foreign.marks import INFERRED, NOT_MAPPED, Beyond, Mark
from careplan_service.interventions.foreign.needs import Places, needs, strengths
from careplan_service.interventions.foreign.people import client_system, team
from careplan_service.interventions.foreign.place import Place, Sheet
from careplan_service.interventions.foreign.reading import Reading, concept_words
from careplan_service.interventions.foreign.states import state
from careplan_service.interventions.from_fhir import plan_in
from careplan_service.interventions.plan import Plan
from careplan_service.interventions.reading import Readings
from careplan_service.interventions.terms import PLAN_STATES

Resource = Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """A plan as it was read; `why_foreign` says why it is not read from words of ours, and is empty if it is.

    `read_from` gives the resource of each part of a plan of others; `odd` is what of a plan of ours could not
    be read.
    """

    plan: Plan
    why_foreign: str = ""
    marks: tuple[Mark, ...] = ()
    beyond: tuple[Beyond, ...] = ()
    read_from: Mapping[str, str] | None = None
    odd: Invalid | None = None

    @property
    def is_in_our_words(self) -> bool:
        """Whether it was read from our codes and extensions, even where others put codes of theirs."""
        return self.read_from is None

    @property
    def words_of_others(self) -> frozenset[str]:
        """The numbers of the goals whose words are not known to be the client's."""
        marked = {mark.field for mark in self.marks}
        goals = enumerate(self.plan.goals)
        return frozenset(goal.number for i, goal in goals if f"goals[{i}].words" in marked)


def told_by(care_plan: Resource, resources: Mapping[str, Resource]) -> Told:
    """The plan that a CarePlan and the `resources` it refers to (by `Type/id`) tell, wherever it was made."""
    if extension_value(care_plan, sw("client-system")) is None:
        return _read(care_plan, resources, "it was not made here")
    readings = Readings(resources)
    try:
        plan = plan_in(care_plan, readings)
    except Invalid as odd:
        told = _read(care_plan, resources, f"it cannot be read whole: {odd.faults[0].text}")
        return replace(told, odd=odd)
    return _ours(care_plan, resources, plan, readings.marks)


def _ours(care_plan: Resource, resources: Mapping[str, Resource], plan: Plan, marks: list[Mark]) -> Told:
    """A plan that was made here, with what others changed in it; it stays ours as long as its codes are."""
    states, rest = additions(care_plan, resources, plan)
    known = parts(plan)
    placed = []
    for mark in marks:
        number, _, name = mark.field.rpartition(".")
        placed.append(replace(mark, field=f"{known.get(number, number)}.{name}"))
    unknown = next((mark for mark in placed if mark.how == NOT_MAPPED), None)
    why = f"others changed it: `{unknown.said}` is mapped to nothing here" if unknown else ""
    return Told(plan, why, (*placed, *states), tuple(rest))


def _read(body: Resource, resources: Mapping[str, Resource], why: str) -> Told:
    reading = Reading(resources)
    sheet = Sheet(f"CarePlan/{body.get('id', '')}", body)
    reading.sheets[sheet.ref] = sheet
    care_plan = sheet.whole
    goals = goals_of(care_plan, reading)
    acts = list(acts_of(care_plan, reading))
    plan = _plan(care_plan, goals, acts, reading)
    subject = care_plan.at("subject", "reference").value
    for whose in [*goals.values(), *(act.about for act in acts if not act.is_described)]:
        for name in ("subject", "for"):
            if subject in reading.read_from.values():  # it is the plan's own
                whose.at(name, "reference").say_if(subject)
    own = [sheet, *(one.sheet for one in goals.values()), *(act.about.sheet for act in acts)]
    rest = tuple(
        found for one in {sheet.ref: sheet for sheet in own}.values() for found in beyond(one, reading)
    )
    return Told(plan, why, tuple(reading.marks), rest, reading.read_from)


def _plan(care_plan: Place, goals: Places, acts: list[Act], reading: Reading) -> Plan:
    system = client_system(care_plan, reading)
    worker, participants = team(care_plan, reading)
    for_goal, for_none = _by_goal(acts, goals)
    return Plan(
        number=_number(care_plan, reading),
        title=_title(care_plan, reading),
        client_system=system,
        status=state("status", PLAN_STATES, care_plan, reading),
        start=reading.day("period.start", care_plan.at("period", "start")),
        end=reading.day("period.end", care_plan.at("period", "end")),
        needs=needs(care_plan, goals, reading),
        strengths=strengths(care_plan, reading),
        goals=read_goals(care_plan, goals, for_goal, reading),
        strategies=tuple(act.read(f"strategies[{n}]", letters(n)) for n, act in enumerate(for_none)),
        worker=worker,
        participants=participants,
    )


def _by_goal(acts: list[Act], goals: Places) -> tuple[dict[str, list[Act]], list[Act]]:
    """Activities by the first goal of the plan that they are for, and those for none."""
    found: dict[str, list[Act]] = {}
    rest: list[Act] = []
    for act in acts:
        named = [one for one in act.goals if one.at("reference").text in goals]
        if named:
            found.setdefault(named[0].at("reference").text, []).append(
                Act(act.activity, act.about, tuple(named), act.reading)
            )
        else:
            rest.append(Act(act.activity, act.about, (), act.reading))
    return found, rest


def _number(care_plan: Place, reading: Reading) -> str:
    for one in care_plan.each("identifier"):
        if found := one.at("value").word():
            return found
    reading.mark("number", care_plan.at("id"), INFERRED, "the id of the CarePlan")
    return care_plan.at("id").text


def _title(care_plan: Place, reading: Reading) -> str:
    if text := care_plan.at("title").word():
        return text
    for place in (care_plan.at("description"), *care_plan.each("category")):
        if text := place.text or concept_words(place.value):
            reading.mark("title", place, INFERRED, "what stands for a title")
            return text
    return ""
