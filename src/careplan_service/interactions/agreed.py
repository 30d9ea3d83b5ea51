"""What is on record as the rules see it: Consents, versions, the directory; for what judges in plain Python.

https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from careplan_service.access.consent.decision import Compiled
from careplan_service.access.consent.directory import Edge
from careplan_service.access.consent.rules import Door, rules_of
from careplan_service.access.holds import Version
from careplan_service.interactions.records import Records, Stored
from careplan_service.resources import r4
from careplan_service.resources.registry import SERVED


def compiled(stored: Stored, door: Door) -> Compiled:
    """The rules of one version of a Consent; what cannot be enforced denies what it may concern."""
    rules = rules_of(r4.parse(stored.body), replace(door, keep=True))
    return Compiled(rules, f"Consent/{stored.id}", stored.version)


def version_of(stored: Stored, base_url: str, *, current: bool = True) -> Version:
    """The version as the rules see it, from its bytes."""
    facts = SERVED[stored.type].facts({"id": stored.id, **r4.parse(stored.body)}, base_url)
    return Version(facts, stored.id, stored.updated, stored.contributor, int(current), int(stored.deleted))


def follow(records: Records, members: Iterable[str], known: dict[str, list[Edge]]) -> None:
    """Add to `known` every edge that leads on from the members, whenever and for whomever it holds."""
    waiting = set(members) - known.keys()
    while waiting:
        found = records.edges(waiting)
        known |= {member: [] for member in waiting}
        for edge in found:
            known[edge.member].append(edge)
        waiting = {edge.key for edge in found} - known.keys()
