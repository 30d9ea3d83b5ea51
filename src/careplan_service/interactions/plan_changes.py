"""What became of a plan's resources: each version of them, by whom, in words of ours or over FHIR.

https://hl7.org/fhir/R4/provenance.html and https://hl7.org/fhir/R4/http.html#history

Every change in words leaves a Provenance in its transaction, after whatever else it writes; a version that
none stands behind was written over FHIR.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from careplan_service.access.filters import Has
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.read_plan import Found, found_plan, led_to
from careplan_service.interactions.records import Page, Stored
from careplan_service.interventions.foreign.overwritten import otherwise, overwritten
from careplan_service.interventions.foreign.told import Told, told_by
from careplan_service.interventions.provenances import Changed, changed_of
from careplan_service.interventions.wording import Difference
from careplan_service.resources import r4

MOST = 500
"""Versions of a resource that are looked at, the newest first."""

_OF_MANY = frozenset(
    {
        "Patient",
        "RelatedPerson",
        "Practitioner",
        "PractitionerRole",
        "Organization",
        "Location",
        "HealthcareService",
    }
)
"""People, agencies and places, which many plans are read from: they have a history of their own."""


@dataclass(frozen=True)
class Explained:
    """A change in words: its Provenance as it is stored, and who made it (a reference)."""

    stored: Stored
    changed: Changed
    by: str

    def stands_behind(self, version: Stored) -> bool:
        """Whether the version was written with it: before it, and not before its moment."""
        return version.vid < self.stored.vid and version.updated >= self.stored.updated


@dataclass(frozen=True)
class Step:
    """A version of a resource of the plan; without `explained` what is other was found by reading."""

    stored: Stored
    explained: Explained | None
    differences: tuple[Difference, ...]


def explained_of(desk: Desk, id_: str) -> dict[int, Explained]:
    """The changes that were recorded, by the version of the CarePlan that they made."""
    about = Has("Provenance.target", f"CarePlan/{id_}")
    found: dict[int, Explained] = {}
    for stored in desk.show_all(desk.find("r", "Provenance", about, Page(limit=MOST))):
        document = r4.parse(stored.body)
        target = document["target"][0]["reference"]
        of, _, version = target.partition("/_history/")
        if of == f"CarePlan/{id_}" and version.isdecimal() and stored.contributor == desk.caller.contributor:
            agent: Mapping[str, Any] = next(iter(document.get("agent", ())), {})
            by = str(agent.get("who", {}).get("reference", ""))
            found[int(version)] = Explained(stored, changed_of(document), by)
    return found


def steps_of(desk: Desk, care_plan: Stored) -> list[Step]:
    """Every change of the plan, the first one first.

    They are the versions of the CarePlan, and those of other resources that say something else of the plan
    and were not written with one of the CarePlan in words.
    """
    explained = explained_of(desk, care_plan.id)
    own = f"CarePlan/{care_plan.id}"
    plan, versions = _Replay(own), []
    for ref, stored in {own: care_plan, **led_to(desk, care_plan.body)}.items():
        is_replayed = stored.version > 1 and stored.type not in _OF_MANY
        first, *later = _versions(desk, stored) if is_replayed else desk.show_all([stored])
        plan.take(first)
        versions += [first, *later] if ref == own else later
    steps: list[Step] = []
    for one in sorted(versions, key=lambda version: version.vid):
        is_plan = one.type == "CarePlan"
        why = explained.get(one.version) if is_plan else None
        if why or not steps or _is_in_words(one, explained.values()):
            plan.take(one)
            steps += [Step(one, why, why.changed.differences if why else ())] if is_plan else []
            continue
        found = plan.difference(one)
        steps += [Step(one, None, tuple(found))] if found or is_plan else []
    return steps


class _Replay:
    """The documents of a plan as they were at a moment, and how they read."""

    def __init__(self, own: str) -> None:
        self._own, self._documents = own, dict[str, Mapping[str, Any]]()
        self._told: Told | None = None

    def take(self, version: Stored) -> None:
        """The version comes to stand."""
        ref = f"{version.type}/{version.id}"
        self._documents.pop(ref, None)
        if not version.deleted:
            self._documents[ref] = r4.parse(version.body)
        self._told = None

    def difference(self, version: Stored) -> list[Difference]:
        """What is other with that version, which comes to stand."""
        before = self._read()
        self.take(version)
        after = self._read()
        return otherwise(before, after) if before and after else []

    def _read(self) -> Told | None:
        if self._told is None and self._own in self._documents:
            self._told = told_by(self._documents[self._own], self._documents)
        return self._told


def marked_plan(desk: Desk, id_: str) -> Found:
    """The plan, with marks of what others wrote over FHIR into its goals since they were written in words.

    Raises NotFound and Forbidden.
    """
    found = found_plan(desk, id_)
    goals = [one for one in found.resources.values() if one.type == "Goal" and one.version > 1]
    if not goals or not found.told.is_in_our_words:
        return found
    explained = explained_of(desk, id_).values()
    earlier: dict[str, Mapping[str, Any]] = {}
    for goal in goals:
        if not _is_in_words(goal, explained):
            known = [one for one in _versions(desk, goal) if one.version == 1 or _is_in_words(one, explained)]
            earlier |= {f"Goal/{one.id}": r4.parse(one.body) for one in known if not one.deleted}
    return replace(found, told=overwritten(found.told, earlier, found.documents)) if earlier else found


def _versions(desk: Desk, stored: Stored) -> list[Stored]:
    """The versions of a resource that may be seen, as the caller may have them, the first one first."""
    seen = desk.sees("r", stored.type)
    versions = desk.records.versions(stored.type, stored.id, seen, Page(limit=MOST))
    return desk.show_all(versions[::-1])


def _is_in_words(version: Stored, explained: Iterable[Explained]) -> bool:
    return any(one.stands_behind(version) for one in explained)
