"""The JSON shape of what becomes of a plan, and of a change: a marshmallow schema for each part of `record`.

docs/plans.md describes the same shape for agencies; what it becomes: https://hl7.org/fhir/R4/careplan.html
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from marshmallow import ValidationError, fields, post_load

from careplan_service.interventions import intake_fields as read
from careplan_service.interventions import terms
from careplan_service.interventions.catalogue import domain_terms, kind_terms
from careplan_service.interventions.intake_fields import Part, Read, term
from careplan_service.interventions.intake_schema import (
    AgreementPart,
    NeedPart,
    PlanPart,
    StrengthPart,
    line,
    marks,
    one_of,
    part,
    parts,
)
from careplan_service.interventions.screening.tools import tool_terms, tools
from careplan_service.interventions.screening.words import understood


class RiskPart(Part):
    """A risk."""

    kind = line(required=True)
    level = Read(one_of(terms.RISK_LEVELS, "level of risk"), required=True)
    safety_plan = line()


class AnswerPart(Part):
    """An answer to a screening question."""

    question = line(required=True)
    code = Read(read.loinc)
    answer = Read(read.measured)
    unanswered = Read(one_of(terms.UNANSWERED, "reason"))


class ScreeningAnswerPart(Part):
    """An answer to a question of a screening tool: one value, or a list where the question takes many."""

    question = line(required=True)
    answer = Read(read.answered)
    unanswered = Read(one_of(terms.UNANSWERED, "reason"))


class ScreeningPart(Part):
    """A screening tool and what was answered."""

    tool = Read(term(tool_terms, "screening tool"), required=True)
    answers = parts(ScreeningAnswerPart)

    @post_load
    def _understood(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        """The questions and answers as they are kept. Raises ValidationError, by their places."""
        if not data["answers"]:
            raise ValidationError({"answers": ["answer a question, or say why it was not answered"]})
        kept, faults = understood(tools()[data["tool"]], data["answers"])
        if faults:
            raise ValidationError({"answers": faults})
        return {**data, "answers": [asdict(one) for one in kept]}


class SectionPart(Part):
    """What was found in one domain of life."""

    domain = Read(term(domain_terms, "domain"), required=True)
    text = line(required=True)


class AssessmentPart(Part):
    """An assessment."""

    number = line(required=True)
    date = Read(read.day, required=True)
    presenting = line(required=True)
    tool = line()
    worker = line()
    informant = line()
    words = line()
    history = line()
    formulation = line()
    sections = parts(SectionPart)
    needs = parts(NeedPart)
    strengths = parts(StrengthPart)
    risks = parts(RiskPart)
    answers = parts(AnswerPart)
    screening = part(ScreeningPart)
    sensitivity = marks()


class AttendancePart(Part):
    """Who came."""

    who = line(required=True)
    state = Read(one_of(terms.ATTENDANCES, "attendance"), required=True)


class AddendumPart(Part):
    """What was added to a signed note."""

    text = line(required=True)
    reason = line(required=True)
    at = Read(read.moment, required=True)


class SessionPart(Part):
    """A session."""

    number = line(required=True)
    kind = Read(term(kind_terms, "kind of intervention"), required=True)
    start = Read(read.moment, required=True)
    end = Read(read.moment, required=True)
    narrative = line(required=True)
    mode = Read(one_of(terms.MODES, "mode of contact"))
    attendance = parts(AttendancePart)
    goals = Read(read.many(read.text))
    strategies = Read(read.many(read.text))
    response = line()
    next_step = line()
    units = Read(read.count)
    billing_code = Read(read.billing)
    by = line()
    signed_at = Read(read.moment)
    late_reason = line()
    addenda = parts(AddendumPart)
    cosigned_by = line()
    cosigned_at = Read(read.moment)
    sensitivity = marks()


class FindingPart(Part):
    """Where a goal stands."""

    goal = line(required=True)
    status = Read(one_of(terms.GOAL_STATES, "goal status"), required=True)
    level = Read(read.level)
    evidence = line()
    sessions = Read(read.many(read.text))


class ReviewPart(Part):
    """A progress review."""

    number = line(required=True)
    date = Read(read.day, required=True)
    findings = parts(FindingPart)
    effective = Read(one_of(terms.EFFECTS, "effect"))
    barriers = line()
    next_review = Read(read.day)
    sensitivity = marks()


class ReferralPart(Part):
    """A referral."""

    number = line(required=True)
    text = line(required=True)
    to = Read(read.text, required=True)
    domain = Read(term(domain_terms, "domain"), required=True)
    kind = Read(term(kind_terms, "kind of intervention"))
    urgency = Read(one_of(terms.URGENCIES, "urgency"))
    status = Read(one_of(terms.REFERRAL_STATES, "referral status"))
    vendor_status = Read(read.text)
    sent = Read(read.day)
    consent = Read(read.consent_id)
    legal_ground = Read(read.text)
    outcome = Read(read.text)
    closed = Read(read.day)
    warm_handoff = Read(read.flag)
    again = Read(read.text)
    sensitivity = marks()


class ClosingPart(Part):
    """How the work ended."""

    date = Read(read.day, required=True)
    planned = Read(read.flag)
    notice = line()
    recommendations = line()
    follow_up = line()
    follow_up_date = Read(read.day)
    feedback = line()
    destination = line()


class RecordedPlanPart(PlanPart):
    """A plan with what has become of it."""

    assessments = parts(AssessmentPart)
    sessions = parts(SessionPart)
    reviews = parts(ReviewPart)
    referrals = parts(ReferralPart)
    closing = part(ClosingPart)
    episode = Read(read.count)
    reopens = Read(read.id_)


class AdjustmentPart(Part):
    """Why a plan is changed, whether the client agrees, and what is other than before."""

    reason = line(required=True)
    agreement = part(AgreementPart, required=True)
    plan = fields.Raw(required=True, error_messages={"required": read.MISSING, "null": read.MISSING})


class CosignaturePart(Part):
    """Who co-signs a note: the supervisor, by the name that the plan has."""

    by = line(required=True)


class ReferralStatePart(Part):
    """What became of a referral."""

    status = Read(one_of(terms.REFERRAL_STATES, "referral status"), required=True)
    vendor_status = line()
    outcome = line()
    sent = Read(read.day)
    consent = Read(read.consent_id)
    legal_ground = line()
    closed = Read(read.day)


class ReferralEndPart(ReferralStatePart):
    """The state of a referral when a plan is closed."""

    number = line(required=True)


class CaseEndPart(Part):
    """How the case ends with the plan; without a state it is closed, without a day on that of the plan."""

    status = Read(one_of(terms.CASE_STATES, "case status"))
    closed = Read(read.day)
    exit_reason = line()
    destination = line()
    aftercare = line()


class ClosePart(ClosingPart):
    """Why a plan is closed, what was reached, and what becomes of its referrals and its case."""

    reason = Read(one_of(terms.CLOSED_STATES, "reason"), required=True)
    reason_text = line()
    outcomes = parts(FindingPart)
    referrals = parts(ReferralEndPart)
    case = part(CaseEndPart)


class ReopenPart(Part):
    """Why the work is taken up again, under which number, and with which goals."""

    number = line(required=True)
    reason = line(required=True)
    goals = Read(read.many(read.text))
    plan = fields.Raw(load_default=None, allow_none=True)


class NewAddendumPart(Part):
    """What is to be added to a signed note."""

    text = line(required=True)
    reason = line(required=True)
