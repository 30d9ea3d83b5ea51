"""Loading files an operator vouches for: client-given ids are kept, every refusal is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import EVERYTHING
from careplan_service.access.instants import instant
from careplan_service.errors import Invalid, Problem
from careplan_service.interactions.admission import Admitted, admit
from careplan_service.interactions.desk import Changes, Desk
from careplan_service.interactions.transaction import linked
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


def load(desk: Desk, sources: Sequence[Source], door: Door, report: Report) -> None:
    """Load one batch in one transaction; what is not valid is refused, the rest is kept."""
    admitted = [(source, found) for source in sources if (found := _admitted(source, door, report))]
    with desk.records.changes() as changes:
        for _, resource in admitted:
            _keep(desk, changes, resource, door, report)
        desk.note_in(changes, 200)


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
    resolve = linked(links)
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
    changes.put(write, before, desk.now, desk.caller.organization)
    report.loaded[name] = report.loaded.get(name, 0) + 1
