"""A random world in a database and the same in plain Python, and where the two disagree.

Everything goes the real way: facts by the specs, rules by `rules_of`, rows by `SqlRecords.changes().put`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from access.worlds import DAY, NOW, ORGANIZATIONS, PATIENTS, TYPES, Document, Maker
from builders import AGENCY
from careplan_service.access import filters as f
from careplan_service.access.consent.decision import Compiled
from careplan_service.access.consent.directory import Directory, Edge, majority_of
from careplan_service.access.consent.rules import Door, Rule, rules_of
from careplan_service.access.holds import Version, World, holds
from careplan_service.access.instants import span
from careplan_service.interactions.records import Page, Stored, Write
from careplan_service.resources.directory import edges_of
from careplan_service.resources.registry import SERVED
from careplan_service.store.records import SqlRecords

BASE_URL = "http://127.0.0.1:8000"
DOOR = Door(BASE_URL, frozenset({AGENCY}))
EVERYBODY = Page(limit=1000)


@dataclass
class Recorded:
    """One resource: its versions as the filters see them, oldest first."""

    type: str
    id: str
    versions: list[Version] = field(default_factory=list)

    @property
    def current(self) -> Version:
        return self.versions[-1]


@dataclass
class Loaded:
    """A world that stands in the database, and the same in Python."""

    recorded: list[Recorded] = field(default_factory=list)
    rules: dict[str, tuple[str, tuple[Rule, ...]]] = field(default_factory=dict)
    edges: dict[str, tuple[Edge, ...]] = field(default_factory=dict)
    of_age: dict[str, int] = field(default_factory=dict)

    @property
    def currents(self) -> list[Version]:
        return [recorded.current for recorded in self.recorded]

    @property
    def world(self) -> World:
        consents: dict[str, list[Compiled]] = {}
        for patient, rules in self.rules.values():
            consents.setdefault(patient, []).append(Compiled(rules))
        edges = [edge for stated in self.edges.values() for edge in stated]
        return World(consents, tuple(self.currents), Directory.of(edges, self.of_age))


def load(maker: Maker, changes: Any, resources: int, consents: int) -> Loaded:
    """Put a world into the open transaction."""
    loaded = Loaded()
    for document in maker.directory():
        recorded, before = Recorded(document["resourceType"], document["id"]), None
        for version in (document, *([{**document, "language": "en"}] if maker.maybe(3) else [])):
            before = _put(maker, changes, loaded, recorded, version, before)
        loaded.recorded.append(recorded)
    for n in range(resources):
        type_ = TYPES[n % 7]
        id_ = f"r{n}" if type_ != "Patient" else PATIENTS[n % 3].split("/")[1]
        if any((r.type, r.id) == (type_, id_) for r in loaded.recorded):
            continue
        recorded, before = Recorded(type_, id_), None
        for _ in range(1 + maker.maybe(3)):
            before = _put(maker, changes, loaded, recorded, maker.document(type_, id_), before)
        loaded.recorded.append(recorded)
    for n in range(consents):
        recorded, before = Recorded("Consent", f"c{n}"), None
        for _ in range(1 + maker.maybe(5)):
            before = _put(maker, changes, loaded, recorded, maker.consent(f"c{n}"), before)
        loaded.recorded.append(recorded)
    for recorded in [] if maker.plain else list(loaded.recorded):
        again = {d["resourceType"]: d for d in maker.directory()}
        if recorded.type == "Patient":
            again["Patient"] = maker.document("Patient", recorded.id)
        if recorded.type in ("Patient", "RelatedPerson") and recorded.type in again and maker.maybe():
            before = changes.current(recorded.type, recorded.id, f.EVERYTHING)
            _put(maker, changes, loaded, recorded, again[recorded.type], before)
    return loaded


def _put(
    maker: Maker, changes: Any, loaded: Loaded, recorded: Recorded, document: Document, before: Stored | None
) -> Stored:
    facts = SERVED[recorded.type].facts(document, BASE_URL)
    rules = rules_of(document, maker.door) if recorded.type == "Consent" else ()
    edges = edges_of(document, BASE_URL)
    method = "DELETE" if before is not None and maker.maybe(3) else "PUT"
    if method == "DELETE":
        rules, edges = (), ()
    contributor = maker.one(ORGANIZATIONS)
    write = Write(recorded.type, recorded.id, method, lambda v, at: b"{}", facts, rules, edges)
    stored = changes.put(write, before, NOW + maker.rng.randrange(-2, 3) * DAY, contributor)
    key = f"{recorded.type}/{recorded.id}"
    loaded.edges[key] = edges
    loaded.of_age.pop(key, None)
    if method == "PUT" and "birthDate" in document:
        loaded.of_age[key] = majority_of(span(document["birthDate"])[0])
    if recorded.type == "Consent":
        loaded.rules[recorded.id] = (facts.patient, rules)
    recorded.versions[:] = [replace(version, current=0) for version in recorded.versions]
    recorded.versions.append(
        Version(facts, recorded.id, stored.updated, contributor, 1, int(method == "DELETE"))
    )
    return stored


def disagreements(records: SqlRecords, loaded: Loaded, wanted: f.Filter) -> list[str]:
    """Where `find` and `count` say another thing than `holds` about the current versions."""
    found, world = [], loaded.world
    for type_ in sorted({recorded.type for recorded in loaded.recorded}):
        expected = {
            r.id for r in loaded.recorded
            if r.type == type_ and not r.current.deleted and holds(wanted, r.current, world)
        }  # fmt: skip
        shown = {stored.id for stored in records.find(type_, wanted, EVERYBODY)}
        counted = records.count(type_, wanted)
        if shown != expected or counted != len(expected):
            found.append(f"{type_}: SQL {sorted(shown)} ({counted}), Python {sorted(expected)} for {wanted}")
    return found


def disagreement(records: SqlRecords, loaded: Loaded, wanted: f.Filter) -> tuple[list[str], int]:
    """Where one query over the whole world says another thing than `holds`; how many are permitted."""
    world = loaded.world
    expected = {
        (r.type, r.id) for r in loaded.recorded if not r.current.deleted and holds(wanted, r.current, world)
    }
    shown = {(stored.type, stored.id) for stored in records.find("", wanted, EVERYBODY)}
    told = [] if shown == expected else [f"SQL {shown - expected}, Python {expected - shown} for {wanted}"]
    return told, len(expected)


def history_disagreements(records: SqlRecords, loaded: Loaded, seen: f.Filter) -> list[str]:
    """Where `current`, `versions` and `version` say another thing than `holds` about single versions."""
    found, world = [], loaded.world
    for r in loaded.recorded:
        now = holds(seen, r.current, world)
        expected = [n for n, v in enumerate(r.versions, 1) if now and holds(seen, v, world)]
        shown = [stored.version for stored in records.versions(r.type, r.id, seen, EVERYBODY)]
        single = [n for n in range(1, len(r.versions) + 1) if records.version(r.type, r.id, n, seen)]
        counted = records.count_versions(r.type, r.id, seen)
        if shown[::-1] != expected or single != expected or counted != len(expected):
            found.append(f"{r.type}/{r.id}: SQL {shown} {single} {counted}, Python {expected} for {seen}")
        if (records.current(r.type, r.id, seen) is not None) != now:
            found.append(f"{r.type}/{r.id}: current differs for {seen}")
    return found
