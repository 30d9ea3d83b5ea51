"""A plan as a leaflet for the client: who, what was agreed, goals, what is next, whom to call, who sees it.

https://hl7.org/fhir/R4/careplan.html docs/printing.md
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from careplan_service.interventions.plan import Plan
from careplan_service.interventions.printing.goals import further, goal_sections, told
from careplan_service.interventions.printing.leaflet import Leaflet, Line, Section
from careplan_service.interventions.printing.naming import Names, described
from careplan_service.interventions.printing.words import Words

_OVER = ("closed", "superseded", "entered-in-error")


@dataclass(frozen=True)
class Release:
    """Whom the client allowed to see something, and until when."""

    name: str
    until: date | None = None


@dataclass(frozen=True)
class Around:
    """What a print tells that does not stand in the plan: releases, and how to reach people, by name.

    `words_of_others` are the numbers of the goals whose words nobody knows to be the client's.
    """

    today: date
    releases: Sequence[Release] = ()
    reached: tuple[tuple[str, str], ...] = ()
    agency: str = ""
    words_of_others: frozenset[str] = frozenset()

    def line(self, name: str) -> str:
        """Phone numbers and addresses of somebody, or nothing."""
        return ", ".join(how for of, how in self.reached if of == name)


def leaflet(plan: Plan, around: Around, words: Words) -> Leaflet:
    """The print of a plan; sections that have nothing to say are left out."""
    names = Names(plan, words)
    number = names.number
    goals = goal_sections(names, around.words_of_others)
    plain = "" if all(one.quoted for one in goals) else "plain_"
    sections = (
        Section(words("heading.about"), tuple(_about(names))),
        Section(words("heading.agreed"), tuple(_agreed(names))),
        Section(words(f"heading.goals_{plain}{number}"), parts=goals),
        Section(words("heading.further"), further(names)),
        Section(words(f"heading.strengths_{number}"), _items(one.text for one in plan.strengths)),
        Section(words("heading.next"), tuple(_next(names, around)), tuple(_appointments(names))),
        Section(words("heading.call"), tuple(_call(names, around))),
        Section(words("heading.crisis"), tuple(_crisis(names))),
        Section(words(f"heading.access_{number}"), tuple(_access(names, around))),
    )
    return Leaflet(
        words.language,
        words(f"title.{number}"),
        plan.title,
        tuple(one for one in sections if one.lines or one.parts),
        words("foot.short", date=words.date(around.today)),
        words.texts["foot.page"],
    )


def _items(texts: Iterator[str]) -> tuple[Line, ...]:
    return tuple(Line(text, item=True) for text in texts)


def _about(names: Names) -> Iterator[Line]:
    plan, words = names.plan, names.words
    if names.clients:
        yield Line(", ".join(names.clients), words("about.for"))
    if plan.client_system.name:
        yield Line(plan.client_system.name, words("about.group"))
    if plan.worker:
        yield Line(described(plan.worker), words("about.worker"))
    for name, day in (("about.from", plan.start), ("about.until", plan.end)):
        if day:
            yield Line(words.date(day), words(name))
    yield Line(words.state(f"plan.{plan.status}"), words("about.state"))


def _agreed(names: Names) -> Iterator[Line]:
    agreement, words = names.plan.agreement, names.words
    if agreement is None:
        return
    if words.has(f"agreement.{agreement.status}_{names.number}"):
        yield Line(words(f"agreement.{agreement.status}_{names.number}"))
    if agreement.date:
        yield Line(words.date(agreement.date), words("agreement.date"))
    if words.has(f"how.{agreement.how}"):
        yield Line(words(f"how.{agreement.how}"), words("agreement.how"))


def _next(names: Names, around: Around) -> Iterator[Line]:
    plan, words = names.plan, names.words
    if plan.status.startswith(_OVER):
        if plan.closing and plan.closing.follow_up:
            yield Line(plan.closing.follow_up, words("next.follow_up"))
        if plan.closing and plan.closing.follow_up_date:
            yield Line(words.date(plan.closing.follow_up_date), words("next.date"))
        return
    later = [one.next_review for one in plan.reviews if one.next_review]
    review = max([*later, *([plan.review_date] if plan.review_date else [])], default=None)
    if review is None:
        yield Line(words("next.none", worker=names.worker))
    elif review >= around.today:
        yield Line(words.date(review), words("next.review"))
    else:
        yield Line(words.date(review), words("next.past_review"))
        yield Line(words("next.ask_date"))


def _appointments(names: Names) -> Iterator[Section]:
    steps = [step for goal in names.plan.goals for step in goal.objectives]
    every = [*(one for step in steps for one in told(step.strategies)), *told(names.plan.strategies)]
    made = [one for one in every if one.status == "scheduled"]
    texts = (", ".join(part for part in (one.text, names.all(one.who), one.where) if part) for one in made)
    if made:
        yield Section(names.words("heading.appointments"), _items(texts))


def _call(names: Names, around: Around) -> Iterator[Line]:
    plan = names.plan
    team = [*([plan.worker] if plan.worker else []), *plan.participants]
    agency = [(around.agency, (around.agency,))] if around.agency else []
    for text, known_as in [*((described(one), (one.name, one.agency)) for one in team), *agency]:
        ways = dict.fromkeys(around.line(name) for name in known_as if name)
        yield Line(": ".join(part for part in (text, ", ".join(filter(None, ways))) if part), item=True)
    yield Line(names.words("call.questions"))


def _crisis(names: Names) -> Iterator[Line]:
    yield Line(names.words("crisis.emergency"))
    yield Line(names.words("crisis.talk", worker=names.worker))
    if names.plan.crisis_plan:
        yield Line(names.plan.crisis_plan)
    risks = [risk for one in names.plan.assessments for risk in one.risks]
    yield from _items(risk.safety_plan for risk in risks if risk.safety_plan)


def _access(names: Names, around: Around) -> Iterator[Line]:
    words = names.words
    if around.releases:
        yield Line(words(f"access.list_{names.number}"))
    for one in around.releases:
        until = words("access.until", date=words.date(one.until)) if one.until else words("access.open")
        yield Line(f"{one.name}, {until}", item=True)
    for name in ("access.ask", "access.withdraw", "access.limits"):
        yield Line(words(name, worker=names.worker))
