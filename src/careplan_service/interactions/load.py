"""Loading files an operator vouches for: client-given ids are kept, every refusal is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import EVERYTHING
from careplan_service.access.instants import instant
from careplan_service.errors import Invalid, Problem
from careplan_service.interactions.admission import Admitted, admit
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.links import Links
from careplan_service.interactions.records import Changes
from careplan_service.interactions.survey import Outside, Survey
from careplan_service.resources import r4
from careplan_service.resources.registry import SERVED
from careplan_service.resources.splice import entry_resources

BATCH = 200


class Source(NamedTuple):
    """One resource in a file: where it stands and its bytes."""

    place: str
    data: bytes


class Refusal(NamedTuple):
    """What was not loaded, and every reason."""

    place: str
    what: str
    reasons: tuple[str, ...]


@dataclass
class Report:
    """What became of everything that was found."""

    loaded: dict[str, int] = field(default_factory=dict)
    unchanged: int = 0
    not_served: dict[str, int] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    outside: Outside = field(default_factory=Outside)


def load(
    desk: Desk,
    sources: Sequence[Source],
    door: Door,
    report: Report,
    dangling: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> None:
    """Load one batch in one transaction; what is not valid is refused, the rest is kept.

    References to what is not in the data are kept and counted; what `dangling` names by its place, with
    the targets it lacks, is refused (`survey` finds it beforehand).
    """
    admitted = list(_all_admitted(sources, door, report))
    kept = [resource for source, resource in admitted if source.place not in dangling]
    for source, resource in admitted:
        if source.place in dangling:
            reasons = tuple(f"refers to `{key}`, which is not here" for key in dangling[source.place])
            what = f"{resource.spec.name}/{resource.document.get('id', '')}"
            report.refused.append(Refusal(source.place, what, reasons))
    with desk.records.changes() as changes:
        for resource in kept:
            _keep(desk, changes, resource, door, report)
        report.outside.add(changes, kept, door.base_url)
        desk.note_in(changes, 200)


def survey(desk: Desk, sources: Sequence[Source], door: Door, found: Survey) -> None:
    """Look at one batch without loading it."""
    admitted = [(source.place, resource) for source, resource in _all_admitted(sources, door, Report())]
    with desk.records.changes() as changes:
        found.add(changes, admitted, door.base_url)


def _all_admitted(sources: Sequence[Source], door: Door, report: Report) -> Iterator[tuple[Source, Admitted]]:
    for source in sources:
        if resource := _admitted(source, door, report):
            yield source, resource


def sources_in(place: str, data: bytes) -> Iterator[Source]:
    """The resources of one JSON file: itself, or the entries of a Bundle with their links resolved."""
    document = _parsed(data)
    if document is None or document.get("resourceType") != "Bundle":
        yield Source(place, data)
        return
    entries = [entry for entry in document.get("entry", ()) if isinstance(entry, dict)]
    links = {
        str(entry["fullUrl"]): f"{resource['resourceType']}/{resource['id']}"
        for entry in entries
        if str(entry.get("fullUrl", "")).startswith("urn:")
        and isinstance(resource := entry.get("resource"), dict)
        and "id" in resource
    }
    resolve = Links(links).resolve
    for number, body in enumerate(entry_resources(data)):
        if body is not None:
            yield Source(f"{place} entry[{number}]", resolve(body))


def _parsed(data: bytes) -> dict[str, Any] | None:
    try:
        return r4.parse(data)
    except Problem:
        return None


def _admitted(source: Source, door: Door, report: Report) -> Admitted | None:
    what = "resource"
    try:
        document = r4.parse(source.data)
        type_ = str(document.get("resourceType", ""))
        what = f"{type_}/{document.get('id', '')}"
        if not type_:
            raise Invalid("no `resourceType`: this is no FHIR resource")
        if type_ not in SERVED:
            report.not_served[type_] = report.not_served.get(type_, 0) + 1
            return None
        return admit(SERVED[type_], source.data, door)
    except Problem as problem:
        reasons = tuple(f"{f.expression}: {f.text}" if f.expression else f.text for f in problem.faults)
        report.refused.append(Refusal(source.place, what, reasons))
        return None


def _keep(desk: Desk, changes: Changes, resource: Admitted, door: Door, report: Report) -> None:
    name = resource.spec.name
    id_ = str(resource.document.get("id") or desk.new_id())
    before = changes.current(name, id_, EVERYTHING)
    write = resource.write(id_, "PUT", door.base_url)
    if before and not before.deleted and write.stamp(before.version, instant(before.updated)) == before.body:
        report.unchanged += 1
        return
    desk.put(changes, write, before)
    report.loaded[name] = report.loaded.get(name, 0) + 1
