"""What is written over FHIR keeps to the rules of practice, as what is written at `/plans` does.

https://hl7.org/fhir/R4/careplan.html and docs/practice.md

When all of a transaction is written, every plan of ours that it touches is read in words, as it was and as it
is, and judged by the same table. Only what the transaction breaks anew is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from careplan_service.access.caller import Caller
from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import EVERYTHING
from careplan_service.access.instants import as_datetime
from careplan_service.access.scope_text import parse_scopes
from careplan_service.errors import Conflict, Fault, Invalid, Problem
from careplan_service.interactions.admission import Admitted
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.labelling import born_here
from careplan_service.interactions.process_notes import process_notes
from careplan_service.interactions.read_plan import found_plan, led_to
from careplan_service.interactions.records import Stored
from careplan_service.interactions.released import unreleased
from careplan_service.interventions.from_fhir import from_fhir
from careplan_service.interventions.intake import expression
from careplan_service.interventions.judging import broken_anew
from careplan_service.interventions.plan import Plan
from careplan_service.interventions.practice import sentence_of
from careplan_service.interventions.reading import Unreadable
from careplan_service.interventions.signed_documents import PLANNED, changed_notes, is_signed
from careplan_service.resources import r4
from careplan_service.resources.literals import REFERS

_READ_FROM = frozenset(
    {"CarePlan", "Goal", "ServiceRequest", "Task", "Procedure", "Encounter", "Observation"}
)
"""What has a state of its own in a plan."""
_LEADING = ("CarePlan.goal", "CarePlan.activity-reference", REFERS)
_MOST_PLANS = 20
_NOT_TOLD = frozenset({"meta", "text"})


@dataclass(frozen=True)
class _Write:
    """A version that was stored, what stood there before, and its place in a Bundle."""

    stored: Stored
    document: Mapping[str, Any]
    before: Stored | None
    where: str

    @property
    def reference(self) -> str:
        return f"{self.stored.type}/{self.stored.id}"

    @property
    def place(self) -> str:
        return self.where or self.stored.type

    def at(self, path: str) -> str:
        """An element of it (`Goal.status`), in the Bundle where it came in one."""
        return f"{self.place}.{path.partition('.')[2]}"

    @cached_property
    def earlier(self) -> Mapping[str, Any]:
        """What it said before; nothing where it was not there."""
        return r4.parse_stored(self.before.body) if self.before and not self.before.deleted else {}

    @property
    def says_otherwise(self) -> bool:
        names = (self.earlier.keys() | self.document.keys()) - _NOT_TOLD
        return any(self.earlier.get(name) != self.document.get(name) for name in names - {"id"})


class _Broken(NamedTuple):
    fault: Fault
    is_conflict: bool


class Practised:
    """What one transaction does to plans, judged when all of it is written."""

    def __init__(self, desk: Desk, door: Door) -> None:
        self._desk, self._door = desk, door
        self._written: list[_Write] = []

    def wrote(self, stored: Stored, admitted: Admitted, before: Stored | None, where: str) -> None:
        """A version was stored."""
        self._written.append(_Write(stored, admitted.document, before, where))

    def require(self) -> None:
        """Raise Conflict (409) for what contradicts the record, Invalid (422) for what breaks other rules."""
        found = [one for write in self._written for one in _signed(write)]
        plans: dict[str, list[_Write]] = {}
        for write in [] if found else self._written:
            found += [_Broken(fault, False) for fault in self._private(write)]
            for plan in self._plans_of(write):
                plans.setdefault(plan, []).append(write)
        for plan, some in plans.items():
            found += self._of_plan(plan, some)
        if found:
            raise _refused(found)

    def _private(self, write: _Write) -> Iterator[Fault]:
        for text in process_notes(self._desk, write.stored, write.document, write.earlier):
            yield Fault("business-rule", f"{text}; {sentence_of('private')}", write.place)

    def _plans_of(self, write: _Write) -> Iterator[str]:
        if write.stored.type not in _READ_FROM or not write.says_otherwise:
            return
        if write.stored.type != "Task" and not (born_here(write.document) or born_here(write.earlier)):
            return
        if write.stored.type == "CarePlan":
            yield write.stored.id
            return
        for plan in self._desk.records.referring([write.stored], _LEADING, EVERYTHING, _MOST_PLANS):
            if plan.type == "CarePlan" and born_here(r4.parse(plan.body)):
                yield plan.id

    def _of_plan(self, id_: str, some: list[_Write]) -> Iterator[_Broken]:
        own = next((write for write in some if write.reference == f"CarePlan/{id_}"), None)
        before = None if own is not None and not own.earlier else self._before(id_, own)
        if before is None and (own is None or own.earlier):
            return  # it could not be read as a plan, so nothing is taken from it
        found = found_plan(self._reader(), id_)
        if not found.told.is_in_our_words:
            if before is not None:
                yield _Broken(_unreadable(id_, found.told.odd, some), False)
            return
        for rule, path, text in broken_anew(before, found.plan, as_datetime(self._desk.now)):
            if rule.name == "evidenced" and any(map(_brings_evidence, some)):
                continue
            told = (
                f"{expression(path) or 'the plan'}: {text}" if self._desk.caller.is_agency else rule.sentence
            )
            yield _Broken(
                Fault("conflict" if rule.conflict else "business-rule", told, some[0].place), rule.conflict
            )
        requests = [one for one in found.resources.values() if one.type == "ServiceRequest"]
        for text in unreleased(self._desk, before, found.plan, requests, self._door).values():
            yield _Broken(Fault("business-rule", text, some[0].place), False)

    def _before(self, id_: str, own: _Write | None) -> Plan | None:
        """The plan as it was, of the documents as they were."""
        reader = self._reader()
        current = own.before if own else reader.records.current("CarePlan", id_, EVERYTHING)
        if current is None:
            return None
        care_plan = r4.parse(current.body)
        documents = {ref: r4.parse(one.body) for ref, one in led_to(reader, current.body).items()}
        documents |= {one.reference: dict(one.earlier) for one in self._written if one.earlier}
        documents[f"CarePlan/{id_}"] = care_plan
        try:
            return from_fhir(care_plan, documents)
        except (Problem, KeyError, IndexError, TypeError, ValueError):
            return None

    def _reader(self) -> Desk:
        """Reads plans whole, whatever the caller sees; nothing of it is shown."""
        desk = self._desk
        whole = Caller(
            "practice", "agency", desk.caller.organization, ("HSYSADMIN",), parse_scopes("system/*.rs")
        )
        return Desk(whole, desk.records, desk.now, "", desk.new_id, policy=desk.policy)


def require_deletable(before: Stored) -> None:
    """Raise Conflict (409) for a signed document, and for what was planned."""
    document = r4.parse(before.body)
    reference = f"{before.type}/{before.id}"
    if is_signed(document):
        raise Conflict(f"`{reference}` is signed and stays; {sentence_of('signed')}")
    if before.type in PLANNED and born_here(document):
        raise Conflict(f"`{reference}` stays: give it the state `entered-in-error`; {sentence_of('kept')}")


def _signed(write: _Write) -> Iterator[_Broken]:
    if write.earlier and changed_notes(write.earlier, write.document):
        text = (
            f"`{write.reference}` is signed and was sent otherwise: post to `addenda` of its session instead"
        )
        yield _Broken(Fault("conflict", f"{text}; {sentence_of('signed')}", write.place), True)


def _unreadable(id_: str, odd: Invalid | None, some: list[_Write]) -> Fault:
    """What of a plan could not be read any more, by the element of what was written and by its cause."""
    text = f"the plan could not be read in words any more; change it at `/plans/{id_}`"
    write = next((one for one in some if isinstance(odd, Unreadable) and one.reference == odd.resource), None)
    if odd is None or write is None:
        return Fault("business-rule", f"{odd.text}; {text}" if odd else text, some[0].place)
    return Fault("business-rule", f"{odd.text}; {text}", write.at(str(odd.faults[0].expression)))


def _brings_evidence(write: _Write) -> bool:
    """Whether a Goal came with what shows how it stands: an outcome, or a note."""
    names = ("outcomeReference", "outcomeCode", "note")
    return write.stored.type == "Goal" and any(
        one not in write.earlier.get(name, ()) for name in names for one in write.document.get(name, ())
    )


def _refused(found: list[_Broken]) -> Problem:
    faults = [one.fault for one in found]
    text = f"this breaks {len(faults)} rule{'s' * (len(faults) > 1)} of practice"
    conflicts = all(one.is_conflict for one in found)
    return Conflict(text, faults=faults) if conflicts else Invalid(text, faults=faults)
