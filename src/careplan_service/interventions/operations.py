"""What a practitioner does with a plan on record, as changes of its JSON shape.

Each takes the shape of the plan, what was sent and the moment, and says where the sender's fields went, so
that faults are told by the sender's own paths. docs/plans.md; https://hl7.org/fhir/R4/careplan.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from marshmallow import ValidationError

from careplan_service.errors import Conflict, Fault, Invalid, NotFound
from careplan_service.interventions.foreign.writing import NOT_SENT
from careplan_service.interventions.intake import expression, flat
from careplan_service.interventions.intake_fields import Part, quoted
from careplan_service.interventions.intake_rules import Path
from careplan_service.interventions.intake_schema import AgreementPart
from careplan_service.interventions.marks_kept import marks_kept, names_marks
from careplan_service.interventions.record_rules import NUMBERED
from careplan_service.interventions.record_schema import (
    AdjustmentPart,
    ClosePart,
    CosignaturePart,
    NewAddendumPart,
    ReferralStatePart,
    ReopenPart,
)

Shape = dict[str, Any]


@dataclass
class Told:
    """The shape of a plan after a change: why, whether the client agrees, and where what was sent went.

    `lowers`: the change says which marks of sensitivity are left, so labels may go.
    """

    plan: Shape
    reason: str | None = None
    agreement: Shape | None = None
    went: dict[Path, Path] = field(default_factory=dict)
    lowers: bool = False

    def where(self, path: Path) -> str | None:
        """The sender's own path of a fault in the plan."""
        fits = [place for place in self.went if path[: len(place)] == place]
        if not fits:
            return expression(path)
        longest = max(fits, key=len)
        return expression((*self.went[longest], *path[len(longest) :]))


def replace_plan(plan: Shape, sent: Any, now: datetime) -> Told:
    """The plan as it was sent; what became of it so far stays where it is not sent again."""
    if not isinstance(sent, Mapping):
        raise Invalid("write the plan as an object with named fields")
    kept = (*NUMBERED, "case", "closing", "episode", "reopens")
    left = {name: value for name, value in sent.items() if name not in NOT_SENT}
    return Told({**{name: plan[name] for name in kept if name in plan}, **marks_kept(plan, left)})


def add_session(plan: Shape, sent: Any, now: datetime) -> Told:
    """One more session, signed now."""
    by = {"by": "worker"} if "worker" in plan else {}
    return _added("sessions", plan, {**by, **_object(sent), "signed_at": now.isoformat(timespec="seconds")})


def add_assessment(plan: Shape, sent: Any, now: datetime) -> Told:
    """One more assessment."""
    return _added("assessments", plan, _object(sent))


def add_referral(plan: Shape, sent: Any, now: datetime) -> Told:
    """One more referral."""
    return _added("referrals", plan, _object(sent))


def add_review(plan: Shape, sent: Any, now: datetime) -> Told:
    """One more review: the goals that it is about get the state it found."""
    told = _added("reviews", plan, _object(sent))
    review = told.plan["reviews"][-1]
    _set_states(told, review.get("findings"), ("findings",))
    if review.get("next_review"):
        told.plan["review_date"] = review["next_review"]
        told.went["review_date",] = ("next_review",)
    return told


def adjust(plan: Shape, sent: Any, now: datetime) -> Told:
    """What is other than before: fields that are named, goals and the like by their numbers."""
    _checked(AdjustmentPart(), sent)
    changed = sent["plan"]
    if not isinstance(changed, Mapping):
        raise _fault(("plan",), "write what is changed as an object with named fields")
    told = Told(_overlaid(plan, changed), sent["reason"], sent["agreement"], lowers=names_marks(changed))
    told.plan["agreement"] = {"date": now.date().isoformat(), **sent["agreement"]}
    told.went["agreement",] = ("agreement",)
    told.went[()] = ("plan",)
    return told


def agree(plan: Shape, sent: Any, now: datetime, *, herself: bool = False) -> Told:
    """The client agrees to the plan, refuses it or withdraws; `herself` needs no reason."""
    _checked(AgreementPart(), sent)
    given = {"date": now.date().isoformat(), **sent}
    if herself:
        given = {"how": "electronic", "reason": "said by the client herself", **given}
    told = Told({**deepcopy(plan), "agreement": given}, sent.get("reason"), given)
    told.went["agreement",] = ()
    return told


