"""A decision vector read: a world, Consents, a request and a resource, with what is to be decided.

The world becomes FHIR documents, so that both twins are asked about what a service would hold.
https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from careplan_service.access.consent.choices import PROFILES, Choices
from careplan_service.access.consent.decide import Request
from careplan_service.access.consent.decision import Compiled
from careplan_service.access.consent.directory import Directory, majority_of
from careplan_service.access.consent.rules import Door, rules_of
from careplan_service.access.facts import Record
from careplan_service.access.holds import Version, World
from careplan_service.access.instants import span
from careplan_service.errors import Invalid
from careplan_service.interventions.file_text import json_in
from careplan_service.resources.directory import edges_of
from careplan_service.resources.registry import SERVED

Document = dict[str, Any]
_LONG_AGO = "2000-01-01T00:00:00Z"
_CHOICES: Mapping[str, tuple[str, Mapping[Any, Any]]] = {
    "unnamed_recipient": ("open_recipient", {"deny": False, "community": True}),
    "org_permit_descends": ("parts_follow", {}),
    "nested_same_type": ("exceptions_replace", {"override": True, "strict": False}),
    "implicit_conf_ceiling": ("ceiling", {"N": True, None: False}),
    "part2_explicit": ("part2_named", {}),
    "related_reading": ("both_ways", {"r4": False, "both": True}),
    "btg": ("break_glass", {}),
    "export_needs_collect": ("export_collects", {}),
}
"""Our own name of each setting that a vector may change, and what its values are called here."""


@dataclass(frozen=True)
class Vector:
    """One case; `expected` holds `decision`, and what else is to be compared where it is stated."""

    id: str
    title: str
    profile: str
    door: Door
    request: Request
    documents: tuple[Document, ...]
    consents: tuple[Document, ...]
    resource: Document
    current: Document | None
    expected: Mapping[str, Any]

    @property
    def compiled(self) -> Mapping[str, list[Compiled]]:
        """The Consents as rules by their patients; what cannot be enforced is kept."""
        found: dict[str, list[Compiled]] = {}
        for document in self.consents:
            patient = SERVED["Consent"].facts(document, self.door.base_url).patient
            rules = rules_of(document, self.door)
            found.setdefault(patient, []).append(Compiled(rules, f"Consent/{document['id']}"))
        return found

    @property
    def directory(self) -> Directory:
        """What the documents say of who belongs to whom."""
        edges = [edge for one in self.documents for edge in edges_of(one, self.door.base_url)]
        ages = {
            f"Patient/{one['id']}": majority_of(span(one["birthDate"])[0])
            for one in self.documents
            if "birthDate" in one
        }
        return Directory.of(edges, ages)

    def record(self, document: Document) -> Record:
        """A version with what the other documents put around it."""
        beside = (self.version(one) for one in self.documents if one["resourceType"] in SERVED)
        return World({}, tuple(beside)).record(self.version(document))

    def version(self, document: Document) -> Version:
        """A document as the filters see it."""
        facts = SERVED[document["resourceType"]].facts(document, self.door.base_url)
        return Version(facts, document["id"], updated(document), "")

    @property
    def refused(self) -> bool:
        """Whether a Consent of it is refused with 422 when it is filed."""
        try:
            for document in self.consents:
                rules_of(document, replace(self.door, keep=False))
        except Invalid:
            return True
        return False


def updated(document: Document) -> int:
    """When a document of a vector was stored, in microseconds UTC."""
    return span(document.get("meta", {}).get("lastUpdated", _LONG_AGO))[0]


def vectors_in(path: Path) -> Iterator[Vector]:
    """The decision vectors of a file. Raises Invalid for one that cannot be read or has none."""
    file = json_in(path.read_bytes())
    if not isinstance(file, dict) or not {"vectors", "profiles"} <= file.keys():
        raise Invalid("the file has no decision vectors: write an object with `vectors` and `profiles`")
    for vector in file["vectors"]:
        if vector["kind"] == "decision":
            yield _vector(vector, file["profiles"])


def _vector(vector: Document, profiles: Mapping[str, Any]) -> Vector:
    profile = vector["settings"]["profile"]
    overrides = vector["settings"].get("overrides") or {}
    settings = {**profiles[profile], **overrides}
    base_url = settings["base_urls"][0].removesuffix("/fhir")
    return Vector(
        id=vector["id"],
        title=vector["title"],
        profile=profile,
        door=Door(base_url, frozenset(settings["our_orgs"]), _choices(profile, overrides), keep=True),
        request=_request(vector["request"]),
        documents=(*_world(vector.get("world", {})), *vector.get("others", ())),
        consents=tuple(vector["consents"]),
        resource=vector["resource"],
        current=vector.get("currentVersion"),
        expected=vector["expected"],
    )


def _choices(profile: str, overrides: Mapping[str, Any]) -> Choices:
    changed = {}
    for name, value in overrides.items():
        if name in _CHOICES:
            ours, values = _CHOICES[name]
            changed[ours] = values.get(value, value)
    return replace(PROFILES[profile], **changed)


_ACTORS = ("organization", "practitioner", "practitionerRole", "relatedPerson", "patient", "device")


def _request(request: Document) -> Request:
    glass = request.get("btg") or {}
    return Request(
        actors=tuple(request[name] for name in _ACTORS if name in request),
        purposes=tuple(request["purpose"]),
        interaction=request["interaction"],
        now=span(request["time"])[0],
        patient=request.get("patient", ""),
        relative=request.get("relatedPerson", ""),
        person="practitioner" in request,
        break_glass=str(glass.get("reason", "stated elsewhere")) if glass.get("authorised") else "",
    )


def _world(world: Document) -> Iterator[Document]:
    for key, group in world.get("groups", {}).items():
        members = [_member(one, "entity") for one in group["members"]]
        more = {"type": "person", "actual": True, "active": group.get("active", True), "member": members}
        yield _document(key, more)
    for key, team in world.get("careTeams", {}).items():
        yield _document(
            key,
            {"status": team["status"], "participant": [_member(p, "member") for p in team["participants"]]},
        )
    for key, role in world.get("practitionerRoles", {}).items():
        more = {name: {"reference": role[name]} for name in ("practitioner", "organization")}
        yield _document(key, {**more, **{n: role[n] for n in ("active", "period") if n in role}})
    for key, parent in world.get("partOf", {}).items():
        yield _document(key, {"partOf": {"reference": parent}})
    for key, proxy in world.get("proxies", {}).items():
        guardian = {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUARD"}]
        }
        more = {"patient": {"reference": proxy["patient"]}, "relationship": [guardian]}
        yield _document(key, {**more, **({"period": proxy["period"]} if "period" in proxy else {})})
    for key, date in world.get("birthDates", {}).items():
        yield _document(key, {"birthDate": date})


def _member(one: Document, name: str) -> Document:
    more: Document = {key: one[key] for key in ("inactive", "period") if key in one}
    return {name: {"reference": one["ref"]}, **more}


def _document(key: str, more: Document) -> Document:
    type_, _, id_ = key.partition("/")
    return {"resourceType": type_, "id": id_, **more}
