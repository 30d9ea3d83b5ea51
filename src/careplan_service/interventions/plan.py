"""The practitioner's intervention plan, in the practitioner's words: values without behaviour.

What it becomes in FHIR: https://hl7.org/fhir/R4/careplan.html and https://hl7.org/fhir/R4/goal.html

Codes in these values (kinds, domains, states, labels) are the project's own, as `catalogue` and `terms` list
them. Texts are never empty and never padded; what is not known is None, `()` or False. `sensitivity` holds
v3-ActCode labels that a person set by hand, beyond those that the rules find.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from careplan_service.interventions.record import Assessment, Closing, Referral, Review, Scaling, Session

Value = str | int | bool
"""What an objective is measured by: a whole number, yes/no, or words (decimals stay as they were written)."""


@dataclass(frozen=True)
class Identifier:
    """A number somebody was given: `system` an absolute URI, `value` the number."""

    system: str
    value: str


@dataclass(frozen=True)
class EmergencyContact:
    """Who is rung when something happens to a person."""

    name: str
    phone: str | None = None
    relationship: str | None = None


@dataclass(frozen=True)
class Person:
    """Who somebody is and how to reach them. At least one of `given` and `family` is there.

    `safe_contact` says how this person may be contacted without danger; `address_confidential`
    keeps the whole contact block (`phone`, `email`, `address`, `emergency_contact`) out of the person's own
    FHIR document. `identifiers` are those beyond the first; `guardian` is the name of a member, or says in
    words who decides for this person.
    """

    given: str | None = None
    family: str | None = None
    identifier: Identifier | None = None
    birth_date: date | None = None
    gender: str | None = None
    phone: str | None = None
    email: str | None = None
    address: str | None = None
    language: str | None = None
    interpreter: bool = False
    safe_contact: str | None = None
    address_confidential: bool = False
    pronouns: str | None = None
    identifiers: tuple[Identifier, ...] = ()
    emergency_contact: EmergencyContact | None = None
    guardian: str | None = None

    @property
    def name(self) -> str:
        """Given and family name, as one text."""
        return " ".join(part for part in (self.given, self.family) if part)


@dataclass(frozen=True)
class Member:
    """A person of the client system; `client` is False for family who is not a client of the agency.

    With `alleged_abuser` somebody is kept from the records of the clients whatever any consent says; False
    ends that, None says nothing of it.
    """

    person: Person
    role: str | None = None
    client: bool = True
    alleged_abuser: bool | None = None
    sensitivity: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClientSystem:
    """Whom the plan is for: `kind` is individual, family, group, community or organisation."""

    kind: str
    name: str | None = None
    members: tuple[Member, ...] = ()
    identifier: Identifier | None = None
    size: int | None = None
    locality: str | None = None
    description: str | None = None
    sensitivity: tuple[str, ...] = ()

    @property
    def index_client(self) -> Member | None:
        """The client whose record the plan of an individual or a family is kept in: the first of them."""
        if self.kind not in ("individual", "family"):
            return None
        return next((member for member in self.members if member.client), None)


@dataclass(frozen=True)
class Need:
    """A presenting need: `codes` are ICD-10-CM or SNOMED CT codes picked from the domain's list."""

    text: str
    domain: str
    severity: str | None = None
    codes: tuple[str, ...] = ()
    sensitivity: tuple[str, ...] = ()


@dataclass(frozen=True)
class Strength:
    """What the client system can build on."""

    text: str
    codes: tuple[str, ...] = ()
    sensitivity: tuple[str, ...] = ()


@dataclass(frozen=True)
class Strategy:
    """What is done for an objective: number `1.1.a`; `who` is `client`, `worker`, or names from the plan."""

    number: str
    text: str
    kind: str
    method: str | None = None
    evidence_base: str | None = None
    frequency: str | None = None
    duration: str | None = None
    count: int | None = None
    who: tuple[str, ...] = ()
    where: str | None = None
    status: str = "planned"
    sensitivity: tuple[str, ...] = ()