def close(plan: Shape, sent: Any, now: datetime) -> Told:
    """The plan with its ending: outcomes become a last review, referrals get their last state."""
    _checked(ClosePart(), sent)
    told = Told(deepcopy(plan), sent.get("reason_text") or sent["reason"])
    told.plan |= {"status": sent["reason"], "status_reason": sent.get("reason_text")}
    told.went |= {("status",): ("reason",), ("status_reason",): ("reason_text",), ("closing",): ()}
    outcomes = sent.get("outcomes") or []
    if outcomes:
        review = {"number": _next("reviews", plan), "date": sent["date"], "findings": outcomes}
        told.plan["reviews"] = [*plan.get("reviews", []), review]
        place: Path = ("reviews", len(told.plan["reviews"]) - 1)
        told.went |= {place: (), (*place, "findings"): ("outcomes",)}
        _set_states(told, outcomes, ("outcomes",))
    for i, end in enumerate(sent.get("referrals") or []):
        _set_referral(told, str(end.get("number")), end, ("referrals", i))
    if sent.get("case"):
        _end_case(told, sent["case"], sent["date"])
    taken = ("reason", "reason_text", "outcomes", "referrals", "case")
    told.plan["closing"] = {name: value for name, value in sent.items() if name not in taken}
    return told


def reopen(plan: Shape, sent: Any, now: datetime) -> Told:
    """A new plan for a new episode: what is still to be done, with what is said anew."""
    _checked(ReopenPart(), sent)
    left = (
        "status",
        "status_reason",
        "agreement",
        "period",
        "review_date",
        "closing",
        "case",
        "id",
        "care_plan",
    )
    fresh = {n: deepcopy(v) for n, v in plan.items() if n not in (*NUMBERED, *left)}
    wanted = sent.get("goals") or [
        goal["number"] for goal in fresh.get("goals", ()) if goal.get("status") != "achieved"
    ]
    wanted = [one.strip() for one in (wanted.split(";") if isinstance(wanted, str) else wanted)]
    _require_goals(wanted, fresh)
    fresh["goals"] = [_afresh(goal) for goal in fresh.get("goals", ()) if goal["number"] in wanted]
    fresh |= {"number": sent["number"], "status": "draft", "episode": plan.get("episode", 1) + 1}
    told = Told(_overlaid(fresh, sent.get("plan") or {}), sent["reason"])
    told.went |= {(): ("plan",), ("number",): ("number",)}
    return told


def _require_goals(wanted: list[Any], plan: Shape) -> None:
    known = {goal["number"] for goal in plan.get("goals", ())}
    faults = [
        Fault(
            "invalid", f"the plan has no goal {quoted(one)}; name goals that it has", expression(("goals", i))
        )
        for i, one in enumerate(wanted)
        if one and one not in known
    ]
    if faults:
        raise Invalid("this has faults", faults=faults)


_REACHED = ("result", "result_date", "evidence")
"""What is said of how far it came."""


def _afresh(goal: Shape) -> Shape:
    steps = [
        {
            **{name: value for name, value in step.items() if name not in _REACHED},
            "status": "planned",
            "strategies": [{**act, "status": "planned"} for act in step.get("strategies", ())],
        }
        for step in goal.get("objectives", ())
    ]
    over = ("start", "target_date", "acceptance", *_REACHED)
    fresh = {name: value for name, value in goal.items() if name not in over}
    return {**fresh, "status": "proposed", "objectives": steps}


def follow_referral(number: str, plan: Shape, sent: Any, now: datetime) -> Told:
    """What became of a referral. Raises NotFound for a number that the plan has not."""
    _checked(ReferralStatePart(), sent)
    told = Told(deepcopy(plan), sent.get("outcome"))
    _set_referral(told, number, sent, ())
    return told


def cosign(number: str, plan: Shape, sent: Any, now: datetime) -> Told:
    """A signed note that the supervisor signs too. Raises NotFound for a number that the plan has not."""
    _checked(CosignaturePart(), sent)
    told = Told(deepcopy(plan))
    n, session = _numbered(told.plan, "sessions", number)
    if session.get("cosigned_by"):
        raise Conflict(f"`{number}` is co-signed by `{session['cosigned_by']}` already")
    session |= {"cosigned_by": sent["by"], "cosigned_at": now.isoformat(timespec="seconds")}
    told.went["sessions", n, "cosigned_by"] = ("by",)
    return told


def add_addendum(number: str, plan: Shape, sent: Any, now: datetime) -> Told:
    """A signed note with something added. Raises NotFound for a number that the plan has not."""
    _checked(NewAddendumPart(), sent)
    told = Told(deepcopy(plan), sent["reason"])
    n, session = _numbered(told.plan, "sessions", number)
    added = {**sent, "at": now.isoformat(timespec="seconds")}
    session["addenda"] = [*session.get("addenda", []), added]
    told.went["sessions", n, "addenda", len(session["addenda"]) - 1] = ()
    return told


