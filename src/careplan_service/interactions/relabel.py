"""All that is stored is judged anew by the rules of sensitivity; what must have other labels gets a version.

https://hl7.org/fhir/R4/security-labels.html and docs/practice.md

A plan is judged as it is written, so that goals have what their objectives reveal; everything else by its own
codes and words. What is labelled already is left alone, so the work may be broken off and begun again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import EVERYTHING, Has
from careplan_service.access.instants import as_datetime
from careplan_service.access.raised import key_of, raised
from careplan_service.errors import Invalid
from careplan_service.interactions.admission import Admitted
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.labelling import Security, born_here, called_for, with_security
from careplan_service.interactions.read_plan import Found, found_plan
from careplan_service.interactions.records import Changes, Cursor, Page, Stored
from careplan_service.interventions.places import places_of
from careplan_service.interventions.sensitivity import label_displays
from careplan_service.interventions.to_fhir import to_fhir
from careplan_service.resources import r4
from careplan_service.resources.registry import SERVED

_One = TypeVar("_One")
READ_AT_ONCE, WRITTEN_AT_ONCE = 200, 25
"""Resources of a query, and of a transaction: others write in between."""
_MOST_TOLD = 1000
_NOT_JUDGED = frozenset(
    "Consent Provenance Questionnaire Organization Practitioner PractitionerRole HealthcareService"
    " Location".split()
)
"""A consent speaks of what it protects and a directory of what there is; those of plans come with them."""
_NORMAL = ("", "N")
"""What has no label is that as well."""
_OF_ONE_PLAN = frozenset(
    "CarePlan Goal Condition CareTeam ServiceRequest Task Encounter Procedure DocumentReference Observation"
    " QuestionnaireResponse".split()
)
"""What no other plan may need the label of."""


@dataclass
class Counts:
    """How many were looked at, which were raised or lowered, by type, and what others changed meanwhile."""

    looked: int = 0
    raised: Counter[str] = field(default_factory=Counter)
    lowered: Counter[str] = field(default_factory=Counter)
    overtaken: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    counted: set[str] = field(default_factory=set)


class _Other(NamedTuple):
    """A version that must have other labels."""

    stored: Stored
    document: Mapping[str, Any]
    security: Security
    lowers: bool


@dataclass(frozen=True)
class Relabelling:
    """One run: `desk` makes one for each transaction, `door` says whose the records are."""

    desk: Callable[[], Desk]
    door: Door
    dry_run: bool = False
    allow_lower: bool = False

    def total(self) -> int:
        """How many resources there are to look at."""
        records = self.desk().records
        return sum(records.count(type_, EVERYTHING) for type_ in _judged())

    def steps(self, counts: Counts) -> Iterator[int]:
        """Do the work, and count; yields after each batch how many resources it had. Plans come first."""
        for type_ in _judged():
            yield from self._of_type(type_, counts)

    def _of_type(self, type_: str, counts: Counts) -> Iterator[int]:
        after: Cursor | None = None
        while True:
            desk = self.desk()
            page = desk.records.find(type_, EVERYTHING, Page(READ_AT_ONCE, after=after))
            for some in _parts(page):
                others = [other for stored in some for other in self._others(stored, counts)]
                for few in _parts(others):
                    self._write(few, counts)
                counts.looked += len(some)
                yield len(some)
            if len(page) < READ_AT_ONCE:
                return
            after = Cursor((), page[-1].origin)

    def _others(self, stored: Stored, counts: Counts) -> Iterator[_Other]:
        document = r4.parse(stored.body)
        if stored.type == "CarePlan" and born_here(document):
            desk = self.desk()
            try:
                found = found_plan(desk, stored.id)
            except Invalid:
                counts.unreadable.append(f"CarePlan/{stored.id}")
            else:
                desk.note(200)
                yield from self._of_plan(desk, found)
                return
        yield from self._other(stored, document, called_for(document))

    def _of_plan(self, desk: Desk, found: Found) -> Iterator[_Other]:
        documents = found.documents
        own = f"CarePlan/{found.care_plan.id}"
        made = to_fhir(
            found.plan,
            agency=desk.caller.organization,
            new_id=desk.new_id,
            now=as_datetime(desk.now),
            known={},
            places=places_of(documents[own], documents, found.plan),
        )
        wanted: Mapping[str, Security] = {
            f"{one['resourceType']}/{one['id']}": one["meta"]["security"] for one in made
        }
        for ref, security in wanted.items():
            if ref in found.resources:
                called = raised(called_for(documents[ref]), security)
                yield from self._other(found.resources[ref], documents[ref], called, found.care_plan)
        why = Has("Provenance.target", own)
        for told in desk.records.find("Provenance", why, Page(_MOST_TOLD)):
            yield from self._other(told, r4.parse(told.body), wanted[own])

    def _other(
        self, stored: Stored, document: Mapping[str, Any], called: Security, plan: Stored | None = None
    ) -> Iterator[_Other]:
        stands = document.get("meta", {}).get("security", [])
        security: Security = raised(called, stands) if called else stands
        if self.allow_lower and plan is not None and stored.type in _OF_ONE_PLAN:
            security = raised(called, [one for one in stands if _is_persons(one)])
        codes, before = ({key_of(one) for one in some} for some in (security, stands))
        if codes - {_NORMAL} != before - {_NORMAL}:
            yield _Other(stored, document, security, bool(before - codes - {_NORMAL}) and not codes - before)

    def _write(self, others: Sequence[_Other], counts: Counts) -> None:
        if self.dry_run:
            for other in others:
                _count(other, counts)
            return
        desk = self.desk()
        with desk.records.changes() as changes:
            for other in others:
                if self._put(desk, changes, other):
                    _count(other, counts)
                else:
                    counts.overtaken.append(f"{other.stored.type}/{other.stored.id}")
            desk.note_in(changes, 200)

    def _put(self, desk: Desk, changes: Changes, other: _Other) -> bool:
        """It stays the contribution of whose it is; False where somebody was faster."""
        stored = other.stored
        current = changes.current(stored.type, stored.id, EVERYTHING)
        if current is None or current.version != stored.version:
            return False
        plain = Admitted(SERVED[stored.type], stored.body, dict(other.document), ())
        write = with_security(plain, other.security).write(stored.id, "PUT", self.door.base_url)
        if stored.contributor not in self.door.custodians:
            write = write._replace(edges=())
        desk.show(changes.put(write, current, desk.now, stored.contributor))
        return True


def _judged() -> list[str]:
    return ["CarePlan", *(name for name in SERVED if name not in _NOT_JUDGED and name != "CarePlan")]


def _is_persons(label: Mapping[str, Any]) -> bool:
    """Whether a person set it: expressly, or because no rule ever sets it."""
    ruled = {*label_displays(), "N", "R"}
    return label.get("userSelected") is True or key_of(label)[1] not in ruled


def _count(other: _Other, counts: Counts) -> None:
    """Each once: in a dry run what belongs to a plan is found again by itself."""
    reference = f"{other.stored.type}/{other.stored.id}"
    if reference not in counts.counted:
        counts.counted.add(reference)
        (counts.lowered if other.lowers else counts.raised)[other.stored.type] += 1


def _parts(some: Sequence[_One]) -> Iterator[Sequence[_One]]:
    return (some[n : n + WRITTEN_AT_ONCE] for n in range(0, len(some), WRITTEN_AT_ONCE))
