"""Random records, consents and questions for the law `SQL = plain Python`; see `loaded.py`."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from builders import (
    ACT_CODE,
    ACT_REASON,
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
from careplan_service.access.consent.choices import STRICT, Choices
from careplan_service.access.consent.rules import Door
from careplan_service.access.consent.terminology import purpose_and_ancestors
from careplan_service.access.facts import Fact
from careplan_service.access.holds import Version
from careplan_service.access.instants import microseconds

Document = dict[str, Any]
T = TypeVar("T")

BASE_URL = "http://127.0.0.1:8000"
NOW = microseconds(datetime(2026, 6, 1, 12, 0, tzinfo=UTC))
DAY = 86_400_000_000
MOMENTS = (0, 0, 0, -1, 999_999, 1_000_000, 1_999_999, DAY, -DAY, DAY // 2 - 1, DAY // 2)
PATIENTS = ("Patient/ann", "Patient/ben", "Patient/cem")
ORGANIZATIONS = ("Organization/partner", "Organization/stranger", AGENCY)
PROFILES = ("http://example.org/profile/a", "http://example.org/profile/b")
LABELS = "N R V L U PSY HIV SUD ETH ETHUD BH SPI TREAT HRESCH 42CFRPart2 NORDSCLCD ADOL".split()
THEMES = (("N",), ("R",), ("V",), ("R", "PSY"), ("R", "SUD"), ("SUD",), ("PSY",), ("PSY", "V"), ("BH",))
PURPOSES = "COC TREAT ETREAT BTG HRESCH CLINTRCH HPAYMT PurposeOfUse".split()
PEOPLE = ("Practitioner/dana", "Practitioner/pat", "RelatedPerson/r")
ACTORS = (
    *ORGANIZATIONS,
    "Organization/above",
    *PEOPLE,
    "PractitionerRole/of-pat",
    "Group/g",
    "CareTeam/t",
    "Device/app",
    "Patient/ben",
)
ACTIONS = ("access", "correct", "collect", "use")
CONSENT_ACTION = "http://terminology.hl7.org/CodeSystem/consentaction"
ROLE_CODE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
NUMBERED = {"system": "http://example.org/numbers", "value": "7"}
TYPES = ("Goal", "CarePlan", "Condition", "CareTeam", "Group", "Patient", "Provenance", "Consent")
OPAQUE = coding("http://example.org/labels", "family-secret")

COC = purpose_and_ancestors("COC")
PROBES = (
    f.Consented(("Organization/partner",), COC, NOW),
    f.Consented(("Organization/partner",), COC, NOW, workforce=True),
    f.Consented(("Organization/partner",), (), NOW),
    f.Consented(("Organization/stranger",), COC, NOW + DAY),
    f.Consented(("Organization/agency",), COC, NOW - DAY, workforce=True),
    f.Consented(("Organization/partner", "Practitioner/pat", "PractitionerRole/of-pat"), COC, NOW),
    f.Consented(("Organization/agency", "Practitioner/dana"), COC, NOW, True, "correct"),
    f.Consented(("RelatedPerson/r",), COC, NOW, also=("Device/app",)),
    f.Represented("RelatedPerson/r", NOW),
)
FILTERS = (
    f.Has("Goal.category", "food-insecurity", ""),
    f.Within("Goal.start-date", "ge", NOW - 2 * DAY, NOW),
    f.Within("Goal.start-date", "eq", NOW - 10 * DAY, NOW),
    f.Updated("gt", NOW, NOW),
    f.Reads("Patient.family", "starts", "doe"),
    f.Reads("Patient.family", "exact", "do"),
    f.Has("Goal.category", "no-such-code"),
    f.Not(f.Is("patient", "Patient/ann")),
)


class Maker:
    """Makes random documents; `rng` is Python's or hypothesis's."""

    def __init__(self, rng: random.Random, choices: Choices = STRICT, *, plain: bool = False) -> None:
        self.rng, self.plain = rng, plain
        self.door = Door(BASE_URL, frozenset({AGENCY}), choices, keep=True)

    def one(self, of: Sequence[T]) -> T:
        return of[self.rng.randrange(len(of))]

    def some(self, of: Sequence[T], most: int) -> list[T]:
        return list(dict.fromkeys(self.one(of) for _ in range(self.rng.randrange(most + 1))))

    def maybe(self, one_in: int = 2) -> bool:
        return self.rng.randrange(one_in) == 0

    def rarely(self, one_in: int) -> bool:
        """`maybe`, but never in a plain world."""
        return not self.plain and self.maybe(one_in)

    def labels(self, most: int) -> list[Document]:
        chosen = self.one(THEMES) if self.maybe() else self.some(LABELS, most)
        found = [label(code) for code in chosen]
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
            "Patient": {
                "name": [{"family": self.one(("Doe", "Dörr", "doe-ray"))}],
                **({} if self.maybe(5) else {"birthDate": self.one(("2012-03-01", "2008-06-01", "1990"))}),
                **({"link": [{"other": other, "type": "replaced-by"}]} if self.maybe(3) else {}),
            },
            "Provenance": {
                "target": [{"reference": self.related()}],
                "recorded": "2026-01-01T00:00:00Z",
                "agent": [{"who": {"reference": self.one(PEOPLE)}}],
            },
        }
        document = {**base, **shapes[type_], "id": id_}
        if type_ == "Goal" and self.maybe():
            document["expressedBy"] = {"reference": self.one(PEOPLE)}
        if type_ == "CarePlan" and self.maybe():
            document["goal"] = [{"reference": self.related("Goal")}]
        if type_ in ("Patient", "Group", "Provenance"):
            document.pop("subject")
            if type_ == "Group" and self.maybe():
                document.pop("member")
        elif self.maybe(8):
            document["subject"] = {"reference": "Group/everybody"}
        if type_ == "Goal" and self.maybe():
            document["startDate"] = self.date()[:10]
        if type_ != "Provenance" and self.maybe(3):
            document["identifier"] = [{"value": "x", "type": concept(DOMAIN, self.one((FOOD, HOUSING)))}]
        meta = {"security": self.labels(3), "profile": self.some(PROFILES, 2)}
        meta = {name: value for name, value in meta.items() if value}
        return {**document, "meta": meta} if meta else document

    def directory(self) -> list[Document]:
        """Who belongs to whom, in any state: what the custodian keeps besides the records."""
        if self.plain:
            return []
        pat, dana, above = ({"reference": key} for key in (*PEOPLE[1::-1], "Organization/above"))
        when = {"period": self.period()} if self.maybe(4) else {}
        member = {"entity": self.one((pat, dana)), **({"inactive": True} if self.maybe(4) else {})}
        part = {"member": self.one(({"reference": ORGANIZATIONS[0]}, pat))}
        if self.maybe(4):
            part["onBehalfOf"] = {"reference": self.one(ORGANIZATIONS)}
        role = concept(ROLE_CODE, self.one(("GUARD", "GUARD", "MTH", "FRND")))
        named = {"identifier": [NUMBERED]} if self.maybe() else {}
        documents: list[Document] = [
            {"resourceType": "Organization", "id": "partner", "name": "p", "partOf": above, **named},
            {"resourceType": "Organization", "id": "above", "name": "a"},
            {"resourceType": "Group", "id": "g", "type": "practitioner", "actual": True, "member": [member]},
            {"resourceType": "CareTeam", "id": "t", "status": self.one(("active", "active", "inactive")),
             "participant": [part], **when},
            {"resourceType": "PractitionerRole", "id": "of-pat", "practitioner": pat,
             "organization": {"reference": self.one(ORGANIZATIONS)}, "active": not self.maybe(4)},
            {"resourceType": "RelatedPerson", "id": "r", "patient": {"reference": PATIENTS[2]},
             "relationship": [role], **(when if self.maybe() else {})},
        ]  # fmt: skip
        return [document for document in documents if not self.maybe(8)]

    def date(self) -> str:
        return self.one(("2024", "2025-12", "2026-05-31", "2026-06-01", "2026-06-02T08:00:00+02:00"))

    def provision(self, type_: str, *, nested: bool) -> Document:
        """A provision over the dimensions that are enforced."""
        provision = a_provision(type_)
        if self.maybe() or (type_ == "permit" and not nested):
            roles = ("IRCP", "IRCP", "PRCP", "TRC")
            pool = ORGANIZATIONS if self.plain or self.maybe() else ACTORS
            provision["actor"] = [
                a_provision(to=to, role=self.one(roles))["actor"][0] for to in self.some(pool, 2)
            ] or a_provision(to=ORGANIZATIONS[0])["actor"]
            if self.rarely(6):
                provision["actor"][0]["reference"] = {"identifier": NUMBERED}
            if self.rarely(6):
                to, role = self.one(((PEOPLE[0], "AUT"), (PEOPLE[1], "INF"), (AGENCY, "CST")))
                provision["actor"] += a_provision(to=to, role=role)["actor"]
        stated = {
            "action": [concept(CONSENT_ACTION, a) for a in self.some(ACTIONS, 2)] if self.rarely(5) else [],
            "dataPeriod": self.period() if self.rarely(5) else {},
            "data": [self.data()] if self.rarely(4) else [],
            "period": self.period() if self.maybe(4) else {},
            "purpose": [coding(ACT_REASON, c) for c in self.some(PURPOSES, 2)] if self.maybe(3) else [],
            "class": self.classes() if self.maybe(3) else [],
            "code": [concept(DOMAIN, c) for c in self.some((FOOD, HOUSING), 1)] if self.maybe(3) else [],
            "securityLabel": self.labels(3) if self.maybe() else [],
        }
        return {**provision, **{name: value for name, value in stated.items() if value}}

    def related(self, type_: str = "") -> str:
        """A goal or plan that is likely to be there: see `load`."""
        type_ = type_ or self.one(("Goal", "CarePlan"))
        return f"{type_}/r{TYPES.index(type_) + 7 * self.rng.randrange(3)}"

    def data(self) -> Document:
        meaning = self.one(("instance", "related", "dependents", "authoredby"))
        one = self.related()
        return {
            "meaning": meaning,
            "reference": {"reference": self.one(PEOPLE) if meaning[0] == "a" else one},
        }

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
        """A Consent of two levels at most; some not in force, unverified or another custodian's."""
        if self.rarely(3):
            return self.pointed(id_)
        types = ("permit", "permit", "permit", "deny")
        root = self.provision(self.one(types), nested=False)
        children = [self.provision(self.one(types), nested=True) for _ in range(self.rng.randrange(4))]
        if children:
            root["provision"] = children
            if self.maybe(3):
                children[0]["provision"] = [self.provision(self.one(types), nested=True)]
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
        if self.rarely(4):
            more["performer"] = [{"reference": "RelatedPerson/r"}]
        if root and self.rarely(16):
            root["extension"] = [{"url": "http://example.org/narrower", "valueBoolean": True}]
        of = PATIENTS if self.plain or self.maybe(4) else PATIENTS[:2]
        patient = PATIENTS[2] if "performer" in more and self.maybe() else self.one(of)
        return a_consent(patient, root, id=id_, **more)

    def pointed(self, id_: str) -> Document:
        """A Consent that says one thing only, where the directory decides what comes of it."""
        by_relative = {"performer": [{"reference": "RelatedPerson/r"}]}
        type_, to, more = self.one(
            (
                ("permit", ORGANIZATIONS[0], by_relative),
                ("permit", ORGANIZATIONS[0], {}),
                ("deny", "Organization/above", {}),
                ("permit", "Organization/above", {}),
                ("permit", ORGANIZATIONS[0], by_relative),
            )
        )
        patient = PATIENTS[2] if more else self.one(PATIENTS[:2])
        return a_consent(patient, a_provision(type_, to), id=id_, **more)

    def consented(self) -> f.Consented:
        purpose = self.one((*PURPOSES, ""))
        return f.Consented(
            actors=self.actors(),
            purpose=purpose_and_ancestors(purpose) if purpose else (),
            now=NOW
            + self.one((0, 0, 0, -1, 999_999, 1_000_000, 1_999_999, DAY, -DAY, DAY // 2 - 1, DAY // 2)),
            workforce=self.maybe(4),
            action=self.one(("access", "access", "correct")),
            also=("Device/app",) if self.maybe(4) else (),
            parts_follow=self.maybe(8),
            emergency=self.maybe(16),
        )

    def actors(self) -> tuple[str, ...]:
        """One organisation or two, perhaps with a person; or a person alone."""
        if self.maybe(3):
            role = self.one(("PractitionerRole/of-pat", "Practitioner/pat", "Device/app"))
            return (self.one(ORGANIZATIONS), role)
        people = ("Practitioner/dana", "RelatedPerson/r") if self.maybe(4) else ()
        organizations = [self.one(ORGANIZATIONS) for _ in range(1 + self.maybe(4))]
        if people and self.maybe(3):
            return people[1:]
        return tuple(dict.fromkeys((*organizations, *people[:1])))

    def linked(self, versions: Sequence[Version], depth: int) -> f.Filter:
        """A chain or a reverse chain, each step under some view."""
        forward = (
            f.Link("Goal.subject", "Patient", self.view()),
            f.Link("Goal.patient", "Patient", self.view(), "patient"),
            f.Link("CarePlan.subject", "Patient", self.view()),
            f.Link("CareTeam.participant", "Patient", self.view()),
            f.Link("Condition.subject", "Patient", self.view()),
        )
        backward = (
            f.Link("Goal.subject", "Goal", self.view(), reverse=True, source="Patient"),
            f.Link("Condition.patient", "Condition", self.view(), "patient", True, "Patient"),
            f.Link("CareTeam.participant", "CareTeam", self.view(), reverse=True, source="Patient"),
        )
        first, second = self.one(forward), self.one(backward)
        links = self.one(((first,), (second,), (first, second), (second, first), (first, second, first)))
        return f.Linked(links, self.filter(versions, depth - 1))

    def view(self) -> f.Filter:
        return self.one((f.EVERYTHING, self.consented(), f.Is("deleted", "0") & self.consented()))

    def filter(self, versions: Sequence[Version], depth: int = 3) -> f.Filter:
        """A question about the world: consents at the leaves more often than anything else."""
        if depth and self.maybe(3):
            parts = [self.filter(versions, depth - 1) for _ in range(self.rng.randrange(3))]
            return self.one(
                (f.All(tuple(parts)), f.Any(tuple(parts)), f.Not(self.filter(versions, depth - 1)))
            )
        if self.maybe(12):
            return f.Represented("RelatedPerson/r", NOW + self.one((0, DAY)))
        if depth == 3 and self.maybe(4):
            return self.linked(versions, 1)
        if self.maybe():
            return self.consented()
        rows = self.one(versions).facts.rows or (Fact("Goal.category"),)
        row, prefix = self.one(rows), self.one(("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"))
        edge = NOW + self.rng.randrange(-3, 3) * DAY
        return self.one(
            (
                f.Is("id", self.one(versions).id),
                f.Is("patient", self.one((*PATIENTS, ""))),
                f.Is("contributor", self.one(ORGANIZATIONS)),
                f.Is("others", self.one(("0", "1"))),
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
