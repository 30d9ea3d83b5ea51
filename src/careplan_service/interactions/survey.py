"""What a data set refers to beyond itself, before and while it is loaded. https://hl7.org/fhir/R4/references.html"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from careplan_service.access.filters import EVERYTHING
from careplan_service.interactions.admission import Admitted
from careplan_service.interactions.records import Changes
from careplan_service.resources.literals import targets_in


def key_of(resource: Admitted) -> str:
    """`Goal/1`, or empty for a resource without an id."""
    id_ = resource.document.get("id")
    return f"{resource.spec.name}/{id_}" if id_ else ""


def targets_of(resource: Admitted, base_url: str) -> set[str]:
    """What the resource refers to on this server."""
    return {target.key for target in targets_in(resource.data, base_url).values()}


def _there(changes: Changes, keys: Iterable[str]) -> Mapping[str, int]:
    wanted = {key for key in keys if not key.startswith("urn:")}
    return changes.found(wanted, EVERYTHING) if wanted else {}


@dataclass
class Outside:
    """References whose target has not been seen yet, with how often each stands in the data."""

    times: dict[str, int] = field(default_factory=dict)

    def add(self, changes: Changes, resources: Iterable[Admitted], base_url: str) -> None:
        """Take in what was just stored: it may be what others were waiting for."""
        pointed = [key for resource in resources for key in targets_of(resource, base_url)]
        for resource in resources:
            self.times.pop(key_of(resource), None)
        there = _there(changes, pointed)
        for key in pointed:
            if key not in there:
                self.times[key] = self.times.get(key, 0) + 1

    @property
    def by_type(self) -> Mapping[str, int]:
        """How many references lead outside, by the type they name."""
        found: dict[str, int] = {}
        for key, times in self.times.items():
            type_ = "urn" if key.startswith("urn:") else key.partition("/")[0]
            found[type_] = found.get(type_, 0) + times
        return found


@dataclass
class Survey:
    """Every resource of a data set, and what it refers to that is not on record: a look before loading."""

    held: dict[str, int] = field(default_factory=dict)
    pointing: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)

    def add(self, changes: Changes, resources: Iterable[tuple[str, Admitted]], base_url: str) -> None:
        """Take in some resources, each with its place in the files."""
        targets = {place: targets_of(resource, base_url) for place, resource in resources}
        there = _there(changes, (key for keys in targets.values() for key in keys))
        for place, resource in resources:
            key = key_of(resource)
            self.held[key] = self.held.get(key, 0) + 1
            if missing := frozenset(targets[place] - there.keys()):
                self.pointing[place] = (key, missing)

    def dangling(self) -> dict[str, tuple[str, ...]]:
        """By place what each resource lacks; what refers to a resource that is refused lacks it too."""
        refused: dict[str, tuple[str, ...]] = {}
        held, waiting = dict(self.held), dict(self.pointing)
        while True:
            found = {
                place: tuple(sorted(key for key in keys if not held.get(key)))
                for place, (_, keys) in waiting.items()
            }
            found = {place: missing for place, missing in found.items() if missing}
            if not found:
                return refused
            refused |= found
            for place in found:
                key, _ = waiting.pop(place)
                held[key] -= 1
