"""What stands around some versions now: consents, directory and neighbours, for the plain evaluator.

Read from the stored documents, whatever the caller may see, as far as a decision about these versions and
this caller needs it; nothing of it is shown. https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from careplan_service.access.caller import Caller
from careplan_service.access.consent.decision import Compiled
from careplan_service.access.consent.directory import ACTING, MERGED, Directory, Edge
from careplan_service.access.consent.rules import Door, rules_of
from careplan_service.access.filters import EVERYTHING, Is, any_of
from careplan_service.access.holds import Version, World
from careplan_service.errors import TooLarge
from careplan_service.interactions.desk import Page, Records, Stored
from careplan_service.resources import r4
from careplan_service.resources.marks import WITHIN
from careplan_service.resources.registry import SERVED

MOST = 5000
"""Consents, or neighbours, that are looked at."""
_AROUND = frozenset({"author", "data"})
"""The dimensions of a provision that look at what refers to a version."""

Agreed = Mapping[str, list[Compiled]]


def version_of(records: Records, stored: Stored, base_url: str, *, current: bool = True) -> Version:
    """The version as the rules see it, from its bytes; a deletion has the facts of what it ended."""
    body = stored.body
    if stored.deleted:
        ended = records.version(stored.type, stored.id, stored.version - 1, EVERYTHING)
        body = ended.body if ended else b"{}"
    facts = SERVED[stored.type].facts({"id": stored.id, **r4.parse(body)}, base_url)
    return Version(facts, stored.id, stored.updated, stored.contributor, int(current), int(stored.deleted))


def standing(
    records: Records, caller: Caller, versions: Sequence[Version], page: Sequence[Stored], door: Door
) -> World:
    """The world in which versions are judged for a caller; `page` are the versions as they are stored.

    Ask inside one `records.snapshot()`. Raises TooLarge for more than MOST consents or neighbours.
    """
    named = {p for one in versions for p in (one.patient, *one.facts.other_patients) if p}
    of_patients = _edges(records, named)
    patients = named | Directory.of(of_patients).keys(named, {MERGED}, (), 0)
    agreed = _agreed(records, patients, door)
    rules = [rule for held in agreed.values() for one in held for rule in one.rules]
    guardians = {rule.guardian for rule in rules if rule.guardian}
    asking = {*caller.actors, *caller.also, *(ACTING + one for one in caller.actors)}
    edges = {*of_patients, *_edges(records, {*asking, *guardians, caller.fhir_user} - {""})}
    aged = guardians or caller.kind == "related"
    directory = Directory.of(edges, records.majorities(named) if aged else {})
    stated = {name for rule in rules for part in rule.parts for name in part.marked}
    neighbours = _neighbours(records, page, door.base_url) if stated & _AROUND else ()
    return World(agreed, neighbours, directory)


def _edges(records: Records, start: Iterable[str]) -> list[Edge]:
    """Every edge that can be followed from these, whenever and for whomever it holds."""
    found: dict[Edge, None] = {}
    known, waiting = set(start), set(start)
    while waiting:
        edges = records.edges(waiting)
        found |= dict.fromkeys(edges)
        waiting = {edge.key for edge in edges} - known
        known |= waiting
    return list(found)


def _agreed(records: Records, patients: Iterable[str], door: Door) -> Agreed:
    agreed: dict[str, list[Compiled]] = {}
    of_these = any_of(*(Is("patient", one) for one in sorted(patients)))
    for stored in _all_of("consents", records.find("Consent", of_these, Page(MOST + 1))):
        rules = rules_of(r4.parse(stored.body), replace(door, keep=True))
        agreed.setdefault(stored.patient, []).append(Compiled(rules, f"Consent/{stored.id}", stored.version))
    return agreed


def _neighbours(records: Records, page: Sequence[Stored], base_url: str) -> tuple[Version, ...]:
    """What refers to the versions: a plan that a provision names, or a Provenance."""
    found = _all_of("resources", records.referring(page, (WITHIN,), EVERYTHING, MOST + 1))
    return tuple(version_of(records, one, base_url) for one in found)


def _all_of(what: str, found: list[Stored]) -> list[Stored]:
    if len(found) > MOST:
        raise TooLarge(f"more than {MOST} {what} would have to be looked at")
    return found
