"""What of a plan may stand on paper, which others at home may find: nothing that a security label protects.

https://hl7.org/fhir/R4/security-labels.html docs/printing.md

A part is left out by the labels on record, by those that its words call for now, by the marks of a person,
and when it names somebody who is left out. It leaves no gap: the print has no numbers of the plan.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from careplan_service.interventions.catalogue import kind_of
from careplan_service.interventions.foreign.activities import NOT_TO_DO
from careplan_service.interventions.plan import ClientSystem, Goal, Objective, Participant, Plan, Strategy
from careplan_service.interventions.printing.labelled import Documents, labels_on, texts_by_type
from careplan_service.interventions.record import Assessment, Closing
from careplan_service.interventions.sensitivity import NONE, Labels, found_in, marked
from careplan_service.interventions.team import labels_of
from careplan_service.interventions.terms import normal

_PLACES: Labels = frozenset({"PATLOC", "LOCIS", "SSP"})
_DANGER: Labels = _PLACES | {"SDV", "VIO"}
_USES = ("intervention", "service-type", "category", "referral")
_TEAM = ("Practitioner", "PractitionerRole", "Organization")


@dataclass(frozen=True)
class Judge:
    """What is known about a plan: texts under labels by type of document, and the names that must not stand.

    `danger` is whether violence or a place to hide is anywhere in the plan.
    """

    labelled: Mapping[str, Mapping[str, Labels]]
    names: re.Pattern[str]
    danger: bool

    def labels(self, type_: str, texts: Iterable[str | None], marks: Iterable[str] = ()) -> Labels:
        """The labels of a part with these texts and marks, which is kept in documents of a type."""
        said = [text for text in texts if text]
        on_record = self.labelled.get(type_, {})
        return NONE.union(found_in(said), marked(marks), *(on_record.get(text, NONE) for text in said))

    def betrays(self, type_: str, texts: Iterable[str | None], marks: Iterable[str] = ()) -> bool:
        """Whether such a part is labelled, or names somebody who must not stand there."""
        said = [text for text in texts if text]
        named = any(self.names.search(normal(text)) for text in said)
        return named or bool(self.labels(type_, said, marks))


def on_paper(plan: Plan, documents: Documents) -> Plan:
    """The plan without what is sensitive; without anything where the whole of it is marked.

    `documents` are those that told it, by `Type/id`. A title is about everything, so it stands only where
    nothing is labelled. Where violence or a place to hide is anywhere in the
    plan, no places, no safety plans and nothing about the time after it are left either.
    """
    if marked(plan.sensitivity):
        return Plan("", "", ClientSystem(plan.client_system.kind))
    labelled = texts_by_type(documents)
    absent = _absent(plan, labelled)
    everywhere = NONE.union(*map(labels_on, documents.values()))
    judge = Judge(labelled, _pattern(left_out(plan, documents)), bool(everywhere & _DANGER))
    return replace(
        plan,
        title="" if everywhere or judge.betrays("", [plan.title]) else plan.title,
        client_system=_clients(plan.client_system, judge),
        strengths=tuple(
            one for one in plan.strengths if not judge.betrays("Condition", [one.text], one.sensitivity)
        ),
        goals=tuple(_goal(one, judge) for one in plan.goals if not _hides_goal(one, judge)),
        strategies=tuple(_kept(plan.strategies, judge, of_goal=False)),
        worker=_worker(plan.worker, judge),
        participants=tuple(one for one in plan.participants if one not in absent),
        assessments=tuple(_assessment(one, judge) for one in plan.assessments),
        crisis_plan=_crisis_plan(plan.crisis_plan, judge),
        closing=_closing(plan.closing, judge),
    )


def left_out(plan: Plan, documents: Documents) -> frozenset[str]:
    """The names that must not stand on paper, as `normal` writes them.

    An agency may be named where somebody else of it is.
    """
    absent = _absent(plan, texts_by_type(documents))
    present = {one.agency for one in plan.participants if one not in absent}
    names = [one.name for one in absent] + [one.agency for one in absent if one.agency not in present]
    names += [one.person.name for one in plan.client_system.members if marked(one.sensitivity)]
    return frozenset(normal(name) for name in names if name)


def without_places(plan: Plan, documents: Documents) -> Plan:
    """The whole plan, less where strategies take place that are labelled for their place."""
    judge = Judge(texts_by_type(documents), _pattern(()), danger=True)

    def told(goal: Goal | None, one: Strategy) -> Strategy:
        if goal is None:
            labels = _labels_anywhere(one, judge)
        else:
            labels = _strategy_labels(one, judge) | judge.labels("Goal", [goal.words], goal.sensitivity)
        return replace(one, where=None) if labels & _PLACES else one

    def steps(goal: Goal) -> Iterable[Objective]:
        for step in goal.objectives:
            yield replace(step, strategies=tuple(told(goal, one) for one in step.strategies))

    return replace(
        plan,
        goals=tuple(replace(goal, objectives=tuple(steps(goal))) for goal in plan.goals),
        strategies=tuple(told(None, one) for one in plan.strategies),
    )


def _participant_labels(one: Participant, labelled: Mapping[str, Mapping[str, Labels]]) -> Labels:
    names = [name for name in (one.name, one.agency) if name]
    on_record = [labelled.get(type_, {}).get(name, NONE) for type_ in _TEAM for name in names]
    return labels_of(one).union(*on_record)


def _absent(plan: Plan, labelled: Mapping[str, Mapping[str, Labels]]) -> list[Participant]:
    return [one for one in plan.participants if _participant_labels(one, labelled)]


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    """Finds any of the names as whole words; without names it finds nothing."""
    any_name = "|".join(re.escape(name) for name in names)
    return re.compile(rf"(?<!\w)(?:{any_name})(?!\w)" if any_name else r"(?!)")


def _clients(system: ClientSystem, judge: Judge) -> ClientSystem:
    hidden = judge.betrays("Group", [system.name], system.sensitivity)
    members = tuple(one for one in system.members if not marked(one.sensitivity))
    return replace(system, name=None if hidden else system.name, members=members)


def _worker(worker: Participant | None, judge: Judge) -> Participant | None:
    """The worker keeps the name, which says nothing; a role or an agency may say all."""
    if worker is None:
        return None
    role = "" if judge.betrays("PractitionerRole", [worker.role]) else worker.role
    agency = None if judge.betrays("Organization", [worker.agency]) else worker.agency
    return replace(worker, role=role, agency=agency)


def _hides_goal(goal: Goal, judge: Judge) -> bool:
    return judge.betrays("Goal", [goal.words, *_levels(goal)], goal.sensitivity)


def _levels(goal: Goal) -> tuple[str, ...]:
    return goal.scaling.levels if goal.scaling else ()


def _goal(goal: Goal, judge: Judge) -> Goal:
    steps = tuple(_objective(one, judge) for one in goal.objectives if not _hides_objective(one, judge))
    hidden = judge.betrays("Goal", [goal.evidence_of_success])
    return replace(goal, objectives=steps, evidence_of_success=None if hidden else goal.evidence_of_success)


def _hides_objective(one: Objective, judge: Judge) -> bool:
    measured = [str(value) for value in (one.measure, one.target, one.result) if isinstance(value, str)]
    return judge.betrays("Goal", [one.statement, *measured], one.sensitivity)


def _objective(one: Objective, judge: Judge) -> Objective:
    responsible = None if judge.betrays("", [one.responsible]) else one.responsible
    return replace(one, responsible=responsible, strategies=tuple(_kept(one.strategies, judge)))


def _kept(strategies: Iterable[Strategy], judge: Judge, *, of_goal: bool = True) -> Iterator[Strategy]:
    """The strategies that may stand; what is for no goal is looked up in every document that may tell it."""
    for one in strategies:
        labels = _strategy_labels(one, judge) if of_goal else _labels_anywhere(one, judge)
        if not labels and not judge.betrays("", _strategy_texts(one)):
            yield replace(one, where=None) if judge.danger else one


def _labels_anywhere(one: Strategy, judge: Judge) -> Labels:
    text = one.text.removeprefix(NOT_TO_DO)
    return _strategy_labels(one, judge).union(*(judge.labels(type_, [text]) for type_ in judge.labelled))


def _strategy_texts(one: Strategy) -> list[str | None]:
    return [one.text, one.method, one.frequency, one.where, *one.who]


def _strategy_labels(one: Strategy, judge: Judge) -> Labels:
    # only what was done is looked up on record: what it is done in, such as `office`, stands in many
    on_record = judge.labels("ServiceRequest", [one.text], one.sensitivity)
    return _kind_labels(one) | on_record | found_in(_strategy_texts(one))


def _kind_labels(one: Strategy) -> Labels:
    try:
        kind = kind_of(one.kind)
    except KeyError:  # it came from elsewhere, with a kind that nobody has mapped yet
        return NONE
    return found_in([*kind.own_codings, *kind.sent(one.method, *_USES)])


def _assessment(one: Assessment, judge: Judge) -> Assessment:
    texts = [one.presenting, one.words, one.history, one.formulation]
    if judge.danger or judge.betrays("QuestionnaireResponse", texts, one.sensitivity):
        return replace(one, risks=())
    return replace(
        one, risks=tuple(risk for risk in one.risks if not judge.betrays("", [risk.kind, risk.safety_plan]))
    )


def _crisis_plan(text: str | None, judge: Judge) -> str | None:
    return None if judge.danger or judge.betrays("", [text]) else text


def _closing(closing: Closing | None, judge: Judge) -> Closing | None:
    if closing is None or judge.danger:
        return None
    told: Callable[[str | None], str | None] = lambda text: None if judge.betrays("", [text]) else text  # noqa: E731
    return replace(closing, follow_up=told(closing.follow_up))
