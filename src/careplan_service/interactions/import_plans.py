"""Plans of a file, against what is on record: each is new, other, or the same; then they are stored.

https://hl7.org/fhir/R4/http.html#cond-update

A plan is recognised by its number and the agency whose it is. What is other is written by the rules of PUT
`/plans/{id}`; what says the same is not written at all: a file may be imported again and again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import Has
from careplan_service.access.instants import as_datetime
from careplan_service.interactions.change_plan import REPLACEMENT, change_plan
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.guard import Guard
from careplan_service.interactions.read_plan import Found, found_plan
from careplan_service.interactions.records import Page
from careplan_service.interactions.steps import require_step
from careplan_service.interactions.submit_plan import on_record, submit_plan
from careplan_service.interventions.draft import number_system
from careplan_service.interventions.intake import Moment, plan_from, plan_to_json
from careplan_service.interventions.intake_rules import Path
from careplan_service.interventions.operations import Told, replace_plan
from careplan_service.interventions.plan import Plan
from careplan_service.interventions.to_fhir import identities
from careplan_service.interventions.wording import Difference, differences

Shape = dict[str, Any]
CREATED, CHANGED, UNCHANGED = "created", "changed", "unchanged"


@dataclass(frozen=True)
class Brought:
    """A plan as a file says it.

    `number` is what it is recognised by, `shape` its JSON shape, `anew` that shape given the one on record,
    `where` the place of a fault in the file.
    """

    number: str
    shape: Any
    anew: Callable[[Shape], Shape]
    where: Callable[[Path], str | None]


@dataclass(frozen=True)
class Prospect:
    """What becomes of a plan that was brought: `created`, `changed` or `unchanged`; of one that is on record
    its id, and what is other."""

    what: str
    plan: Plan
    found: Found | None = None
    other: tuple[Difference, ...] = ()

    @property
    def id(self) -> str:
        """The id of the CarePlan on record, or nothing."""
        return self.found.care_plan.id if self.found else ""


def prospect(desk: Desk, brought: Brought) -> Prospect:
    """What would become of a plan. Raises Invalid or Conflict with every fault, by its place in the file."""
    require_step(desk, "submit")
    found = _on_record(desk, brought.number)
    now = as_datetime(desk.now)
    if found is None:
        return Prospect(CREATED, plan_from(brought.shape, brought.where, Moment(now)))
    said = plan_from(brought.anew(plan_to_json(found.plan)), brought.where, None)
    other = tuple(differences(found.plan, said))
    if not other:
        return Prospect(UNCHANGED, said, found)
    # in its own words once more, lest another spelling passes for a change of what is signed
    after = plan_from(plan_to_json(said), brought.where, Moment(now, found.plan))
    return Prospect(CHANGED, after, found, other)


def carry_out(desk: Callable[[str], Desk], brought: Brought, awaited: Prospect, door: Door) -> str:
    """Store what is awaited; gives the id of the CarePlan. Raises as `submit_plan` and `change_plan`.

    `desk` makes a desk for each interaction.
    """
    if awaited.what == CREATED:
        own = desk("submit-plan")
        known = any(True for _ in on_record(own, identities(awaited.plan)))
        id_ = submit_plan(own, awaited.plan, door).id
        # who was on record was referred to, not written: what the file says of them is other, if anything
        return carry_out(desk, brought, prospect(desk("read-plan"), brought), door) if known else id_
    if awaited.what == CHANGED and awaited.found is not None:
        _replace(desk("change-plan"), awaited.plan, awaited.found, door)
    return awaited.id


def _replace(desk: Desk, plan: Plan, found: Found, door: Door) -> None:
    def apply(before: Shape, now: datetime) -> Told:
        return replace_plan(before, plan_to_json(plan), now)

    change_plan(desk, found.care_plan.id, REPLACEMENT, apply, Guard(found.care_plan.tag), door)


def _on_record(desk: Desk, number: str) -> Found | None:
    about = Has("CarePlan.identifier", number, number_system(desk.caller.organization, "plan"))
    for stored in desk.find("r", "CarePlan", about, Page(limit=1)) if number else ():
        return found_plan(desk, stored.id)
    return None
