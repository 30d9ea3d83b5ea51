"""The practitioner's plan as JSON, in and out: a Plan, or every fault by field path.

docs/plans.md describes the shape; what it becomes: https://hl7.org/fhir/R4/careplan.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from marshmallow import ValidationError

from careplan_service.errors import Conflict, Fault, Invalid, Problem
from careplan_service.interventions import plan as parts
from careplan_service.interventions.intake_names import Names, names
from careplan_service.interventions.intake_rules import RULES, Data, Path
from careplan_service.interventions.plan import Plan
from careplan_service.interventions.practice import PRIVATE, Change, broken
from careplan_service.interventions.practice import RULES as RULES_OF_PRACTICE
from careplan_service.interventions.record_intake import built, recorded, scaling
from careplan_service.interventions.record_rules import RECORD_RULES
from careplan_service.interventions.record_schema import RecordedPlanPart

LIMITS = {
    "goals": 500,
    "objectives": 2_000,
    "strategies": 5_000,
    "members": 500,
    "needs": 500,
    "strengths": 500,
    "participants": 500,
    "assessments": 200,
    "sessions": 2_000,
    "reviews": 500,
    "findings": 10_000,
    "referrals": 500,
    "answers": 10_000,
    "addenda": 2_000,
    "attendance": 10_000,
    "acceptance": 10_000,
    "sections": 10_000,
    "identifiers": 5_000,
    "alerts": 500,
}
PLACES: Mapping[str, Path] = {
    "members": ("client_system", "members"),
    "objectives": ("goals",),
    "strategies": ("goals",),
    "findings": ("reviews",),
    "answers": ("assessments",),
    "addenda": ("sessions",),
    "attendance": ("sessions",),
    "acceptance": ("goals",),
    "sections": ("assessments",),
    "identifiers": ("client_system", "members"),
}
_SCHEMA = RecordedPlanPart()
PERSON_FIELDS = tuple(field.name for field in fields(parts.Person))


@dataclass(frozen=True)
class Moment:
    """When a plan is taken, and what it was before, if it is on record."""

    now: datetime
    before: Plan | None = None


NEW = Moment(datetime.max.replace(tzinfo=UTC))
"""A plan that is new, whenever that is: only what says itself when it was signed is in time."""


def plan_from_json(obj: Any, moment: Moment = NEW) -> Plan:
    """The plan that a JSON value tells.

    Raises Invalid with every fault, `expression` the field path (`goals[1].objectives[0].due`); Conflict
    where nothing is wrong but what contradicts the plan on record.
    """
    return plan_from(obj, expression, moment)


def plan_from(obj: Any, where: Callable[[Path], str | None], moment: Moment | None = NEW) -> Plan:
    """As `plan_from_json`, with `where` to tell the place of a fault in the sender's own terms.

    Without a moment it is only read: of the rules of practice, what is never in a plan alone is asked for.
    """
    too_many = list(_too_many(obj))
    if too_many:
        raise _refused([Fault("invalid", text, where(path)) for path, text in too_many])
    faults: list[tuple[Path, str, str]] = []
    try:
        data: Data = _SCHEMA.load(obj)
    except ValidationError as refused:
        faults += [(path, text, "invalid") for path, text in flat(refused.messages)]
        data = refused.valid_data if isinstance(refused.valid_data, dict) else {}
    known = {path for path, _, _ in faults}
    if not any(path == () for path in known) and not _shifted(known):
        found = [
            *(
                (path, text, "invalid")
                for rule in (*RULES, names, *RECORD_RULES)
                for path, text in rule(data)
            ),
            *_practice(data, obj, moment),
        ]
        faults += [fault for fault in found if not _covered(fault[0], known)]
    if faults:
        listed = dict.fromkeys(faults)
        raise _refused([Fault(code, text, where(path)) for path, text, code in listed])
    return _plan(data, Names(data))


def _practice(data: Data, obj: Any, moment: Moment | None) -> Iterator[tuple[Path, str, str]]:
    before = _SCHEMA.load(plan_to_json(moment.before)) if moment and moment.before else None
    change = Change(before, data, obj, (moment or NEW).now)
    for rule, path, text in broken(change, RULES_OF_PRACTICE if moment else (PRIVATE,)):
        yield path, text, "conflict" if rule.conflict else "business-rule"


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The JSON shape that `plan_from_json` reads, with codes in place of friendly spellings."""
    told = as_json(plan)
    told["period"] = _told_dates(told)
    for member in told.get("client_system", {}).get("members", ()):
        member |= member.pop("person")
    ordered = [name for name in (*_SCHEMA.fields, "strategies") if told.get(name)]
    return {name: told[name] for name in ordered}


