"""HMIS rows go in: each batch of people in one transaction, and only what changed is written.

https://www.hudexchange.info/programs/hmis/hmis-data-and-technical-standards/
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TypeVar

from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import Has
from careplan_service.errors import Invalid
from careplan_service.interactions.admission import Admitted, admit_document, spec_of
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.integrity import Integrity
from careplan_service.interactions.records import Changes, Page, Stored
from careplan_service.interventions.canonical import Document
from careplan_service.interventions.hmis import mapping, sealed
from careplan_service.interventions.hmis.codes import identifier_system
from careplan_service.interventions.hmis.joining import joined, raised, together
from careplan_service.interventions.hmis.mapping import Part, Parts
from careplan_service.interventions.hmis.staging import Kept, Staging
from careplan_service.resources.patching import document as documents

BATCH = 50
"""People, or households, in a transaction."""
DeskOf = Callable[[str], Desk]
"""A desk for one transaction, with what is asked there."""
_T = TypeVar("_T")
_GONE = frozenset({"entered-in-error"})


@dataclass
class Imported:
    """What an import did: resources by type, people of whom nothing changed, and what was left alone."""

    made: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    unchanged: int = 0
    left: int = 0


def import_hmis(desk_of: DeskOf, staging: Staging, door: Door, report: Imported) -> Iterator[int]:
    """Store the rows of a folder that has no fault; yields how many people each batch had.

    What somebody else wrote on a resource stays; what was deleted here is not made again. Raises Invalid.
    """
    programs: dict[Part, str] = {}
    for projects in _some(staging.projects()):
        batch = _Batch(desk_of(f"{len(projects)} projects"), door, report)
        batch.carry_out(partial(batch.add_programs, projects))
        programs |= batch.places
    for people in _some(staging.people()):
        batch = _Batch(desk_of(f"{len(people)} people"), door, report, dict(programs))
        batch.carry_out(partial(batch.add_people, people))
        for person, _ in people:
            if (part := _patient(person)) in batch.found or batch.is_made(part):
                staging.placed(person, batch.places[part])
        yield len(people)
    for homes in _some(staging.households()):
        batch = _Batch(desk_of(f"{len(homes)} households"), door, report)
        batch.carry_out(partial(batch.add_households, homes))


def _some(found: Iterable[_T]) -> Iterator[list[_T]]:
    left = iter(found)
    while some := list(islice(left, BATCH)):
        yield some


@dataclass
class _Batch:
    """One transaction: `places` are the references of parts that are on record or about to be."""

    desk: Desk
    door: Door
    report: Imported
    places: dict[Part, str] = field(default_factory=dict)
    found: dict[Part, Stored] = field(default_factory=dict)

    @property
    def agency(self) -> str:
        """Whose rows they are."""
        return self.desk.caller.organization

    def carry_out(self, write: Callable[[], None]) -> None:
        """Do it, and keep it with its audit row."""
        with self.desk.records.changes() as changes:
            changes.alone("hmis")
            self._changes, self._integrity = changes, Integrity(self.desk, self.door)
            write()
            self._integrity.require(changes)
            self.desk.note_in(changes, 200)

    def add_programs(self, projects: Sequence[str]) -> None:
        """The HealthcareServices of projects that have none yet."""
        parts = [Part("HealthcareService", "ProjectID", one) for one in projects]
        self._look_up(parts)
        for part in parts:
            if part not in self.found:
                self._store(part, mapping.program(part.value, self.agency))

    def add_people(self, people: Sequence[tuple[str, Kept]]) -> None:
        """Whatever the rows of these people say that is not on record."""
        self._look_up([Part("DocumentReference", "PersonalID", person) for person, _ in people])
        changed = [
            (person, kept, rows)
            for person, came in people
            for kept in (self._kept(person),)
            for rows in (together(kept, came),)
            if rows != kept
        ]
        self.report.unchanged += len(people) - len(changed)
        self._look_up(_patient(person) for person, _ in people)
        # Of who is not on record nothing else is.
        known = [rows for person, _, rows in changed if _patient(person) in self.found]
        wanted = {
            part for rows in known for part in mapping.parts_of(rows, self.agency, lambda part: part.type)
        }
        self._look_up(part for part in wanted if part not in self.places)
        for person, kept, rows in changed:
            self._add_person(person, kept, rows)

    def _kept(self, person: str) -> Kept | None:
        stored = self.found.get(Part("DocumentReference", "PersonalID", person))
        return sealed.rows_in(documents.read(stored.body)) if stored else None

    def _add_person(self, person: str, kept: Kept | None, rows: Kept) -> None:
        blank = mapping.parts_of(kept, self.agency, lambda part: part.type) if kept else {}
        gone = {part for part in blank if part not in self.found and not _is_deleted(part, blank[part])}
        if _patient(person) in gone:
            self.report.left += 1
            return
        before = self._parts(person, kept, gone) if kept else {}
        for part, document in self._parts(person, rows, gone).items():
            stored = self.found.get(part)
            if part in gone:
                self.report.left += document != before.get(part)
            elif stored is not None:
                self._change(part, stored, before.get(part) if kept else None, document)
            elif not _is_deleted(part, document):
                self._store(part, document)

    def _parts(self, person: str, rows: Kept, gone: Collection[Part]) -> Parts:
        """What the rows make, with the references of this database; what is gone is referred to no more."""

        def where(part: Part) -> str:
            if part in gone:
                return ""
            return self.places.setdefault(part, f"{part.type}/{self.desk.new_id()}")

        made = mapping.parts_of(rows, self.agency, where)
        record = Part("DocumentReference", "PersonalID", person)
        return {**made, record: sealed.record_of(person, rows, self.agency, where)}

    def add_households(self, homes: Sequence[tuple[str, list[tuple[str, str]]]]) -> None:
        """The Groups of households; who is in one stays in it."""
        parts = [Part("Group", "HouseholdID", id_) for id_, _ in homes]
        self._look_up(parts)
        for part, (id_, people) in zip(parts, homes, strict=True):
            document = mapping.household(id_, people, self.agency)
            stored = self.found.get(part)
            if stored is None:
                self._store(part, document)
                continue
            now = documents.read(stored.body)
            members = now.get("member", [])
            known = [one.get("entity") for one in members]
            added = [one for one in document["member"] if one["entity"] not in known]
            if added:
                self._put(part, stored, {**now, "member": [*members, *added]})

    def _look_up(self, parts: Iterable[Part]) -> None:
        """Which of them are on record: one question each is answered from the index, one for many is not."""
        for part in parts:
            system = identifier_system(self.agency, part.column)
            about = Has(f"{part.type}.identifier", part.value, system)
            for stored in self.desk.find("r", part.type, about, Page(limit=1)):
                self.found[part] = stored
                self.places[part] = f"{stored.type}/{stored.id}"

    def _change(self, part: Part, stored: Stored, before: Document | None, after: Document) -> None:
        if before == after:
            return
        stands = documents.read(stored.body)
        now = joined(stands, before, after)
        now = raised(now, mapping.security_of(part, {**now, "meta": after.get("meta", {})}))
        if now != stands:
            self._put(part, stored, now)

    def _put(self, part: Part, stored: Stored, document: Document) -> None:
        self._write(self._admitted(part, document), stored.id, stored)
        self.report.changed[part.type] = self.report.changed.get(part.type, 0) + 1

    def _store(self, part: Part, document: Document) -> None:
        place = self.places.setdefault(part, f"{part.type}/{self.desk.new_id()}")
        meta = {"security": mapping.security_of(part, document)}
        whole = {**document, "id": place.partition("/")[2], "meta": meta}
        self._write(self._admitted(part, whole), str(whole["id"]), None)
        self._made.add(part)
        self.report.made[part.type] = self.report.made.get(part.type, 0) + 1

    def _write(self, admitted: Admitted, id_: str, found: Stored | None) -> None:
        """As create and update do; nobody is shown what was written, so it is not read again."""
        name = admitted.spec.name
        before = found and self._changes.current(name, id_, self.desk.sees("u", name))
        write = admitted.write(id_, "PUT" if before else "POST", self._integrity.base_url)
        stored = self.desk.put(self._changes, write, before)
        self._integrity.wrote(stored, admitted, before)
        self.desk.shown.append(f"{name}/{id_}/_history/{stored.version}")
        if stored.patient:
            self.desk.patients[stored.patient] = None

    def _admitted(self, part: Part, document: Document) -> Admitted:
        document = {"resourceType": part.type, **document}
        try:
            return admit_document(spec_of(part.type), _written(document), document, self.door)
        except Invalid as problem:
            text = f"{part.column} `{part.value}` makes an invalid {part.type}: {problem.faults[0].text}"
            raise Invalid(text, faults=problem.faults) from None

    def is_made(self, part: Part) -> bool:
        """Whether it was made here."""
        return part in self._made

    _made: set[Part] = field(default_factory=set, init=False)
    _changes: Changes = field(init=False, repr=False)
    _integrity: Integrity = field(init=False, repr=False)


def _patient(person: str) -> Part:
    return Part("Patient", "PersonalID", person)


def _written(document: Document) -> bytes:
    """What is new has no number whose digits must be kept; what is changed may have one."""
    if "versionId" in document.get("meta", {}):
        return documents.written(document).encode()
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _is_deleted(part: Part, document: Document) -> bool:
    """Whether the row says that it was deleted: then it is not made anew."""
    return document.get("status") in _GONE or (part.type == "Patient" and not document.get("active"))
