"""A directory of services is stored: Organizations, Locations and HealthcareServices, by their HSDS ids.

https://hl7.org/fhir/R4/http.html#cond-update

What is on record under its HSDS id is written over, and only where the directory says something else; what
others put there besides stays, and a label is never taken away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import Has, any_of
from careplan_service.errors import Conflict, Fault, Invalid
from careplan_service.interactions.admission import Admitted, admit_document, spec_of
from careplan_service.interactions.create import post
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.guard import Guard
from careplan_service.interactions.integrity import Integrity
from careplan_service.interactions.once import Written, shown, written
from careplan_service.interactions.records import Changes, Cursor, Page, Stored
from careplan_service.interactions.update import put
from careplan_service.interventions.canonical import ACT_CODE, sw
from careplan_service.interventions.hsds.over import written_over
from careplan_service.interventions.hsds.reading import Directory
from careplan_service.interventions.hsds.tables import Record
from careplan_service.interventions.hsds.writing import TYPES, Writer, identifier_system
from careplan_service.resources.patching import document as documents

BATCH = 200
"""Resources in one transaction."""
CREATED, CHANGED, UNCHANGED, RETIRED = "created", "changed", "unchanged", "retired"


@dataclass(frozen=True)
class Row:
    """One resource of the directory as it would be: whence, what becomes of it, and what is on record."""

    record: Record | None
    what: str
    document: dict[str, Any]
    stored: Stored | None = None


@dataclass
class Outcome:
    """What becomes of a directory: every row, services that vanished from it, places that are hidden."""

    rows: list[Row] = field(default_factory=list)
    vanished: list[Stored] = field(default_factory=list)
    hidden: int = 0

    @property
    def counted(self) -> Mapping[tuple[str, str], int]:
        """How many by resource type and what becomes of them."""
        return Counter((row.document["resourceType"], row.what) for row in self.rows)


Desks = Callable[[], Desk]


def expected(desk: Desks, directory: Directory, *, retire: bool) -> Outcome:
    """What would become of a directory; with `retire`, services that are not in it any more become inactive.

    Raises Invalid for organizations that are part of each other.
    """
    own = desk()
    agency = own.caller.organization
    listed = {
        "organization": _parents_first(directory),
        "location": list(directory.locations.values()),
        "service": list(directory.services.values()),
    }
    stored = {kind: dict(_on_record(own, agency, kind, records)) for kind, records in listed.items()}
    new = {(kind, one.id): own.new_id() for kind, records in listed.items() for one in records
           if one.id not in stored[kind]}  # fmt: skip

    def place(kind: str, id_: str) -> str | None:
        if id_ in stored[kind]:
            return f"{TYPES[kind]}/{stored[kind][id_].id}"
        return f"{TYPES[kind]}/{new[kind, id_]}" if (kind, id_) in new else None

    writer = Writer(directory, agency, place)
    for one in listed["location"]:
        if one.id in stored["location"]:
            writer.hide(one, _labels(stored["location"][one.id]))
    write = {"organization": writer.organization, "location": writer.location, "service": writer.service}
    outcome = Outcome(hidden=sum(map(writer.is_hidden, listed["location"])))
    for kind, records in listed.items():
        for one in records:
            id_ = new.get((kind, one.id), "")
            outcome.rows.append(_row(one, {**write[kind](one), "id": id_}, stored[kind].get(one.id)))
    outcome.vanished = list(_vanished(own, agency, directory))
    if retire:
        outcome.rows += [_retired(one) for one in outcome.vanished]
    own.note(200)
    return outcome


def carry_out(desk: Desks, rows: Sequence[Row], door: Door) -> Iterator[int]:
    """Store what is new or other, batch by batch; gives how many rows are done.

    Raises Invalid with every fault of a batch by the place in the file, Conflict when somebody else imports
    the same at this moment; earlier batches stay, and the import may be repeated.
    """
    waiting = [row for row in rows if row.what != UNCHANGED]
    yield len(rows) - len(waiting)
    for start in range(0, len(waiting), BATCH):
        batch = waiting[start : start + BATCH]
        ready = _admitted(batch, door)
        own = desk()
        written(own, partial(_stored, own, batch, ready, door), 200)
        yield len(batch)


def _stored(
    desk: Desk, batch: Sequence[Row], ready: Sequence[Admitted], door: Door, changes: Changes
) -> list[Written]:
    changes.alone("services")
    _require_new(desk, batch)
    integrity = Integrity(desk, door)
    made = [
        post(desk, changes, admitted, row.document["id"], integrity)
        if row.stored is None
        else put(desk, changes, admitted, row.stored.id, integrity, Guard(row.stored.tag))
        for row, admitted in zip(batch, ready, strict=True)
    ]
    integrity.require(changes)
    return shown(desk, made)


def _row(record: Record, document: dict[str, Any], stored: Stored | None) -> Row:
    if stored is None:
        return Row(record, CREATED, document)
    stands = documents.read(stored.body)
    made = written_over(stands, document)
    return Row(record, UNCHANGED if made == stands else CHANGED, made, stored)


def _retired(stored: Stored) -> Row:
    status = sw("service-status")
    document = documents.read(stored.body)
    kept = [one for one in document.get("extension", ()) if one.get("url") != status]
    extensions = [*kept, {"url": status, "valueCode": "vanished"}]
    return Row(None, RETIRED, {**document, "active": False, "extension": extensions}, stored)


def _on_record(desk: Desk, agency: str, kind: str, records: Sequence[Record]) -> Iterator[tuple[str, Stored]]:
    system, type_ = identifier_system(agency, kind), TYPES[kind]
    for start in range(0, len(records), BATCH):
        ids = [one.id for one in records[start : start + BATCH]]
        about = any_of(*(Has(f"{type_}.identifier", id_, system) for id_ in ids))
        for stored in desk.show_all(desk.find("r", type_, about, Page(limit=2 * BATCH))):
            if id_ := _hsds_id(stored, system):
                yield id_, stored


def _vanished(desk: Desk, agency: str, directory: Directory) -> Iterator[Stored]:
    """Services of this directory's owner that are active and not in it."""
    system, after = identifier_system(agency, "service"), None
    while True:
        about = Has("HealthcareService.identifier", None, system)
        page = desk.find("r", "HealthcareService", about, Page(BATCH, after=after))
        for stored in page:
            here = _hsds_id(stored, system) in directory.services
            if not here and documents.read(stored.body).get("active") is not False:
                yield desk.show(stored)
        if len(page) < BATCH:
            return
        after = Cursor((), page[-1].origin)


