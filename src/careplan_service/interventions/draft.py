"""The documents of one plan while they are being written: ids, references, labels.

https://hl7.org/fhir/R4/references.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from careplan_service.interventions.canonical import BASE, Document, element
from careplan_service.interventions.claims import claims
from careplan_service.interventions.plan import Identifier, Plan
from careplan_service.interventions.sensitivity import security


@dataclass(frozen=True)
class Identity:
    """Somebody or something that may already be on record: resource type, identifier system and value."""

    resource_type: str
    system: str
    value: str


Places = Mapping[tuple[str, str], str]
"""Where parts of a plan are on record: resource type and key (`("Goal", "1.1")`) to `Goal/x`."""


@dataclass
class Draft:
    """What has been written so far for one plan.

    `subject` is what the plan is about (`Patient/x` or `Group/x`), `members` the references of the members in
    their order, `who` the reference of everybody that strategies can name, `labels` the high-water mark of
    everything written. `places` are the references that parts have, or had before a change; `goal_labels` the
    labels of goals, objectives and strategies by number, for what refers to them; `claimed` the profiles that
    documents claim.
    """

    plan: Plan
    agency: str
    new_id: Callable[[], str]
    now: datetime
    known: Mapping[Identity, str]
    care_plan: str = ""
    subject: str = ""
    group: str = ""
    members: list[str] = field(default_factory=list)
    who: dict[str, str] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)
    documents: list[Document] = field(default_factory=list)
    places: dict[tuple[str, str], str] = field(default_factory=dict)
    goal_labels: dict[str, frozenset[str]] = field(default_factory=dict)
    claimed: dict[str, list[str]] = field(default_factory=dict)

    def reserve(self, resource_type: str, key: str) -> str:
        """The reference of a part of the plan, the same for every call, whether it is written yet or not."""
        place = (resource_type, key)
        if place not in self.places:
            self.places[place] = f"{resource_type}/{self.new_id()}"
        return self.places[place]

    def write(self, target: str, labels: Iterable[str], /, **content: object) -> str:
        """Adds the document that `target` refers to, with its labels and profiles; gives `target` back."""
        resource_type, _, id_ = target.partition("/")
        wanted = frozenset(labels)
        self.labels |= wanted
        document = {"resourceType": resource_type, "id": id_, "meta": {}, **element(**content)}
        self.claimed[target] = claims(document, self.claimed)
        document["meta"] = element(profile=self.claimed[target], security=security(wanted))
        self.documents.append(document)
        return target

    def on_record(self, resource_type: str, identifier: Identifier | None) -> str | None:
        """The reference of somebody known by this identifier, or None."""
        if identifier is None:
            return None
        return self.known.get(Identity(resource_type, identifier.system, identifier.value))

    def number_identifier(self, of: str, number: str) -> list[Document]:
        """`Document.identifier` for a plan or goal number, in a system of the caller's agency."""
        return [
            {
                "system": number_system(self.agency, of),
                "value": number,
                "assigner": {"reference": self.agency},
            }
        ]


def number_system(agency: str, of: str) -> str:
    """Whose numbers the plans or goals of an agency (`Organization/x`) have."""
    return f"{BASE}/identifier/{agency.partition('/')[2]}/{of}-number"


def identifier(of: Identifier | None) -> list[Document]:
    """`identifier` as FHIR has it: a list of one, or of none."""
    return [{"system": of.system, "value": of.value}] if of else []
