"""A plan on record is changed in the practitioner's words: every document of it in one transaction.

https://hl7.org/fhir/R4/http.html#update

The plan is read, changed, and written into the documents it has: of each only what is other, so that what
others put there stays. Each change makes a version of the CarePlan and a Provenance that says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import Has, Is, all_of
from careplan_service.access.instants import as_datetime, instant
from careplan_service.access.view import require_scope
from careplan_service.errors import Conflict, PreconditionFailed, Problem
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.guard import Guard
from careplan_service.interactions.integrity import Integrity
from careplan_service.interactions.leaving import seen_of
from careplan_service.interactions.once import Made, Written, shown, written
from careplan_service.interactions.plan_changes import marked_plan
from careplan_service.interactions.read_plan import Found, found_plan, require_ours
from careplan_service.interactions.records import Changes, Page, Stored
from careplan_service.interactions.released import require_released
from careplan_service.interactions.steps import hand_of, require_step, require_supervisor
from careplan_service.interactions.submit_plan import add, admitted, cases_on_record, on_record, store_plan
from careplan_service.interactions.update import held, put
from careplan_service.interventions.claims import with_true_claims
from careplan_service.interventions.draft import Places
from careplan_service.interventions.intake import Moment, plan_from, plan_to_json
from careplan_service.interventions.merging import merged
from careplan_service.interventions.operations import Told, reopen
from careplan_service.interventions.places import carried, places_of
from careplan_service.interventions.plan import Plan
from careplan_service.interventions.practice import is_closed
from careplan_service.interventions.provenances import Changed, labels_of, provenance
from careplan_service.interventions.to_fhir import identities, to_fhir
from careplan_service.interventions.wording import differences
from careplan_service.resources.patching import document as documents

REPLACEMENT = "replacement"
Apply = Callable[[dict[str, Any], datetime], Told]


def change_plan(desk: Desk, id_: str, sort: str, apply: Apply, guard: Guard, door: Door) -> Found:
    """Carry out an operation on the plan; gives the plan as it is then. Sent as it stands, it stays so.

    Raises NotFound, Forbidden, PreconditionFailed when `If-Match` names no or another version, Invalid with
    faults by the sender's own paths, Conflict for what contradicts the record.
    """
    require_step(desk, sort)
    require_scope(desk.caller, "u", "CarePlan")
    asking, desk = desk, hand_of(desk, id_)
    looked: list[Found] = []

    def carry_out(changes: Changes) -> list[Written]:
        found = _current(desk, changes, id_, guard)
        now = as_datetime(desk.now)
        told = apply(plan_to_json(found.plan), now)
        if sort == REPLACEMENT and _is_as_it_stands(told, found.plan):
            return []  # what did not change has no new version, and no reason for one
        after = plan_from(told.plan, told.where, Moment(now, found.plan))
        integrity = Integrity(desk, door, in_words=True)
        require_supervisor(desk, found, after)
        if told.lowers:
            desk.also_asked(f"names `sensitivity`; reason: {told.reason}")
        made = _rewritten(desk, changes, found, after, door, integrity, lower=told.lowers)
        require_released(desk, found.plan, after, told.where, [one.stored for one in made], door)
        what = tuple(differences(found.plan, after))
        changed = Changed(sort, told.reason, told.agreement, what)
        who = asking.caller.fhir_user or asking.caller.organization
        why = _explained(desk, changes, made[0].stored, changed, found, door, integrity, who)
        integrity.require(changes)
        *done, _ = shown(desk, [*made, why])
        if asking is not desk:
            asking.take_in(desk)
        return done

    written(asking, carry_out, 200, lambda: looked.append(marked_plan(desk, id_)))
    return looked[0]


def reopen_plan(desk: Desk, id_: str, sent: Any, guard: Guard, door: Door) -> Found:
    """A new plan for a new episode of a plan that is closed; gives the new one. Raises as `change_plan`."""
    require_step(desk, "reopening")
    require_scope(desk.caller, "c", "CarePlan")
    new: list[str] = []
    looked: list[Found] = []

    def carry_out(changes: Changes) -> list[Written]:
        found = _current(desk, changes, id_, guard)
        if not is_closed(found.plan.status):
            raise Conflict(f"this plan is `{found.plan.status}`: close it before a new episode begins")
        _require_not_reopened(desk, id_)
        now = as_datetime(desk.now)
        told = reopen(plan_to_json(found.plan), sent, now)
        after = plan_from({**told.plan, "reopens": id_}, told.where, Moment(now))
        integrity = Integrity(desk, door, in_words=True)
        made = store_plan(desk, changes, after, door, integrity)
        new.append(made[0].stored.id)
        changed = Changed("reopening", told.reason, None, ())
        who = desk.caller.fhir_user or desk.caller.organization
        why = _explained(desk, changes, made[0].stored, changed, found, door, integrity, who)
        integrity.require(changes)
        *done, _ = shown(desk, [*made, why])  # what is sent again is answered by the plan alone
        return done

    def look() -> None:
        # sent again, the plan that was made then is shown first
        looked.append(found_plan(desk, new[0] if new else desk.shown[0].split("/")[1]))

    written(desk, carry_out, 201, look)
    return looked[0]


def _require_not_reopened(desk: Desk, id_: str) -> None:
    """Raise Conflict (409) where the next episode has begun; one that was entered in error does not count."""
    again = all_of(
        Has("CarePlan.replaces", f"CarePlan/{id_}"),
        ~Has("CarePlan.status", "entered-in-error"),
        Is("contributor", desk.caller.contributor),
    )
    for new in desk.find("r", "CarePlan", again, Page(limit=1)):
        raise Conflict(f"this plan is reopened already as `CarePlan/{new.id}`: go on with that one")


def require_guarded(guard: Guard) -> None:
    """Raise PreconditionFailed (412) for a change that does not say of which version."""
    if guard.match is None:
        raise PreconditionFailed('send `If-Match` with the ETag of the plan, as W/"3"; read it first')


def _current(desk: Desk, changes: Changes, id_: str, guard: Guard) -> Found:
    """The plan, whole, that nobody else changes until the transaction ends."""
    changes.alone(f"CarePlan/{id_}")
    before = held(desk, changes, "CarePlan", id_, "u", None)
    if before is not None and not before.deleted:
        require_guarded(guard)
        seen = seen_of(desk, before)
        guard.require(seen.stored)
        seen.require_whole()
    found = found_plan(desk, id_)
    require_ours(found)
    return found


def _is_as_it_stands(told: Told, plan: Plan) -> bool:
    """Whether the same is said, in whatever spelling; what has faults is not, and is told them later."""
    try:
        return plan_from(told.plan, told.where, None) == plan
    except Problem:
        return False


def _rewritten(
    desk: Desk,
    changes: Changes,
    found: Found,
    after: Plan,
    door: Door,
    integrity: Integrity,
    *,
    lower: bool,
) -> list[Made]:
    """Write what is other of every document, and what is new; the CarePlan comes first, as a version in any
    case."""
    stands = found.documents
    care_plan = f"CarePlan/{found.care_plan.id}"
    places = places_of(stands[care_plan], stands, found.plan)
    before = _by_reference(desk, found.plan, {}, places)
    known_before = set(identities(found.plan))
    new = [one for one in identities(after) if one not in known_before]
    if new or after.case != found.plan.case:
        changes.alone("plans")
    known, kept = dict(on_record(desk, new)), carried(places, found.plan, after)
    case = cases_on_record(desk, after, _without_case(known, kept))
    wanted = _by_reference(desk, after, known, {**kept, **case})
    other: dict[str, dict[str, Any]] = {}
    for ref in sorted(wanted.keys() & before.keys()):
        whole = documents.read(found.resources[ref].body)
        document = with_true_claims(merged(whole, before[ref], wanted[ref]), whole)
        if document != whole or ref == care_plan:
            other[ref] = document
    for ref in other:
        changes.alone(ref)
    made = []
    for ref, document in wanted.items():
        if ref not in before and ref not in case.values():
            require_scope(desk.caller, "c", document["resourceType"])
            made.append(add(desk, changes, document, door, integrity))
    for ref in other:
        require_scope(desk.caller, "u", other[ref]["resourceType"])
        stored = found.resources[ref]
        sent, guard = admitted(other[ref], door), Guard(stored.tag)
        made.append(put(desk, changes, sent, stored.id, integrity, guard, lower=lower))
    return sorted(made, key=lambda one: f"{one.stored.type}/{one.stored.id}" != care_plan)


def _without_case(known: Mapping[Any, str], places: Places) -> list[str]:
    """Everybody on record of whom the plan has no EpisodeOfCare yet."""
    people = {ref for ref in (*known.values(), *places.values()) if ref.startswith("Patient/")}
    return sorted(people - {patient for type_, patient in places if type_ == "EpisodeOfCare"})


def _by_reference(
    desk: Desk, plan: Plan, known: Mapping[Any, str], places: Mapping[tuple[str, str], str]
) -> dict[str, dict[str, Any]]:
    made = to_fhir(
        plan,
        agency=desk.caller.organization,
        new_id=desk.new_id,
        now=as_datetime(desk.now),
        known=known,
        places=places,
    )
    return {f"{one['resourceType']}/{one['id']}": one for one in made}


def _explained(
    desk: Desk,
    changes: Changes,
    stored: Stored,
    changed: Changed,
    found: Found,
    door: Door,
    integrity: Integrity,
    who: str,
) -> Made:
    """Store why, by whom and what, beside the version that it made."""
    require_scope(desk.caller, "c", "Provenance")
    now = documents.read(stored.body)
    document = provenance(
        changed,
        id_=desk.new_id(),
        target=f"CarePlan/{stored.id}/_history/{stored.version}",
        subject=now["subject"]["reference"],
        who=who,
        recorded=instant(desk.now),
        labels=labels_of(now) | labels_of(found.documents[f"CarePlan/{found.care_plan.id}"]),
    )
    return add(desk, changes, document, door, integrity)