@dataclass(frozen=True)
class Objective:
    """A measurable step to a goal: number `1.1`; `result` is what was measured of it, on `result_date`."""

    number: str
    statement: str
    measure: str | None = None
    target: Value | None = None
    baseline: Value | None = None
    due: date | None = None
    result: Value | None = None
    result_date: date | None = None
    evidence: str | None = None
    responsible: str | None = None
    status: str = "planned"
    strategies: tuple[Strategy, ...] = ()
    sensitivity: tuple[str, ...] = ()


@dataclass(frozen=True)
class Acceptance:
    """Whether a person of the client system accepts a goal: `who` is a name of the plan."""

    who: str
    status: str


@dataclass(frozen=True)
class Goal:
    """What the client wants: `words` are the client's own, `wording` the professional's.

    `evidence_of_success` says by what everybody will see that it is reached, `evidence` what shows how far it
    was when it was entered.
    """

    number: str
    words: str
    domain: str
    wording: str | None = None
    priority: str | None = None
    start: date | None = None
    target_date: date | None = None
    status: str = "proposed"
    codes: tuple[str, ...] = ()
    evidence_of_success: str | None = None
    evidence: str | None = None
    acceptance: tuple[Acceptance, ...] = ()
    scaling: Scaling | None = None
    objectives: tuple[Objective, ...] = ()
    sensitivity: tuple[str, ...] = ()


@dataclass(frozen=True)
class Participant:
    """Somebody who takes part and is not a client: a person, an agency, or a person of an agency."""

    role: str
    name: str | None = None
    agency: str | None = None
    identifier: Identifier | None = None
    agency_identifier: Identifier | None = None
    sensitivity: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """How strategies name this participant."""
        return self.name or self.agency or self.role


@dataclass(frozen=True)
class Agreement:
    """The client's agreement to the plan, or the recorded `reason` why there is none."""

    status: str
    date: date | None = None
    how: str | None = None
    comment: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Case:
    """The case, or enrolment, that a plan belongs to: one `number` for everybody in it.

    `programme` is what the clients are enrolled in, `exit_reason` why they are no more, `destination` where
    they went, `aftercare` what was arranged for the time after.
    """

    number: str
    programme: str
    opened: date
    referral_source: str | None = None
    status: str = "open"
    closed: date | None = None
    exit_reason: str | None = None
    destination: str | None = None
    aftercare: str | None = None
    sensitivity: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alert:
    """What everybody who works with the client must know first, from `start` until `end`."""

    kind: str
    text: str
    start: date | None = None
    end: date | None = None
    sensitivity: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """One intervention plan, whole, with what has become of it so far.

    `crisis_plan` says what is done when things get dangerous. `strategies` are those of no goal, which only a
    plan that was not made here has; a text that must be there and is not said in such a plan is empty.
    `episode` counts how often the work was taken up, `reopens` is the CarePlan id of the plan before.
    """

    number: str
    title: str
    client_system: ClientSystem
    status: str = "draft"
    status_reason: str | None = None
    start: date | None = None
    end: date | None = None
    review_date: date | None = None
    case: Case | None = None
    needs: tuple[Need, ...] = ()
    strengths: tuple[Strength, ...] = ()
    goals: tuple[Goal, ...] = ()
    strategies: tuple[Strategy, ...] = ()
    worker: Participant | None = None
    participants: tuple[Participant, ...] = ()
    agreement: Agreement | None = None
    sharing_notes: str | None = None
    crisis_plan: str | None = None
    alerts: tuple[Alert, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    sessions: tuple[Session, ...] = ()
    reviews: tuple[Review, ...] = ()
    referrals: tuple[Referral, ...] = ()
    closing: Closing | None = None
    episode: int | None = None
    reopens: str | None = None
    sensitivity: tuple[str, ...] = ()
