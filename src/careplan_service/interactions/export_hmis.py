"""Exit.csv goes out: the stays that ended, their counselling columns derived from what is on record.

https://www.hudexchange.info/programs/hmis/hmis-data-and-technical-standards/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from careplan_service.access.filters import Filter, Has, Is, all_of, any_of
from careplan_service.access.instants import as_datetime
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.records import Cursor, Page, Stored
from careplan_service.interventions.hmis import sealed
from careplan_service.interventions.hmis.codes import identifier_system
from careplan_service.interventions.hmis.counselling import Stay, counselling, exit_reason
from careplan_service.interventions.hmis.exits import exit_of, exit_row
from careplan_service.resources import r4

_AT_ONCE = 100
Document = Mapping[str, Any]
DeskOf = Callable[[str], Desk]
"""A desk for some of the rows, with what is asked there."""


def export_exits(desk_of: DeskOf, since: date | None, until: date | None) -> Iterator[list[str]]:
    """The rows of Exit.csv for the enrollments of the caller's agency that ended in since..until.

    An episode without an EnrollmentID is none of HMIS and left out. What rows were made of is noted before
    they are given.
    """
    lo, hi = str(since or date.min), str(until or date.max)
    export, after = "", None
    while True:
        desk = desk_of(f"{lo}..{hi}")
        export = export or desk.new_id().replace("-", "")[:32]
        about = Has("EpisodeOfCare.status", "finished")
        page = desk.find("r", "EpisodeOfCare", about, Page(_AT_ONCE, after=after))
        rows = [row for one in page if (row := _row(desk, one, (lo, hi), export))]
        desk.note(200)
        yield from rows
        if len(page) < _AT_ONCE:
            return
        after = Cursor((), page[-1].origin)


def _row(desk: Desk, stored: Stored, within: tuple[str, str], export: str) -> list[str] | None:
    episode = r4.parse(stored.body)
    enrollment = _identifier(episode, identifier_system(desk.caller.organization, "EnrollmentID"))
    end = str(episode.get("period", {}).get("end", ""))[:10]
    if not (enrollment and end and within[0] <= end <= within[1]):
        return None
    desk.show(stored)
    patient = str(episode["patient"]["reference"])
    system = identifier_system(desk.caller.organization, "PersonalID")
    of_patient = Is("id", patient.partition("/")[2])
    person = next((_identifier(one, system) for _, one in _all(desk, "Patient", of_patient)), "")
    record = all_of(Is("patient", patient), Has("DocumentReference.identifier", person, system))
    kept = [sealed.rows_in(one) for _, one in _all(desk, "DocumentReference", record)] if person else []
    came = exit_of(kept[0] if kept else None, enrollment)
    stay = _stay(desk, patient, episode)
    return exit_row(
        episode,
        came,
        counselling(stay),
        enrollment=enrollment,
        person=person,
        reason=exit_reason(stay.plans),
        updated=as_datetime(stored.updated).strftime("%Y-%m-%d %H:%M:%S"),
        export=export,
    )


def _stay(desk: Desk, patient: str, episode: Document) -> Stay:
    """The client's own record and that of the groups the client is in."""
    groups = [f"Group/{one.id}" for one, _ in _all(desk, "Group", Has("Group.member", patient))]
    about = {type_: _about(type_, patient, groups) for type_ in ("Procedure", "Encounter", "CarePlan")}
    period = episode["period"]
    return Stay(
        patient=patient,
        start=str(period.get("start", ""))[:10],
        end=str(period["end"])[:10],
        procedures=[one for _, one in _all(desk, "Procedure", about["Procedure"])],
        encounters={f"Encounter/{s.id}": one for s, one in _all(desk, "Encounter", about["Encounter"])},
        plans=[one for _, one in _all(desk, "CarePlan", about["CarePlan"])],
        requests=[one for _, one in _all(desk, "ServiceRequest", Is("patient", patient))],
    )


def _about(type_: str, patient: str, groups: Iterable[str]) -> Filter:
    return any_of(Is("patient", patient), *(Has(f"{type_}.subject", group) for group in groups))


def _identifier(document: Document, system: str) -> str:
    found = (one for one in document.get("identifier", ()) if one.get("system") == system)
    return next((str(one.get("value", "")) for one in found), "")


def _all(desk: Desk, type_: str, about: Filter) -> Iterator[tuple[Stored, Document]]:
    after: Cursor | None = None
    while True:
        page = desk.find("r", type_, about, Page(_AT_ONCE, after=after))
        yield from ((one, r4.parse(one.body)) for one in desk.show_all(page))
        if len(page) < _AT_ONCE:
            return
        after = Cursor((), page[-1].origin)