Operation = Callable[[Shape, Any, datetime], Told]
OPERATIONS: Mapping[str, Operation] = {
    "sessions": add_session,
    "assessments": add_assessment,
    "reviews": add_review,
    "referrals": add_referral,
    "adjustments": adjust,
    "agreement": agree,
    "close": close,
}
"""What is posted below a plan."""

FURTHER: Mapping[tuple[str, str], Callable[[str, Shape, Any, datetime], Told]] = {
    ("referrals", "states"): follow_referral,
    ("sessions", "addenda"): add_addendum,
    ("sessions", "cosignature"): cosign,
}
"""What is posted below a part of a plan that has a number."""


def _object(sent: Any) -> Shape:
    if not isinstance(sent, Mapping):
        raise Invalid("write this as an object with named fields")
    return dict(sent)


def _checked(part: Part, sent: Any) -> None:
    try:
        part.load(sent)
    except ValidationError as refused:
        raise Invalid("this has faults", faults=list(_faults(refused))) from None


def _faults(refused: ValidationError) -> Iterator[Fault]:
    for path, text in flat(refused.messages):
        yield Fault("invalid", text, expression(path))


def _fault(path: Path, text: str) -> Invalid:
    return Invalid(text, expression=expression(path))


def _next(name: str, plan: Shape) -> str:
    numbers = [int(one["number"][1:]) for one in plan.get(name, ())]
    return f"{NUMBERED[name]}{max(numbers, default=0) + 1}"


def _added(name: str, plan: Shape, one: Shape) -> Told:
    one = {**one, "number": one.get("number") or _next(name, plan)}
    listed = [*plan.get(name, []), one]
    return Told({**deepcopy(plan), name: listed}, went={(name, len(listed) - 1): ()})


def _numbered(plan: Shape, name: str, number: str) -> tuple[int, Shape]:
    for n, one in enumerate(plan.get(name, ())):
        if one["number"] == number:
            return n, one
    raise NotFound(f"the plan has no `{number}` among its {name}; look it up in the plan")


def _set_referral(told: Told, number: str, sent: Shape, place: Path) -> None:
    n, referral = _numbered(told.plan, "referrals", number)
    referral |= {name: value for name, value in sent.items() if name != "number"}
    told.went["referrals", n] = place


def _end_case(told: Told, sent: Shape, day: str) -> None:
    """The case ends with the plan, on its day unless another is said."""
    if "case" not in told.plan:
        raise _fault(("case",), "the plan has no case to close: leave it out")
    told.plan["case"] |= {"status": "closed", "closed": day, **sent}
    told.went["case",] = ("case",)


def _set_states(told: Told, findings: Any, place: Path) -> None:
    """Gives goals and objectives the state that was found; what is malformed is told as it is loaded."""
    if not isinstance(findings, list):
        return
    goals: dict[str, tuple[Path, Shape]] = {
        goal["number"]: (("goals", i), goal) for i, goal in enumerate(told.plan.get("goals", ()))
    }
    for path, goal in list(goals.values()):
        for j, step in enumerate(goal.get("objectives", ())):
            goals[step["number"]] = ((*path, "objectives", j), step)
    for i, finding in enumerate(findings):
        number = finding.get("goal") if isinstance(finding, Mapping) else None
        if isinstance(number, str) and number in goals and finding.get("status"):
            path, goal = goals[number]
            goal["status"] = finding["status"]
            told.went[(*path, "status")] = (*place, i, "status")


def _overlaid(shape: Any, changed: Mapping[str, Any]) -> Shape:
    """The shape with the fields of `changed`; what has a number is found by it, null takes a field away."""
    made: Shape = deepcopy(shape)
    for name, value in changed.items():
        if value is None:
            made.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(made.get(name), Mapping):
            made[name] = _overlaid(made[name], value)
        elif isinstance(value, list) and _are_numbered(value) and isinstance(made.get(name), list):
            made[name] = _listed(made[name], value)
        else:
            made[name] = deepcopy(value)
    return made


def _are_numbered(value: list[Any]) -> bool:
    return bool(value) and all(
        isinstance(one, Mapping) and isinstance(one.get("number"), str) for one in value
    )


def _listed(shapes: list[Any], changed: list[Any]) -> list[Any]:
    made = {one["number"]: one for one in shapes}
    for one in changed:
        number = one["number"]
        made[number] = _overlaid(made[number], one) if number in made else deepcopy(one)
    return list(made.values())