def expression(path: Path) -> str | None:
    """`("goals", 1, "due")` -> `goals[1].due`; the whole plan has none."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in path]
    return "".join(steps).lstrip(".") or None


def _refused(faults: Sequence[Fault]) -> Problem:
    text = f"the plan has {len(faults)} fault{'s' * (len(faults) > 1)}"
    contradicts = all(fault.code == "conflict" for fault in faults)
    return Conflict(text, faults=faults) if contradicts else Invalid(text, faults=faults)


def _too_many(obj: Any) -> Iterator[tuple[Path, str]]:
    totals: dict[str, int] = {}
    pending = [obj]
    while pending:
        part = pending.pop()
        for name, value in part.items() if isinstance(part, Mapping) else ():
            if isinstance(value, list) and name in LIMITS:
                totals[name] = totals.get(name, 0) + len(value)
                pending += value[: LIMITS[name]]
            elif isinstance(value, Mapping):
                pending.append(value)
    for name, total in totals.items():
        if total > LIMITS[name]:
            place = PLACES.get(name, (name,))
            yield place, f"a plan has at most {LIMITS[name]} {name}, here are {total}: split it"


def flat(messages: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """The messages of marshmallow, each with its path."""
    if isinstance(messages, Mapping):
        for step, inner in messages.items():
            yield from flat(inner, path if step == "_schema" else (*path, step))
    else:
        for text in messages:
            yield path, str(text)


def _shifted(known: set[Path]) -> bool:
    return any(path and isinstance(path[-1], int) for path in known)


def _covered(path: Path, known: set[Path]) -> bool:
    return any(path[:end] in known for end in range(1, len(path) + 1))


def _plan(data: Data, known: Names) -> Plan:
    period = data.get("period") or {}
    system = data["client_system"]
    rest = {name: value for name, value in data.items() if name not in ("period", "client_system")}
    plan: Plan = built(
        Plan,
        rest,
        start=period.get("start"),
        end=period.get("end"),
        client_system=built(
            parts.ClientSystem, system, members=[_member(one, known) for one in system["members"]]
        ),
        case=built(parts.Case, data["case"]) if data.get("case") else None,
        needs=[built(parts.Need, one) for one in data["needs"]],
        strengths=[built(parts.Strength, one) for one in data["strengths"]],
        goals=[_goal(one, known) for one in data["goals"]],
        alerts=[built(parts.Alert, one) for one in data["alerts"]],
        worker=built(parts.Participant, data["worker"]) if data.get("worker") else None,
        participants=[built(parts.Participant, one) for one in data["participants"]],
        agreement=built(parts.Agreement, data["agreement"]) if data.get("agreement") else None,
        **recorded(data, known),
    )
    return plan


def _member(data: Data, known: Names) -> parts.Member:
    person = {name: value for name, value in data.items() if name in PERSON_FIELDS}
    contact, guardian = data.get("emergency_contact"), data.get("guardian")
    person["emergency_contact"] = built(parts.EmergencyContact, contact) if contact else None
    person["guardian"] = known.member_or_text(guardian) if guardian else None
    rest = {name: value for name, value in data.items() if name not in PERSON_FIELDS}
    member: parts.Member = built(parts.Member, rest, person=built(parts.Person, person))
    return member


def _goal(data: Data, known: Names) -> parts.Goal:
    goal: parts.Goal = built(
        parts.Goal,
        data,
        acceptance=[built(parts.Acceptance, one, who=known.label(one["who"])) for one in data["acceptance"]],
        scaling=scaling(data.get("scaling")),
        objectives=[_objective(one, known) for one in data["objectives"]],
    )
    return goal


def _objective(data: Data, known: Names) -> parts.Objective:
    responsible = data.get("responsible")
    objective: parts.Objective = built(
        parts.Objective,
        data,
        responsible=known.label(responsible) if responsible else None,
        strategies=[_strategy(one, known) for one in data["strategies"]],
    )
    return objective


def _strategy(data: Data, known: Names) -> parts.Strategy:
    who = dict.fromkeys(known.label(name) for name in data.get("who") or ())
    # the client comes first, as in the FHIR documents, where a Group is told apart from the performers
    ordered = sorted(who, key=lambda label: label != "client")
    strategy: parts.Strategy = built(parts.Strategy, data, who=ordered)
    return strategy


def as_json(value: Any) -> Any:
    """The JSON of a part: what has its default is left out, but for states and who is a client."""
    if defaults := _defaults(value.__class__):
        named = ((name, getattr(value, name), default) for name, default in defaults)
        return {
            name: as_json(found)
            for name, found, default in named
            if name in ("status", "client") or (found not in (None, "") and found != default)
        }
    if isinstance(value, tuple):
        return [as_json(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


@cache
def _defaults(kind: type) -> tuple[tuple[str, Any], ...]:
    """The fields of a part with their defaults; none for what is no part."""
    return tuple((field.name, field.default) for field in fields(kind)) if is_dataclass(kind) else ()


def _told_dates(told: dict[str, Any]) -> dict[str, Any]:
    return {name: told.pop(name) for name in ("start", "end") if name in told}