def _hsds_id(stored: Stored, system: str) -> str:
    identifiers = documents.read(stored.body).get("identifier", ())
    return next((str(one.get("value", "")) for one in identifiers if one.get("system") == system), "")


def _labels(stored: Stored) -> frozenset[str]:
    security = documents.read(stored.body).get("meta", {}).get("security", ())
    return frozenset(one["code"] for one in security if one.get("system") == ACT_CODE and "code" in one)


def _parents_first(directory: Directory) -> list[Record]:
    """Organizations, each after the one that it is part of."""
    ordered: dict[str, Record] = {}
    for one in directory.organizations.values():
        line = [one]
        while (parent := directory.organizations.get(line[-1].said.get("parent_organization_id", ""))) and (
            parent.id not in ordered
        ):
            if parent in line:
                text = f"`{one.id}` is part of itself: look at the `parent_organization_id` of its parents"
                place = one.at("parent_organization_id")
                raise Invalid(text, faults=[Fault("invalid", text, place)])
            line.append(parent)
        ordered |= {each.id: each for each in reversed(line)}
    return list(ordered.values())


def _admitted(rows: Iterable[Row], door: Door) -> list[Admitted]:
    ready, faults = [], list[Fault]()
    for row in rows:
        spec = spec_of(row.document["resourceType"])
        try:
            data = documents.written(row.document).encode()
            ready.append(admit_document(spec, data, row.document, door))
        except Invalid as refused:
            place = row.record.place if row.record else f"{spec.name}/{row.document['id']}"
            faults += [Fault(f.code, f"{f.expression}: {f.text}", place) for f in refused.faults]
    if faults:
        raise Invalid("the directory makes invalid resources", faults=faults)
    return ready


def _require_new(desk: Desk, rows: Sequence[Row]) -> None:
    for type_ in TYPES.values():
        numbers = [
            Has(
                f"{type_}.identifier",
                row.document["identifier"][0]["value"],
                row.document["identifier"][0]["system"],
            )
            for row in rows
            if row.what == CREATED and row.document["resourceType"] == type_
        ]
        if numbers and desk.find("r", type_, any_of(*numbers), Page(limit=1)):
            raise Conflict("somebody else imports the same directory at this moment: import it again")
