"""What a plan must keep to beyond the shape of its fields: numbers, dates, codes, when it may be active.

The active-plan rules follow the planned-change process: a goal, a review date and the client's agreement; an
active objective is measurable and due (SMART). https://hl7.org/fhir/R4/careplan.html

Every rule looks at loaded data, however incomplete, and yields faults as (path, text); it never raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from careplan_service.interventions.catalogue import DomainCoding, domains
from careplan_service.interventions.intake_fields import quoted
from careplan_service.interventions.terms import ACTIVE_GOALS, ACTIVE_PLANS, CLOSED_GOALS, OPEN_CASES

Data = Mapping[str, Any]
Path = tuple[str | int, ...]
Faulty = tuple[Path, str]


def each(holder: Data, name: str, path: Path = ()) -> list[tuple[Path, Data]]:
    """The parts of a list with their paths."""
    return [((*path, name, i), part) for i, part in enumerate(holder.get(name) or ())]


def objectives(plan: Data) -> Iterator[tuple[Data, Path, Data]]:
    """Every objective with its goal and path."""
    for path, goal in each(plan, "goals"):
        for inner, objective in each(goal, "objectives", path):
            yield goal, inner, objective


def strategies(plan: Data) -> Iterator[tuple[Data, Path, Data]]:
    """Every strategy with its objective and path."""
    for _, path, objective in objectives(plan):
        for inner, strategy in each(objective, "strategies", path):
            yield objective, inner, strategy


def active_plan(plan: Data) -> Iterator[Faulty]:
    """An active plan has a goal, a review date, and an agreement or the reason why there is none."""
    if plan.get("status") not in ACTIVE_PLANS:
        return
    if not plan.get("goals"):
        yield ("goals",), "an active plan needs at least one goal"
    if not plan.get("review_date"):
        yield ("review_date",), "an active plan needs the date of its next review"
    agreement = plan.get("agreement")
    if not agreement:
        yield ("agreement",), "an active plan needs the client's agreement, or the reason why there is none"
    elif agreement.get("status") not in ("agreed", "partly-agreed") and not agreement.get("reason"):
        yield ("agreement", "reason"), "an active plan without agreement needs the reason why there is none"


def closed_plan(plan: Data) -> Iterator[Faulty]:
    """A plan is closed with an outcome on every goal."""
    if not str(plan.get("status")).startswith("closed"):
        return
    for path, goal in each(plan, "goals"):
        if goal.get("status", "proposed") not in CLOSED_GOALS | {"maintaining"}:
            yield (
                (*path, "status"),
                "a closed plan needs an outcome for this goal, such as `achieved` or `abandoned`",
            )


def active_objective(plan: Data) -> Iterator[Faulty]:
    """An active objective has a measure, a target and a due date; a target always has a measure."""
    for _, path, objective in objectives(plan):
        active = objective.get("status") in ACTIVE_GOALS
        for name in ("measure", "target", "due"):
            if active and objective.get(name) is None:
                yield (*path, name), f"an active objective needs its `{name}`"
        if not active and objective.get("target") is not None and objective.get("measure") is None:
            yield (*path, "measure"), "say what the target is a value of"


def results(plan: Data) -> Iterator[Faulty]:
    """The day of a result has a result, and a result says what it is a value of."""
    for _, path, objective in objectives(plan):
        if objective.get("result_date") and objective.get("result") is None:
            yield (*path, "result"), "is missing: say what came out on that day"
        if objective.get("result") is not None and objective.get("measure") is None:
            yield (*path, "measure"), "say what the result is a value of"


def dates(plan: Data) -> Iterator[Faulty]:
    """Dates come in order, and an open objective is due within the plan's period."""
    period = plan.get("period") or {}
    start, end = period.get("start"), period.get("end")
    yield from _order(("period", "end"), start, end, "the plan's start")
    yield from _order(("review_date",), start, plan.get("review_date"), "the plan's start")
    for path, goal in each(plan, "goals"):
        yield from _order(
            (*path, "target_date"), goal.get("start"), goal.get("target_date"), "the goal's start"
        )
    for path, alert in each(plan, "alerts"):
        yield from _order((*path, "end"), alert.get("start"), alert.get("end"), "the alert's start")
    for _, path, objective in objectives(plan):
        due = objective.get("due")
        if due and objective.get("status") not in CLOSED_GOALS and not (start or due) <= due <= (end or due):
            yield (
                (*path, "due"),
                f"{quoted(due)} is outside the plan's period {start or '...'} to {end or '...'}",
            )


def case(plan: Data) -> Iterator[Faulty]:
    """A case is about a client; what is closed says so, and not before it was opened."""
    told = plan.get("case")
    if not told:
        return
    members = each(plan.get("client_system") or {}, "members")
    if not any(member.get("client") is not False for _, member in members):
        yield ("case",), "a case is of people: name a client among the `members`"
    yield from _order(("case", "closed"), told.get("opened"), told.get("closed"), "the day it was opened")
    if told.get("closed") and (told.get("status") or "open") in OPEN_CASES:
        yield ("case", "status"), "a case with a day on which it was closed is `closed`"


def _order(path: Path, first: date | None, then: date | None, what: str) -> Iterator[Faulty]:
    if first and then and then < first:
        yield path, f"{quoted(then)} is before {what} {quoted(first)}"


