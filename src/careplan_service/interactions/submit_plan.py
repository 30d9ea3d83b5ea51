"""An intervention plan goes in: the practitioner's words become FHIR resources in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import Has, Is, all_of
from careplan_service.access.instants import as_datetime
from careplan_service.access.view import require_scope
from careplan_service.errors import Conflict, Invalid
from careplan_service.interactions.admission import Admitted, admit_document, spec_of
from careplan_service.interactions.create import post
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.integrity import Integrity
from careplan_service.interactions.once import Made, Written, shown, written
from careplan_service.interactions.records import Changes, Page, Stored
from careplan_service.interactions.released import require_released
from careplan_service.interactions.steps import require_step
from careplan_service.interventions.draft import Identity, Places, number_system
from careplan_service.interventions.episodes import tells
from careplan_service.interventions.intake import expression
from careplan_service.interventions.plan import Plan
from careplan_service.interventions.to_fhir import identities, to_fhir
from careplan_service.resources import r4
from careplan_service.resources.patching import document as documents

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_WRITES = ("CarePlan", "Goal", "Condition", "CareTeam", "ServiceRequest", "Patient", "RelatedPerson", "Group")


def submit_plan(desk: Desk, plan: Plan, door: Door) -> Stored:
    """Store everything a plan says; gives the CarePlan.

    People, workers and agencies that are on record under their identifier are referred to, not
    written again. Raises Forbidden, Conflict when the plan's number is on record, or Invalid.
    """
    require_step(desk, "submit")
    for type_ in _WRITES:
        require_scope(desk.caller, "c", type_)

    def carry_out(changes: Changes) -> list[Written]:
        integrity = Integrity(desk, door, in_words=True)
        made = store_plan(desk, changes, plan, door, integrity)
        integrity.require(changes)
        return shown(desk, made)

    return written(desk, carry_out)[0].stored


def store_plan(desk: Desk, changes: Changes, plan: Plan, door: Door, integrity: Integrity) -> list[Made]:
    """Store a new plan inside an open transaction; the CarePlan comes first. Raises as `submit_plan`."""
    # Two imports of one client at the same moment must not make two of them.
    changes.alone("plans")
    known = dict(on_record(desk, identities(plan)))
    now = as_datetime(desk.now)
    case = cases_on_record(desk, plan, known.values())
    made = to_fhir(
        plan, agency=desk.caller.organization, new_id=desk.new_id, now=now, known=known, places=case
    )
    _require_new(desk, plan, made[0])
    new = [one for one in made if f"{one['resourceType']}/{one['id']}" not in case.values()]
    stored = [add(desk, changes, one, door, integrity) for one in new]
    require_released(desk, None, plan, expression, [one.stored for one in stored], door)
    return stored


def on_record(desk: Desk, wanted: Iterable[Identity]) -> Iterable[tuple[Identity, str]]:
    """Who and what of those is on record, with the reference."""
    for identity in wanted:
        name = f"{identity.resource_type}.identifier"
        about = Has(name, identity.value, identity.system)
        for found in desk.find("r", identity.resource_type, about, Page(limit=1)):
            yield identity, f"{found.type}/{found.id}"


def cases_on_record(desk: Desk, plan: Plan, people: Iterable[str]) -> Places:
    """Where some of these people (`Patient/x`) have the plan's case already: it may have several plans.

    Raises Conflict where it says something else there.
    """
    if plan.case is None:
        return {}
    system = number_system(desk.caller.organization, "case")
    found = {}
    for patient in people:
        about = all_of(Has("EpisodeOfCare.identifier", plan.case.number, system), Is("patient", patient))
        for stored in desk.find("r", "EpisodeOfCare", about, Page(limit=1)):
            if not tells(r4.parse(stored.body), plan.case):
                text = f"`EpisodeOfCare/{stored.id}` has another case of number `{plan.case.number}`"
                raise Conflict(f"{text}: send it as it is there, and change it after", expression="case")
            found["EpisodeOfCare", patient] = f"EpisodeOfCare/{stored.id}"
    return found


def _require_new(desk: Desk, plan: Plan, care_plan: Mapping[str, Any]) -> None:
    numbers = [Has("CarePlan.identifier", i["value"], i["system"]) for i in care_plan.get("identifier", ())]
    for found in desk.find("r", "CarePlan", all_of(*numbers), Page(limit=1)) if numbers else ():
        text = f"plan `{plan.number}` is on record already as `CarePlan/{found.id}`; nothing was changed"
        raise Conflict(text, expression="number")


def add(desk: Desk, changes: Changes, document: dict[str, Any], door: Door, integrity: Integrity) -> Made:
    """Store a new document of a plan, under the id it has, inside an open transaction."""
    return post(desk, changes, admitted(document, door), document["id"], integrity)


def admitted(document: dict[str, Any], door: Door) -> Admitted:
    """A document of a plan, checked as everything that is stored. Raises Invalid."""
    spec = spec_of(document["resourceType"])
    try:
        return admit_document(spec, _written(document), document, door)
    except Invalid as problem:
        raise Invalid(
            f"the plan makes an invalid {spec.name}: {problem.faults[0].text}", faults=problem.faults
        ) from None


def _written(document: dict[str, Any]) -> bytes:
    try:
        return _ENCODER.encode(document).encode()
    except TypeError:
        # a number that others wrote keeps its digits
        return documents.written(document).encode()
