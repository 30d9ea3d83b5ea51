"""What becomes of a plan, in the practitioner's words: assessments, sessions, reviews, referrals, closing.

Values without behaviour, as in `plan`; what they become in FHIR: https://hl7.org/fhir/R4/encounter.html,
https://hl7.org/fhir/R4/observation.html and https://hl7.org/fhir/R4/task.html

Each has a number of its own in the plan: assessments `A1`, sessions `S1`, reviews `R1`, referrals `F1`.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from careplan_service.interventions.plan import Need, Strength, Value


@dataclass(frozen=True)
class Scaling:
    """Goal Attainment Scaling of a goal: five descriptions from -2 to +2, where 0 is what is expected.

    `weight` says how much the goal counts, `baseline` the level from which it set out.
    """

    levels: tuple[str, ...]
    weight: int = 1
    baseline: int = -1


@dataclass(frozen=True)
class Risk:
    """A risk that was assessed; `safety_plan` says what is done when it comes true."""

    kind: str
    level: str
    safety_plan: str | None = None


@dataclass(frozen=True)
class Answer:
    """The answer to a question of a screening tool, or why there is none; `code` is the question's LOINC."""

    question: str
    code: str | None = None
    answer: Value | None = None
    unanswered: str | None = None


@dataclass(frozen=True)
class ScreeningAnswer:
    """The answer to a question of a screening tool, several where the question takes many, or why none."""

    question: str
    answer: Value | tuple[Value, ...] | None = None
    unanswered: str | None = None


@dataclass(frozen=True)
class Screening:
    """A questionnaire that was gone through: `tool` is one of `screening.tools`."""

    tool: str
    answers: tuple[ScreeningAnswer, ...] = ()


@dataclass(frozen=True)
class Section:
    """What was found in one domain of life, as a biopsychosocial assessment goes through them."""

    domain: str
    text: str


@dataclass(frozen=True)
class Assessment:
    """What was found out: `words` are the client's own, `formulation` the worker's; `worker` assessed."""

    number: str
    date: datetime.date
    presenting: str
    tool: str | None = None
    worker: str | None = None
    informant: str | None = None
    words: str | None = None
    history: str | None = None
    formulation: str | None = None
    sections: tuple[Section, ...] = ()
    needs: tuple[Need, ...] = ()
    strengths: tuple[Strength, ...] = ()
    risks: tuple[Risk, ...] = ()
    answers: tuple[Answer, ...] = ()
    screening: Screening | None = None
    sensitivity: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attendance:
    """Who was expected at a session, by a name of the plan, and whether they came."""

    who: str
    state: str


@dataclass(frozen=True)
class Addendum:
    """What was added to a signed note, why, and when."""

    text: str
    reason: str
    at: datetime.datetime


@dataclass(frozen=True)
class BillingCode:
    """The code by which a funder is billed, in its `system` where that is said."""

    code: str
    system: str | None = None


@dataclass(frozen=True)
class Session:
    """One contact: what was done, how long, with whom, for which goals; signed when it is recorded.

    `by` is who signed, `cosigned_by` the supervisor who did so too, `late_reason` why it was recorded long
    after. `units` are what is counted for the funder.
    """

    number: str
    kind: str
    start: datetime.datetime
    end: datetime.datetime
    narrative: str
    mode: str = "office"
    attendance: tuple[Attendance, ...] = ()
    goals: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    response: str | None = None
    next_step: str | None = None
    units: int | None = None
    billing_code: BillingCode | None = None
    by: str | None = None
    signed_at: datetime.datetime | None = None
    late_reason: str | None = None
    addenda: tuple[Addendum, ...] = ()
    cosigned_by: str | None = None
    cosigned_at: datetime.datetime | None = None
    sensitivity: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """Where a goal or an objective stands, and by what evidence: words, or sessions of the plan."""

    goal: str
    status: str
    level: int | None = None
    evidence: str | None = None
    sessions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Review:
    """A progress review: what was found for several goals at once, and when to look again."""

    number: str
    date: datetime.date
    findings: tuple[Finding, ...] = ()
    effective: str | None = None
    barriers: str | None = None
    next_review: datetime.date | None = None
    sensitivity: tuple[str, ...] = ()


@dataclass(frozen=True)
class Referral:
    """Somebody else is asked to act: `to` is the name of a participant with an agency.

    `consent` is the id of the Consent that allows to tell them, `legal_ground` what allows it without.
    `vendor_status` is the state in the words of the network the referral went through. `again` is the number
    of the referral that this one takes up again.
    """

    number: str
    text: str
    to: str
    domain: str
    kind: str = "case-management"
    urgency: str | None = None
    status: str = "draft"
    vendor_status: str | None = None
    sent: datetime.date | None = None
    consent: str | None = None
    legal_ground: str | None = None
    outcome: str | None = None
    closed: datetime.date | None = None
    warm_handoff: bool = False
    again: str | None = None
    sensitivity: tuple[str, ...] = ()


@dataclass(frozen=True)
class Closing:
    """How the work ended; the plan's status says why, its goals what was reached."""

    date: datetime.date
    planned: bool = False
    notice: str | None = None
    recommendations: str | None = None
    follow_up: str | None = None
    follow_up_date: datetime.date | None = None
    feedback: str | None = None
    destination: str | None = None
