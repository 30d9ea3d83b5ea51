"""The goals of a plan as a client reads them: own words first, beneath them small steps and what happens.

https://hl7.org/fhir/R4/goal.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from careplan_service.interventions.plan import Goal, Objective, Strategy
from careplan_service.interventions.printing.leaflet import Line, Section
from careplan_service.interventions.printing.naming import Names, long, often, value
from careplan_service.interventions.record import Finding, Review

_NOT_TOLD = frozenset({"rejected", "entered-in-error"})
_NOT_DONE = frozenset({"entered-in-error", "cancelled-by-client", "cancelled-by-worker"})


def goal_sections(names: Names, words_of_others: frozenset[str] = frozenset()) -> tuple[Section, ...]:
    """A section for each goal that is worked on or was.

    Its heading are the client's words, and quoted, but for goals of the numbers of `words_of_others`.
    """
    goals = (goal for goal in names.plan.goals if goal.status not in _NOT_TOLD)
    return tuple(_goal(goal, names, quoted=goal.number not in words_of_others) for goal in goals)


def further(names: Names) -> tuple[Line, ...]:
    """What is done for no goal, which only a plan that was made elsewhere has."""
    return tuple(_happening(one, names) for one in told(names.plan.strategies) if one.text)


def told(strategies: Iterable[Strategy]) -> Iterator[Strategy]:
    """The strategies that are or were carried out."""
    return (one for one in strategies if one.status not in _NOT_DONE)


def _goal(goal: Goal, names: Names, *, quoted: bool) -> Section:
    steps = [step for step in goal.objectives if step.status not in _NOT_TOLD]
    # an objective that only repeats the goal is told with it
    same = [line for step in steps if step.statement == goal.words for line in _lines(step, names)]
    parts = tuple(_step(step, names) for step in steps if step.statement != goal.words)
    lines = dict.fromkeys([*_progress(goal, names), *same])
    return Section(goal.words, tuple(lines), parts, quoted=quoted)


def _progress(goal: Goal, names: Names) -> Iterator[Line]:
    words = names.words
    yield Line(words.state(f"state.{goal.status}"), words("goal.progress"))
    found = list(_findings(goal, names.plan.reviews))
    levels = [finding.level for _, finding in found if finding.level is not None]
    if goal.scaling and levels:
        yield Line(goal.scaling.levels[levels[-1] + 2], words("goal.level"))
    if found:
        yield Line(words.date(found[-1][0].date), words("goal.checked"))
    if goal.evidence_of_success:
        yield Line(goal.evidence_of_success, words("goal.know"))
    if goal.target_date:
        yield Line(words.date(goal.target_date), words("goal.by_when"))


def _findings(goal: Goal, reviews: tuple[Review, ...]) -> Iterator[tuple[Review, Finding]]:
    for review in sorted(reviews, key=lambda one: one.date):
        yield from ((review, finding) for finding in review.findings if finding.goal == goal.number)


def _step(step: Objective, names: Names) -> Section:
    return Section(step.statement, tuple(_lines(step, names)))


def _lines(step: Objective, names: Names) -> list[Line]:
    words = names.words
    lines = [Line(words.date(step.due), words("goal.by_when"))] if step.due else []
    if step.measure:
        lines.append(Line(_measured(step, names), words("goal.know")))
    if step.result is not None:
        lines.append(Line(value(step.result, words), words("goal.result")))
    if step.responsible:
        lines.append(Line(names.of(step.responsible), words("goal.lead")))
    lines.append(Line(words.state(f"state.{step.status}"), words("goal.progress")))
    return [*lines, *(_happening(one, names) for one in told(step.strategies))]


def _measured(step: Objective, names: Names) -> str:
    """`months paid on time: 3`; what is simply to be there is its own measure."""
    if step.target is None or step.target is True:
        return str(step.measure)
    return f"{step.measure}: {value(step.target, names.words)}"


def _happening(one: Strategy, names: Names) -> Line:
    words = names.words
    facts = (
        ("step.who", names.all(one.who)),
        ("step.often", often(one.frequency, words) if one.frequency else ""),
        ("step.long", long(one.duration, words) if one.duration else ""),
        ("step.times", str(one.count) if one.count else ""),
        ("step.where", one.where or ""),
        ("step.state", words.state(f"activity.{one.status}")),
    )
    said = "; ".join(f"{words(name)}: {fact}" for name, fact in facts if fact)
    return Line(f"{_ended(one.text)} {said}.", item=True)


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
