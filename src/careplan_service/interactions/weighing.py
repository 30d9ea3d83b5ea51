"""Why a version may be seen or not: the evaluator on what is on record now, read in one snapshot.

The Consents are those that who asks may see, so nothing is told of others. docs/consent-in-detail.md
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from careplan_service.access.caller import Caller
from careplan_service.access.consent.decide import Decision, Request, decide
from careplan_service.access.consent.decision import Compiled, patients_of
from careplan_service.access.consent.directory import ACTING, Directory, Edge
from careplan_service.access.consent.rules import Door
from careplan_service.access.facts import Facts, Record
from careplan_service.access.filters import EVERYTHING, Has
from careplan_service.access.holds import Version
from careplan_service.access.requests import request_of
from careplan_service.access.view import ALWAYS_OURS
from careplan_service.errors import OutOfScope, TooLarge
from careplan_service.interactions.agreed import compiled, follow, version_of
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.file_consent import active_consents
from careplan_service.interactions.leaving import leaving
from careplan_service.interactions.records import Page, Stored
from careplan_service.resources.marks import WITHIN, around_of
from careplan_service.resources.registry import SERVED

_MOST_BESIDE = 5000


def require_consents(desk: Desk) -> None:
    """Raise OutOfScope (403) unless the token opens all Consents that who asks may see.

    With some of them only, an explanation would be wrong.
    """
    caller = desk.caller
    desk.sees("r", "Consent")
    whole = {"system", "user"} if caller.is_agency else {"system", "user", "patient"}
    if not any(one.context in whole and not one.query for one in caller.openings("r", "Consent")):
        context = "user" if caller.is_agency and caller.is_person else caller.context
        wanted = f"{context}/Consent.r"
        raise OutOfScope(f"an explanation needs all Consents of the client; ask for `{wanted}`", scope=wanted)


class Weighing:
    """Weighs versions for callers; used inside one snapshot of the records, and not after it."""

    def __init__(self, desk: Desk, door: Door) -> None:
        self._desk, self._door = desk, door
        self._consents: dict[str, list[Compiled]] = {}
        self._stored: dict[str, Stored] = {}
        self._edges: dict[str, list[Edge]] = {}
        self._majorities: dict[str, int] = {}

    def decision(self, caller: Caller, stored: Stored, newest: Stored | None = None) -> Decision:
        """What the rules say to a caller of a version; `newest` is the current one where it is not."""
        if caller.is_agency and stored.type in ALWAYS_OURS:
            return Decision("permit", "STAFF-ACCESS")
        if newest is not None and newest.deleted:
            return Decision("deny", "CURRENT-VERSION-HIDDEN")
        facts = [self.version_of(one).facts for one in (stored, newest) if one is not None]
        request = request_of(caller, "read", self._desk.now)
        patients = {patient for one in facts for patient in patients_of(one)}
        directory = self._directory(request, patients)
        known = patients | {other for patient in patients for other in directory.merged(patient)}
        consents = {patient: self._consents_of(patient) for patient in known}
        marked = any(
            part.marked for one in consents.values() for c in one for r in c.rules for part in r.parts
        )
        records = [
            self._record(one, about, past=newest is not None and one is stored, marked=marked)
            for one, about in zip((stored, newest), facts, strict=False)
            if one is not None
        ]
        current = records[1] if newest is not None else None
        return decide(request, records[0], consents, directory, self._door.choices, current)

    def version_of(self, stored: Stored) -> Version:
        """The version as the rules see it."""
        return version_of(stored, self._door.base_url)

    def words(self, found: Decision) -> str:
        """What the deciding rule says; empty where it names what who asks may not see."""
        consent = self._stored.get(found.consent)
        if consent is None:
            return found.rule
        return "" if leaving(self._desk, [consent])[0].projection else found.rule

    def represents(self, patient: str) -> bool:
        """Whether who asks, a RelatedPerson, may act for the patient at this moment."""
        relative, now = self._desk.caller.fhir_user, self._desk.now
        return self._directory(request_of(self._desk.caller, "read", now), {patient}).represents(
            relative, patient, now
        )

    def _record(self, stored: Stored, facts: Facts, *, past: bool, marked: bool) -> Record:
        """A past version is nobody's own contribution any more."""
        around = self._around(f"{stored.type}/{stored.id}") if marked else frozenset()
        return Record(facts, stored.updated, "" if past else stored.contributor, around)

    def _around(self, reference: str) -> frozenset[str]:
        desk = self._desk
        seen = EVERYTHING if desk.caller.is_agency else desk.sees_any("r", SERVED)
        found = desk.records.find("", Has(WITHIN, reference) & seen, Page(_MOST_BESIDE + 1))
        if len(found) > _MOST_BESIDE:
            raise TooLarge(f"more than {_MOST_BESIDE} resources refer to `{reference}`")
        versions = [self.version_of(one) for one in found]
        return frozenset(
            mark
            for one in versions
            for mark in around_of({"resourceType": one.type, "id": one.id}, one.facts.marks)
        )

    def _consents_of(self, patient: str) -> Sequence[Compiled]:
        if patient not in self._consents:
            found = active_consents(self._desk, patient)
            self._stored |= {f"Consent/{one.id}": one for one in found}
            self._consents[patient] = [compiled(one, self._door) for one in found]
        return self._consents[patient]

    def _directory(self, request: Request, patients: Collection[str]) -> Directory:
        """Whatever leads from who asks, from the patients and from those who consented for them."""
        acting = {ACTING + one for one in request.actors if one.startswith("PractitionerRole/")}
        acting |= {*request.actors, *request.also, request.relative, *patients}
        follow(self._desk.records, acting - {""}, self._edges)
        directory = Directory(self._edges)
        known = {*patients, *(other for patient in patients for other in directory.merged(patient))}
        rules = [rule for one in known for c in self._consents_of(one) for rule in c.rules]
        follow(self._desk.records, {rule.guardian for rule in rules} - {""}, self._edges)
        if missing := known - self._majorities.keys():
            self._majorities |= self._desk.records.majorities(missing)
        return Directory(self._edges, dict(self._majorities))
