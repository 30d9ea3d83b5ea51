"""The JSON shape of a plan: one marshmallow schema for each part of `plan.Plan`.

docs/plans.md describes the same shape for agencies.
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from careplan_service.interventions import intake_fields as read
from careplan_service.interventions import terms
from careplan_service.interventions.catalogue import domain_terms, kind_terms
from careplan_service.interventions.intake_fields import MISSING, Part, Read, term
from careplan_service.interventions.sensitivity import mark_terms
from careplan_service.interventions.terms import Terms

Messages = dict[str, str | list[Any] | dict[Any, Any]]


def one_of(listed: Terms, what: str) -> Any:
    return term(lambda: listed, what)


def parts(schema: type[Part]) -> fields.Field[Any]:
    messages: Messages = {"invalid": "write a list here", "null": "write a list here"}
    null: Messages = {"null": "write this as an object with named fields"}
    nested = fields.Nested(schema, error_messages=null)
    return fields.List(nested, load_default=list, error_messages=messages)


def part(schema: type[Part], *, required: bool = False) -> fields.Field[Any]:
    messages: Messages = {"required": MISSING, "null": MISSING}
    if required:
        return fields.Nested(schema, required=True, error_messages=messages)
    return fields.Nested(schema, allow_none=True, load_default=None, error_messages=messages)


def line(*, required: bool = False) -> Read:
    return Read(read.text, required=True) if required else Read(read.text)


def marks() -> Read:
    return Read(read.many(term(mark_terms, "sensitivity")))


class ScalingPart(Part):
    """Goal Attainment Scaling of a goal."""

    levels = Read(read.five, required=True)
    weight = Read(read.count)
    baseline = Read(read.level)


class PeriodPart(Part):
    """From when until when."""

    start = Read(read.day)
    end = Read(read.day)


class EmergencyContactPart(Part):
    """Who is rung when something happens."""

    name = line(required=True)
    phone = line()
    relationship = line()


class MemberPart(Part):
    """A person of the client system, flat."""

    given = line()
    family = line()
    role = line()
    client = Read(read.flag)
    identifier = Read(read.identifier)
    birth_date = Read(read.day)
    gender = Read(one_of(terms.GENDERS, "gender"))
    phone = line()
    email = line()
    address = line()
    language = line()
    interpreter = Read(read.flag)
    safe_contact = line()
    address_confidential = Read(read.flag)
    pronouns = line()
    identifiers = Read(read.many(read.further_identifier))
    emergency_contact = part(EmergencyContactPart)
    guardian = line()
    alleged_abuser = Read(read.flag)
    sensitivity = marks()


class ClientSystemPart(Part):
    """Whom the plan is for."""

    kind = Read(one_of(terms.CLIENT_SYSTEMS, "kind of client system"), required=True)
    name = line()
    members = parts(MemberPart)
    identifier = Read(read.identifier)
    size = Read(read.count)
    locality = line()
    description = line()
    sensitivity = marks()


class NeedPart(Part):
    """A presenting need."""

    text = line(required=True)
    domain = Read(term(domain_terms, "domain"), required=True)
    severity = Read(one_of(terms.SEVERITIES, "severity"))
    codes = Read(read.many(read.text))
    sensitivity = marks()


class StrengthPart(Part):
    """A strength."""

    text = line(required=True)
    codes = Read(read.many(read.text))
    sensitivity = marks()


class StrategyPart(Part):
    """A strategy."""

    number = line(required=True)
    text = line(required=True)
    kind = Read(term(kind_terms, "kind of intervention"), required=True)
    method = line()
    evidence_base = line()
    frequency = line()
    duration = line()
    count = Read(read.count)
    who = Read(read.many(read.text))
    where = line()
    status = Read(one_of(terms.ACTIVITY_STATES, "strategy status"))
    sensitivity = marks()


class ObjectivePart(Part):
    """An objective."""

    number = line(required=True)
    statement = line(required=True)
    measure = line()
    target = Read(read.measured)
    baseline = Read(read.measured)
    due = Read(read.day)
    result = Read(read.measured)
    result_date = Read(read.day)
    evidence = line()
    responsible = line()
    status = Read(one_of(terms.GOAL_STATES, "objective status"))
    strategies = parts(StrategyPart)
    sensitivity = marks()


class AcceptancePart(Part):
    """Whether a person accepts a goal."""

    who = line(required=True)
    status = Read(one_of(terms.ACCEPTANCES, "acceptance"), required=True)


class GoalPart(Part):
    """A goal."""

    number = line(required=True)
    words = line(required=True)
    domain = Read(term(domain_terms, "domain"), required=True)
    wording = line()
    priority = Read(one_of(terms.PRIORITIES, "priority"))
    start = Read(read.day)
    target_date = Read(read.day)
    status = Read(one_of(terms.GOAL_STATES, "goal status"))
    codes = Read(read.many(read.text))
    evidence_of_success = line()
    evidence = line()
    acceptance = parts(AcceptancePart)
    scaling = part(ScalingPart)
    objectives = parts(ObjectivePart)
    sensitivity = marks()


class ParticipantPart(Part):
    """A worker, another professional, or an agency."""

    role = line(required=True)
    name = line()
    agency = line()
    identifier = Read(read.identifier)
    agency_identifier = Read(read.identifier)
    sensitivity = marks()


class AgreementPart(Part):
    """The client's agreement."""

    status = Read(one_of(terms.AGREEMENTS, "agreement"), required=True)
    date = Read(read.day)
    how = Read(one_of(terms.AGREED_HOW, "way of agreeing"))
    comment = line()
    reason = line()


class CasePart(Part):
    """The case, or enrolment, that the plan belongs to."""

    number = line(required=True)
    programme = line(required=True)
    opened = Read(read.day, required=True)
    referral_source = line()
    status = Read(one_of(terms.CASE_STATES, "case status"))
    closed = Read(read.day)
    exit_reason = line()
    destination = line()
    aftercare = line()
    sensitivity = marks()


class AlertPart(Part):
    """What everybody who works with the client must know first."""

    kind = Read(one_of(terms.ALERT_KINDS, "kind of alert"), required=True)
    text = line(required=True)
    start = Read(read.day)
    end = Read(read.day)
    sensitivity = marks()


class PlanPart(Part):
    """A plan."""

    number = line(required=True)
    title = line(required=True)
    client_system = part(ClientSystemPart, required=True)
    status = Read(one_of(terms.PLAN_STATES, "plan status"))
    status_reason = line()
    period = part(PeriodPart)
    review_date = Read(read.day)
    case = part(CasePart)
    needs = parts(NeedPart)
    strengths = parts(StrengthPart)
    goals = parts(GoalPart)
    worker = part(ParticipantPart)
    participants = parts(ParticipantPart)
    agreement = part(AgreementPart)
    sharing_notes = line()
    crisis_plan = line()
    alerts = parts(AlertPart)
    sensitivity = marks()