def numbers(plan: Data) -> Iterator[Faulty]:
    """Goals are `1`, their objectives `1.1`, their strategies `1.1.a`, and none comes twice."""
    goals = [(path, goal.get("number"), r"[1-9]\d{0,3}", "a goal `1`") for path, goal in each(plan, "goals")]
    # where the number above is missing, that is said, and what is below cannot be judged by it
    steps = [
        (path, one.get("number"), rf"{re.escape(number)}\.[1-9]\d{{0,3}}",
         f"an objective of goal {quoted(number)} `{number}.1`")
        for goal, path, one in objectives(plan) if (number := goal.get("number"))
    ]  # fmt: skip
    acts = [
        (path, one.get("number"), rf"{re.escape(number)}\.[a-z]{{1,3}}",
         f"a strategy of objective {quoted(number)} `{number}.a`")
        for step, path, one in strategies(plan) if (number := step.get("number"))
    ]  # fmt: skip
    seen: set[str] = set()
    for path, number, pattern, example in (*goals, *steps, *acts):
        if number is not None and number in seen:
            yield (*path, "number"), f"number {quoted(number)} comes twice"
        elif number is not None and not re.fullmatch(pattern, number):
            yield (*path, "number"), f"{quoted(number)} is out of step: number {example}"
        seen.add(number or "")


def client_system(plan: Data) -> Iterator[Faulty]:
    """One client for an individual, at least one for a family; relatives only there; a name for the rest."""
    system = plan.get("client_system") or {}
    kind, members = system.get("kind"), each(system, "members", ("client_system",))
    clients = [member for _, member in members if member.get("client") is not False]
    if kind == "individual" and len(clients) != 1:
        yield ("client_system", "members"), f"an individual's plan has one client, here are {len(clients)}"
    if kind == "family" and not clients:
        yield ("client_system", "members"), "a family's plan needs at least one member who is a client"
    if kind not in ("individual", None) and not system.get("name"):
        yield ("client_system", "name"), "is missing: give the name"
    for path, member in members:
        if not (member.get("given") or member.get("family")):
            yield (*path, "given"), "give the person's first name or family name"
        if member.get("client") is False and kind in ("group", "community", "organisation"):
            yield (*path, "client"), f"a {kind} has no relatives: name this person under `participants`"


def team(plan: Data) -> Iterator[Faulty]:
    """A participant is a person, an agency, or both; identifiers belong to a name and to one name only."""
    worker = plan.get("worker")
    if worker and not worker.get("name"):
        yield ("worker", "name"), "is missing: give the responsible worker's name"
    for path, one in _team(plan):
        if path != ("worker",) and not (one.get("name") or one.get("agency")):
            yield (*path, "name"), "give a name or an agency"
        for name, of in (("identifier", "name"), ("agency_identifier", "agency")):
            if one.get(name) and not one.get(of):
                yield (*path, of), f"is missing: whose `{name}` is it?"


def identifiers(plan: Data) -> Iterator[Faulty]:
    """One identifier, one person or agency."""
    seen: dict[Any, str] = {}
    system = plan.get("client_system") or {}
    members = each(system, "members", ("client_system",))
    for path, one in members:
        if one.get("identifiers") and not one.get("identifier"):
            yield (*path, "identifier"), "is missing: give the first of the `identifiers` here"
        elif one.get("identifier") in (one.get("identifiers") or ()):
            yield (*path, "identifiers"), "leave the `identifier` out: these are further ones"
    people = [
        *((path, "identifier", f"member {path}", one) for path, one in members),
        *(
            (path, "identifiers", f"member {path}", {"identifiers": number})
            for path, one in members
            for number in one.get("identifiers") or ()
        ),
        *((path, "identifier", f"participant {path}", one) for path, one in _team(plan)),
        *((path, "agency_identifier", f"agency {one.get('agency')}", one) for path, one in _team(plan)),
    ]
    for path, field, whose, one in people:
        number = one.get(field)
        if number is not None and seen.setdefault(number, whose) != whose:
            yield (*path, field), f"identifier {quoted(number.value)} is given to somebody else as well"


def _team(plan: Data) -> list[tuple[Path, Data]]:
    worker: list[tuple[Path, Data]] = [(("worker",), plan["worker"])] if plan.get("worker") else []
    return [*worker, *each(plan, "participants")]


def codes(plan: Data) -> Iterator[Faulty]:
    """Codes come from the pick list of their domain."""
    for path, need in each(plan, "needs"):
        if domain := domains().get(need.get("domain") or ""):
            yield from picked((*path, "codes"), need, domain.conditions, f"needs of `{domain.code}`")
    for path, strength in each(plan, "strengths"):
        yield from picked((*path, "codes"), strength, domains()["protective-factor"].conditions, "strengths")
    for path, goal in each(plan, "goals"):
        if domain := domains().get(goal.get("domain") or ""):
            yield from picked((*path, "codes"), goal, domain.goals, f"goals of `{domain.code}`")


def picked(path: Path, holder: Data, listed: Iterable[DomainCoding], what: str) -> Iterator[Faulty]:
    """Yields the codes of a part that are not listed."""
    known = {row.code for row in listed}
    for code in holder.get("codes") or ():
        if code not in known:
            yield path, f"{quoted(code)} is not in the list of codes for {what}"


RULES = (
    results,
    dates,
    case,
    numbers,
    client_system,
    team,
    identifiers,
    codes,
)
