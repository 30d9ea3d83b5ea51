"""Random worlds for the law `SQL = plain Python`: clients, records, consents, and questions about them.

Everything goes the real way: facts by the specs, rules by `rules_of`, rows by `SqlRecords.changes().put`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from builders import (
    ACT_CODE,
    AGENCY,
    CONSENT_SCOPE,
    DOMAIN,
    FOOD,
    HOUSING,
    a_consent,
    a_goal,
    a_provision,
    coding,
    concept,
    label,
)
from careplan_service.access import filters as f
from careplan_service.access.consent.rules import Door, Rule, rules_of
from careplan_service.access.consent.terminology import purpose_and_ancestors
from careplan_service.access.facts import Fact
from careplan_service.access.holds import Version, World, holds
from careplan_service.access.instants import as_datetime, microseconds
from careplan_service.errors import Invalid
from careplan_service.interactions.desk import Page, Stored, Write
from careplan_service.resources.registry import SERVED
from careplan_service.store.records import SqlRecords

Document = dict[str, Any]
T = TypeVar("T")

BASE_URL = "http://127.0.0.1:8000"
DOOR = Door(BASE_URL, frozenset({AGENCY}))
NOW = microseconds(datetime(2026, 6, 1, 12, 0, tzinfo=UTC))
DAY = 86_400_000_000
PATIENTS = ("Patient/ann", "Patient/ben", "Patient/cem")
ORGANIZATIONS = ("Organization/partner", "Organization/stranger", AGENCY)
PROFILES = ("http://example.org/profile/a", "http://example.org/profile/b")
LABELS = "N R V L U PSY HIV SUD ETH ETHUD BH SPI TREAT HRESCH 42CFRPart2 NORDSCLCD".split()
PURPOSES = "COC TREAT ETREAT BTG HRESCH CLINTRCH HPAYMT PurposeOfUse".split()
TYPES = ("Goal", "CarePlan", "Condition", "CareTeam", "Group", "Patient", "Consent")
EVERYBODY = Page(limit=1000)
OPAQUE = coding("http://example.org/labels", "family-secret")


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

    @property
    def world(self) -> World:
        consents: dict[str, list[Sequence[Rule]]] = {}
        for patient, rules in self.rules.values():
            consents.setdefault(patient, []).append(rules)
        return World(consents)


class Undone(Exception):
    """Ends a transaction so that nothing of it stays."""


@contextmanager
def undone(records: SqlRecords) -> Iterator[Any]:
    """A transaction whose writes the same thread can ask about, and that leaves nothing behind."""
    try:
        with records.changes() as changes:
            yield changes
            raise Undone
    except Undone:
        pass


class Maker:
    """Makes random documents; `rng` is Python's or hypothesis's."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def one(self, of: Sequence[T]) -> T:
        return of[self.rng.randrange(len(of))]

    def some(self, of: Sequence[T], most: int) -> list[T]:
        return list(dict.fromkeys(self.one(of) for _ in range(self.rng.randrange(most + 1))))

    def maybe(self, one_in: int = 2) -> bool:
        return self.rng.randrange(one_in) == 0

    def labels(self, most: int) -> list[Document]:
        found = [label(code) for code in self.some(LABELS, most)]
        return [*found, OPAQUE] if self.maybe(12) else found

    def document(self, type_: str, id_: str) -> Document:
        """A resource about some patient, or about none."""
        subject, other = self.one(PATIENTS), {"reference": self.one(PATIENTS)}
        about = concept(DOMAIN, self.one((FOOD, HOUSING)))
        base = (
            a_goal(of=subject)
            if type_ == "Goal"
            else {"resourceType": type_, "subject": {"reference": subject}}
        )
        shapes: Mapping[str, Document] = {
            "Goal": {"category": [about]},
            "CarePlan": {
                "status": "active",
                "intent": "plan",
                "category": [about],
                **(
                    {"activity": [{"detail": {"status": "scheduled", "performer": [other]}}]}
                    if self.maybe(3)
                    else {}
                ),
            },
            "Condition": {
                "code": about,
                "onsetDateTime": self.date(),
                **({"asserter": other} if self.maybe(3) else {}),
            },
            "CareTeam": {"category": [about], "participant": [{"member": other}]},
            "Group": {"type": "person", "actual": True, "code": about, "member": [{"entity": other}]},
            "Patient": {"name": [{"family": self.one(("Doe", "Dörr", "doe-ray"))}]},
        }
        document = {**base, **shapes[type_], "id": id_}
        if type_ in ("Patient", "Group"):
            document.pop("subject")
            if type_ == "Group" and self.maybe():
                document.pop("member")
        elif self.maybe(8):
            document["subject"] = {"reference": "Group/everybody"}
        if type_ == "Goal" and self.maybe():
            document["startDate"] = self.date()[:10]
        if self.maybe(3):
            document["identifier"] = [{"value": "x", "type": concept(DOMAIN, self.one((FOOD, HOUSING)))}]
        meta = {"security": self.labels(3), "profile": self.some(PROFILES, 2)}
        meta = {name: value for name, value in meta.items() if value}
        return {**document, "meta": meta} if meta else document

    def date(self) -> str:
        return self.one(("2024", "2025-12", "2026-05-31", "2026-06-01", "2026-06-02T08:00:00+02:00"))

    def provision(self, type_: str, *, nested: bool) -> Document:
        """A provision over the dimensions that are enforced."""
        provision = a_provision(type_)
        if self.maybe() or (type_ == "permit" and not nested):
            roles = ("IRCP", "IRCP", "PRCP", "TRC")
            provision["actor"] = [
                a_provision(to=to, role=self.one(roles))["actor"][0] for to in self.some(ORGANIZATIONS, 2)
            ] or a_provision(to=ORGANIZATIONS[0])["actor"]
        stated = {
            "period": self.period() if self.maybe(4) else {},
            "purpose": [coding(CODES["purpose"], c) for c in self.some(PURPOSES, 2)] if self.maybe(3) else [],
            "class": self.classes() if self.maybe(3) else [],
            "code": [concept(DOMAIN, c) for c in self.some((FOOD, HOUSING), 1)] if self.maybe(3) else [],
            "securityLabel": self.labels(3) if self.maybe() else [],
        }
        return {**provision, **{name: value for name, value in stated.items() if value}}

    def classes(self) -> list[Document]:
        types = [coding("http://hl7.org/fhir/resource-types", t) for t in self.some(TYPES, 2)]
        return types + [coding("urn:ietf:rfc:3986", p) for p in self.some(PROFILES, 1)]

    def period(self) -> Document:
        edges = (
            "2025",
            "2026-05-31",
            "2026-06-01",
            "2026-06-01T12:00:00Z",
            "2026-06-01T12:00:01Z",
            "2027-01",
        )
        first, last = sorted((self.rng.randrange(len(edges)), self.rng.randrange(len(edges))))
        both = {"start": edges[first], "end": edges[last]}
        return self.one((both, both, {"start": edges[first]}, {"end": edges[last]}))

    def consent(self, id_: str) -> Document:
        """A Consent of two levels at most; some are not in force, some unverified, some another custodian's."""
        types = ("permit", "permit", "permit", "deny")
        root = self.provision(self.one(types), nested=False)
        children = [self.provision(self.one(types), nested=True) for _ in range(self.rng.randrange(4))]
        if children:
            root["provision"] = children
        more: Document = {"dateTime": self.one(("2025", "2026-06-01", "2026-06-02"))} if self.maybe(4) else {}
        if self.maybe(10):
            more["verification"] = [{"verified": False}]
        if self.maybe(10):
            more["organization"] = [{"reference": self.one((AGENCY, "Organization/elsewhere"))}]
        if self.maybe(12):
            more["status"] = self.one(("inactive", "rejected", "proposed"))
        if self.maybe(12):
            more["scope"] = concept(CONSENT_SCOPE, self.one(("treatment", "research", "adr")))
        if self.maybe(12):
            root, more["policyRule"] = None, concept(ACT_CODE, self.one(("OPTIN", "OPTOUT")))
        return a_consent(self.one(PATIENTS), root, id=id_, **more)

    def load(self, changes: Any, resources: int, consents: int) -> Loaded:
        """Put a world into the open transaction."""
        loaded = Loaded()
        for n in range(resources):
            type_ = self.one(TYPES[:-1])
            id_ = f"r{n}" if type_ != "Patient" else self.one(PATIENTS).split("/")[1]
            if any((r.type, r.id) == (type_, id_) for r in loaded.recorded):
                continue
            recorded, before = Recorded(type_, id_), None
            for _ in range(1 + self.maybe(4)):
                before = self._put(changes, loaded, recorded, self.document(type_, id_), before)
            loaded.recorded.append(recorded)
        for n in range(consents):
            recorded, before = Recorded("Consent", f"c{n}"), None
            for _ in range(1 + self.maybe(5)):
                before = self._put(changes, loaded, recorded, self.consent(f"c{n}"), before)
            loaded.recorded.append(recorded)
        return loaded

    def _put(
        self, changes: Any, loaded: Loaded, recorded: Recorded, document: Document, before: Stored | None
    ) -> Stored:
        facts = SERVED[recorded.type].facts(document, BASE_URL)
        rules = _rules(document) if recorded.type == "Consent" else ()
        method = "DELETE" if before is not None and self.maybe(3) else "PUT"
        if method == "DELETE":
            rules = ()
        contributor = self.one(ORGANIZATIONS)
        write = Write(recorded.type, recorded.id, method, lambda v, at: b"{}", facts, rules)
        stored = changes.put(write, before, NOW + self.rng.randrange(-2, 3) * DAY, contributor)
        if recorded.type == "Consent":
            loaded.rules[recorded.id] = (facts.patient, rules)
        for version in recorded.versions:
            recorded.versions[recorded.versions.index(version)] = _retired(version)
        recorded.versions.append(
            Version(facts, recorded.id, stored.updated, contributor, 1, int(method == "DELETE"))
        )
        return stored

    def consented(self) -> f.Consented:
        purpose = self.one((*PURPOSES, ""))
        return f.Consented(
            actors=tuple(dict.fromkeys(self.one(ORGANIZATIONS) for _ in range(1 + self.maybe(4)))),
            purpose=purpose_and_ancestors(purpose) if purpose else (),
            now=NOW + self.one((0, 0, 0, 0, 1, -1, 999, 1000, DAY, -DAY, 12 * 3_600_000_000)),
            workforce=self.maybe(4),
        )

    def filter(self, loaded: Loaded, depth: int = 3) -> f.Filter:
        """A question about the world: consents at the leaves more often than anything else."""
        if depth and self.maybe(3):
            parts = [self.filter(loaded, depth - 1) for _ in range(self.rng.randrange(3))]
            return self.one((f.All(tuple(parts)), f.Any(tuple(parts)), f.Not(self.filter(loaded, depth - 1))))
        if self.maybe():
            return self.consented()
        rows = self.one(loaded.recorded).current.facts.rows or (Fact("Goal.category"),)
        row, prefix = self.one(rows), self.one(("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"))
        edge = NOW + self.rng.randrange(-3, 3) * DAY
        return self.one(
            (
                f.Is("id", self.one(loaded.recorded).id),
                f.Is("patient", self.one((*PATIENTS, ""))),
                f.Is("contributor", self.one(ORGANIZATIONS)),
                f.Has(row.param, self.one((None, row.value)), self.one((None, row.system))),
                f.Reads(
                    "Patient.family",
                    self.one(("starts", "contains", "exact")),
                    self.one(("d", "doe", "Doe", "")),
                ),
                f.Within(row.param, prefix, edge, edge + self.rng.randrange(2) * DAY),
                f.Updated(prefix, edge, edge + self.rng.randrange(3) * DAY),
            )
        )


CODES = {"purpose": "http://terminology.hl7.org/CodeSystem/v3-ActReason"}


def _retired(version: Version) -> Version:
    return Version(version.facts, version.id, version.updated, version.contributor, 0, version.deleted)


def _rules(consent: Document) -> tuple[Rule, ...]:
    try:
        return rules_of(consent, DOOR)
    except Invalid as problem:  # pragma: no cover - a world that asks for more than is enforced is no world
        raise AssertionError([(fault.expression, fault.text) for fault in problem.faults]) from None


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


def moment(us: int) -> str:
    """A moment as a FHIR dateTime."""
    return as_datetime(us).isoformat()
