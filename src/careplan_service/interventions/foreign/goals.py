"""The goals and objectives of a plan of others, whatever ties them together.

https://hl7.org/fhir/R4/goal.html

What has no number gets its place. A target with a measure reads as an objective; so does a goal that is a
milestone of another, and the goal itself where something is done for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from careplan_service.interventions.canonical import GOAL_RELATIONSHIP
from careplan_service.interventions.foreign.activities import Act
from careplan_service.interventions.foreign.codes import domain_meant, goal_codes
from careplan_service.interventions.foreign.marks import INFERRED, KNOWN, NOT_MAPPED
from careplan_service.interventions.foreign.needs import Places, domain_of_condition
from careplan_service.interventions.foreign.place import Place
from careplan_service.interventions.foreign.readable import amount
from careplan_service.interventions.foreign.reading import Reading, codings_of, concept_text
from careplan_service.interventions.foreign.states import goal_state
from careplan_service.interventions.plan import Goal, Objective, Strategy, Value
from careplan_service.interventions.terms import PRIORITIES

Acts = Mapping[str, list[Act]]


def goals_of(care_plan: Place, reading: Reading) -> Places:
    """The goals that are at hand, by the reference that the CarePlan has for them."""
    found: Places = {}
    for ref in care_plan.each("goal"):
        goal = reading.follow(ref)
        if goal is not None and goal.at("resourceType").value == "Goal":
            found.setdefault(ref.at("reference").text, goal)
    return found


def read_goals(care_plan: Place, goals: Places, acts: Acts, reading: Reading) -> tuple[Goal, ...]:
    """The goals in the order of the plan, each with what leads to it."""
    refs: dict[str, Place] = {}
    for one in care_plan.each("goal"):
        refs.setdefault(one.at("reference").text, one)
    steps: dict[str, list[str]] = {}
    for key in goals:
        if (top := _top(key, goals)) != key:
            steps.setdefault(top, []).append(key)
    inner = {key for keys in steps.values() for key in keys}
    found: list[Goal] = []
    for key, goal in goals.items():
        if key not in inner:
            reader = _OneGoal(f"goals[{len(found)}]", str(len(found) + 1), reading, goals, refs, acts)
            found.append(reader.read(key, goal, steps.get(key, [])))
    return tuple(found)


def _parent(goal: Place) -> tuple[str, Place]:
    """The goal that this one is a milestone of, and the extension that says it."""
    for one in goal.each("extension"):
        if one.at("url").value == GOAL_RELATIONSHIP:
            parts = {part.at("url").text: part for part in one.each("extension")}
            type_, target = parts.get("type"), parts.get("target")
            codes = (
                [coding.get("code") for coding in codings_of(type_.at("valueCodeableConcept"))]
                if type_
                else []
            )
            if target and "milestone" in codes:
                return target.at("valueReference", "reference").text, one
    return "", goal.at("extension", "none")


def _top(key: str, goals: Places) -> str:
    """The goal at the top of what this one is a milestone of; itself where they go in a circle."""
    seen, at = {key}, key
    while (above := _parent(goals[at])[0]) in goals:
        if above in seen:
            return key
        seen.add(above)
        at = above
    return at


class _OneGoal:
    """One goal while it is read."""

    def __init__(
        self, field: str, number: str, reading: Reading, goals: Places, refs: Places, acts: Acts
    ) -> None:
        self.field, self.number, self.reading = field, number, reading
        self.goals, self.refs, self.acts = goals, refs, acts
        self.steps: list[Objective] = []

    def read(self, key: str, goal: Place, steps: list[str]) -> Goal:
        """The goal that is at `key`, with those that are its milestones."""
        reading, field = self.reading, self.field
        self._came(field, key, goal)
        words = self._goal_words(f"{field}.words", goal.at("description"))
        status = goal_state(f"{field}.status", goal, reading)
        for step in steps:
            self._milestone(step, self.goals[step])
        day = self._targets(goal, words, status)
        self._left(key, words, status)
        return Goal(
            number=self.number,
            words=words,
            domain=self._domain(f"{field}.domain", goal),
            priority=self._priority(goal.at("priority")),
            start=reading.day(f"{field}.start", goal.at("startDate")),
            target_date=day,
            status=status,
            codes=self._codes(goal.at("description")),
            objectives=tuple(self.steps),
        )

    def _came(self, field: str, key: str, goal: Place) -> None:
        self.reading.came(field, self.refs[key], goal)
        self.reading.mark(f"{field}.number", self.refs[key].at("reference"), INFERRED, "its place")

    def _goal_words(self, field: str, description: Place) -> str:
        """The words of a goal: nobody knows whether the client said so."""
        text = description.at("text")
        if not text.text:
            return self._words(field, description)
        self.reading.mark(field, text, INFERRED, "its text, whoever said so")
        return text.text

    def _words(self, field: str, description: Place) -> str:
        if text := description.at("text").word():
            return text
        self.reading.mark(field, description, INFERRED, "what its code is called")
        return concept_text(description.value)

    def _codes(self, description: Place) -> tuple[str, ...]:
        found: list[str] = []
        for coding in description.each("coding"):
            key = (coding.at("system").text, coding.at("code").text)
            known = key in goal_codes()
            found += [key[1]] if known else []
            how = (KNOWN, "ConceptMap/social-domain") if known else (NOT_MAPPED, "its text")
            self.reading.mark(f"{self.field}.{'codes' if known else 'words'}", coding, *how)
        return tuple(found)

    def _domain(self, field: str, goal: Place) -> str:
        """By the categories, else by the description, else by a need that the goal addresses."""
        categories = goal.each("category")
        for place in [*categories, goal.at("description")]:
            codings = codings_of(place)
            if meaning := domain_meant(codings, place.at("text").text if place in categories else ""):
                return self._meant(field, place, meaning)
        for ref in goal.each("addresses"):
            condition = self.reading.follow(ref)
            if condition is not None and condition.at("resourceType").value == "Condition":
                meaning, _ = domain_of_condition(condition)
                if meaning is not None:
                    self.reading.mark(field, ref, INFERRED, "a need that it addresses")
                    return meaning.word
        if not categories:
            return ""
        return self.reading.meant(field, categories[0], None, concept_text(categories[0].value))

    def _meant(self, field: str, place: Place, meaning: Any) -> str:
        return self.reading.meant(field, place, meaning, "")

    def _priority(self, priority: Place) -> str | None:
        codes = [one.get("code") for one in codings_of(priority)]
        found = next((term.code for term in PRIORITIES.by_code.values() if term.fhir in codes), None)
        found = found or PRIORITIES.code(priority.at("text").text)
        if found:
            self.reading.mark(f"{self.field}.priority", priority, INFERRED, "its code")
        return found

    def _milestone(self, key: str, goal: Place) -> None:
        field, number = self._next()
        self._came(field, key, goal)
        self.reading.mark(f"{field}.number", _parent(goal)[1], INFERRED, "a milestone of the goal")
        statement = self._words(f"{field}.statement", goal.at("description"))
        status = goal_state(f"{field}.status", goal, self.reading)
        step = Objective(number, statement, status=status, strategies=self._strategies(key, field, number))
        targets = goal.each("target")
        self.steps.append(self._measured(step, field, targets[0]) if targets else step)

    def _targets(self, goal: Place, words: str, status: str) -> Any:
        """Every target with a measure as an objective; gives the day of one without."""
        day = None
        for target in goal.each("target"):
            if not target.at("measure") and not _detail(target):
                day = day or self.reading.day(f"{self.field}.target_date", target.at("dueDate"))
                continue
            field, number = self._next()
            self._of_goal(field, goal)
            step = self._measured(Objective(number, words, status=status), field, target)
            self.steps.append(step)
        return day

    def _left(self, key: str, words: str, status: str) -> None:
        """What is done for the goal goes to its first objective, or to one that repeats the goal."""
        if not self.acts.get(key):
            return
        if not self.steps:
            field, number = self._next()
            self._of_goal(field, self.goals[key])
            self.steps.append(Objective(number, words, status=status))
        first = self.steps[0]
        more = self._strategies(key, f"{self.field}.objectives[0]", first.number, len(first.strategies))
        self.steps[0] = Objective(**{**vars(first), "strategies": (*first.strategies, *more)})

    def _of_goal(self, field: str, goal: Place) -> None:
        self.reading.mark(f"{field}.statement", goal.at("description"), INFERRED, "the goal itself")
        self.reading.mark(f"{field}.status", goal.at("lifecycleStatus"), INFERRED, "the goal itself")

    def _next(self) -> tuple[str, str]:
        n = len(self.steps)
        return f"{self.field}.objectives[{n}]", f"{self.number}.{n + 1}"

    def _strategies(self, key: str, field: str, number: str, after: int = 0) -> tuple[Strategy, ...]:
        acts = self.acts.get(key, [])
        return tuple(
            act.read(f"{field}.strategies[{n}]", f"{number}.{letters(n)}")
            for n, act in enumerate(acts, after)
        )

    def _measured(self, step: Objective, field: str, target: Place) -> Objective:
        measure = target.at("measure")
        text = concept_text(measure.value)
        if measure.each("coding"):
            self.reading.mark(f"{field}.measure", measure, NOT_MAPPED, "its text")
        else:
            measure.at("text").say()
        due = self.reading.day(f"{field}.due", target.at("dueDate"))
        value = self._value(f"{field}.target", target)
        return Objective(**{**vars(step), "measure": text or None, "due": due, "target": value})

    def _value(self, field: str, target: Place) -> Value | None:
        name = _detail(target)
        if not name:
            return None
        place = target.at(name)
        if isinstance(place.value, bool | int | str):
            place.say()
            return place.value
        self.reading.mark(field, place, INFERRED, "its value in words")
        return amount(place.value)


def _detail(target: Place) -> str:
    names = target.value if isinstance(target.value, dict) else {}
    return next((name for name in names if name.startswith("detail")), "")


def letters(n: int) -> str:
    """The letters of a place: a, b ... z, aa, ab ..."""
    first, last = divmod(n, 26)
    return (letters(first - 1) if first else "") + chr(ord("a") + last)
