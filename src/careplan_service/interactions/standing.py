"""What stands around some versions now: consents, directory and neighbours, for the plain evaluator.

Read from the stored documents, whatever the caller may see, as far as a decision about these versions and
this caller needs it; nothing of it is shown. https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from careplan_service.access.caller import Caller
from careplan_service.access.consent.decision import Compiled
from careplan_service.access.consent.directory import ACTING, MERGED, Directory, Edge
from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import EVERYTHING, Is, any_of
from careplan_service.access.holds import Version, World
from careplan_service.errors import TooLarge
from careplan_service.interactions.agreed import compiled, follow, version_of
from careplan_service.interactions.records import Page, Records, Stored
from careplan_service.resources.marks import WITHIN

MOST = 5000
"""Consents, or neighbours, that are looked at."""
_AROUND = frozenset({"author", "data"})
"""The dimensions of a provision that look at what refers to a version."""

Agreed = Mapping[str, list[Compiled]]


def as_judged(records: Records, stored: Stored, base_url: str, *, current: bool = True) -> Version:
    """The version as the rules see it; a deletion has the facts of what it ended."""
    if stored.deleted:
        ended = records.version(stored.type, stored.id, stored.version - 1, EVERYTHING)
        stored = stored._replace(body=ended.body if ended else b"{}")
    return version_of(stored, base_url, current=current)


def standing(
    records: Records, caller: Caller, versions: Sequence[Version], page: Sequence[Stored], door: Door
) -> World:
    """The world in which versions are judged for a caller; `page` are the versions as they are stored.

    Ask inside one `records.snapshot()`. Raises TooLarge for more than MOST consents or neighbours.
    """
    named = {p for one in versions for p in (one.patient, *one.facts.other_patients) if p}
    edges: dict[str, list[Edge]] = {}
    follow(records, named, edges)
    patients = named | Directory(edges).keys(named, {MERGED}, (), 0)
    agreed = _agreed(records, patients, door)
    rules = [rule for held in agreed.values() for one in held for rule in one.rules]
    guardians = {rule.guardian for rule in rules if rule.guardian}
    asking = {*caller.actors, *caller.also, *(ACTING + one for one in caller.actors)}
    follow(records, {*asking, *guardians, caller.fhir_user} - {""}, edges)
    aged = guardians or caller.kind == "related"
    directory = Directory(edges, records.majorities(named) if aged else {})
    stated = {name for rule in rules for part in rule.parts for name in part.marked}
    neighbours = _neighbours(records, page, door.base_url) if stated & _AROUND else ()
    return World(agreed, neighbours, directory)


def _agreed(records: Records, patients: Iterable[str], door: Door) -> Agreed:
    agreed: dict[str, list[Compiled]] = {}
    of_these = any_of(*(Is("patient", one) for one in sorted(patients)))
    for stored in _all_of("consents", records.find("Consent", of_these, Page(MOST + 1))):
        agreed.setdefault(stored.patient, []).append(compiled(stored, door))
    return agreed


def _neighbours(records: Records, page: Sequence[Stored], base_url: str) -> tuple[Version, ...]:
    """What refers to the versions: a plan that a provision names, or a Provenance."""
    found = _all_of("resources", records.referring(page, (WITHIN,), EVERYTHING, MOST + 1))
    return tuple(as_judged(records, one, base_url) for one in found)


def _all_of(what: str, found: list[Stored]) -> list[Stored]:
    if len(found) > MOST:
        raise TooLarge(f"more than {MOST} {what} would have to be looked at")
    return found
